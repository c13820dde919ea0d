"""Who of the staff asks: by an API token, or by a cookie with proof that our page sent it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final
from uuid import UUID

from aiohttp import web

from booking_flow.errors import RefusalCode
from booking_flow.staff.people import Role, StaffMember
from booking_http.service import Service
from booking_http.web.host_cookies import cookie_of
from booking_http.web.problems import EdgeCode, Problem, problem
from booking_http.web.request_context import REQUEST_ID
from booking_http.web.request_io import service_of
from persistence.staff import Account

COOKIE: Final = "staff_session"
CSRF_HEADER: Final = "X-CSRF-Token"
_CSRF: Final = "staff-csrf"
_SCHEME: Final = "bearer "
_READING: Final = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """A member of staff behind a request; `cookie` is None where it signed in by a token."""

    account: Account
    request_id: str
    cookie: str | None = field(default=None, repr=False)
    must_enrol: bool = False
    """Whether they must set up a second factor before anything else."""

    @property
    def sees_all(self) -> bool:
        """Whether guests' personal data are shown to them unmasked."""
        return self.account.role.includes(Role.AGENT)

    @property
    def member(self) -> StaffMember:
        """Return them as the core knows them."""
        return StaffMember(
            name=self.account.name,
            role=self.account.role,
            account_id=self.account.id,
            request_id=self.request_id,
        )


async def staff_of(request: web.Request, role: Role = Role.VIEWER) -> Staff:
    """Return who asks, if they may do what `role` may.

    Raises:
        Problem: `unauthenticated`, or `second_factor_required`.
        Refused: `forbidden`.
    """
    staff = await _by_token(request) if _has_token(request) else await _by_proven_cookie(request)
    if staff is None:
        raise unauthenticated("Sign in, or send an API token that is still good.")
    if staff.must_enrol:
        raise problem(
            EdgeCode.SECOND_FACTOR_REQUIRED, "Set up your second factor in the console first."
        )
    staff.member.ensure(role)
    return staff


def unauthenticated(detail: str) -> Problem:
    """Build the problem of a caller nobody knows."""
    found = problem(EdgeCode.UNAUTHENTICATED, detail)
    found.headers = {"WWW-Authenticate": 'Bearer realm="support"'}
    return found


def csrf_token(service: Service, cookie: str) -> str:
    """Return what only a page that may read our answers can send beside this cookie."""
    return service.hashes.digest(_CSRF, cookie.encode()).hex()


def is_csrf_token(service: Service, cookie: str, given: str) -> bool:
    """Whether that is what `csrf_token` made beside this cookie, by a key that is accepted."""
    return service.hashes.is_digest(given, _CSRF, cookie.encode())


def verify_csrf(service: Service, staff: Staff, given: str) -> None:
    """Believe a write beside a cookie only if our own page sent it.

    Raises:
        Problem: `forbidden`.
    """
    if not is_csrf_token(service, staff.cookie or "", given):
        raise problem(
            RefusalCode.FORBIDDEN, f"{CSRF_HEADER} must be the csrfToken of this sign-in."
        )


async def write_audit(
    service: Service,
    staff: Staff,
    action: str,
    *,
    session_ids: tuple[UUID, ...] = (),
    task_id: UUID | None = None,
    reason: str | None = None,
    facts: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Write down what is about to be read or done; without that line it is not."""
    entry = staff.member.entry(
        action, session_ids=session_ids, task_id=task_id, reason=reason, facts=facts
    )
    await service.support.audit.write(entry)


def _has_token(request: web.Request) -> bool:
    return "Authorization" in request.headers


async def _by_token(request: web.Request) -> Staff | None:
    header = request.headers["Authorization"]
    if not header.lower().startswith(_SCHEME):
        return None
    token = header[len(_SCHEME) :].strip()
    account = await service_of(request).support.staff.by_token(token)
    return Staff(account=account, request_id=request[REQUEST_ID]) if account else None


async def _by_proven_cookie(request: web.Request) -> Staff | None:
    staff = await staff_by_cookie(request)
    if staff is not None and request.method not in _READING:
        verify_csrf(service_of(request), staff, request.headers.get(CSRF_HEADER, ""))
    return staff


async def staff_by_cookie(request: web.Request) -> Staff | None:
    """Return whose cookie came along; of a write, `ensure_ours` must have its say first."""
    service, cookie = service_of(request), cookie_of(request, COOKIE)
    found = await service.support.staff.by_cookie(cookie) if cookie else None
    if found is None:
        return None
    return Staff(
        account=found.account,
        request_id=request[REQUEST_ID],
        cookie=cookie,
        must_enrol=not found.second_factor and service.settings.staff_totp.asks(found.account.role),
    )

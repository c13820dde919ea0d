"""Signing in and out, for pages and programs alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from booking_flow.errors import RefusalCode
from booking_flow.model.audit import AuditEntry
from booking_http.service import Service
from booking_http.staff.passwords import new_secret
from booking_http.web.auth import COOKIE, Staff, unauthenticated, write_audit
from booking_http.web.problems import Problem, problem
from persistence.staff import LIFE, Account, folded

_PATIENCE: Final = "900"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Somebody at the door, as far as the request tells."""

    address: str
    request_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Who came in, and the cookie that lets them in again."""

    staff: Staff
    cookie: str = field(repr=False)

    def keep(self, response: web.StreamResponse) -> None:
        """Let the browser keep the cookie."""
        _set(response, self.cookie, seconds=int(LIFE.total_seconds()))


async def sign_in(service: Service, visitor: Visitor, email: str, password: str) -> SignedIn:
    """Let in who knows an account's password; after a few wrong ones, nobody.

    Raises:
        Problem: `unauthenticated`, or `rate_limited`.
    """
    counted = await count_attempt(service, visitor, "staff-email", folded(email))
    account = await _account_of(service, visitor, email, password)
    await counted.forgive()
    return await complete_sign_in(service, visitor, account)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An attempt to come in that counts, unless it turns out to be right."""

    service: Service
    key_hash: bytes

    async def forgive(self) -> None:
        """Forget this and the attempts with the same key before it."""
        await self.service.support.sign_ins.forgive(email_hash=self.key_hash)


async def count_attempt(service: Service, visitor: Visitor, kind: str, key: str) -> Attempt:
    """Note that somebody tries to come in with a key.

    Raises:
        Problem: `rate_limited`, with this key or from this address too much was tried lately.
    """
    key_hash = service.hashes.digest(kind, key.encode())
    address_hash = service.hashes.address(visitor.address)
    if not await service.support.sign_ins.attempt(email_hash=key_hash, address_hash=address_hash):
        raise _too_many()
    return Attempt(service=service, key_hash=key_hash)


async def complete_sign_in(
    service: Service, visitor: Visitor, account: Account, **facts: str
) -> SignedIn:
    """Begin a sign-in of who has proved that this account is theirs."""
    cookie = new_secret()
    staff = Staff(account=account, request_id=visitor.request_id, cookie=cookie)
    await write_audit(service, staff, "sign_in", facts=facts)
    await service.support.staff.begin(account.id, cookie)
    return SignedIn(staff=staff, cookie=cookie)


async def sign_out(service: Service, staff: Staff, *, everywhere: bool) -> int:
    """Revoke this cookie, or every cookie of the account, and return how many."""
    await write_audit(service, staff, "sign_out", facts={"everywhere": str(everywhere).lower()})
    return await service.support.staff.end(
        staff.account.id, staff.cookie or "", everywhere=everywhere
    )


def drop(response: web.StreamResponse) -> None:
    """Let the browser forget the cookie."""
    _set(response, "", seconds=0)


async def refuse_sign_in(
    service: Service, visitor: Visitor, account: Account | None, **facts: str
) -> None:
    """Write down that somebody was not let in."""
    entry = AuditEntry(
        account_id=account.id if account else None,
        name=account.name if account else "nobody we know",
        action="sign_in_refused",
        request_id=visitor.request_id,
        facts=facts,
    )
    await service.support.audit.write(entry)


async def _account_of(service: Service, visitor: Visitor, email: str, password: str) -> Account:
    support = service.support
    found = await support.staff.find(email)
    known = found is not None and found.account.disabled_at is None
    right = await support.passwords.is_right(
        password, found.password_hash if found and known else None
    )
    if found is not None and right:
        return found.account
    await refuse_sign_in(service, visitor, found.account if found else None)
    raise unauthenticated("E-mail address or password is wrong.")


def _too_many() -> Problem:
    found = problem(RefusalCode.RATE_LIMITED, "Too many wrong passwords. Try again later.")
    found.headers = {"Retry-After": _PATIENCE}
    return found


def _set(response: web.StreamResponse, cookie: str, *, seconds: int) -> None:
    response.set_cookie(
        COOKIE, cookie, max_age=seconds, path="/", secure=True, httponly=True, samesite="Lax"
    )

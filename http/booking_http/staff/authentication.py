"""Signing in and out, for pages and programs alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from booking_flow.errors import RefusalCode
from booking_flow.model.audit import AuditEntry
from booking_http.service import Service
from booking_http.staff.passwords import new_secret
from booking_http.staff.second_factor import is_right_code
from booking_http.web.auth import COOKIE, Staff, unauthenticated, write_audit
from booking_http.web.host_cookies import set_cookie
from booking_http.web.problems import EdgeCode, Problem, problem
from persistence.staff import LIFE, Account, folded

DEVICE: Final = "staff_device"
_DEVICE: Final = "staff-device"
BY_LINK: Final = "link"
BY_PASSWORD: Final = "password"  # noqa: S105 - a word of the audit
"""What the audit says of a sign-in by the one or the other."""
_YEAR: Final = 365 * 24 * 3600
_PATIENCE: Final = "900"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Somebody who asks to sign in, as far as the request tells."""

    address: str
    request_id: str
    device: str = field(default="", repr=False)
    """The cookie that a browser keeps from an earlier sign-in; anybody may have made it up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Who came in, and the cookie that lets them in again."""

    staff: Staff
    cookie: str = field(repr=False)
    device: str = field(repr=False)
    """What says later that this browser was let in before."""

    def keep(self, request: web.Request, response: web.StreamResponse) -> None:
        """Let the browser keep the cookies."""
        set_cookie(request, response, COOKIE, self.cookie, seconds=int(LIFE.total_seconds()))
        set_cookie(request, response, DEVICE, self.device, seconds=_YEAR)


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstFactor:
    """Who has proved that an account is theirs, but for the code that it may ask for."""

    account: Account
    by: str = BY_PASSWORD


async def prove_password(
    service: Service, visitor: Visitor, email: str, password: str
) -> FirstFactor:
    """Return who knows an account's password; after a few wrong ones, nobody from there.

    Raises:
        Problem: `unauthenticated`, or `rate_limited`.
    """
    device = _known_device(service, visitor, email)
    counted = await count_attempt(service, visitor, "staff-email", folded(email), device=device)
    account = await _account_of(service, visitor, email, password)
    await counted.forgive()
    return FirstFactor(account=account)


async def enter(
    service: Service, visitor: Visitor, proven: FirstFactor, *, code: str | None = None
) -> SignedIn:
    """Let in who has proved the first factor, and shows a code where the account asks for one.

    Raises:
        Problem: `second_factor_required`, `unauthenticated` or `rate_limited`.
    """
    account = proven.account
    if account.has_second_factor:
        await _ensure_code(service, visitor, account, code)
    return await complete_sign_in(
        service, visitor, account, by=proven.by, second_factor=account.has_second_factor
    )


async def _ensure_code(
    service: Service, visitor: Visitor, account: Account, code: str | None
) -> None:
    if code is None:
        raise problem(EdgeCode.SECOND_FACTOR_REQUIRED, "Send the code of your authenticator, too.")
    # Whoever knows the password may guess from many addresses, so that those whom no device of
    # theirs tells apart count together.
    place = _known_device(service, visitor, account.email) or f"code {account.id}"
    counted = await count_attempt(service, visitor, "staff-code", str(account.id), device=place)
    if not await is_right_code(service, account.id, code):
        await refuse_sign_in(service, visitor, account, why="code")
        raise unauthenticated("The code is wrong, or was used before. Wait for the next one.")
    await counted.forgive()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An attempt to come in that counts, unless it turns out to be right."""

    service: Service
    key_hash: bytes
    place_hash: bytes

    async def forgive(self) -> None:
        """Forget this and the attempts with the same key from the same place before it."""
        await self.service.support.sign_ins.forgive(
            email_hash=self.key_hash, address_hash=self.place_hash
        )


async def count_attempt(
    service: Service, visitor: Visitor, kind: str, key: str, *, device: str | None = None
) -> Attempt:
    """Note that somebody tries to come in with a key, from a device that we know or an address.

    Others who guess keep nobody out: neither from elsewhere, nor from the same address those whose
    browser was let in before.

    Raises:
        Problem: `rate_limited`, from there too much was tried lately, with this key or at all.
    """
    hashes = service.hashes
    key_hash = hashes.digest(kind, key.encode())
    place_hash = hashes.digest("staff-place", (device or visitor.address).encode())
    if not await service.support.sign_ins.attempt(email_hash=key_hash, address_hash=place_hash):
        raise _too_many()
    return Attempt(service=service, key_hash=key_hash, place_hash=place_hash)


def _new_device(service: Service, email: str) -> str:
    name = new_secret()
    return f"{name}.{service.hashes.digest(_DEVICE, *_device_parts(name, email)).hex()}"


def _known_device(service: Service, visitor: Visitor, email: str) -> str | None:
    """Return the device that somebody came in with before, under this account."""
    name, _, proof = visitor.device.partition(".")
    right = service.hashes.is_digest(proof, _DEVICE, *_device_parts(name, email))
    return visitor.device if right else None


def _device_parts(name: str, email: str) -> tuple[bytes, bytes]:
    return name.encode(), folded(email).encode()


async def complete_sign_in(
    service: Service, visitor: Visitor, account: Account, *, by: str, second_factor: bool
) -> SignedIn:
    """Begin a sign-in of who has proved that this account is theirs.

    `second_factor` is whether that took a code, or a provider that asks for what it wants.
    """
    cookie = new_secret()
    staff = Staff(account=account, request_id=visitor.request_id, cookie=cookie)
    facts = {"by": by} | ({"code": "true"} if account.has_second_factor and second_factor else {})
    await write_audit(service, staff, "sign_in", facts=facts)
    await service.support.staff.begin(
        account.id, cookie, by_link=by == BY_LINK, second_factor=second_factor
    )
    return SignedIn(staff=staff, cookie=cookie, device=_new_device(service, account.email))


async def sign_out(service: Service, staff: Staff, *, everywhere: bool) -> int:
    """Revoke this cookie, or every cookie of the account, and return how many."""
    await write_audit(service, staff, "sign_out", facts={"everywhere": str(everywhere).lower()})
    return await service.support.staff.end(
        staff.account.id, staff.cookie or "", everywhere=everywhere
    )


def drop(request: web.Request, response: web.StreamResponse) -> None:
    """Let the browser forget the cookie."""
    set_cookie(request, response, COOKIE, "", seconds=0)


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
    found = problem(RefusalCode.RATE_LIMITED, "Too many wrong attempts.")
    found.headers = {"Retry-After": _PATIENCE}
    return found

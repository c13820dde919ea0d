"""Signing in with the company's own account: only who has an account here already."""

from __future__ import annotations

import base64
import hmac
import json
import time
from dataclasses import asdict, dataclass
from typing import Final

from adapters.oidc import Asked, OidcError, Provider, authorization_url, verified_email
from booking_flow.errors import RefusalCode
from booking_http.service import Service
from booking_http.staff.authentication import (
    SignedIn,
    Visitor,
    complete_sign_in,
    count_attempt,
    refuse_sign_in,
)
from booking_http.staff.passwords import new_secret
from booking_http.web.auth import unauthenticated
from booking_http.web.problems import Problem, problem

OIDC: Final = "/console/sign-in/oidc"
CALLBACK: Final = f"{OIDC}/callback"
PATIENCE_SECONDS: Final = 600
"""How long somebody may take at the provider."""
_BY: Final = "oidc"
_SEAL: Final = "staff-oidc-cookie"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRedirect:
    """Somebody on their way to the provider: where to, and what their browser keeps meanwhile."""

    url: str
    cookie: str


async def begin_authorization(service: Service, *, back: str) -> AuthorizationRedirect:
    """Send somebody to the provider; `back` is the page of ours they wanted.

    Raises:
        Problem: there is no provider, or it does not answer.
    """
    provider = _provider(service)
    home = (service.settings.public_url or "").rstrip("/")
    asked = Asked(
        state=new_secret(),
        nonce=new_secret(),
        verifier=new_secret(),
        redirect_uri=f"{home}{CALLBACK}",
    )
    try:
        url = await authorization_url(provider, asked)
    except OidcError as error:
        raise _unbelieved(error) from None
    kept = {**asdict(asked), "back": back, "until": int(time.time()) + PATIENCE_SECONDS}
    return AuthorizationRedirect(url=url, cookie=_sealed(service, kept))


async def finish_authorization(
    service: Service, visitor: Visitor, *, cookie: str, state: str, code: str
) -> tuple[SignedIn, str]:
    """Let in who comes back from the provider, and return the page they wanted.

    Raises:
        Problem: `unauthenticated` or `rate_limited`; who is refused is noted.
    """
    provider = _provider(service)
    kept = _opened(service, cookie)
    if kept is None or not hmac.compare_digest(state.encode(), str(kept["state"]).encode()):
        raise unauthenticated("This sign-in was not begun in this browser, or took too long.")
    if not code:
        raise unauthenticated("The provider did not let you in.")
    counted = await count_attempt(service, visitor, "staff-oidc", state)
    asked = Asked(**{name: str(kept[name]) for name in _ASKED})
    try:
        email = await verified_email(provider, asked, code)
    except OidcError as error:
        await refuse_sign_in(service, visitor, None, by=_BY, why=str(error))
        raise _unbelieved(error) from None
    found = await service.support.staff.find(email)
    if found is None or found.account.disabled_at is not None:
        account = found.account if found else None
        await refuse_sign_in(service, visitor, account, by=_BY, why="no account that is open")
        raise unauthenticated("You have no account here. A supervisor can have one added.")
    await counted.forgive()
    return await complete_sign_in(service, visitor, found.account, by=_BY, second_factor=True), str(
        kept["back"]
    )


_ASKED: Final = ("state", "nonce", "verifier", "redirect_uri")


def _provider(service: Service) -> Provider:
    provider = service.support.provider
    if provider is None:
        raise problem(RefusalCode.NOT_FOUND, "Nobody signs in this way here.")
    return provider


def _unbelieved(error: OidcError) -> Problem:
    return unauthenticated(f"Signing in did not work: {error}.")


def _sealed(service: Service, kept: dict[str, object]) -> str:
    """Return what a browser keeps so that only this service can have made it."""
    written = base64.urlsafe_b64encode(json.dumps(kept).encode()).decode()
    return f"{written}.{_seal(service, written)}"


def _opened(service: Service, cookie: str) -> dict[str, object] | None:
    written, _, seal = cookie.partition(".")
    if not service.hashes.is_digest(seal, _SEAL, written.encode()):
        return None
    kept: dict[str, object] = json.loads(base64.urlsafe_b64decode(written))
    return kept if int(str(kept["until"])) > time.time() else None


def _seal(service: Service, written: str) -> str:
    return service.hashes.digest(_SEAL, written.encode()).hex()

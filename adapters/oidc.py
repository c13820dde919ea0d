"""An OpenID Connect provider: where people prove who they are, and what it says of them.

People sign in a few times a day, so discovery and keys are asked for each time and never stale.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, TypeVar
from urllib.parse import quote_plus, urlencode, urlsplit

import msgspec
from aiohttp import ClientError, ClientSession, ClientTimeout
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

T = TypeVar("T")
ALGORITHMS: Final = ("RS256", "PS256", "ES256")
"""With a key of the provider's; one that we share with it would let others speak for it."""
SCOPE: Final = "openid email"
_LIMITS: Final = ClientTimeout(total=10, connect=5)
_MAX_BYTES: Final = 256 * 1024
_SKEW_SECONDS: Final = 60
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class OidcError(Exception):
    """The provider could not be asked, or said something that is not to be believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """Whom to trust, and what it knows us by."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse an issuer whose word could be forged on the way."""
        if not _is_safe(self.issuer):
            raise ValueError("an issuer starts with https://")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One sign-in under way: secrets that its answer must match."""

    state: str
    nonce: str
    verifier: str = field(repr=False)
    redirect_uri: str


class _Discovery(msgspec.Struct, kw_only=True, frozen=True):
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


class _Tokens(msgspec.Struct, kw_only=True, frozen=True):
    id_token: str


class _Keys(msgspec.Struct, kw_only=True, frozen=True):
    keys: list[dict[str, Any]]


async def authorization_url(provider: Provider, asked: Asked) -> str:
    """Return where a browser is sent to prove who sits before it.

    Raises:
        OidcError: the provider does not say.
    """
    async with ClientSession(timeout=_LIMITS) as http:
        found = await _discover(http, provider)
    challenge = base64.urlsafe_b64encode(sha256(asked.verifier.encode()).digest())
    query = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": asked.redirect_uri,
        "scope": SCOPE,
        "state": asked.state,
        "nonce": asked.nonce,
        "code_challenge": challenge.decode().rstrip("="),
        "code_challenge_method": "S256",
    }
    joint = "&" if urlsplit(found.authorization_endpoint).query else "?"
    return f"{found.authorization_endpoint}{joint}{urlencode(query)}"


async def verified_email(provider: Provider, asked: Asked, code: str) -> str:
    """Return whose browser came back with this code, by an address the provider has verified.

    Raises:
        OidcError: the code or its token is not good, or the address is not verified.
    """
    async with ClientSession(timeout=_LIMITS) as http:
        found = await _discover(http, provider)
        tokens = await _exchange(http, provider, found, asked, code)
        keys = await _read(http, found.jwks_uri, _Keys)
    return _email(_claims(tokens.id_token, keys, provider, asked))


async def _discover(http: ClientSession, provider: Provider) -> _Discovery:
    home = provider.issuer.rstrip("/")
    found = await _read(http, f"{home}/.well-known/openid-configuration", _Discovery)
    if found.issuer != provider.issuer:
        raise OidcError("the provider calls itself by another name")
    for address in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri):
        if not _is_safe(address):
            raise OidcError("the provider names an address that is not https://")
    return found


async def _exchange(
    http: ClientSession, provider: Provider, found: _Discovery, asked: Asked, code: str
) -> _Tokens:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": asked.redirect_uri,
        "code_verifier": asked.verifier,
    }
    known = f"{quote_plus(provider.client_id)}:{quote_plus(provider.client_secret)}"
    basic = base64.b64encode(known.encode()).decode()
    headers = {"Authorization": f"Basic {basic}"}
    return await _read(http, found.token_endpoint, _Tokens, form=form, headers=headers)


async def _read(
    http: ClientSession,
    address: str,
    model: type[T],
    *,
    form: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> T:
    """Read one answer; its address and body stay out of what is raised."""
    method = "GET" if form is None else "POST"
    try:
        async with http.request(
            method, address, data=form, headers=headers, allow_redirects=False
        ) as answer:
            body = await answer.content.read(_MAX_BYTES)
            if answer.status != 200:
                raise OidcError(f"the provider answered {answer.status}")
        return msgspec.json.decode(body, type=model)
    except (ClientError, TimeoutError, msgspec.MsgspecError) as error:
        raise OidcError(
            f"the provider did not answer as it should: {type(error).__name__}"
        ) from None


def _claims(token: str, keys: _Keys, provider: Provider, asked: Asked) -> dict[str, Any]:
    rules = jwt.JWTClaimsRegistry(
        leeway=_SKEW_SECONDS,
        iss={"essential": True, "value": provider.issuer},
        aud={"essential": True, "value": provider.client_id},
        nonce={"essential": True, "value": asked.nonce},
        exp={"essential": True},
        iat={"essential": True},
        sub={"essential": True},
    )
    try:
        signers = KeySet.import_key_set({"keys": keys.keys})
        claims = jwt.decode(token, signers, algorithms=ALGORITHMS).claims
        rules.validate(claims)
    except (JoseError, ValueError) as error:
        raise OidcError(f"the token is not to be believed: {type(error).__name__}") from None
    for_many = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", provider.client_id if not for_many else None) != provider.client_id:
        raise OidcError("the token was made for another client")
    return claims


def _email(claims: Mapping[str, Any]) -> str:
    email = claims.get("email")
    if not isinstance(email, str) or claims.get("email_verified") is not True:
        raise OidcError("the provider has not verified the e-mail address")
    return email


def _is_safe(address: str) -> bool:
    """Whether nobody on the way can answer instead; to this machine there is no way."""
    parts = urlsplit(address)
    local = parts.scheme == "http" and parts.hostname in _LOOPBACK
    return bool(parts.hostname) and (parts.scheme == "https" or local)

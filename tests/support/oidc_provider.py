"""A small OpenID Connect provider of our own, over real HTTP and with real keys."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlsplit

from aiohttp import web
from aiohttp.test_utils import TestServer
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

CLIENT = "booking-flow"
SECRET = "a secret: with signs/of all+kinds"
Claims = dict[str, Any]


@dataclass(slots=True)
class OidcProvider:
    """Somebody signed in here; `bend` changes what the provider says of them."""

    server: TestServer | None = None
    email: str = "nobody@agency.test"
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    signer: RSAKey | OctKey | None = None
    algorithm: str = "RS256"
    bend: Callable[[Claims], Claims] = lambda claims: claims
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    discovery: Claims = field(default_factory=dict)
    down: bool = False

    @property
    def issuer(self) -> str:
        assert self.server is not None
        return str(self.server.make_url("")).rstrip("/")

    def authorize(self, url: str) -> str:
        """Sign somebody in, as they would with their browser, and return where that leads."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert asked["client_id"] == CLIENT
        assert set(asked["scope"].split()) == {"openid", "email"}
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?code={code}&state={asked['state']}"

    async def describe(self, _: web.Request) -> web.Response:
        if self.down:
            return web.Response(status=503)
        found = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize?tenant=one",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }
        return web.json_response(found | self.discovery)

    async def keys(self, _: web.Request) -> web.Response:
        return web.json_response({"keys": [self.key.as_dict(private=False)]})

    async def token(self, request: web.Request) -> web.Response:
        form, asked = await request.post(), {}
        scheme, _, given = request.headers["Authorization"].partition(" ")
        known, _, secret = base64.b64decode(given).decode().partition(":")
        assert (scheme, unquote_plus(known), unquote_plus(secret)) == ("Basic", CLIENT, SECRET)
        asked = self.codes.pop(str(form["code"]), {})
        digest = sha256(str(form["code_verifier"]).encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        right = (asked.get("code_challenge"), asked.get("redirect_uri"))
        if right != (challenge, form["redirect_uri"]):
            return web.json_response({"error": "invalid_grant"}, status=400)
        return web.json_response({"access_token": "x", "id_token": self._signed(asked["nonce"])})

    def _signed(self, nonce: str) -> str:
        now = int(time.time())
        claims: Claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": "7",
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            "email": self.email,
            "email_verified": True,
        }
        header = {"alg": self.algorithm, "kid": "one"}
        return jwt.encode(header, self.bend(claims), self.signer or self.key)


@asynccontextmanager
async def running_provider() -> AsyncIterator[OidcProvider]:
    """Run a provider on this machine."""
    provider, app = OidcProvider(), web.Application()
    app.router.add_get("/.well-known/openid-configuration", provider.describe)
    app.router.add_get("/keys", provider.keys)
    app.router.add_post("/token", provider.token)
    provider.server = TestServer(app)
    await provider.server.start_server(access_log=None)
    yield provider
    await provider.server.close()

"""Signing in with the company's account: what is believed, and everything that is not."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.jwk import OctKey, RSAKey
from multidict import CIMultiDictProxy
from yarl import URL

from adapters.oidc import Provider
from booking_flow.staff.people import Role, operator
from booking_http.settings import SettingsError
from booking_http.staff.identity_provider import provider_of
from booking_http.staff.oidc import CALLBACK, OIDC
from booking_http.staff.wiring import BASE
from persistence.staff_changes import StaffChanges
from tests.integration.http.conftest import MakeService
from tests.support.oidc_provider import CLIENT, SECRET, Claims, OidcProvider, running_provider
from tests.support.service import Reply, Service, settings_for
from tests.support.staff import Clerk, audit, hire

HERE = "https://cruises.test"


@pytest.fixture
async def provider() -> AsyncIterator[OidcProvider]:
    """Run a provider."""
    async with running_provider() as provider:
        yield provider


@pytest.fixture
async def shop(make_service: MakeService, provider: OidcProvider) -> Service:
    """Run a service that believes the provider."""
    named = {"oidc_issuer": provider.issuer, "oidc_client_id": CLIENT, "public_url": f"{HERE}/"}
    made: Service = await make_service(oidc_client_secret=SECRET, **named)
    return made


@pytest.fixture
async def clerk(shop: Service, provider: OidcProvider) -> Clerk:
    """Return an agent whom the provider knows."""
    clerk = await hire(shop, Role.AGENT, "Ada Example")
    provider.email = clerk.email.upper()
    clerk.headers = {}
    return clerk


class Browser:
    """Keeps cookies and follows nothing by itself."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.cookies: dict[str, str] = {}

    async def get(self, path: str) -> Reply:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        url = self.service.url.join(URL(path))
        async with self.service.http.get(
            url, headers={"Cookie": cookie}, allow_redirects=False
        ) as answer:
            assert isinstance(answer.headers, CIMultiDictProxy)
            for line in answer.headers.getall("Set-Cookie", []):
                for name, morsel in SimpleCookie(line).items():
                    self.cookies[name] = morsel.value
            return Reply(answer.status, await answer.text(), answer.headers)

    async def leave(self, query: str = "") -> str:
        """Go to the provider, and return its address."""
        gone = await self.get(f"{OIDC}{query}")
        assert gone.status == 303, gone
        return gone.headers["Location"]

    async def come(self, provider: OidcProvider, query: str = "") -> Reply:
        """Sign in at the provider, and come back."""
        back = provider.authorize(await self.leave(query))
        assert back.startswith(HERE + CALLBACK)
        return await self.get(back.removeprefix(HERE))

    async def who(self) -> Reply:
        return await self.get(f"{BASE}/me")


async def test_who_has_an_account_comes_in_with_the_companys(
    shop: Service, provider: OidcProvider, clerk: Clerk
) -> None:
    browser = Browser(shop)
    came = await browser.come(provider)
    assert (came.status, came.headers["Location"]) == (303, "/console")
    known = await browser.who()
    assert known.status == 200
    assert clerk.email in known.body
    assert browser.cookies["__Host-console_oidc"] == ""
    (entry,) = await audit(shop, "sign_in")
    assert (entry.name, entry.facts) == (clerk.name, '{"by": "oidc"}')
    page = await shop.call("GET", "/console/sign-in")
    assert f'href="{OIDC}"' in page.body


WAYS_BACK = {
    "/console/tasks": "/console/tasks",
    "https://evil.test/console": "/console",
    "//evil.test/console": "/console",
    "/console/../evil": "/console",
    "/api/v1/support/me": "/console",
}


async def test_the_way_back_leads_to_our_own_pages_only(
    shop: Service, provider: OidcProvider, clerk: Clerk
) -> None:
    for wanted, led in WAYS_BACK.items():
        came = await Browser(shop).come(provider, f"?next={wanted}")
        assert (came.status, came.headers["Location"]) == (303, led), clerk.name


async def test_who_comes_in_rightly_locks_nobody_out(
    shop: Service, provider: OidcProvider, clerk: Clerk
) -> None:
    """A whole office signs in from one address."""
    for _ in range(31):
        assert (await Browser(shop).come(provider)).status == 303, clerk.name


def wrong(**claims: Any) -> Any:
    return lambda told: told | claims


def without(name: str) -> Any:
    return lambda told: {key: value for key, value in told.items() if key != name}


def stale(told: Claims) -> Claims:
    return told | {"iat": int(time.time()) - 900, "exp": int(time.time()) - 120}


LIES: dict[str, Any] = {
    "another nonce": wrong(nonce="another"),
    "no nonce": without("nonce"),
    "another audience": wrong(aud="another"),
    "many audiences": wrong(aud=[CLIENT, "another"]),
    "made for another": wrong(aud=[CLIENT, "other"], azp="other"),
    "another issuer": wrong(iss="https://evil.test"),
    "expired": stale,
    "for ever": without("exp"),
    "of the future": wrong(iat=int(time.time()) + 9000),
    "unverified": wrong(email_verified=False),
    "verified in words": wrong(email_verified="true"),
    "silent on that": without("email_verified"),
    "no address": without("email"),
    "unknown here": wrong(email="stranger@agency.test"),
}


async def test_a_token_that_says_anything_else_is_refused(
    shop: Service, provider: OidcProvider, clerk: Clerk
) -> None:
    for what, bend in LIES.items():
        provider.bend, browser = bend, Browser(shop)
        came = await browser.come(provider)
        assert (came.status, "__Host-staff_session" in browser.cookies) == (401, False), what
        assert clerk.email not in came.body
    entries = await audit(shop, "sign_in_refused")
    assert len(entries) == len(LIES)
    assert all('"by": "oidc"' in entry.facts for entry in entries)


async def test_a_token_of_two_audiences_made_for_us_will_do(
    shop: Service, provider: OidcProvider, clerk: Clerk
) -> None:
    provider.bend = wrong(aud=[CLIENT, "other"], azp=CLIENT)
    assert (await Browser(shop).come(provider)).status == 303
    assert clerk.name


@pytest.mark.parametrize("how", ["another key", "shared secret"])
async def test_a_token_the_provider_did_not_sign_is_refused(
    shop: Service, provider: OidcProvider, clerk: Clerk, how: str
) -> None:
    if how == "another key":
        provider.signer = RSAKey.generate_key(2048, {"kid": "one"})
    else:
        provider.signer = OctKey.import_key("x" * 64)
        provider.algorithm = "HS256"
    assert (await Browser(shop).come(provider)).status == 401
    assert clerk.name


async def test_the_answer_to_another_browser_is_refused(
    shop: Service, provider: OidcProvider, clerk: Clerk
) -> None:
    """And so is one with another state, one that comes twice, and one that took too long."""
    browser, other = Browser(shop), Browser(shop)
    back = provider.authorize(await browser.leave()).removeprefix(HERE)
    await other.leave()
    assert (await other.get(back)).status == 401
    forged = back.partition("&state=")[0] + "&state=forged"
    kept = dict(browser.cookies)
    assert (await browser.get(forged)).status == 401
    browser.cookies = dict(kept)
    written = kept["__Host-console_oidc"]
    browser.cookies["__Host-console_oidc"] = written[:-1] + ("0" if written[-1] != "0" else "1")
    assert (await browser.get(back)).status == 401
    browser.cookies = dict(kept)
    assert (await browser.get(back)).status == 303
    browser.cookies = dict(kept)
    assert (await browser.get(back)).status == 401
    assert clerk.name


async def test_a_way_that_took_too_long_ends(
    shop: Service, provider: OidcProvider, clerk: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("booking_http.staff.oidc.PATIENCE_SECONDS", 0)
    assert (await Browser(shop).come(provider)).status == 401
    assert clerk.name


async def test_who_was_turned_away_there_is_not_let_in_here(
    shop: Service, provider: OidcProvider, clerk: Clerk
) -> None:
    browser = Browser(shop)
    state = parse_qs(urlsplit(await browser.leave()).query)["state"][0]
    refused = await browser.get(f"{CALLBACK}?error=access_denied&state={state}")
    assert (refused.status, "did not let you in" in refused.body) == (401, True)
    assert provider.codes == {}
    assert clerk.name


async def test_a_disabled_account_stays_shut(
    shop: Service, provider: OidcProvider, clerk: Clerk
) -> None:
    await StaffChanges(shop.parts.database, operator("tests")).disable(clerk.email)
    assert (await Browser(shop).come(provider)).status == 401
    (entry,) = await audit(shop, "sign_in_refused")
    assert entry.name == clerk.name


STRANGE: list[Claims] = [
    {"issuer": "https://evil.test"},
    {"token_endpoint": "http://evil.test/token"},
    {"jwks_uri": "ftp://evil.test/keys"},
    {"authorization_endpoint": "javascript:alert(1)"},
    {"jwks_uri": None},
]


async def test_a_provider_that_describes_itself_strangely_is_not_asked(
    shop: Service, provider: OidcProvider
) -> None:
    for provider.discovery in STRANGE:
        reply = await Browser(shop).get(OIDC)
        assert (reply.status, "Location" in reply.headers) == (401, False), provider.discovery


async def test_a_provider_that_is_away_leaves_the_password(
    shop: Service, provider: OidcProvider, clerk: Clerk
) -> None:
    provider.down = True
    page = await Browser(shop).get(OIDC)
    assert (page.status, 'name="password"' in page.body) == (401, True)
    assert (await clerk.sign_in()).status == 200


async def test_without_a_provider_there_is_no_such_way(service: Service) -> None:
    browser = Browser(service)
    assert (await browser.get(OIDC)).status == 404
    assert (await browser.get(f"{CALLBACK}?state=x&code=y")).status == 404
    assert OIDC not in (await browser.get("/console/sign-in")).body


def settings(**named: str) -> Any:
    return settings_for(database_url="postgresql://x/y", supplier_url="http://x", **named)


FULL = {
    "oidc_issuer": "https://id.test",
    "oidc_client_id": CLIENT,
    "oidc_client_secret": SECRET,
    "public_url": HERE,
}


@pytest.mark.parametrize("missing", FULL)
def test_half_a_provider_is_named_at_the_start(missing: str) -> None:
    with pytest.raises(SettingsError, match=r"go together|PUBLIC_URL is not set"):
        provider_of(settings(**{name: value for name, value in FULL.items() if name != missing}))


def test_an_issuer_is_reached_over_tls_unless_it_is_this_machine() -> None:
    with pytest.raises(SettingsError, match="OIDC_ISSUER: an issuer starts with https://"):
        provider_of(settings(**FULL | {"oidc_issuer": "http://id.test"}))
    assert provider_of(settings()) is None
    found = provider_of(settings(**FULL))
    assert found == Provider(issuer="https://id.test", client_id=CLIENT, client_secret=SECRET)
    assert SECRET not in repr(found)

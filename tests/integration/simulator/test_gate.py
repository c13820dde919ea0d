"""traveltek.md, sections 1 and 2: account, token, envelope, and what a wrong call gets."""

import pytest

from tests.integration.simulator.conftest import Start
from tests.support.agency import BASE, Agency, error


async def test_the_token_is_flat_opaque_and_its_lifetime_is_text(agency: Agency) -> None:
    """token.pl answers outside the envelope; the token looks like a GUID and is none."""
    body = await agency.log_in()
    assert set(body) == {"expires_in", "token_type", "access_token"}
    assert (body["expires_in"], body["token_type"]) == ("7200", "bearer")
    assert "k" in body["access_token"]
    assert len(body["access_token"]) == 36


async def test_a_wrong_password_gets_no_token(agency: Agency) -> None:
    """HTTP Basic is checked."""
    assert "access_token" not in await agency.log_in(password="guess")


async def test_every_answer_but_the_token_has_the_envelope(agency: Agency) -> None:
    """Times are strings of seconds, errors and warnings always there."""
    body = await agency.search()
    assert set(body) == {"errors", "warnings", "meta", "results", "timing"}
    assert isinstance(body["timing"]["total"], str)
    assert isinstance(body["timing"]["items"][0]["time"], str)
    assert body["meta"]["defaultcurrency"] == {"code": "USD", "symbol": "&dollar;"}


async def test_a_wrong_sid_endpoint_or_verb_is_404(agency: Agency) -> None:
    """404 never means that a cruise is missing."""
    await agency.log_in()
    assert (await agency.raw("cruiseresults.pl", {"sid": "99999"})).status == 404
    assert (await agency.raw("cruiseresult.pl", {})).status == 404
    assert (await agency.http.get(BASE + "book.pl")).status == 404
    assert (await agency.http.post(BASE + "basketadd.pl")).status == 404


async def test_the_sid_echoed_by_a_search_is_a_trap(agency: Agency) -> None:
    """Using it breaks later calls with 404; other answers echo none at all."""
    echoed = (await agency.search())["meta"]["criteria"]["sid"]
    assert (await agency.raw("cruisecabingrades.pl", {"sid": echoed})).status == 404
    agency.choose(await agency.grades(), "2N")
    assert (await agency.cabins())["meta"]["criteria"]["sid"] is None


async def test_without_a_request_id_there_is_an_error_without_a_code(agency: Agency) -> None:
    """The form POST needs it in its body; a query does not count."""
    answer = await agency.http.post(f"{BASE}cruisecabins.pl?requestid=x", data={"sid": "10001"})
    code, text = error(await answer.json())
    assert (answer.status, code) == (200, None)
    assert "no request id" in text


async def test_an_unknown_token_is_3000(agency: Agency) -> None:
    """Business failures travel as HTTP 200."""
    agency.token = "00000000k0000-0000-0000-000000000000"
    answer = await agency.raw("cruiseshipdetails.pl", {"shipid": 2411})
    assert (answer.status, error(await answer.json())[0]) == (200, 3000)


@pytest.mark.parametrize("status", [200, 401])
async def test_an_expired_token_is_3002_at_the_status_of_the_policy(
    start: Start, status: int
) -> None:
    """A token renewed in the middle of a session goes on with the same session key."""
    agency = Agency(await start(expired_token_status=status, token_seconds=3600))
    await agency.search()
    await agency.control("clock", advanceSeconds=3600)
    answer = await agency.raw("basket.pl", {})
    assert (answer.status, error(await answer.json())[0]) == (status, 3002)
    await agency.log_in()
    assert (await agency.get("basket.pl"))["errors"] == []


async def test_missing_and_invalid_parameters_have_codes(agency: Agency) -> None:
    """110 for what is missing, 111 for what cannot be."""
    await agency.search()
    assert error(await agency.grades(codetocruiseid=""))[0] == 110
    assert error(await agency.grades(codetocruiseid="abc"))[0] == 111
    assert error(await agency.grades(codetocruiseid=1))[0] == 111
    assert error(await agency.get("basketremove.pl", basketkey="1"))[0] == 152
    assert error(await agency.get("cruisecabingrades.pl", sid=""))[0] == 110


@pytest.mark.parametrize("code", [169, 111])
async def test_an_expired_session_stays_expired(start: Start, code: int) -> None:
    """The code is a policy; only a new search helps, and every key is new then."""
    agency = Agency(await start(expired_session_code=code))
    await agency.search()
    old = agency.session
    await agency.control("clock", advanceSeconds=7199)
    await agency.log_in()
    await agency.grades()
    await agency.control("clock", advanceSeconds=7200)
    await agency.log_in()
    assert error(await agency.grades())[0] == code
    await agency.control("policy", session_seconds=999999)
    assert error(await agency.grades())[0] == code
    await agency.search()
    assert agency.session != old


async def test_session_life_can_be_absolute(start: Start) -> None:
    """Whether use prolongs it is a policy."""
    agency = Agency(await start(session_sliding=False, session_seconds=100))
    await agency.search()
    await agency.control("clock", advanceSeconds=60)
    assert (await agency.grades())["errors"] == []
    await agency.control("clock", advanceSeconds=60)
    assert error(await agency.grades())[0] == 169


async def test_calls_can_be_limited_per_second(start: Start) -> None:
    """429 with Retry-After once the policy's limit is reached."""
    agency = Agency(await start(rate_limit=2))
    await agency.log_in()
    await agency.raw("basket.pl", {})
    answer = await agency.raw("basket.pl", {})
    assert (answer.status, answer.headers["Retry-After"]) == (429, "1")

"""traveltek.md, section 11: every fault, what it leaves behind, and what sets it off."""

import asyncio
import json
from contextlib import suppress

import aiohttp
import pytest

from adapters.simulator.contradictions import BENDS
from adapters.simulator.endpoints import TABLE
from adapters.simulator.endpoints.book_checks import luhn
from adapters.simulator.faults import CARD_FAULTS, ENDPOINTS, FAULTS, SURNAME_FAULTS
from adapters.simulator.gateway import GATEWAY_STATUSES, SIGN_IN
from adapters.simulator.sailings import DRILLS
from tests.support.agency import VISA, Agency, Json, error
from tests.support.waiting import SILENT

BROKEN = (aiohttp.ClientError, TimeoutError, ConnectionError)
NOT_ACTED = [
    *("timeout_before", "reset_before", "http_500", "http_502", "http_404", "http_429", "html"),
    *("token_expired_200", "token_expired_401", "session_expired"),
    *("status302", "status401", "status403", "status405", "already_booked"),
]
ACTED = [
    *("timeout_after", "reset", "http_500_after", "http_502_after", "html_after", "malformed"),
    *("truncated", "slow", "mixed_types", "errors_with_bookingid", "booked_without_authcode"),
    *("duplicate_submit", "price_differs", "other_currency", "status302_after"),
    *("status401_after", "status403_after", "status404_after", "status405_after"),
    *("already_booked_after", "yellow_turns_booked"),
    *("status429_after", "nul_in_text", "surrogate_in_text", "deep_body", "long_digits"),
]


async def send_and_lose(agency: Agency, order: Json, fault: str) -> None:
    """Send a booking; whatever comes back is lost."""
    if fault in SILENT:
        await agency.unanswered("book.pl", agency.book_raw(order))
        return
    with suppress(*BROKEN):
        await (await agency.book_raw(order)).read()


def test_every_fault_is_for_endpoints_that_exist() -> None:
    """And every endpoint of the protocol has a row."""
    assert set(ENDPOINTS) == set(TABLE)
    for fault in FAULTS.values():
        assert fault.endpoints <= set(ENDPOINTS)
        assert fault.meaning.endswith(".")
    for number, name in CARD_FAULTS.items():
        assert luhn(number)
        assert "book.pl" in FAULTS[name].endpoints
    for endpoint, name in DRILLS.values():
        assert endpoint in FAULTS[name].endpoints


@pytest.mark.parametrize("fault", NOT_ACTED)
async def test_faults_before_the_supplier_acted_leave_no_booking(
    agency: Agency, fault: str
) -> None:
    """The hold is as it was."""
    await agency.hold()
    await agency.fault("book.pl", fault)
    await send_and_lose(agency, agency.order(card=VISA), fault)
    ledger = await agency.ledger()
    assert (len(ledger["holds"]), ledger["bookings"], ledger["charges"]) == (1, [], [])


@pytest.mark.parametrize("fault", ACTED)
async def test_faults_after_the_supplier_acted_leave_one_booking(
    agency: Agency, fault: str
) -> None:
    """Exactly one reservation, whatever the caller saw."""
    await agency.hold()
    await agency.fault("book.pl", fault)
    await send_and_lose(agency, agency.order(card=VISA), fault)
    ledger = await agency.ledger()
    assert (ledger["holds"], len(ledger["bookings"])) == ([], 1)
    assert len(ledger["charges"]) == (0 if fault == "booked_without_authcode" else 1)


def test_every_fault_of_book_is_tried_somewhere() -> None:
    """No fault of the one call that matters most is left without a test."""
    others = {
        "failed_yellow",
        "failed_red",
        "failed_with_authcode",
        "unknown_status",
        "hold_lapsed",
        "charged_too_little",
    }
    of_book = {name for name, fault in FAULTS.items() if "book.pl" in fault.endpoints}
    assert of_book == set(NOT_ACTED) | set(ACTED) | others | (set(BENDS) & of_book)
    assert set(SURNAME_FAULTS.values()) == of_book


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize(
    ("fault", "status"), [("http_500", 500), ("http_502_after", 502), ("http_429", 429)]
)
async def test_http_errors_everywhere(
    agency: Agency, endpoint: str, fault: str, status: int
) -> None:
    """A bare status without an envelope."""
    await agency.hold()
    await agency.fault(endpoint, fault)
    answer = await call_any(agency, endpoint)
    assert (answer.status, answer.content_type) == (status, "text/html")


GATEWAY_HEADERS = {401: "WWW-Authenticate", 405: "Allow", 429: "Retry-After", 302: "Location"}


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("fault", GATEWAY_STATUSES)
async def test_a_gateway_answers_in_the_suppliers_stead(
    agency: Agency, endpoint: str, fault: str
) -> None:
    """A page and no envelope, with the header that the status asks for."""
    await agency.hold()
    await agency.fault(endpoint, fault)
    answer = await call_any(agency, endpoint)
    status = GATEWAY_STATUSES[fault]
    assert (answer.status, answer.content_type) == (status, "text/html")
    assert (await answer.text()).startswith("<html>")
    assert status not in GATEWAY_HEADERS or GATEWAY_HEADERS[status] in answer.headers


async def test_a_redirect_leads_to_a_page_that_does_nothing(agency: Agency) -> None:
    """Whoever follows it, by either verb, gets another page and changes nothing."""
    await agency.hold()
    await agency.fault("basketremove.pl", "status302")
    answer = await agency.raw("basketremove.pl", {"basketkey": agency.item["itemkey"]})
    assert (answer.status, answer.url.path, len(answer.history)) == (200, SIGN_IN, 1)
    assert (await agency.http.post(SIGN_IN)).status == 200
    assert len((await agency.ledger())["holds"]) == 1


@pytest.mark.parametrize("fault", GATEWAY_STATUSES)
async def test_a_gateway_lets_a_removal_through_or_not(agency: Agency, fault: str) -> None:
    """The name says whether the hold is gone; the caller is told the same in both cases."""
    await agency.hold()
    await agency.fault("basketremove.pl", fault)
    await agency.raw(
        "basketremove.pl", {"basketkey": agency.item["itemkey"]}, allow_redirects=False
    )
    assert len((await agency.ledger())["holds"]) == (0 if fault.endswith("_after") else 1)


async def call_any(agency: Agency, endpoint: str) -> aiohttp.ClientResponse:
    """Call an endpoint by the verb it wants; armed faults come before its own checks."""
    verb = "GET" if "GET" in TABLE[endpoint].verbs else "POST"
    known = {"requestid": agency.token, "sid": "10001", "sessionkey": agency.session}
    address = f"/2.1/json/{endpoint}"
    if verb == "GET":
        return await agency.http.get(address, params=known, allow_redirects=False)
    headers = {"Authorization": aiohttp.encode_basic_auth("agency", "agency-secret")}
    if endpoint == "book.pl":
        headers["requestid"] = agency.token
    sent: Json = {"json": agency.order()} if endpoint == "book.pl" else {"data": known}
    return await agency.http.post(address, headers=headers, allow_redirects=False, **sent)


@pytest.mark.parametrize("fault", ["timeout_before", "timeout_after"])
async def test_silence_lasts_until_the_caller_hangs_up_or_the_time_is_over(
    agency: Agency, fault: str
) -> None:
    """`seconds` shortens it; the connection is then cut."""
    await agency.search()
    await agency.fault("basket.pl", fault, times=2, seconds=0.1)
    with pytest.raises(aiohttp.ClientError):
        await agency.raw("basket.pl", {})
    with pytest.raises(TimeoutError):
        await agency.raw("basket.pl", {}, timeout=aiohttp.ClientTimeout(total=0.02))


async def test_a_reset_comes_half_way_or_before(agency: Agency) -> None:
    """After: the status arrives, the body does not; before: nothing does."""
    await agency.search()
    await agency.fault("basket.pl", "reset")
    with pytest.raises((aiohttp.ClientError, ConnectionError)):
        await agency.get("basket.pl")
    await agency.fault("basket.pl", "reset_before")
    with pytest.raises((aiohttp.ClientError, ConnectionError)):
        await agency.raw("basket.pl", {})


@pytest.mark.parametrize("fault", ["malformed", "truncated", "html", "html_after"])
async def test_bodies_that_cannot_be_read(agency: Agency, fault: str) -> None:
    """HTTP 200 all the same."""
    await agency.search()
    await agency.fault("basket.pl", fault)
    answer = await agency.raw("basket.pl", {})
    assert answer.status == 200
    with pytest.raises(json.JSONDecodeError):
        json.loads(await answer.text())


async def test_a_slow_answer(agency: Agency) -> None:
    """30 s times the scale, or as long as `seconds` says."""
    await agency.search()
    await agency.fault("basket.pl", "slow", seconds=0.1)
    begun = asyncio.get_running_loop().time()
    assert (await agency.get("basket.pl"))["errors"] == []
    assert asyncio.get_running_loop().time() - begun > 0.09


@pytest.mark.parametrize(
    ("fault", "status"), [("token_expired_200", 200), ("token_expired_401", 401)]
)
async def test_an_expired_token_is_dead_from_then_on(
    agency: Agency, fault: str, status: int
) -> None:
    """Another token goes on with the same session."""
    await agency.search()
    await agency.fault("basket.pl", fault)
    answer = await agency.raw("basket.pl", {})
    assert (answer.status, error(await answer.json())[0]) == (status, 3002)
    assert error(await agency.get("basket.pl"))[0] == 3002
    await agency.log_in()
    assert (await agency.get("basket.pl"))["errors"] == []


async def test_an_expired_session_is_dead_from_then_on(agency: Agency) -> None:
    """Only a new search helps."""
    await agency.search()
    await agency.fault("basket.pl", "session_expired")
    assert [error(await agency.get("basket.pl"))[0] for _ in range(2)] == [169, 169]


@pytest.mark.parametrize("typing", ["mixed", "strings", "numbers"])
async def test_types_can_be_mixed_and_identifiers_survive(agency: Agency, typing: str) -> None:
    """Amounts and flags change their spelling, never their meaning."""
    await agency.search()
    await agency.fault("cruisecabingrades.pl", "mixed_types", typing=typing, times=2)
    body = await agency.grades()
    prices = [
        cell["price"] for row in body["results"] for cell in row["gridpricing"] if "price" in cell
    ]
    kinds = {type(price) for price in prices}
    wanted: dict[str, set[type]] = {"mixed": {str, float}, "strings": {str}, "numbers": {float}}
    assert wanted[typing] <= kinds | ({int} & kinds)
    flags = {type(row["modified"]) for row in body["results"]}
    assert len(flags) > 1 if typing == "mixed" else len(flags) == 1
    names = [
        cell["gradeno"]
        for row in body["results"]
        for cell in row["gridpricing"]
        if "gradeno" in cell
    ]
    assert all(name.count(":") == 2 for name in names)

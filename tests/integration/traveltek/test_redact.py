"""Evidence holds nothing personal, no card and no secret, whatever comes back."""

import json
from datetime import date
from typing import Any

import pytest
from aioresponses import aioresponses
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from adapters.traveltek import requests, requests_booking
from adapters.traveltek.redact import (
    MAX_ITEMS,
    MAX_TEXT,
    personal_words,
    request_evidence,
    response_evidence,
    safe_text,
)
from booking_flow.model.card_numbers import luhn_valid
from booking_flow.supplier_errors import SupplierError
from tests.integration.traveltek.test_classification import CALLS, mock_answer, mock_token, refusal
from tests.support import traveltek as kit
from tests.support.traveltek_fixtures import MakeClient

ORDER = kit.order(kit.payment("1125.24"))
BOOKING = requests_booking.booking(ORDER, settings=kit.settings())
FORBIDDEN = [
    kit.NUMBER,
    kit.CVV,
    kit.SESSION,
    kit.TOKEN,
    "agency-secret",
    "Zuleika",
    "Ottoline",
    "Peregrine",
    "Quennell",
    "zuleika.oquennell@example.com",
    "5550177342",
    "Umbrella",
    "Wexmouth",
    "97499",
    "1985-11-15",
    "1987-02-03",
    kit.details().passengers[2].date_of_birth.isoformat(),
    "2031",
]


def leaked(evidence: Any) -> list[str]:
    told = json.dumps(evidence, ensure_ascii=False, default=str).lower()
    return [word for word in FORBIDDEN if word.lower() in told]


def test_the_forbidden_words_are_in_the_request() -> None:
    """Guards the guard: a search that looks for what is never there proves nothing."""
    sent = json.dumps(BOOKING | {"t": kit.TOKEN, "p": "agency-secret"})
    assert [word for word in FORBIDDEN if word not in sent] == []


def test_a_booking_leaves_nothing_personal_in_its_evidence() -> None:
    kept = request_evidence({"sid": "10001", **BOOKING})
    assert leaked(kept) == []
    assert kept["passengers"] == 3
    assert kept["card_last4"] == "1111"
    assert kept["ccard"] == {
        "passthroughitem": 1060793622,
        "amount": "1125.24",
        "cardtype": "VIS",
    }
    dining = {"seating": "2", "tablesize": "0", "smoking": "N"}
    assert kept["allocation"] == {"1060793622": {"dining": dining}}


def test_a_payment_form_leaves_nothing_personal_in_its_evidence() -> None:
    form = requests_booking.payment(kit.SESSION, kit.details(), kit.payment("9.00"))
    kept = request_evidence({"sid": "10001", **form})
    assert leaked(kept) == []
    assert (kept["amount"], kept["card_last4"]) == ("9.00", "1111")


def test_birth_dates_of_a_search_are_not_kept() -> None:
    ours = kit.settings()
    for sent in (
        requests.search(kit.SAILING, kit.PARTY, "USD", settings=ours),
        requests.grades(kit.SESSION, kit.SAILING, kit.PARTY, "USD", settings=ours),
    ):
        born = requests.birthday(8, kit.SAILING.sailing_date).isoformat()
        assert born in str(sent)
        assert born not in str(request_evidence(sent))


words = st.lists(st.sampled_from([*FORBIDDEN, "card", "Ms", "no."]), max_size=3).map(" ".join)
numbers = st.integers(0, 99) | st.sampled_from([int(kit.NUMBER), int(kit.CVV), 5550177342])
scalars = st.none() | st.booleans() | numbers | words
KEYS = ["results", "errors", "text", "status", "code", "cruisedetail", "reservation", "price"]
answers = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from([*KEYS, "lastname", "passengers", "sessionkey", "12", "requestid"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@given(st.dictionaries(st.sampled_from(KEYS), answers))
def test_whatever_is_echoed_back_nothing_of_it_is_kept(answer: dict[str, Any]) -> None:
    """Even under a key that may be kept, the guests' own words are taken out."""
    personal = personal_words(BOOKING) | {kit.TOKEN, "agency-secret"}
    harmless = {"2031"}  # An expiry year by itself is in half of all dates.
    assert set(leaked(response_evidence(answer, personal=personal))) <= harmless


@given(st.text(), st.sampled_from(["", " ", "-", "."]), st.text())
def test_no_card_number_survives_in_words(before: str, gap: str, after: str) -> None:
    number = gap.join(kit.NUMBER[start : start + 4] for start in range(0, 16, 4))
    assert number not in safe_text(f"{before}{number}{after}")


def test_card_numbers_are_found_as_numbers_too() -> None:
    kept = response_evidence({"code": int(kit.NUMBER), "amount": 1125, "itemkey": "1060793622"})
    assert kept == {"code": "[…]", "amount": 1125, "itemkey": "1060793622"}


def test_identifiers_and_times_survive() -> None:
    assert luhn_valid(kit.NUMBER)
    for harmless in ("212_0.1064581274", "212:KGO:6_0", "2024-01-25 13:40:53", "1060793622"):
        assert safe_text(harmless) == harmless


def test_evidence_is_bounded() -> None:
    rows = [{"resultno": str(n), "text": "x" * 9999} for n in range(5000)]
    kept = response_evidence({"results": rows, "errors": rows, "warnings": rows})
    assert len(kept["results"]) == MAX_ITEMS + 1  # type: ignore[arg-type]
    assert len(json.dumps(kept)) < 4 * MAX_ITEMS * (MAX_TEXT + 100)


def test_a_session_can_be_told_from_another_but_not_used() -> None:
    one, other = (request_evidence({"sessionkey": key})["session"] for key in ("a" * 36, "b" * 36))
    assert one != other
    assert len(str(one)) == 5


@pytest.mark.parametrize("endpoint", CALLS)
async def test_a_whole_call_leaks_nothing(
    endpoint: str, make_client: MakeClient, aioresponses_mock: aioresponses
) -> None:
    """Neither the evidence, nor the log, nor the error tells what the supplier quotes."""
    quoted = f"Mr O&#39;Quennell, card {kit.NUMBER}, session {kit.SESSION}, token {kit.TOKEN}"
    echo: dict[str, Any] = {"criteria": {"sessionkey": kit.SESSION, "requestid": kit.TOKEN}}
    mock_token(aioresponses_mock)
    mock_answer(aioresponses_mock, endpoint, payload=refusal(201, quoted, meta=echo, ccard=BOOKING))
    ctx = kit.context()
    with capture_logs() as logs, pytest.raises(SupplierError) as caught:
        await CALLS[endpoint](make_client(), ctx)
    told = [vars(caught.value), logs, [(call.request, call.response) for call in ctx.calls]]
    surname = [] if endpoint in {"book", "payment"} else ["Quennell"]
    assert leaked(told) == surname, "only who was told a name can tell that it is one"
    assert len(logs) == 2


async def test_evidence_can_be_stored_as_json(
    make_client: MakeClient, aioresponses_mock: aioresponses, samples: Any
) -> None:
    mock_token(aioresponses_mock)
    body = samples("book-response-failed-fraud")["body"]
    mock_answer(aioresponses_mock, "book", payload=body)
    ctx = kit.context()
    await make_client().book(ORDER, ctx=ctx)
    call = ctx.calls[-1]
    assert json.loads(json.dumps(call.request)) == call.request
    assert json.loads(json.dumps(call.response)) == call.response
    assert call.step_id == ctx.step_id
    details = call.response["results"][0]["bookingdetails"]  # type: ignore[index]
    assert details["transactions"][0]["fraudcategory"] == "Yellow"
    assert details["bookingitems"][0]["cruisedetail"]["status"] == "Failed"
    assert "Tester" not in str(call.response)


def test_a_date_of_birth_counts_on_the_sailing_date() -> None:
    for day in (date(2027, 3, 7), date(2028, 2, 29), date(2027, 1, 1)):
        for age in range(18):
            born = requests.birthday(age, day)
            years = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
            assert years == age, (day, age)

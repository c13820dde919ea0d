"""A back office is asked for the one booking an attempt can have made; docs/back-office.md."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aioresponses import CallbackResult, aioresponses
from yarl import URL

from adapters.back_office import BackOffice, BackOfficeAddress, NoLookup, open_back_office
from booking_flow.model.money import Money
from booking_flow.model.session import Session
from booking_flow.ports import Lookup
from booking_flow.supplier import CallContext, ImportedBooking
from booking_flow.supplier_errors import FailureKind, SupplierError
from tests.conftest import MockedResponse
from tests.support.changes import BASKET, DETAILS, SELECTION, session

URL_ = "https://office.test/find"
PAGE = Path(__file__).parents[3] / "docs" / "back-office.md"
QUESTION, ANSWER = (
    json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
)


@pytest.fixture
def asked() -> Session:
    return replace(session(), details=DETAILS, selection=SELECTION, basket=BASKET)


@pytest.fixture
async def office() -> AsyncIterator[BackOffice]:
    address = BackOfficeAddress(url=URL_, token="a-token")
    async with open_back_office(address, new_id=uuid4, boottime=lambda: 5.0) as office:
        yield office


def context() -> CallContext:
    return CallContext(started=5.0, step_id=uuid4())


async def test_the_question_is_the_one_of_the_page(
    office: BackOffice, asked: Session, aioresponses_mock: aioresponses
) -> None:
    seen: list[Mapping[str, Any]] = []

    def answer(url: URL, **request: Any) -> CallbackResult:
        seen.append(request["json"])
        return CallbackResult(payload={"bookings": []}, response_class=MockedResponse)

    aioresponses_mock.post(URL_, callback=answer)
    assert await office.find(asked, ctx=context()) is Lookup.NOT_THERE
    assert list(seen[0]) == list(QUESTION)
    assert seen[0]["leadSurname"] == DETAILS.passengers[0].last_name


async def test_the_answer_of_the_page_is_understood(
    office: BackOffice, asked: Session, aioresponses_mock: aioresponses
) -> None:
    aioresponses_mock.post(URL_, payload=ANSWER)
    found = await office.find(asked, ctx=context())
    assert isinstance(found, ImportedBooking)
    assert found.reservation == "F9WZ03"
    assert found.price == found.received == Money(Decimal("3006.56"), "USD")


async def test_what_it_does_not_know_may_be_left_out(
    office: BackOffice, asked: Session, aioresponses_mock: aioresponses
) -> None:
    bare = {"reservation": "F9WZ03", "status": "Booked", "cruiseId": "2190294"}
    aioresponses_mock.post(URL_, payload={"bookings": [bare]})
    found = await office.find(asked, ctx=context())
    assert isinstance(found, ImportedBooking)
    assert (found.price, found.lead_surname) == (None, None)


async def test_several_that_fit_are_for_a_person(
    office: BackOffice, asked: Session, aioresponses_mock: aioresponses
) -> None:
    aioresponses_mock.post(URL_, payload={"bookings": ANSWER["bookings"] * 2})
    assert await office.find(asked, ctx=context()) is Lookup.NOT_THERE


async def test_the_booking_that_carries_our_reference_is_the_one(
    office: BackOffice, asked: Session, aioresponses_mock: aioresponses
) -> None:
    """And those that carry another are none of ours, even where only one is left."""
    (told,) = ANSWER["bookings"]
    other = told | {"reservation": "OTHER1", "internalReference": "BF-OTHER"}
    ours = told | {"internalReference": asked.reference}
    for bookings in ([other, told, ours], [other, told]):
        aioresponses_mock.post(URL_, payload={"bookings": bookings})
        found = await office.find(asked, ctx=context())
        assert isinstance(found, ImportedBooking)
        assert found.reservation == told["reservation"]
    aioresponses_mock.post(URL_, payload={"bookings": [other]})
    assert await office.find(asked, ctx=context()) is Lookup.NOT_THERE


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"status": 500}, FailureKind.BROKEN),
        ({"status": 302, "headers": {"Location": "https://elsewhere.test"}}, FailureKind.BROKEN),
        ({"body": b"<html>"}, FailureKind.BROKEN),
        ({"payload": {"bookings": [{"reservation": "F9WZ03"}]}}, FailureKind.BROKEN),
        ({"exception": TimeoutError()}, FailureKind.TIMEOUT),
        ({"exception": ConnectionResetError()}, FailureKind.NOT_SENT),
    ],
)
async def test_no_readable_answer_is_a_failure_that_staff_see(
    office: BackOffice,
    asked: Session,
    aioresponses_mock: aioresponses,
    answer: dict[str, Any],
    kind: FailureKind,
) -> None:
    aioresponses_mock.post(URL_, **answer)
    ctx = context()
    with pytest.raises(SupplierError) as failed:
        await office.find(asked, ctx=ctx)
    assert failed.value.kind is kind
    assert [(call.endpoint, call.outcome) for call in ctx.calls] == [("back_office", kind.value)]


async def test_evidence_names_nobody(
    office: BackOffice, asked: Session, aioresponses_mock: aioresponses
) -> None:
    aioresponses_mock.post(URL_, payload=ANSWER)
    ctx = context()
    await office.find(asked, ctx=ctx)
    (call,) = ctx.calls
    assert (call.outcome, call.response, call.request) == ("ok", {"found": 1}, {})
    assert "a-token" not in repr(BackOfficeAddress(url=URL_, token="a-token"))


async def test_an_account_without_a_channel_says_so(asked: Session) -> None:
    assert await NoLookup().find(asked, ctx=context()) is Lookup.NO_CHANNEL

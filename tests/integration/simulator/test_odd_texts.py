"""Good answers with texts, numbers and depths that readers of JSON stumble over."""

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.simulator.faults import FAULTS
from adapters.simulator.odd_texts import DIGITS, LEVELS, ODD_TEXTS
from tests.support.agency import VISA, Agency, Json

AUTHED = sorted(FAULTS["nul_in_text"].endpoints)


async def odd_answer(agency: Agency, endpoint: str, fault: str, **more: Any) -> str:
    """Go so far that the endpoint has something good to answer, and ask it with the fault armed."""
    await agency.hold()
    reservation = ""
    if endpoint in ("payment.pl", "cruiseimportbooking.pl"):
        await agency.book()
        reservation = (await agency.ledger())["bookings"][0]["reservation"]
    await agency.fault(endpoint, fault, **more)
    if endpoint == "book.pl":
        answer = await agency.book_raw(agency.order(card=VISA))
    elif endpoint == "payment.pl":
        answer = await agency.pay_raw()
    else:
        answer = await agency.raw(endpoint, question(agency, reservation)[endpoint])
    return await answer.text()


def question(agency: Agency, reservation: str) -> dict[str, Json]:
    """Return what each read must be asked to answer well."""
    rate = {name: agency.row[name] for name in ("resultno", "gradeno", "ratecode")}
    names = ("chosencruise", "chosencabingrade", "chosenfarecode")
    sailing = {"codetocruiseid": agency.cruise_id, "adults": agency.adults}
    return {
        "cruiseresults.pl": {"startdate": "2026-12-01", "enddate": "2027-12-01", "adults": 2},
        "cruisecabingrades.pl": sailing,
        "cruisecabins.pl": sailing | rate | {"selectedgrade": rate["gradeno"]},
        "cruisecabingradebreakdown.pl": {"cid": agency.cruise_id}
        | dict(zip(names, rate.values(), strict=True)),
        "basketadd.pl": rate | {"cabinresult": agency.cabin["resultno"]},
        "basketremove.pl": {"basketkey": agency.item["itemkey"]},
        "cruiseimportbooking.pl": {"lineid": 22, "bookingreference": reservation},
        "cruiseshipdetails.pl": {"shipid": 2411},
        "basket.pl": {},
    }


def texts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text of an answer with the name of the member that it stands in."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from texts(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item, name)
    elif isinstance(value, str):
        yield name, value


def hit(body: Json, odd: str) -> set[str]:
    """Return the members whose texts have the odd characters in them."""
    return {name for name, text in texts(body) if odd in text}


@pytest.mark.parametrize("endpoint", AUTHED)
@pytest.mark.parametrize("fault", ["nul_in_text", "surrogate_in_text"])
async def test_odd_characters_stand_in_a_good_answer(
    agency: Agency, endpoint: str, fault: str
) -> None:
    """In its warning and in what it names and describes; never in what identifies something."""
    spelled = await odd_answer(agency, endpoint, fault)
    body = json.loads(spelled)
    assert spelled.isascii()
    assert body["errors"] == []
    assert body["results"]
    names = hit(body, ODD_TEXTS[fault])
    assert {"text", "description"} <= names
    assert names.isdisjoint({"status", "reservation", "itemkey", "gradeno", "ratecode", "resultno"})
    assert ODD_TEXTS[fault] in body["warnings"][0]["text"]


async def test_the_names_of_grades_and_cabins_are_hit(agency: Agency) -> None:
    """Those that a service keeps and shows again."""
    grades = json.loads(await odd_answer(agency, "cruisecabingrades.pl", "nul_in_text"))
    assert all("\x00" in row["name"] for row in grades["results"])
    booked = json.loads(await odd_answer(agency, "book.pl", "surrogate_in_text"))
    details = booked["results"][0]["bookingdetails"]
    assert "\ud83d" in details["bookingitems"][0]["cruisedetail"]["cabinname"]
    assert [one["status"] for one in (await agency.ledger())["bookings"]] == ["Booked"]


@pytest.mark.parametrize("field", ["warnings", "status", "cabinname"])
@pytest.mark.parametrize("fault", ODD_TEXTS)
async def test_a_rule_may_say_which_member_is_hit(agency: Agency, fault: str, field: str) -> None:
    """That one and no other; the booking is as good as without."""
    await agency.hold()
    await agency.fault("book.pl", fault, field=field)
    spelled = await (await agency.book_raw(agency.order(card=VISA))).text()
    body = json.loads(spelled, parse_int=str)
    body.pop("serial", None)
    assert hit(body, ODD_TEXTS[fault]) == {"text" if field == "warnings" else field}
    ledger = await agency.ledger()
    assert (len(ledger["bookings"]), len(ledger["charges"])) == (1, 1)


@pytest.mark.parametrize("endpoint", AUTHED)
async def test_a_member_is_deeper_than_readers_go(agency: Agency, endpoint: str) -> None:
    """The rest of the answer is as ever."""
    spelled = await odd_answer(agency, endpoint, "deep_body")
    with pytest.raises(RecursionError):
        json.loads(spelled)
    assert spelled.count('{"a":') == LEVELS > sys.getrecursionlimit()
    head = spelled[: spelled.index(', "extensions"')] + "}"
    assert json.loads(head)["results"]


@pytest.mark.parametrize("endpoint", AUTHED)
async def test_a_number_is_longer_than_readers_take(agency: Agency, endpoint: str) -> None:
    """As a number in a member of its own, and in the text of a warning."""
    spelled = await odd_answer(agency, endpoint, "long_digits")
    with pytest.raises(ValueError, match="integer string conversion"):
        json.loads(spelled)
    body = json.loads(spelled, parse_int=str)
    assert body["serial"] == DIGITS
    assert hit(body, DIGITS) == {"serial", "text"}
    assert body["results"]


async def test_a_refusal_stays_as_it_is(agency: Agency) -> None:
    """The faults are for good answers."""
    await agency.search()
    await agency.fault("basketremove.pl", "nul_in_text")
    body = await agency.get("basketremove.pl", basketkey="1")
    assert (body["errors"][0]["code"], body["warnings"]) == (152, [])

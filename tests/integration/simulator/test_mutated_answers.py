"""Good answers with something wrong in them: nobody is told more than the answer can prove.

Seeded, so that what failed once fails again. What an answer proves is read here once more, by
rules that are simpler than the adapter's: only plainly spelled values count.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import pytest

from adapters.traveltek import endpoints
from adapters.traveltek.endpoints import Endpoint
from adapters.traveltek.evidence import Seen
from adapters.traveltek.parse_basket import read_added
from adapters.traveltek.parse_book import read_booking
from adapters.traveltek.parse_envelope import Envelope
from adapters.traveltek.parse_lookups import read_import, read_search
from adapters.traveltek.response_classifier import Judge
from adapters.traveltek.settings import TraveltekSettings
from adapters.traveltek.wire import Answer
from booking_flow.flow import State
from booking_flow.model.card import Charge
from booking_flow.model.change import Change
from booking_flow.model.money import Money
from booking_flow.model.session import Session, basket_of
from booking_flow.model.step import StepName, StepStatus
from booking_flow.policy import Policy
from booking_flow.steps import agreement
from booking_flow.steps.book import BookResult, settle_book
from booking_flow.steps.hold import HoldResult, settle_hold
from booking_flow.steps.line_comparison import disagreements
from booking_flow.steps.outcomes import Failure
from booking_flow.supplier_errors import SupplierError
from booking_http.demo.seed import row_of
from tests.support.agency import SAILINGS, VISA, Agency, Json
from tests.support.builders import a_selection, a_session, a_step, at

T = TypeVar("T")
SETTINGS = TraveltekSettings(base_url="", sid="", username="", password="")
OFTEN = (
    *("status", "reservation", "authcode", "amount", "totalprice", "totaltransactionamount"),
    *("codetocruiseid", "saildate", "startdate", "passengers", "cabincode", "cabingrade"),
    *("fraudcategory", "currency", "bookingid", "errors", "results", "bookingitems", "adults"),
    *("transactions", "bookingdetails", "cruisedetail", "itemkey", "ship", "paymentoption"),
    *("basketitems", "cruiseitem", "price", "nights", "perperson", "sessionkey", "line"),
)
VALUES: tuple[Any, ...] = (
    *(None, "", {}, [], 0, "0", "000000", -1, True, False, 1, "1.00", 1e30, "2099-01-01"),
    *("Booked", "Failed", "Cancelled", "OnRequest", "DECLINED", "Red", "Yellow", "SEK", "soon"),
    *("NaN", "Infinity", "-1.00", "1e3", "1,614.96", "9" * 400, "2027-13-45", "0000-00-00"),
    *("A\u0301\u202e\u200b", "Booked ", "booked\n", "WAITLISTED", "\uff11\uff12", "12/04/2027"),
    *("ARRAY(0x7f4cf02359e8)", "\x00", "GUAR", [[]], [{}], {"1": {}}, "none", "N", "99999999"),
)
DEEP = 60
"""Lists within lists, beyond what any answer has."""
REFUSED_CODES = frozenset({"", "declined", "none", "null", "n/a"})


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What the supplier answered to one guest, and the guest's session at each step."""

    search: Json
    added: Json
    booked: Json
    imported: Json
    holding: Session
    booking: Session
    charge: Charge


@pytest.fixture
async def world(agency: Agency) -> World:
    """Let a guest book once, and keep every answer."""
    search = await agency.search()
    added = await agency.hold()
    booked = await agency.book(agency.order(card=VISA))
    reservation = (await agency.ledger())["bookings"][0]["reservation"]
    imported = await agency.get("cruiseimportbooking.pl", lineid=22, bookingreference=reservation)
    return world_of(agency, search, added, booked, imported)


def world_of(agency: Agency, search: Json, added: Json, booked: Json, imported: Json) -> World:
    total = Money(Decimal(str(agency.basket["totalprice"])), "USD")
    selection = a_selection(
        cabin_code=agency.row["cabincode"],
        rate_code=agency.row["ratecode"],
        cabin_number=agency.cabin["cabinno"],
        price=total,
    )
    holding = a_session(
        State.CABIN_SELECTED,
        sailing=row_of(SAILINGS[agency.cruise_id]).sailing,
        selection=selection,
        open_step=a_step(StepName.ADD_TO_BASKET),
    )
    held = hold(holding, added).after
    booking = replace(held, open_step=a_step(StepName.BOOK))
    return World(
        search=search,
        added=added,
        booked=booked,
        imported=imported,
        holding=holding,
        booking=booking,
        charge=Charge(amount=total, card=None),
    )


def read(endpoint: Endpoint, body: Json, reader: Callable[[Envelope], T]) -> T:
    """Read an answer as the client does; whatever it stumbles over that nobody foresaw fails."""
    seen = Seen(frozenset())
    judge = Judge(endpoint, SETTINGS, seen)
    sent = Answer(status=200, content_type="application/json", body=json.dumps(body).encode())
    try:
        return judge.answer(sent, reader)
    finally:
        assert "unreadable" not in (seen.response or {}), body


def hold(session: Session, body: Json) -> Change:
    try:
        answer = read(endpoints.BASKET_ADD, body, lambda got: read_added(got, currency="USD"))
    except SupplierError as error:
        return settle_hold(session, Failure(error=error), at())
    assert session.selection is not None
    held = HoldResult(
        answer=answer,
        selection=session.selection,
        sent_after=timedelta(seconds=3),
        session_key="key",
    )
    return settle_hold(session, held, at())


def book(world: World, body: Json) -> Change:
    key = basket_of(world.booking).item_key
    try:
        answer = read(
            endpoints.BOOK,
            body,
            lambda got: read_booking(got, item_key=key, currency="USD", settings=SETTINGS),
        )
    except SupplierError as error:
        return settle_book(world.booking, Failure(error=error), at())
    return settle_book(world.booking, BookResult(answer=answer, charge=world.charge), at())


def spots(value: Any, within: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield every place of a tree."""
    pairs: Any = ()
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, list):
        pairs = enumerate(value)
    for key, item in pairs:
        yield (*within, key), item
        yield from spots(item, (*within, key))


def mutated(body: Json, chance: random.Random) -> Json:
    """Return the answer with one to three things wrong in it."""
    changed = copy.deepcopy(body)
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3))):
        places = [path for path, _ in spots(changed)]
        telling = [path for path in places if path[-1] in OFTEN]
        likely = telling if telling and chance.random() < 0.8 else places
        if likely:
            _mutate(changed, chance.choice(likely), chance)
    return changed


def _mutate(body: Any, path: tuple[Any, ...], chance: random.Random) -> None:
    for key in path[:-1]:
        body = body[key]
    old = body[path[-1]]
    match chance.randrange(9):
        case 0 if isinstance(body, dict):
            del body[path[-1]]
        case 1:
            body[path[-1]] = [old]
        case 2:
            body[path[-1]] = [[old]]
        case 3:
            body[path[-1]] = json.dumps(old) if isinstance(old, dict | list) else str(old)
        case 4:
            body[path[-1]] = _near(old)
        case 5 if chance.random() < 0.2:
            body[path[-1]] = _deep(old)
        case _:
            body[path[-1]] = copy.deepcopy(chance.choice(VALUES))


def _deep(value: Any) -> Any:
    for _ in range(DEEP):
        value = [value]
    return value


def _near(value: Any) -> Any:
    """Return something like it: the next number, another letter, a list with one row less."""
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str):
        return f"{value}1"
    return value[:-1] if isinstance(value, list) else {}


def first(value: Any) -> Json:
    """Return an object, or the first of a list."""
    if isinstance(value, list):
        value = next((item for item in value if isinstance(item, dict)), {})
    return value if isinstance(value, dict) else {}


def words(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def plain_number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    said = str(value)
    plain = said.replace(".", "", 1).isdigit() and said.isascii() and len(said) < 20
    return Decimal(said) if plain else None


@dataclass(frozen=True, slots=True)
class Said:
    """What a mutated answer of book.pl plainly says."""

    result: Json

    @property
    def details(self) -> Json:
        return first(self.result.get("bookingdetails"))

    @property
    def item(self) -> Json:
        return first(self.details.get("bookingitems"))

    @property
    def cruise(self) -> Json:
        return first(self.item.get("cruisedetail"))

    @property
    def statuses(self) -> list[str]:
        levels = (self.result, self.details, self.item, self.cruise)
        return [said for level in levels if (said := words(level.get("status")))]

    @property
    def reservation(self) -> bool:
        found = self.cruise.get("reservation")
        return bool(words(found)) or isinstance(found, int | float)

    @property
    def transactions(self) -> list[Json]:
        rows = self.details.get("transactions")
        rows = rows if isinstance(rows, list) else [rows]
        return [row for row in rows if isinstance(row, dict)]


def contradictions(said: Said, world: World) -> Iterator[str]:
    """Yield what an answer plainly says otherwise than it was asked for."""
    session, cruise = world.booking, said.cruise
    asked, chosen = world.charge.amount, session.selection
    assert chosen is not None
    if any(word.casefold() != "booked" for word in said.statuses if word.isalpha()):
        yield f"statuses {said.statuses}"
    yield from _another(cruise, "codetocruiseid", session.sailing.cruise_id)
    if _is_day(words(cruise.get("saildate"))):
        yield from _another(cruise, "saildate", session.sailing.sailing_date.isoformat())
    listed = said.details.get("passengers")
    people = [one for one in listed if one] if isinstance(listed, list) else []
    plain = all(isinstance(one, dict) for one in people)
    if people and plain and len(people) != session.party.size:
        yield f"{len(people)} passengers"
    total = plain_number(said.details.get("totalprice"))
    if total is not None and total != asked.amount:
        yield f"total {total}"
    yield from _other_money(said, asked)


def _is_day(text: str) -> bool:
    """Whether it is a day of the calendar; what is none says nothing."""
    with suppress(ValueError):
        return date.fromisoformat(text).isoformat() == text
    return False


def _another(level: Json, name: str, ours: str) -> Iterator[str]:
    told = level.get(name)
    number = plain_number(told)
    plain = words(told) if isinstance(told, str) else str(number or "")
    if plain and plain.isascii() and plain.isprintable() and plain[0].isdigit() and plain != ours:
        yield f"{name} {plain}"


def _other_money(said: Said, asked: Money) -> Iterator[str]:
    for row in said.transactions:
        if row.get("fraudcategory") == "Red":
            yield "Red"
        if row.get("currency") == "SEK":
            yield "another currency"
    amounts = [plain_number(row.get("amount")) for row in said.transactions]
    if len(amounts) == 1 and amounts[0] is not None and amounts[0] != asked.amount:
        yield f"amount {amounts[0]}"


def proves_payment(said: Said) -> bool:
    codes = [row.get("authcode") for row in said.transactions]
    good = [str(code) for code in codes if isinstance(code, str | int | float)]
    return any(code.casefold() not in REFUSED_CODES and code.strip("0. ") for code in good)


def judge_book(world: World, body: Json) -> None:
    change = book(world, body)
    said = Said(first(body.get("results")))
    settled = change.settle
    assert settled is not None
    if change.after.state is State.PAID:
        assert said.reservation, body
        assert proves_payment(said), body
        assert not list(contradictions(said, world)), (list(contradictions(said, world)), body)
    if settled.status is StepStatus.REFUSED:
        booked = "booked" in (word.casefold() for word in said.statuses)
        assert not (said.reservation and booked), body
        assert not proves_payment(said), body


def judge_hold(world: World, body: Json) -> None:
    change = hold(world.holding, body)
    if change.after.state is not State.BASKETED:
        return
    row = first(first(body.get("results")).get("basketitems"))
    cruise, sailing = first(row.get("cruisedetail")), world.holding.sailing
    other = [
        *_another(cruise, "codetocruiseid", sailing.cruise_id),
        *_another(first(cruise.get("ship")), "id", str(sailing.ship_id)),
    ]
    assert not [said for said in other if not said.endswith((" 0", " 0.0"))], body
    assert change.after.basket is not None
    total, told = change.after.basket.total.amount, plain_number(row.get("price"))
    assert total <= world.charge.amount.amount, body
    assert told is None or total >= told.quantize(Decimal("0.01")), body
    assert change.after.basket.deposit.amount <= world.charge.amount.amount


def judge_search(world: World, body: Json) -> None:
    sailing, party = world.holding.sailing, world.holding.party
    try:
        hit = read(
            endpoints.RESULTS, body, lambda got: read_search(got, cruise_id=sailing.cruise_id)
        )
    except SupplierError:
        return
    if hit is not None:
        agreement.search_refusal(sailing, party, "USD", hit.stated, policy=Policy())
        assert hit.session_key


def judge_import(world: World, body: Json) -> None:
    try:
        found = read(
            endpoints.IMPORT,
            body,
            lambda got: read_import(got, reservation="1", currency="USD", settings=SETTINGS),
        )
    except SupplierError:
        return
    if found is not None and not disagreements(world.booking, found):
        status = words(first(first(body.get("results")).get("cruiseitem")).get("status"))
        assert status.casefold() in ("", "booked", "\x00"), body


JUDGES = (
    *(("booked", judge_book),) * 5,
    *(("added", judge_hold),) * 3,
    ("search", judge_search),
    ("imported", judge_import),
)


@pytest.mark.parametrize(
    ("first_seed", "number"), [(0, 500), pytest.param(500, 5_000, marks=pytest.mark.full)]
)
def test_nobody_is_told_more_than_a_mutated_answer_proves(
    first_seed: int, number: int, world: World
) -> None:
    for seed in range(first_seed, first_seed + number):
        chance = random.Random(seed)
        name, judge = JUDGES[seed % len(JUDGES)]
        body = mutated(getattr(world, name), chance)
        try:
            judge(world, body)
        except BaseException as error:
            error.add_note(f"seed {seed}, {name}")
            raise


def test_the_answers_are_good_before_anything_is_wrong_with_them(world: World) -> None:
    """Otherwise the test above would be content with anything."""
    assert book(world, world.booked).after.state is State.PAID
    assert hold(world.holding, world.added).after.state is State.BASKETED
    said = Said(first(world.booked["results"]))
    assert said.reservation
    assert proves_payment(said)
    assert not list(contradictions(said, world))

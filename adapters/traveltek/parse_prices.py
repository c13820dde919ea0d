"""Reading live prices: grades, cabins and breakdown (traveltek.md, sections 4 and 5)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from adapters.traveltek.parse_envelope import Envelope
from adapters.traveltek.parse_rates import RateCode, rate_codes
from adapters.traveltek.parse_statement import state_prices
from adapters.traveltek.parse_terms import read_terms
from adapters.traveltek.parse_values import (
    Node,
    OtherCurrency,
    Unreadable,
    amount,
    currency_code,
    first,
    flag,
    money,
    nodes,
    required,
    side_nodes,
    text,
    usable,
    whole,
)
from booking_flow.model.money import Money
from booking_flow.model.pricing import (
    GUARANTEE,
    Breakdown,
    Cabin,
    CabinCategory,
    CabinGrade,
    CabinList,
    Deck,
    PriceItem,
    Quote,
    Rate,
)

UNDATED: Final = datetime.min.replace(tzinfo=UTC)
"""The engine dates a quote; the client has no clock of that kind."""

_CATEGORY_WORDS: Final = (
    (CabinCategory.SUITE, ("suite",)),
    (CabinCategory.BALCONY, ("balcony", "verandah", "veranda")),
    (CabinCategory.OUTSIDE, ("outside", "ocean", "oceanview", "porthole", "window")),
    (CabinCategory.INSIDE, ("inside", "interior")),
)


def read_quote(answer: Envelope, *, currency: str, terms_field: str = "") -> Quote:
    """Group the rows of grades by cabin code, with the rates that can be had now.

    `terms_field` names the member that holds the terms of a rate; empty reads none.
    """
    rows = answer.without_errors().results
    currency = answer.priced_in(currency)
    wording = _Wording(codes=rate_codes(answer), currency=currency, terms_field=terms_field)
    found: dict[str, tuple[Node, list[Rate]]] = {}
    for row in rows:
        if cabin_code := text(row.get("cabincode")):
            rates = found.setdefault(cabin_code, (row, []))[1]
            rates += (r for r in _rates(row, wording) if not _listed(r, rates))
    if rows and not found:
        raise Unreadable("cabincode")
    grades = tuple(_grade(code, row, rates) for code, (row, rates) in found.items() if rates)
    return Quote(
        as_of=UNDATED, currency=currency, grades=grades, stated=state_prices(answer.criteria)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wording:
    """What the rows of one price list are read by."""

    codes: Mapping[str, RateCode]
    currency: str
    terms_field: str


def _listed(rate: Rate, rates: Iterable[Rate]) -> bool:
    key = (rate.result_no, rate.grade_no, rate.rate_code)
    return any((r.result_no, r.grade_no, r.rate_code) == key for r in rates)


def _grade(cabin_code: str, row: Node, rates: list[Rate]) -> CabinGrade:
    name = first(row, "name", "description") or cabin_code
    return CabinGrade(
        cabin_code=cabin_code,
        name=name,
        category=_category(first(row, "codtype") or "", name),
        description=text(row.get("description")) or "",
        image_url=image(row.get("imageurl")),
        accessible=bool(flag(row.get("modified"))),
        rates=tuple(rates),
    )


def _category(codtype: str, name: str) -> CabinCategory:
    """Return the category it says, or its words say; in doubt the one that promises least."""
    for words in (codtype.lower(), name.lower()):
        for category, signs in _CATEGORY_WORDS:
            if any(sign in words for sign in signs):
                return category
    return CabinCategory.INSIDE


def _rates(grade: Node, wording: _Wording) -> Iterator[Rate]:
    for row in nodes(grade.get("gridpricing")) or [grade]:
        rate = _rate(row, grade, wording)
        if rate is not None and rate.total.positive:
            yield rate


def _rate(row: Node, grade: Node, wording: _Wording) -> Rate | None:
    if flag(row.get("available")) is False:
        return None
    keys, currency = _rate_keys(row, grade), wording.currency
    total = money(row.get("price"), currency) or money(row.get("cheapestprice"), currency)
    if keys is None or total is None:
        return None
    result_no, grade_no, rate_code = keys
    about = wording.codes.get(rate_code, RateCode(name=rate_code))
    parts = {part: money(row.get(part), currency) for part in ("fare", "taxes", "fees", "gratuity")}
    return Rate(
        result_no=result_no,
        grade_no=grade_no,
        rate_code=rate_code,
        name=about.name,
        total=total,
        refundable=about.refundable,
        restricted_to=about.restricted_to,
        terms=read_terms(row, about.row, member=wording.terms_field, currency=currency),
        **parts,
    )


def _rate_keys(row: Node, grade: Node) -> tuple[str, str, str] | None:
    """Return the three identifiers; the parent's stand in only where they are this rate's."""
    rate_code = text(row.get("ratecode"))
    grade_no = text(row.get("gradeno"))
    if grade_no is None and rate_code == text(grade.get("ratecode")):
        grade_no = text(grade.get("gradeno"))
    result_no = text(row.get("resultno")) or text(grade.get("resultno"))
    return (result_no, grade_no, rate_code) if result_no and grade_no and rate_code else None


def image(value: object) -> str | None:
    """Return the address of a picture; anything that is not one is absent."""
    address = text(value) or ""
    return address if address.startswith(("https://", "http://")) else None


def read_cabins(answer: Envelope) -> CabinList:
    """Read the cabins of a rate; a row without `resultno` cannot be put into a basket."""
    rows = answer.without_errors().results
    return CabinList(cabins=usable(rows, _cabin, "resultno"), decks=decks(answer.meta))


def _cabin(row: Node) -> Cabin:
    number = text(row.get("cabinno"))
    if number is None and flag(row.get("guaranteed")):
        number = GUARANTEE
    return Cabin(
        cabin_result=required(text(row.get("resultno")), "resultno"),
        cabin_number=required(number, "cabinno"),
        deck_id=first(row, "deckid", "deckcode"),
        deck_name=text(row.get("deckname")),
        position=first(row, "position", "location"),
        obstructed=bool(flag(row.get("obstructed"))),
        accessible=bool(flag(row.get("modified"))),
        min_guests=whole(row.get("minguests")),
        max_guests=whole(row.get("maxguests")),
        box=_box(row),
    )


def _box(row: Node) -> tuple[int, int, int, int] | None:
    match tuple(amount(row.get(corner)) for corner in ("x1", "y1", "x2", "y2")):
        case (x1, y1, x2, y2) if None not in (x1, y1, x2, y2):
            return int(x1 or 0), int(y1 or 0), int(x2 or 0), int(y2 or 0)
        case _:
            return None


def decks(source: Node) -> tuple[Deck, ...]:
    """Read the decks of a ship, each once."""
    found: dict[str, Deck] = {}
    for row in side_nodes(source.get("decks")):
        deck_id = first(row, "deckid", "id", "deckcode")
        if deck_id and deck_id not in found:
            name = first(row, "name", "deckname", "caption", "deckcode") or deck_id
            found[deck_id] = Deck(deck_id=deck_id, name=name, image_url=image(row.get("imageurl")))
    return tuple(found.values())


def read_breakdown(answer: Envelope, *, currency: str) -> Breakdown:
    """Read the per-guest items of a rate; their sum need not be the basket's."""
    rows = answer.without_errors().results
    answer.priced_in(currency)
    if any(stated != currency for row in rows for stated in currencies(row)):
        raise OtherCurrency
    items = tuple(price_item(row, currency) for row in rows)
    return Breakdown(items=items, total=add_up((item.amount for item in items), currency))


def currencies(row: Node) -> list[str]:
    """Return the currencies a per-guest row says it is in, the supplier's own left aside."""
    rows = [row, *nodes(row.get("prices"))]
    return [stated for each in rows if (stated := currency_code(each.get("currency")))]


def price_item(row: Node, currency: str) -> PriceItem:
    """Read one line of a price: per guest where given, as a total otherwise."""
    guests = sorted(nodes(row.get("prices")), key=lambda guest: whole(guest.get("guestno")) or 0)
    shares = tuple(required(money(guest.get("price"), currency), "price") for guest in guests)
    total = add_up(shares, currency) if shares else _lump(row, currency)
    return PriceItem(
        category=(text(row.get("category")) or "other").lower(),
        description=first(row, "description", "category") or "",
        amount=total,
        per_guest=shares,
    )


def _lump(row: Node, currency: str) -> Money:
    return required(
        money(row.get("totalcost"), currency) or money(row.get("price"), currency), "prices"
    )


def add_up(amounts: Iterable[Money], currency: str) -> Money:
    """Add amounts of one currency."""
    return sum(amounts, start=Money(Decimal(), currency))

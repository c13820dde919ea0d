"""Whether an answer of the supplier is about what was asked for: sailing, party, cabin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from booking_flow.model.sailing import Sailing

GUARANTEED = frozenset({"", "GUAR"})
"""What stands for a cabin that the line assigns later (traveltek.md, section 5)."""


class Fact(StrEnum):
    """What is compared, spelled as in the API."""

    CRUISE_ID = "cruiseId"
    SAILING_DATE = "sailingDate"
    SHIP_ID = "shipId"
    LINE_ID = "lineId"
    NIGHTS = "nights"
    CURRENCY = "currency"
    GUESTS = "guests"
    CABIN_CODE = "cabinCode"
    CABIN_NUMBER = "cabinNumber"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What an answer says of what it is about; None is silence, and never a difference.

    `nights` are those of the ship's voyage where both are told. Names are left out: they differ.
    """

    cruise_id: str | None = None
    sailing_date: date | None = None
    ship_id: int | None = None
    line_id: int | None = None
    nights: int | None = None
    currency: str | None = None
    guests: int | None = None
    cabin_code: str | None = None
    cabin_number: str | None = None
    unread: tuple[str, ...] = ()
    """Members that were there and could not be read; they count as silence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What was asked for; without a cabin before one is chosen."""

    sailing: Sailing
    guests: int
    currency: str
    cabin_code: str | None = None
    cabin_number: str = ""
    """Empty or `GUAR` where the line assigns one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One fact on which an answer and what was asked for differ."""

    fact: Fact
    ours: str
    theirs: str

    def __str__(self) -> str:
        """Name both sides."""
        return f"{self.fact} ours {self.ours}, the supplier's {self.theirs}"


def differences(expected: Expected, said: Statement | None) -> tuple[Difference, ...]:
    """Return every fact that an answer states otherwise than it was asked for."""
    if said is None:
        return ()
    return tuple(
        Difference(fact=fact, ours=str(ours), theirs=str(theirs))
        for fact, ours, theirs in _pairs(expected, said)
        if _stated(ours) and _stated(theirs) and _normal(ours) != _normal(theirs)
    )


def decisive(found: tuple[Difference, ...]) -> tuple[Difference, ...]:
    """Return the differences that make it another voyage; nights alone do not."""
    return tuple(each for each in found if each.fact is not Fact.NIGHTS)


def _pairs(expected: Expected, said: Statement) -> Iterator[tuple[Fact, object, object]]:
    sailing = expected.sailing
    yield Fact.CRUISE_ID, sailing.cruise_id, said.cruise_id
    yield Fact.SAILING_DATE, sailing.sailing_date, said.sailing_date
    yield Fact.SHIP_ID, sailing.ship_id, said.ship_id
    yield Fact.LINE_ID, sailing.line_id, said.line_id
    yield Fact.NIGHTS, sailing.nights, said.nights
    yield Fact.CURRENCY, expected.currency, said.currency
    yield Fact.GUESTS, expected.guests, said.guests
    yield Fact.CABIN_CODE, expected.cabin_code, said.cabin_code
    if expected.cabin_number not in GUARANTEED:
        yield Fact.CABIN_NUMBER, expected.cabin_number, said.cabin_number


def _stated(value: object) -> bool:
    """Whether it says anything; ids and numbers of nought do not."""
    return value not in (None, "", 0)


def _normal(value: object) -> str:
    """Return a value as it is compared: identifiers whatever their case and leading zeros."""
    return str(value).strip().casefold().lstrip("0")

"""The trade the simulator knows: cruise lines, ships, cabin grades and rate codes."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Line:
    """A cruise line as the supplier numbers it."""

    id: int
    name: str
    engine: str
    deposit_per_guest: Decimal


@dataclass(frozen=True, kw_only=True)
class Ship:
    """A ship, and the currency in which its line sells it."""

    id: int
    name: str
    code: str
    line: Line
    currency: str = "USD"


@dataclass(frozen=True, kw_only=True)
class Grade:
    """A cabin grade of a line: what it is called, where it lies, how many cabins it has."""

    code: str
    category: str
    name: str
    factor: Decimal
    deck: int
    cabins: int
    max_guests: int = 4
    guarantee_only: bool = False
    accessible: bool = False


@dataclass(frozen=True, kw_only=True)
class Rate:
    """A rate code; `refundable` is the truth, which the supplier's flag may hide."""

    code: str
    name: str
    factor: Decimal
    promo: Decimal = Decimal(0)
    refundable: bool = True
    military: bool = False
    senior: bool = False
    past_guest: bool = False
    on_sale: bool = True

    @property
    def restricted(self) -> bool:
        """Say whether only some guests may book it, though the supplier shows it to everyone."""
        return self.military or self.senior or self.past_guest


ROYAL = Line(
    id=22, name="Royal Caribbean", engine="Royal Caribbean", deposit_per_guest=Decimal(250)
)
CELEBRITY = Line(id=3, name="Celebrity Cruises", engine="Celebrity", deposit_per_guest=Decimal(250))
CARNIVAL = Line(
    id=8, name="Carnival Cruise Line", engine="Carnival", deposit_per_guest=Decimal(150)
)
LINES = {line.id: line for line in (ROYAL, CELEBRITY, CARNIVAL)}

SHIPS = {
    ship.code: ship
    for ship in (
        Ship(id=2411, name="Wonder of the Seas", code="WN", line=ROYAL),
        Ship(id=1874, name="Harmony of the Seas", code="HM", line=ROYAL),
        Ship(id=2003, name="Symphony of the Seas", code="SY", line=ROYAL),
        Ship(id=1655, name="Anthem of the Seas", code="AN", line=ROYAL),
        Ship(id=2588, name="Icon of the Seas", code="IC", line=ROYAL),
        Ship(id=2150, name="Celebrity Edge", code="EG", line=CELEBRITY),
        Ship(id=2390, name="Celebrity Beyond", code="BY", line=CELEBRITY),
        Ship(id=771, name="Celebrity Summit", code="SM", line=CELEBRITY, currency="CAD"),
        Ship(id=1196, name="Carnival Breeze", code="BR", line=CARNIVAL),
        Ship(id=2291, name="Mardi Gras", code="MD", line=CARNIVAL),
    )
}
SHIPS_BY_ID = {ship.id: ship for ship in SHIPS.values()}


def _grade(row: str, **more: Any) -> Grade:
    """Read one grade from one row: code, category, fare factor, deck, cabins, name."""
    code, category, factor, deck, cabins, name = row.split(maxsplit=5)
    return Grade(
        code=code,
        category=category,
        name=name,
        factor=Decimal(factor),
        deck=int(deck),
        cabins=int(cabins),
        **more,
    )


GRADES: dict[int, tuple[Grade, ...]] = {
    22: (
        _grade("ZI inside 0.92 6 20 Interior Guarantee", guarantee_only=True),
        _grade("4V inside 1.00 6 40 Interior"),
        _grade("4A inside 1.00 7 4 Accessible Interior", max_guests=2, accessible=True),
        _grade("2N outside 1.24 7 30 Ocean View"),
        _grade("2D balcony 1.62 9 40 Ocean View Balcony"),
        _grade("J3 suite 2.35 10 10 Junior Suite"),
        _grade("GS suite 3.90 10 6 Grand Suite &amp; Terrace"),
    ),
    3: (
        _grade("Z inside 0.93 6 16 Inside Guarantee", guarantee_only=True),
        _grade("10 inside 1.00 6 30 Inside Stateroom"),
        _grade("08 outside 1.22 7 24 Ocean View Stateroom"),
        _grade("E2 balcony 1.70 9 36 Edge Stateroom with Infinite Veranda"),
        _grade("CC balcony 2.05 9 14 Concierge Class", max_guests=3),
        _grade("S1 suite 3.40 10 8 Sky Suite"),
    ),
    8: (
        _grade("IS inside 1.00 6 30 Interior Upper/Lower", max_guests=2),
        _grade("6A outside 1.20 7 24 Ocean View"),
        _grade("8B balcony 1.55 9 30 Balcony Stateroom"),
        _grade("OS suite 2.80 10 8 Ocean Suite"),
    ),
}


def _rates(best: str, saver: str, loyalty: tuple[str, str]) -> tuple[Rate, ...]:
    """Spell a line's rates: two for everyone, three restricted ones, one no longer sold."""
    return (
        Rate(code=best, name="BEST RATE", factor=Decimal("1.00")),
        Rate(
            code=saver,
            name="SUPER SAVER NON-REFUNDABLE DEPOSIT",
            factor=Decimal("0.90"),
            promo=Decimal(50),
            refundable=False,
        ),
        Rate(code="KM1", name="MILITARY RATES", factor=Decimal("0.85"), military=True),
        Rate(code="SEN", name="SENIOR 55+ SAVINGS", factor=Decimal("0.88"), senior=True),
        Rate(code=loyalty[0], name=loyalty[1], factor=Decimal("0.87"), past_guest=True),
        Rate(
            code="QS5", name="SUN&#39;S OUT - FUN&#39;S OUT", factor=Decimal("0.80"), on_sale=False
        ),
    )


RATES: dict[int, tuple[Rate, ...]] = {
    22: _rates("BAR", "NRD", ("CAS", "CROWN &amp; ANCHOR SOCIETY")),
    3: _rates("BST", "NRF", ("CPT", "CAPTAIN&#39;S CLUB")),
    8: _rates("PGO", "KSV", ("VIF", "VIFP CLUB")),
}


def grade_of(line_id: int, code: str) -> Grade:
    """Return a line's grade by its code."""
    return next(grade for grade in GRADES[line_id] if grade.code == code)


def rate_of(line_id: int, code: str) -> Rate:
    """Return a line's rate by its code."""
    return next(rate for rate in RATES[line_id] if rate.code == code)

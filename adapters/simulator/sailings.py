"""The seeded sailings: the same ones on every start, their dates counted from the day given."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_UP, Decimal

from adapters.simulator.itineraries import (
    ALASKA,
    BAHAMAS,
    BERMUDA,
    EASTERN,
    FJORDS,
    GALVESTON,
    GRAND_MED,
    GREEK_ISLES,
    MED,
    SOUTHERN,
    WEEKEND,
    WESTERN,
    Route,
    Stop,
)
from adapters.simulator.reference_data import GRADES, SHIPS, Ship

EXAMPLE_SAILING = 2190294
CARNIVAL_SAILING = 2161250
MISFILED_SAILING = 2161246
"""Royal Caribbean's; a staging catalogue once had it under Carnival."""
SOLD_OUT_SAILING = 2199099


@dataclass(frozen=True, kw_only=True)
class SeededSailing:
    """One sailing; `from_price` is the lead-in for one guest of two, in US dollars."""

    codetocruiseid: int
    itinerary_id: int
    name: str
    line_id: int
    line_name: str
    ship_id: int
    ship_name: str
    ship_code: str
    sail_date: date
    nights: int
    ports: tuple[str, ...]
    stops: tuple[Stop, ...]
    region: str
    base_fare: Decimal
    from_price: Decimal
    drill_endpoint: str | None = None
    drill_fault: str | None = None
    sold_out: bool = False

    @property
    def end_date(self) -> date:
        """Return the day the ship is back."""
        return self.sail_date + timedelta(days=self.nights)

    @property
    def ship(self) -> Ship:
        """Return the ship that sails it."""
        return SHIPS[self.ship_code]


_ROYAL_DAYS = (
    12,
    26,
    47,
    61,
    105,
    112,
    126,
    133,
    147,
    161,
    168,
    182,
    196,
    203,
    217,
    231,
    245,
    259,
    273,
    287,
    301,
    322,
)
_CELEBRITY_DAYS = (19, 54, 82, 103, 124, 145, 166, 187, 208, 229, 264, 292)
_MORE_ROYAL_DAYS = (33, 40, 54, 75, 82, 89, 96, 119, 140, 154, 175, 189, 210, 238, 252)
_MORE_CELEBRITY_DAYS = (31, 68, 96, 117, 138, 159, 180, 201, 222, 243)
_CARNIVAL_IDS = (CARNIVAL_SAILING, 2224806, 2166062, 2161254, 2161258, 2161262, 2161266, 2161270)

DRILLS: dict[int, tuple[str, str]] = {
    2199001: ("basketadd.pl", "stale_resultno"),
    2199002: ("cruisecabingrades.pl", "party_mismatch"),
    2199003: ("basketadd.pl", "rate_gone"),
    2199004: ("basketadd.pl", "unpriced_basket"),
    2199005: ("basket.pl", "empty_basket"),
    2199006: ("basketadd.pl", "other_currency"),
    2199007: ("basketadd.pl", "hold_lapsed"),
    2199008: ("basketadd.pl", "sold_out"),
    2199009: ("basketadd.pl", "session_expired"),
    2199010: ("basketadd.pl", "price_differs"),
    2199011: ("cruisecabingrades.pl", "slow"),
    2199012: ("cruisecabingrades.pl", "html"),
    2199013: ("cruisecabingrades.pl", "mixed_types"),
    2199014: ("basketadd.pl", "timeout_after"),
}


def seeded_sailings(today: date) -> list[SeededSailing]:
    """Return every sailing the supplier knows, two of them already sailed."""
    return [*_royal(today), *_celebrity(today), *_carnival(today), *_sailed(today), *_drills(today)]


def _royal(today: date) -> Iterator[SeededSailing]:
    """Yield the Royal Caribbean sailings, the documented example among them."""
    routes = (WESTERN, BAHAMAS, EASTERN, MED, BERMUDA)
    for n, days in enumerate(_ROYAL_DAYS):
        number = EXAMPLE_SAILING - 4 + n
        route = WESTERN if number == EXAMPLE_SAILING else routes[n % len(routes)]
        yield _sailing(
            number, ("WN", "HM", "SY", "AN", "WN", "IC")[n % 6], route, today + timedelta(days=days)
        )
    others = (SOUTHERN, WEEKEND, FJORDS, EASTERN, GREEK_ISLES, ALASKA)
    for n, days in enumerate(_MORE_ROYAL_DAYS):
        number, ship = EXAMPLE_SAILING + 18 + n, ("IC", "SY", "AN", "HM", "WN")[n % 5]
        yield _sailing(number, ship, others[n % 6], today + timedelta(days=days))
    yield _sailing(MISFILED_SAILING, "WN", WESTERN, today + timedelta(days=315))


def _celebrity(today: date) -> Iterator[SeededSailing]:
    """Yield the Celebrity sailings; the Summit's are sold in Canadian dollars."""
    routes = (EASTERN, MED, ALASKA, BERMUDA)
    for n, days in enumerate(_CELEBRITY_DAYS):
        yield _sailing(
            2201100 + n, ("EG", "BY", "SM")[n % 3], routes[n % 4], today + timedelta(days=days)
        )
    others = (GREEK_ISLES, SOUTHERN, GRAND_MED, FJORDS, ALASKA)
    for n, days in enumerate(_MORE_CELEBRITY_DAYS):
        ship = ("BY", "EG", "SM")[n % 3]
        yield _sailing(2201112 + n, ship, others[n % 5], today + timedelta(days=days))


def _carnival(today: date) -> Iterator[SeededSailing]:
    """Yield the Carnival sailings, which the supplier knows but does not sell live by default."""
    for n, number in enumerate(_CARNIVAL_IDS):
        yield _sailing(number, ("BR", "MD")[n % 2], GALVESTON, today + timedelta(days=30 + 25 * n))


def _sailed(today: date) -> Iterator[SeededSailing]:
    """Yield two sailings that have left already."""
    yield _sailing(2190001, "HM", WESTERN, today - timedelta(days=20))
    yield _sailing(2201001, "EG", EASTERN, today - timedelta(days=3))


def _drills(today: date) -> Iterator[SeededSailing]:
    """Yield the sailings with a built-in fault, and one that is sold out."""
    for n, (number, (endpoint, fault)) in enumerate(DRILLS.items()):
        yield _sailing(
            number,
            ("IC", "BY", "AN")[n % 3],
            BAHAMAS,
            today + timedelta(days=330 + n),
            drill=(endpoint, fault),
        )
    yield _sailing(SOLD_OUT_SAILING, "SY", BAHAMAS, today + timedelta(days=350), sold_out=True)


def _sailing(
    number: int,
    ship_code: str,
    route: Route,
    sail_date: date,
    *,
    drill: tuple[str, str] | None = None,
    sold_out: bool = False,
) -> SeededSailing:
    """Put a ship on a route on a day, with a fare that follows from the sailing's number."""
    ship = SHIPS[ship_code]
    fare = _base_fare(number, route.nights)
    title = f"{route.nights} Night {route.title}"
    return SeededSailing(
        codetocruiseid=number,
        itinerary_id=255300 + number % 997,
        name=f"{title} (drill: {drill[1]})" if drill else title,
        line_id=ship.line.id,
        line_name=ship.line.name,
        ship_id=ship.id,
        ship_name=ship.name,
        ship_code=ship.code,
        sail_date=sail_date,
        nights=route.nights,
        ports=route.ports,
        stops=route.stops,
        region=route.region,
        base_fare=fare,
        from_price=_lead_in(ship, fare, route.nights),
        drill_endpoint=drill[0] if drill else None,
        drill_fault=drill[1] if drill else None,
        sold_out=sold_out,
    )


def _base_fare(number: int, nights: int) -> Decimal:
    """Return the fare of one guest in the plainest cabin, in the ship's own currency."""
    return Decimal(nights) * Decimal(88 + number * 7 % 45) + Decimal("0.62")


def _lead_in(ship: Ship, fare: Decimal, nights: int) -> Decimal:
    """Return the advertised price of one guest, in whole US dollars."""
    cheapest = min(grade.factor for grade in GRADES[ship.line.id])
    in_dollars = Decimal("0.73") if ship.currency == "CAD" else Decimal(1)
    price = (fare * cheapest + Decimal(35) * nights) * in_dollars
    return price.quantize(Decimal(1), rounding=ROUND_UP).quantize(Decimal("0.01"))

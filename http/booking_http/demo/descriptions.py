"""What the demo's catalogue tells of its ships and cabins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from adapters.simulator.sailings import SeededSailing
from booking_http.demo.simulator import PICTURES
from persistence.catalogue import ShipDescription


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    year: int
    guests: int
    decks: int
    text: str


_SHIPS: Final = {
    "WN": _Facts(
        year=2022,
        guests=5734,
        decks=16,
        text="Eight neighbourhoods with a park of real trees in the middle, and a theatre "
        "under the open sky at the stern.",
    ),
    "HM": _Facts(
        year=2016,
        guests=5479,
        decks=16,
        text="A tall slide down ten decks, quiet corners in the park, and shows on ice and water.",
    ),
    "SY": _Facts(
        year=2018,
        guests=5518,
        decks=16,
        text="Made for families: two surf simulators, a carousel, and rooms that sleep eight.",
    ),
    "AN": _Facts(
        year=2015,
        guests=4180,
        decks=14,
        text="An observation capsule a hundred metres above the sea, and an indoor pool for "
        "cooler waters.",
    ),
    "IC": _Facts(
        year=2024,
        guests=5610,
        decks=20,
        text="Six water slides, seven pools, and a glass dome over the bow for shows at night.",
    ),
    "EG": _Facts(
        year=2018,
        guests=2908,
        decks=14,
        text="Cabins whose whole wall opens to the sea, and a platform that travels along the "
        "ship's side.",
    ),
    "BY": _Facts(
        year=2022,
        guests=3260,
        decks=15,
        text="Terraces at the stern over three decks, a garden on the roof, and four main "
        "restaurants.",
    ),
    "SM": _Facts(
        year=2001,
        guests=2218,
        decks=11,
        text="A smaller ship for smaller ports, with a lawn on the top deck and a warm "
        "sea-water pool.",
    ),
    "BR": _Facts(
        year=2012,
        guests=3690,
        decks=15,
        text="A water park, a cinema under the stars, and a long promenade around the ship.",
    ),
    "MD": _Facts(
        year=2020,
        guests=5282,
        decks=18,
        text="A roller coaster on the top deck, and six zones from a quiet patio to a "
        "lively street.",
    ),
}
_CABINS: Final = (
    (
        "inside",
        "Inside cabin",
        "Without a window: quiet, dark at night, and the least expensive way to sail.",
    ),
    ("outside", "Outside cabin", "A window to the sea that does not open."),
    ("balcony", "Balcony cabin", "A glass door to a balcony of your own with two chairs."),
    (
        "suite",
        "Suite",
        "A living room beside the bedroom, a larger balcony, and priority boarding.",
    ),
)
NOTICES: Final = (
    "Passports must be valid for six months after the day of return.",
    "Infants must be at least six months old on the day of sailing.",
    "Guests who will be 24 or more weeks pregnant at any time of the sailing cannot travel.",
    "Gratuities, drinks, excursions and flights are not part of the fare.",
)


def ship_of(seeded: SeededSailing) -> ShipDescription:
    """Return what is told of a sailing's ship."""
    facts = _SHIPS[seeded.ship_code]
    return ShipDescription(
        description=facts.text,
        year_built=facts.year,
        guest_capacity=facts.guests,
        deck_count=facts.decks,
        image_url=f"{PICTURES}/ships/{seeded.ship_id}.svg",
        images=[
            {"url": f"{PICTURES}/cabins/{category}.svg", "caption": name}
            for category, name, _ in _CABINS
        ],
        cabin_categories=[
            {
                "category": category,
                "name": name,
                "description": text,
                "imageUrl": f"{PICTURES}/cabins/{category}.svg",
            }
            for category, name, text in _CABINS
        ],
    )


def picture_of(seeded: SeededSailing) -> str:
    """Return the address of the drawing of a ship in the region it sails to."""
    region = seeded.region.lower().replace(" ", "-")
    return f"{PICTURES}/sailings/{region}/{seeded.ship_id}.svg"

"""Sailings as pages show them: beside what a booking needs, what the catalogue tells of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time

from booking_flow.model.pricing import CabinCategory
from booking_flow.model.sailing import Sailing


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A day of the itinerary; without a port it is a day at sea. Times are those of the port."""

    day: int
    """1 is the day the ship leaves."""
    port: str | None
    arrive: time | None = None
    depart: time | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture, and what is to be seen on it."""

    url: str
    caption: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CabinCategoryText:
    """What the cabins of one category are like on a ship."""

    category: CabinCategory
    name: str | None = None
    description: str | None = None
    image_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedSailing:
    """A sailing in a list."""

    sailing: Sailing
    embark_port: str | None
    returns_on: date
    image_url: str | None
    """A picture of the sailing, else of its ship."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SailingDetails(ListedSailing):
    """A sailing with its ship; what the catalogue does not tell is None or empty."""

    itinerary: tuple[Stop, ...] = ()
    notices: tuple[str, ...] = ()
    ship_image_url: str | None = None
    ship_description: str | None = None
    year_built: int | None = None
    guest_capacity: int | None = None
    deck_count: int | None = None
    images: tuple[Picture, ...] = ()
    cabin_categories: tuple[CabinCategoryText, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """A choice of one filter, and how many sailings there are with it."""

    value: str
    label: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchCounts:
    """How many sailings a search finds, and how many with every choice of each filter."""

    total: int
    facets: dict[str, tuple[Facet, ...]]

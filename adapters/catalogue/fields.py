"""What we ask of a cruise catalogue: three tables, their fields, and the types we can read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

_TEXTS: Final = frozenset({"text", "character varying", "character"})
_WHOLE: Final = frozenset({"smallint", "integer", "bigint"})
_MOMENTS: Final = frozenset({"timestamp without time zone", "timestamp with time zone"})


class Table(StrEnum):
    """The tables of a catalogue in the order in which their foreign keys want them."""

    LINES = "lines"
    SHIPS = "ships"
    SAILINGS = "sailings"


class Kind(StrEnum):
    """What the values of a field are to us, whatever type the database keeps them in."""

    IDENTIFIER = "identifier"
    """A string on our side, even where the column counts."""
    NUMBER = "number"
    """A whole number that fits an integer."""
    WORDS = "words"
    DAY = "day"
    MONEY = "money"
    FLAG = "flag"
    NAMES = "names"
    """Several names in their order: an array, a JSON list, or text with commas."""
    DOCUMENT = "document"
    """Anything; we keep it and do not look inside."""


ACCEPTED: Final[Mapping[Kind, frozenset[str]]] = MappingProxyType(
    {
        Kind.IDENTIFIER: _TEXTS | _WHOLE | {"numeric"},
        Kind.NUMBER: _TEXTS | _WHOLE | {"numeric"},
        Kind.WORDS: _TEXTS,
        Kind.DAY: _TEXTS | _MOMENTS | {"date"},
        Kind.MONEY: _TEXTS | _WHOLE | {"numeric", "real", "double precision"},
        Kind.FLAG: _TEXTS | _WHOLE | {"boolean"},
        Kind.NAMES: _TEXTS | {"text[]", "character varying[]", "json", "jsonb"},
        Kind.DOCUMENT: _TEXTS | {"json", "jsonb"},
    }
)
"""The database types, as PostgreSQL writes them, in which we can read each kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing we want to know; `absent` says what it means that there is no such column."""

    table: Table
    name: str
    kind: Kind
    meaning: str
    absent: str
    required: bool = False
    descriptive: bool = False
    """Whether it is only shown to guests; a catalogue without it lacks nothing."""

    @property
    def key(self) -> str:
        """Return the name by which settings call it."""
        return f"{self.table}.{self.name}"


NOT_SOLD: Final = "No guest can begin a booking."


def _shown(table: Table, name: str, kind: Kind, meaning: str) -> Field:
    """Return a field that pages show where the catalogue has it."""
    return Field(
        table=table,
        name=name,
        kind=kind,
        meaning=meaning,
        absent="Guests do not see it.",
        descriptive=True,
    )


_DESCRIPTIVE: Final = (
    _shown(Table.SHIPS, "description", Kind.WORDS, "what the ship is like, in a few sentences"),
    _shown(Table.SHIPS, "year_built", Kind.NUMBER, "the year of the ship's first voyage"),
    _shown(Table.SHIPS, "guest_capacity", Kind.NUMBER, "how many guests the ship takes"),
    _shown(Table.SHIPS, "deck_count", Kind.NUMBER, "how many decks guests use"),
    _shown(Table.SHIPS, "image_url", Kind.WORDS, "a picture of the ship, also for its sailings"),
    _shown(Table.SHIPS, "images", Kind.DOCUMENT, "further pictures: JSON list of url, caption"),
    _shown(
        *(Table.SHIPS, "cabin_categories", Kind.DOCUMENT),
        "kinds of cabins: JSON list of category, name, description, imageUrl",
    ),
    _shown(Table.SAILINGS, "returns_on", Kind.DAY, "the day it ends, if not by its nights"),
    _shown(Table.SAILINGS, "image_url", Kind.WORDS, "a picture of the sailing, before its ship's"),
    _shown(Table.SAILINGS, "itinerary", Kind.DOCUMENT, "JSON list of day, port, arrive, depart"),
    _shown(Table.SAILINGS, "notices", Kind.DOCUMENT, "what guests must know: JSON list, or text"),
)

FIELDS: Final = (
    Field(
        table=Table.LINES,
        name="line_id",
        kind=Kind.NUMBER,
        meaning="the supplier's id of a cruise line",
        absent=NOT_SOLD,
        required=True,
    ),
    Field(
        table=Table.LINES,
        name="name",
        kind=Kind.WORDS,
        meaning="the cruise line's name, shown to guests",
        absent=NOT_SOLD,
        required=True,
    ),
    Field(
        table=Table.SHIPS,
        name="ship_id",
        kind=Kind.NUMBER,
        meaning="the supplier's id of a ship",
        absent=NOT_SOLD,
        required=True,
    ),
    Field(
        table=Table.SHIPS,
        name="line_id",
        kind=Kind.NUMBER,
        meaning="the line that the ship sails for",
        absent="Nothing changes for guests; a ship that sails for another line goes unseen.",
    ),
    Field(
        table=Table.SHIPS,
        name="name",
        kind=Kind.WORDS,
        meaning="the ship's name, shown to guests",
        absent=NOT_SOLD,
        required=True,
    ),
    Field(
        table=Table.SAILINGS,
        name="cruise_id",
        kind=Kind.IDENTIFIER,
        meaning="the supplier's codetocruiseid",
        absent=NOT_SOLD,
        required=True,
    ),
    Field(
        table=Table.SAILINGS,
        name="name",
        kind=Kind.WORDS,
        meaning="the sailing's title",
        absent="Guests see the number of nights and the ship instead of a title.",
    ),
    Field(
        table=Table.SAILINGS,
        name="line_id",
        kind=Kind.NUMBER,
        meaning="the line that sells the sailing; decides whether it is sold live",
        absent=NOT_SOLD,
        required=True,
    ),
    Field(
        table=Table.SAILINGS,
        name="ship_id",
        kind=Kind.NUMBER,
        meaning="the ship",
        absent=NOT_SOLD,
        required=True,
    ),
    Field(
        table=Table.SAILINGS,
        name="sailing_date",
        kind=Kind.DAY,
        meaning="the day it leaves; ages and prices depend on it",
        absent=NOT_SOLD,
        required=True,
    ),
    Field(
        table=Table.SAILINGS,
        name="nights",
        kind=Kind.NUMBER,
        meaning="how many nights it lasts",
        absent=NOT_SOLD,
        required=True,
    ),
    Field(
        table=Table.SAILINGS,
        name="ports",
        kind=Kind.NAMES,
        meaning="the names of the ports in their order",
        absent="Guests see no itinerary and cannot look for a port.",
    ),
    Field(
        table=Table.SAILINGS,
        name="embark_port",
        kind=Kind.WORDS,
        meaning="the name of the port it leaves from",
        absent="A search by port misses sailings whose list of ports lacks the first.",
    ),
    Field(
        table=Table.SAILINGS,
        name="from_price",
        kind=Kind.MONEY,
        meaning="the lead-in price, shown before live prices are known",
        absent="Guests see no price until they ask for live ones.",
    ),
    Field(
        table=Table.SAILINGS,
        name="currency",
        kind=Kind.WORDS,
        meaning="the currency of the lead-in price",
        absent="Every lead-in price is taken to be in CURRENCY; with it, others are not shown.",
    ),
    Field(
        table=Table.SAILINGS,
        name="active",
        kind=Kind.FLAG,
        meaning="whether the sailing is on sale",
        absent="Every sailing that has not left counts as on sale.",
    ),
    Field(
        table=Table.SAILINGS,
        name="raw_data",
        kind=Kind.DOCUMENT,
        meaning="the supplier's record as it was imported; never read for a booking",
        absent="Nothing changes for guests.",
    ),
    *_DESCRIPTIVE,
)

BY_KEY: Final[Mapping[str, Field]] = MappingProxyType({field.key: field for field in FIELDS})
"""The fields by the names settings use."""


def fields_of(table: Table) -> tuple[Field, ...]:
    """Return what we ask of one table."""
    return tuple(field for field in FIELDS if field.table is table)

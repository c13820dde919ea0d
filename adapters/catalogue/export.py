"""Reading one file of the supplier's static export, however loosely it is written."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from adapters.catalogue.files import SailingFile
from adapters.traveltek.parse_values import (
    Node,
    amount,
    currency_code,
    day,
    flag,
    node,
    nodes,
    text,
    whole,
)

T = TypeVar("T")
_MARK: Final = BOM_UTF8
_LARGEST: Final = 32 * 1024 * 1024
_CABINS: Final = ("inside", "outside", "balcony", "suite")
_CHEAPEST: Final = ("cheapestprice", *(f"cheapest{cabin}" for cabin in _CABINS))
_AT_SEA: Final = frozenset({"at sea", "day at sea", "sea day", "cruising"})
_SOURCES: Final = ("combined", "cachedprices", "prices")


class Malformed(Exception):  # noqa: N818 - says what the file is
    """The file cannot be taken; the message says why."""


class _File(msgspec.Struct):
    """What we look at; the rest, which is most of a file, is skipped without being built."""

    codetocruiseid: Any = None
    lineid: Any = None
    shipid: Any = None
    name: Any = None
    saildate: Any = None
    startdate: Any = None
    nights: Any = None
    sailnights: Any = None
    startportid: Any = None
    portids: Any = None
    ports: Any = None
    itinerary: Any = None
    linecontent: Any = None
    shipcontent: Any = None
    showcruise: Any = None
    currency: Any = None
    cheapest: Any = None
    cheapestprice: Any = None
    cheapestinside: Any = None
    cheapestoutside: Any = None
    cheapestbalcony: Any = None
    cheapestsuite: Any = None


_DECODER: Final = msgspec.json.Decoder(_File, float_hook=Decimal)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedSailing:
    """A sailing as its file tells it, with its line and ship."""

    file: SailingFile
    line_name: str
    ship_name: str
    name: str
    sailing_date: date
    nights: int
    ports: tuple[str, ...]
    embark_port: str | None
    from_price: Decimal | None
    currency: str | None
    active: bool


def read_sailing(folder: Path, file: SailingFile) -> ExportedSailing:
    """Read one file.

    Raises:
        Malformed: it is no sailing, or not the one that its place says.
    """
    told = _content(folder / file.path)
    _agree(told, file)
    line, ship = node(told.get("linecontent")), node(told.get("shipcontent"))
    ports = _ports(told)
    return ExportedSailing(
        file=file,
        line_name=_needed(_words(line, "name", "shortname", "enginename"), "its line's name"),
        ship_name=_needed(_words(ship, "name", "nicename", "shortname"), "its ship's name"),
        name=_needed(_words(told, "name"), "name"),
        sailing_date=_needed(day(told.get("saildate")) or day(told.get("startdate")), "saildate"),
        nights=_nights(told),
        ports=ports,
        embark_port=_port(told, text(told.get("startportid"))) or next(iter(ports), None),
        from_price=_from_price(told),
        currency=currency_code(told.get("currency")),
        active=flag(told.get("showcruise")) is not False,
    )


def _content(path: Path) -> Node:
    try:
        if path.stat().st_size > _LARGEST:
            raise Malformed(f"it is larger than {_LARGEST // 1024 // 1024} MiB")
        told = _DECODER.decode(path.read_bytes().removeprefix(_MARK))
    except OSError as error:
        raise Malformed(f"it cannot be opened: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Malformed(f"it is not UTF-8 at byte {error.start}") from error
    except msgspec.MsgspecError as error:
        raise Malformed(f"it cannot be read: {error}") from error
    except RecursionError as error:
        raise Malformed("it is nested too deeply") from error
    return msgspec.structs.asdict(told)


def _agree(told: Node, file: SailingFile) -> None:
    """Refuse a file that names another sailing, line or ship than its place does."""
    line, ship = node(told.get("linecontent")), node(told.get("shipcontent"))
    claims = (
        ("codetocruiseid", int(file.cruise_id), (told.get("codetocruiseid"),)),
        ("lineid", file.line, (told.get("lineid"), line.get("id"))),
        ("shipid", file.ship, (told.get("shipid"), ship.get("id"))),
    )
    for name, placed, said in claims:
        for value in said:
            if (claim := whole(value)) is not None and claim != placed:
                raise Malformed(f"its {name} is {claim}, and its place says {placed}")


def _nights(told: Node) -> int:
    nights = whole(told.get("nights"))
    nights = whole(told.get("sailnights")) if nights is None else nights
    if nights is not None and not 0 <= nights < 1000:
        raise Malformed(f"{nights} is no number of nights")
    return _needed(nights, "nights")


def _ports(told: Node) -> tuple[str, ...]:
    """Return the ports in their order, by the itinerary or else by the list of ids."""
    stops = sorted(nodes(told.get("itinerary")), key=_order)
    named = [_words(stop, "name", "itineraryname") for stop in stops]
    if not any(named):
        named = [_port(told, port) for port in _listed(told.get("portids"))]
    return tuple(name for name in named if name and name.casefold() not in _AT_SEA)


def _order(stop: Node) -> tuple[int, int]:
    return whole(stop.get("orderid")) or 0, whole(stop.get("day")) or 0


def _port(told: Node, port: str | None) -> str | None:
    """Return a port's name, from a table of names or of objects."""
    found = node(told.get("ports")).get(port or "")
    return _words(found, "name") if isinstance(found, Mapping) else _clean(text(found))


def _listed(value: object) -> Iterable[str]:
    """Return ids, from `"378,383"` or from a list."""
    parts = value if isinstance(value, list) else (text(value) or "").split(",")
    return (word for part in parts if (word := text(part)))


def _from_price(told: Node) -> Decimal | None:
    """Return the lowest price that the file tells; most tell none."""
    cheapest = node(told.get("cheapest"))
    values = [told.get(name) for name in _CHEAPEST]
    values += [node(cheapest.get(source)).get(cabin) for source in _SOURCES for cabin in _CABINS]
    values += [cheapest.get(cabin) for cabin in _CABINS]
    prices = [amount(node(v).get("price") if isinstance(v, Mapping) else v) for v in values]
    told_prices = [round(price, 2) for price in prices if price is not None and price > 0]
    return min(told_prices, default=None)


def _words(source: Node, *keys: str) -> str | None:
    return next((words for key in keys if (words := _clean(text(source.get(key))))), None)


def _clean(words: str | None) -> str | None:
    """Return words on one line, without what PostgreSQL cannot keep."""
    if words is None:
        return None
    whole_characters = words.encode("utf-8", "replace").decode()
    printable = (c if c.isprintable() else " " for c in whole_characters)
    return " ".join("".join(printable).split()) or None


def _needed(value: T | None, name: str) -> T:
    if value is None:
        raise Malformed(f"it does not tell {name}")
    return value

"""Searching a catalogue: a page of sailings, and how many there are of each kind, in SQL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from adapters.catalogue import expressions, values
from adapters.catalogue.expressions import Comparable
from adapters.catalogue.inspection import Inspection
from adapters.catalogue.statements import (
    CatalogueQuery,
    column,
    findable,
    joined,
    number,
    selecting,
    sold,
)

_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_NO_PRICE: Final = 10**10 - 1
"""What a sailing without a lead-in price counts as in the order of prices: it comes last."""


class SortKey(StrEnum):
    """The order of sailings; those that are alike follow by date and identifier."""

    DATE = "date"
    PRICE = "price"
    NIGHTS = "nights"


@dataclass(frozen=True, slots=True, kw_only=True)
class PagePlace:
    """The row after which a page begins."""

    sort: SortKey
    key: str
    """Its price or its nights; its day in the order of dates."""
    day: str
    cruise_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which sailings a search is for, of those of live lines that leave after a day."""

    after: date
    line: int | None = None
    ship: int | None = None
    month: date | None = None
    nights_min: int | None = None
    nights_max: int | None = None
    port: str | None = None
    embark_port: str | None = None
    text: str | None = None
    """Words, each of which the names of sailing, line, ship or ports must hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """A page of a search; lead-in prices in another currency count as none."""

    filters: Filters
    live_lines: tuple[int, ...]
    currency: str = "USD"
    sort: SortKey = SortKey.DATE
    place: PagePlace | None = None
    limit: int = 20
    """The page's size; one row more is asked for, which tells whether another page follows."""


def page(found: Inspection, wanted: PageRequest) -> CatalogueQuery:
    """Ask for a page of sailings."""
    order = _order(found, wanted.sort)
    query = selecting(found, f"{order[0].sql}::text AS place_key")
    if wanted.sort is SortKey.PRICE:
        query.given(wanted.currency)
    for condition in _offered(query, found, wanted.filters, live_lines=wanted.live_lines):
        query.where(condition)
    for condition in _chosen(query, found, wanted.filters).values():
        query.where(condition)
    if wanted.place is not None:
        texts = (wanted.place.key, wanted.place.day, wanted.place.cruise_id)[-len(order) :]
        after = ", ".join(o.parameter(query.given(t)) for o, t in zip(order, texts, strict=True))
        query.where(f"({', '.join(one.sql for one in order)}) > ({after})")
    query.sql += f" ORDER BY {', '.join(one.sql for one in order)} LIMIT {wanted.limit + 1}"
    return query


def counts(found: Inspection, filters: Filters, *, live_lines: tuple[int, ...]) -> CatalogueQuery:
    """Ask how many sailings the filters find, and how many every choice of one filter would.

    Each row has a facet, a value for the filter, a label and a count; the facet of the total is
    `total`. A facet is counted under all filters but its own.
    """
    query = CatalogueQuery("")
    offered = " AND ".join(
        (
            expressions.flag("s", found.column("sailings.active")),
            *_offered(query, found, filters, live_lines=live_lines),
        )
    )
    chosen = _chosen(query, found, filters)
    marks = [f"{sql} AS of_{name}" for name, sql in chosen.items()]
    shown = ", ".join([*(f"{sql} AS {name}" for name, sql in _counted(found).items()), *marks])
    facets = " UNION ALL ".join(_facet(facet, tuple(chosen)) for facet in _FACETS)
    # Names are quoted, and values are parameters.
    query.sql = (
        f"WITH offered AS MATERIALIZED (SELECT {shown} FROM {joined(found)} WHERE {offered})"  # noqa: S608
        f" {facets} ORDER BY facet, label"
    )
    return query


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facet:
    name: str
    value: str = "''"
    label: str = "''"
    filter: str | None = None
    source: str = "offered"
    grouped: bool = True


_FACETS: Final = (
    _Facet(name="total", grouped=False),
    _Facet(name="lines", value="line::text", label="min(line_name)", filter="line"),
    _Facet(name="ships", value="ship::text", label="min(ship_name)", filter="ship"),
    _Facet(name="months", value="month", label="month", filter="month"),
    _Facet(name="nights", value="nights::text", label="nights::text", filter="nights"),
    _Facet(
        name="ports",
        value="port",
        label="port",
        filter="port",
        source="offered, LATERAL (SELECT DISTINCT btrim(p) AS port FROM unnest(ports) p) AS called",
    ),
    _Facet(name="embarkPorts", value="embark_port", label="embark_port", filter="embark_port"),
)


def _facet(facet: _Facet, filters: tuple[str, ...]) -> str:
    marks = [f"of_{name}" for name in filters if name != facet.filter]
    where = " AND ".join([*marks, *([f"{facet.value} <> ''"] if facet.grouped else [])]) or "TRUE"
    group = f" GROUP BY {facet.value}" if facet.grouped else ""
    return (
        f"SELECT '{facet.name}' AS facet, {facet.value} AS value, {facet.label} AS label,"  # noqa: S608
        f" count(*) AS number FROM {facet.source} WHERE {where}{group}"
    )


def _counted(found: Inspection) -> Mapping[str, str]:
    """Return what sailings are counted by."""
    return {
        "line": number(found, "s", "sailings.line_id"),
        "line_name": expressions.trimmed(expressions.selected("l", found.column("lines.name"))),
        "ship": number(found, "s", "sailings.ship_id"),
        "ship_name": expressions.trimmed(expressions.selected("h", found.column("ships.name"))),
        "month": f"left({_day(found).sql}::text, 7)",
        "nights": number(found, "s", "sailings.nights"),
        "ports": expressions.names("s", found.column("sailings.ports")),
        "embark_port": _embark_port(found),
    }


def _order(found: Inspection, sort: SortKey) -> tuple[Comparable, ...]:
    """Return what sailings are sorted by; prices are those in the first parameter's currency."""
    own = expressions.identifier("s", column(found, "sailings.cruise_id"))
    match sort:
        case SortKey.DATE:
            return (_day(found), own)
        case SortKey.PRICE:
            price = f"coalesce({_price(found)}, {_NO_PRICE})"
            return (Comparable(price, "numeric"), _day(found), own)
        case SortKey.NIGHTS:
            nights = number(found, "s", "sailings.nights")
            return (Comparable(nights, "integer"), _day(found), own)


def _price(found: Inspection) -> str:
    """Return the lead-in price, null where it is in another currency than the first parameter."""
    theirs = expressions.trimmed(expressions.selected("s", found.column("sailings.currency")))
    price = expressions.money("s", found.column("sailings.from_price"))
    return f"CASE WHEN coalesce(nullif({theirs}, ''), $1::text) = $1::text THEN {price} END"


def _offered(
    query: CatalogueQuery, found: Inspection, filters: Filters, *, live_lines: tuple[int, ...]
) -> list[str]:
    """Return the conditions under which a sailing is on offer at all and can be told."""
    line, day = number(found, "s", "sailings.line_id"), _day(found)
    return [
        f"{line} = ANY(${query.given(list(live_lines))}::integer[])",
        sold(found, after=day.parameter(query.given(filters.after.isoformat()))),
    ]


def _chosen(query: CatalogueQuery, found: Inspection, filters: Filters) -> dict[str, str]:
    """Return the conditions that the guest chose, by the name of what they are on."""
    conditions = {
        "line": _equal(query, number(found, "s", "sailings.line_id"), filters.line),
        "ship": _equal(query, number(found, "s", "sailings.ship_id"), filters.ship),
        "month": _in_month(query, _day(found), filters.month),
        "nights": _of_length(query, found, filters),
        "port": _calling_at(query, found, filters.port),
        "embark_port": _from(query, found, filters.embark_port),
        "text": _holding(query, found, filters.text),
    }
    return {name: sql for name, sql in conditions.items() if sql}


def _equal(query: CatalogueQuery, sql: str, value: int | None) -> str | None:
    return None if value is None else f"{sql} = ${query.given(value)}::integer"


def _in_month(query: CatalogueQuery, day: Comparable, month: date | None) -> str | None:
    if month is None:
        return None
    first = month.replace(day=1)
    after = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    return (
        f"{day.sql} >= {day.parameter(query.given(first.isoformat()))}"
        f" AND {day.sql} < {day.parameter(query.given(after.isoformat()))}"
    )


def _of_length(query: CatalogueQuery, found: Inspection, filters: Filters) -> str | None:
    nights = number(found, "s", "sailings.nights")
    bounds = (("<=", filters.nights_max), (">=", filters.nights_min))
    return " AND ".join(
        f"{nights} {sign} ${query.given(bound)}::integer"
        for sign, bound in bounds
        if bound is not None
    )


def _calling_at(query: CatalogueQuery, found: Inspection, port: str | None) -> str | None:
    if port is None:
        return None
    ports = expressions.names("s", found.column("sailings.ports"))
    embark = expressions.selected("s", found.column("sailings.embark_port"))
    return (
        f"EXISTS (SELECT FROM unnest(array_append({ports}, {embark})) AS called (port)"
        f" WHERE lower({expressions.trimmed('called.port')}) ="
        f" lower(${query.given(port)}::text))"
    )


def _from(query: CatalogueQuery, found: Inspection, port: str | None) -> str | None:
    if port is None:
        return None
    return f"lower({_embark_port(found)}) = lower(${query.given(port)}::text)"


def _embark_port(found: Inspection) -> str:
    """Return the port a sailing leaves from: the first it lists, where it names none."""
    named = expressions.selected("s", found.column("sailings.embark_port"))
    ports = expressions.names("s", found.column("sailings.ports"))
    first = expressions.trimmed(f"({ports})[1]")
    return f"coalesce(nullif({expressions.trimmed(named)}, ''), {first})"


def _holding(query: CatalogueQuery, found: Inspection, text: str | None) -> str | None:
    texts = [
        expressions.selected(alias, found.column(key))
        for alias, key in (
            *(("s", "sailings.name"), ("l", "lines.name"), ("h", "ships.name")),
            ("s", "sailings.embark_port"),
        )
    ]
    ports = f"array_to_string({expressions.names('s', found.column('sailings.ports'))}, ' ')"
    haystack = f"lower(concat_ws(' ', {', '.join([*texts, ports])}))"
    return " AND ".join(
        f"position(lower(${query.given(word)}::text) IN {haystack}) > 0"
        for word in (text or "").split()
    )


_KEYS: Final = {SortKey.PRICE: values.money, SortKey.NIGHTS: values.number}


def fits(found: Inspection, place: PagePlace, *, sort: SortKey) -> bool:
    """Whether a page in this order can begin after such a row."""
    own = expressions.identifier("s", column(found, "sailings.cruise_id"))
    keyed = sort is SortKey.DATE or _KEYS[sort](place.key) is not None
    if place.sort is not sort or not keyed or not findable(own, place.cruise_id):
        return False
    if _day(found).type == "text":
        return _DAY.fullmatch(place.day) is not None
    return values.day(place.day) is not None


def _day(found: Inspection) -> Comparable:
    return expressions.day("s", column(found, "sailings.sailing_date"))

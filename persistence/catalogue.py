"""The catalogue of sailings in PostgreSQL: looked up, searched page by page, and seeded."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import Row, Select, any_, func, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from booking_flow.sailing import Sailing
from persistence.codec import encode
from persistence.database import fetch_all, fetch_one, transaction
from persistence.schema_bookings import lines, sailings, ships

_TODAY: Final = text("CAST(booking_now() AS date)")
_MOST: Final = 100

# A sailing with the names of its line and ship.
_SAILING: Final = (
    select(
        sailings.c.cruise_id,
        sailings.c.name,
        sailings.c.line_id,
        lines.c.name.label("line_name"),
        sailings.c.ship_id,
        ships.c.name.label("ship_name"),
        sailings.c.sailing_date,
        sailings.c.nights,
        sailings.c.ports,
        sailings.c.from_price,
    )
    .join(lines, lines.c.line_id == sailings.c.line_id)
    .join(ships, ships.c.ship_id == sailings.c.ship_id)
    .where(sailings.c.active)
)

# Lines first, then ships, then sailings, as the foreign keys want it.
SEED: Final = (
    text(
        """
        INSERT INTO catalogue.lines (line_id, name)
        SELECT DISTINCT ON (r.line_id) r.line_id, r.line_name
        FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(line_id integer, line_name text)
        ON CONFLICT (line_id) DO UPDATE SET name = excluded.name
        """
    ),
    text(
        """
        INSERT INTO catalogue.ships (ship_id, line_id, name)
        SELECT DISTINCT ON (r.ship_id) r.ship_id, r.line_id, r.ship_name
        FROM jsonb_to_recordset(CAST(:rows AS jsonb))
            AS r(ship_id integer, line_id integer, ship_name text)
        ON CONFLICT (ship_id) DO UPDATE SET name = excluded.name, line_id = excluded.line_id
        """
    ),
    text(
        """
        INSERT INTO catalogue.sailings (cruise_id, name, line_id, ship_id, sailing_date, nights,
                                        ports, embark_port, from_price, currency, active)
        SELECT r.cruise_id, r.name, r.line_id, r.ship_id, r.sailing_date, r.nights, r.ports,
               r.embark_port, r.from_price, r.currency, r.active
        FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(
            cruise_id text, name text, line_id integer, ship_id integer, sailing_date date,
            nights integer, ports text[], embark_port text, from_price numeric, currency text,
            active boolean)
        ON CONFLICT (cruise_id) DO UPDATE
        SET name = excluded.name, line_id = excluded.line_id, ship_id = excluded.ship_id,
            sailing_date = excluded.sailing_date, nights = excluded.nights,
            ports = excluded.ports, embark_port = excluded.embark_port,
            from_price = excluded.from_price, currency = excluded.currency,
            active = excluded.active
        """
    ),
)


class BadCursor(ValueError):  # noqa: N818 - names what was given
    """The cursor is none of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueRow:
    """A sailing to seed, with what only the catalogue needs of it."""

    sailing: Sailing
    currency: str
    embark_port: str | None = None
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CataloguePage:
    """Sailings by date; `next` is the cursor of the page after, None on the last."""

    sailings: tuple[Sailing, ...]
    next: str | None


class PostgresCatalogue:
    """Sailings in our own `catalogue` schema; `live_lines` are the lines sold live."""

    def __init__(self, engine: AsyncEngine, live_lines: Collection[int]) -> None:
        """Take the pool and the ids of the lines."""
        self._engine = engine
        self._live_lines = sorted(live_lines)

    async def sailing(self, cruise_id: str) -> Sailing | None:
        """Return a sailing by the supplier's `codetocruiseid`, of whatever line and date."""
        row = await fetch_one(self._engine, _SAILING.where(sailings.c.cruise_id == cruise_id))
        return None if row is None else _sailing_of(row)

    async def search(
        self,
        *,
        line: int | None = None,
        month: date | None = None,
        nights_min: int | None = None,
        nights_max: int | None = None,
        port: str | None = None,
        cursor: str | None = None,
        limit: int = 20,
    ) -> CataloguePage:
        """Return coming sailings of live lines; `month` is any day within it.

        Raises:
            BadCursor: `cursor` is not the `next` of another page.
        """
        wanted = _of_line(self._coming(), line)
        wanted = _in_month(wanted, month)
        wanted = _of_length(wanted, nights_min, nights_max)
        wanted = _after(_calling_at(wanted, port), cursor)
        size = max(1, min(limit, _MOST))
        found = await fetch_all(self._engine, wanted.limit(size + 1))
        page = tuple(_sailing_of(row) for row in found[:size])
        return CataloguePage(sailings=page, next=_cursor(page[-1]) if len(found) > size else None)

    async def seed(self, rows: Sequence[CatalogueRow]) -> None:
        """Insert sailings with their lines and ships, or bring them up to date."""
        values = {"rows": encode([_flat(row) for row in rows])}
        async with transaction(self._engine) as connection:
            for statement in SEED:
                await connection.execute(statement, values)

    def _coming(self) -> Select[Any]:
        return _SAILING.where(
            sailings.c.line_id.in_(self._live_lines), sailings.c.sailing_date > _TODAY
        ).order_by(sailings.c.sailing_date, sailings.c.cruise_id)


def _of_line(wanted: Select[Any], line: int | None) -> Select[Any]:
    return wanted if line is None else wanted.where(sailings.c.line_id == line)


def _in_month(wanted: Select[Any], month: date | None) -> Select[Any]:
    if month is None:
        return wanted
    first = month.replace(day=1)
    after = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    return wanted.where(sailings.c.sailing_date >= first, sailings.c.sailing_date < after)


def _of_length(wanted: Select[Any], least: int | None, most: int | None) -> Select[Any]:
    if least is not None:
        wanted = wanted.where(sailings.c.nights >= least)
    return wanted if most is None else wanted.where(sailings.c.nights <= most)


def _calling_at(wanted: Select[Any], port: str | None) -> Select[Any]:
    if port is None:
        return wanted
    called = func.array_append(sailings.c.ports, sailings.c.embark_port)
    names = func.lower(func.array_to_string(called, "\n"))
    return wanted.where(func.lower(port) == any_(func.string_to_array(names, "\n")))


def _after(wanted: Select[Any], cursor: str | None) -> Select[Any]:
    if cursor is None:
        return wanted
    return wanted.where(
        tuple_(sailings.c.sailing_date, sailings.c.cruise_id) > tuple_(*_place(cursor))
    )


def _cursor(last: Sailing) -> str:
    place = f"{last.sailing_date.isoformat()} {last.cruise_id}"
    return urlsafe_b64encode(place.encode()).decode().rstrip("=")


def _place(cursor: str) -> tuple[date, str]:
    try:
        place = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        day, cruise_id = place.split(" ", 1)
        return date.fromisoformat(day), cruise_id
    except ValueError as error:
        raise BadCursor("this cursor was not given by a page") from error


def _sailing_of(row: Row[Any]) -> Sailing:
    values = dict(row._mapping)
    return Sailing(**values | {"ports": tuple(row.ports)})


def _flat(row: CatalogueRow) -> dict[str, Any]:
    sailing = row.sailing
    return {
        "cruise_id": sailing.cruise_id,
        "name": sailing.name,
        "line_id": sailing.line_id,
        "line_name": sailing.line_name,
        "ship_id": sailing.ship_id,
        "ship_name": sailing.ship_name,
        "sailing_date": sailing.sailing_date,
        "nights": sailing.nights,
        "ports": sailing.ports,
        "embark_port": row.embark_port,
        "from_price": sailing.from_price,
        "currency": row.currency,
        "active": row.active,
    }

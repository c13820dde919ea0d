"""The catalogue as guests browse it and bookings begin from it, over whatever schema is there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final

import structlog
from asyncpg import (
    InsufficientPrivilegeError,
    Record,
    UndefinedColumnError,
    UndefinedTableError,
)

from adapters.catalogue.cache import Memory
from adapters.catalogue.connection import Server, open_pool, reachable, server_of
from adapters.catalogue.descriptions import Facet, ListedSailing, SailingDetails, SearchCounts
from adapters.catalogue.inspection import Inspection, inspect
from adapters.catalogue.layout import Layout
from adapters.catalogue.quality import LineCount, counts
from adapters.catalogue.rows import (
    BadCursor,
    cursor_after,
    details_of,
    listed_of,
    place_of,
    sailing_of,
)
from adapters.catalogue.search_statements import Filters, PageRequest, SortKey, fits, page
from adapters.catalogue.search_statements import counts as counts_of
from adapters.catalogue.statements import CatalogueQuery, one_sailing, sample
from adapters.postgres.pool import ConnectionPool
from booking_flow.errors import RefusalCode, refuse
from booking_flow.model.sailing import Sailing

MOST_REMEMBERED: Final = 2048
_MOST: Final = 100
INSPECTED_FOR: Final = 300.0
"""Seconds for which the columns of a catalogue are taken to stay."""
INCOMPLETE: Final = (
    "No booking can begin: the catalogue of sailings lacks what a booking needs. "
    "Bookings that have begun can go on."
)
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class CataloguePage:
    """Sailings in their order; `next` is the cursor of the page after, None on the last."""

    entries: tuple[ListedSailing, ...]
    next: str | None

    @property
    def sailings(self) -> tuple[Sailing, ...]:
        """Return what bookings need of them."""
        return tuple(entry.sailing for entry in self.entries)


class CatalogueReader:
    """Sailings in a database of the shape of `layout`; the lines in `live_lines` are sold live."""

    def __init__(
        self,
        pool: ConnectionPool,
        layout: Layout,
        *,
        live_lines: Collection[int],
        currency: str = "USD",
        seconds: float = 30.0,
    ) -> None:
        """Read through `pool` and show what was read again for so many `seconds`.

        Lead-in prices in another currency than `currency` are not shown.
        """
        self._pool = pool
        self._layout = layout
        self._live_lines = tuple(sorted(live_lines))
        self._currency = currency
        self._sailings = Memory[SailingDetails | None](seconds=seconds, most=MOST_REMEMBERED)
        self._pages = Memory[CataloguePage](seconds=seconds, most=MOST_REMEMBERED // 8)
        self._counts = Memory[SearchCounts](seconds=seconds, most=MOST_REMEMBERED // 8)
        self._inspections = Memory[Inspection](seconds=INSPECTED_FOR, most=1)
        self._told: tuple[str, ...] = ()

    async def inspection(self) -> Inspection:
        """Return what the catalogue consists of; one that cannot be used is looked at each time."""
        found = await self._inspections.recall(None, self._inspect)
        if not found.usable:
            self._inspections.forget()
        return found

    async def sailing(self, cruise_id: str) -> Sailing | None:
        """Return a sailing on sale by the supplier's `codetocruiseid`, of whatever line and date.

        Raises:
            Refused: `unavailable`, since the catalogue lacks what a booking needs.
        """
        details = await self.details(cruise_id)
        return details.sailing if details else None

    async def details(self, cruise_id: str) -> SailingDetails | None:
        """Return the same sailing with all that the catalogue tells of it.

        Raises:
            Refused: `unavailable`, since the catalogue lacks what a booking needs.
        """
        return await self._sailings.recall(cruise_id, lambda: self._details(cruise_id))

    async def search(
        self,
        filters: Filters,
        *,
        sort: SortKey = SortKey.DATE,
        cursor: str | None = None,
        limit: int = 20,
    ) -> CataloguePage:
        """Return a page of sailings.

        Raises:
            BadCursor: `cursor` is not the `next` of another page in this order.
            Refused: `unavailable`, since the catalogue lacks what a booking needs.
        """
        wanted = PageRequest(
            filters=filters,
            live_lines=self._live_lines,
            currency=self._currency,
            sort=sort,
            place=None if cursor is None else place_of(cursor),
            limit=max(1, min(limit, _MOST)),
        )
        return await self._pages.recall(wanted, lambda: self._page(wanted))

    async def search_counts(self, filters: Filters) -> SearchCounts:
        """Return how many sailings the filters find, and how many with other choices.

        Raises:
            Refused: `unavailable`, since the catalogue lacks what a booking needs.
        """
        return await self._counts.recall(filters, lambda: self._counted(filters))

    async def sample(self, *, today: date, per_line: int | None) -> tuple[Sailing, ...]:
        """Return so many coming sailings of every line, live or not, or all of them."""
        rows = await self._ask(partial(sample, today=today, per_line=per_line))
        return self._sold(rows)

    async def counts(self, *, today: date) -> tuple[LineCount, ...]:
        """Count the sailings on sale by line; only a usable catalogue has any."""
        return await counts(self._pool, await self.inspection(), today=today)

    async def server(self) -> Server:
        """Return which database this is."""
        return await server_of(self._pool)

    async def _details(self, cruise_id: str) -> SailingDetails | None:
        for exactly in (True, False):
            rows = await self._ask(partial(one_sailing, cruise_id=cruise_id, exactly=exactly))
            if rows:
                return details_of(rows[0], currency=self._currency)
        return None

    async def _page(self, wanted: PageRequest) -> CataloguePage:
        rows = await self._ask(partial(_checked, wanted=wanted))
        listed = (listed_of(row, currency=self._currency) for row in rows[: wanted.limit])
        last = rows[wanted.limit - 1] if len(rows) > wanted.limit else None
        return CataloguePage(
            entries=tuple(entry for entry in listed if entry is not None),
            next=None if last is None else cursor_after(last, sort=wanted.sort),
        )

    async def _counted(self, filters: Filters) -> SearchCounts:
        rows = await self._ask(partial(counts_of, filters=filters, live_lines=self._live_lines))
        facets: dict[str, list[Facet]] = {}
        for row in rows:
            facet = Facet(value=row["value"], label=row["label"], count=row["number"])
            facets.setdefault(row["facet"], []).append(facet)
        (total,) = facets.pop("total")
        return SearchCounts(
            total=total.count, facets={name: tuple(found) for name, found in facets.items()}
        )

    def _sold(self, rows: Sequence[Record]) -> tuple[Sailing, ...]:
        read = (sailing_of(row, currency=self._currency) for row in rows)
        return tuple(sailing for sailing in read if sailing is not None)

    async def _ask(
        self, question: Callable[[Inspection], CatalogueQuery | None]
    ) -> Sequence[Record]:
        """Ask; a schema that has changed since it was inspected is inspected anew, once."""
        try:
            return await self._asked(question)
        except (UndefinedColumnError, UndefinedTableError, InsufficientPrivilegeError):
            self._inspections.forget()
            return await self._asked(question)

    async def _asked(
        self, question: Callable[[Inspection], CatalogueQuery | None]
    ) -> Sequence[Record]:
        found = await self.inspection()
        if not found.usable:
            raise refuse(RefusalCode.UNAVAILABLE, INCOMPLETE)
        query = question(found)
        if query is None:
            return ()
        with reachable():
            async with self._pool.lent() as connection:
                rows: Sequence[Record] = await connection.fetch(query.sql, *query.parameters)
        return rows

    async def _inspect(self) -> Inspection:
        with reachable():
            async with self._pool.lent() as connection:
                found = await inspect(connection, self._layout)
        self._tell(found)
        return found

    def _tell(self, found: Inspection) -> None:
        """Name what is missing once, and again only when it has changed."""
        lacking = tuple(map(str, (*found.harmful, *found.lacking)))
        if lacking and lacking != self._told:
            tell = _log.warning if found.usable else _log.error
            tell("catalogue_lacks", columns=lacking, bookable=found.usable)
        self._told = lacking


@asynccontextmanager
async def open_reader(
    url: str,
    layout: Layout,
    *,
    live_lines: Collection[int],
    currency: str = "USD",
    seconds: float = 30.0,
    size: int = 4,
    time_zone: str = "UTC",
) -> AsyncIterator[CatalogueReader]:
    """Open a reader with connections of its own."""
    async with open_pool(url, size=size, time_zone=time_zone) as pool:
        yield CatalogueReader(
            pool, layout, live_lines=live_lines, currency=currency, seconds=seconds
        )


def _checked(found: Inspection, *, wanted: PageRequest) -> CatalogueQuery:
    if wanted.place is not None and not fits(found, wanted.place, sort=wanted.sort):
        raise BadCursor
    return page(found, wanted)

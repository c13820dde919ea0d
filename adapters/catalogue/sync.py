"""Copying lines, ships and sailings from one catalogue into another, which keeps all its rows."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

from asyncpg import Connection

from adapters.catalogue.copy_connections import address, connected, forbid_same
from adapters.catalogue.fields import Table
from adapters.catalogue.layout import Layout
from adapters.catalogue.missing_sailings import find_vanished
from adapters.catalogue.pairing import pair
from adapters.catalogue.report import Report
from adapters.catalogue.run_log import Ledger
from adapters.catalogue.runs import Order, Run, RunWatch
from adapters.catalogue.source import DatabaseSource
from adapters.catalogue.table_schema import dissect
from adapters.catalogue.transfer import carry_out, require_whole


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueOrigin:
    """The database that is copied from; an account that may read it is enough."""

    url: str
    layouts: tuple[Layout, ...]


async def sync(
    origin: CatalogueOrigin, order: Order, *, ledger: Ledger | None = None, watch: RunWatch
) -> Report:
    """Copy what differs, and mark inactive what the source no longer has.

    Raises:
        CannotCopy: the databases do not fit together, or somebody else is at it.
        StoreUnavailable: one of them stayed away.
    """
    report = Report(
        kind="sync",
        source=address(origin.url),
        target=address(order.target),
        lines=list(order.lines),
    )
    return await carry_out(order, partial(_copy, origin), report=report, ledger=ledger, watch=watch)


async def _copy(origin: CatalogueOrigin, run: Run, opened: AsyncExitStack) -> None:
    source = await _open_source(origin, run, opened)
    await run.begin()
    for table, rows in ((Table.LINES, await source.lines()), (Table.SHIPS, await source.ships())):
        run.watch.begin(table, len(rows))
        await run.take_parents(table, rows)
        run.watch.advance(len(rows))
    _note_strangers(run, await source.known_lines())
    run.watch.begin(Table.SAILINGS, await source.count(after=run.reached))
    async for batch in source.sailings(after=run.reached):
        await run.take_sailings(batch.rows, upto=batch.last)
        run.watch.advance(len(batch.rows))
    await _retire(run, source)


async def _open_source(origin: CatalogueOrigin, run: Run, opened: AsyncExitStack) -> DatabaseSource:
    connection: Connection[Any] = await opened.enter_async_context(
        connected(origin.url, called="booking-flow catalogue sync", read_only=True)
    )
    await forbid_same(connection, run.connection)
    await opened.enter_async_context(
        connection.transaction(isolation="repeatable_read", readonly=True)
    )
    anatomy = await dissect(connection, origin.layouts)
    require_whole(anatomy, run.report.source)
    run.report.out_of = anatomy.name
    fills = run.order.fills
    pairings = {table: pair(table, anatomy, run.anatomy, fills=fills) for table in Table}
    run.receive(pairings)
    return DatabaseSource(connection, anatomy, pairings, run.order.lines)


async def _retire(run: Run, source: DatabaseSource) -> None:
    vanished = await find_vanished(run.connection, run.anatomy, run.order.lines, source.keys())
    await run.retire(vanished, await source.lines_with_sailings())


def _note_strangers(run: Run, known: set[int]) -> None:
    for line in run.order.lines:
        if line not in known:
            run.report.note(f"the source has no line {line}")

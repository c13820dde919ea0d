"""Taking the supplier's static export into a catalogue."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from adapters.catalogue.batches import Row
from adapters.catalogue.copy_connections import address
from adapters.catalogue.export import ExportedSailing, Malformed, read_sailing
from adapters.catalogue.fields import Table
from adapters.catalogue.file_reader import read_in_parallel
from adapters.catalogue.files import Listing, SailingFile, list_files
from adapters.catalogue.missing_sailings import find_vanished
from adapters.catalogue.pairing import Pairing, receive
from adapters.catalogue.report import Report
from adapters.catalogue.run_log import Ledger
from adapters.catalogue.runs import Order, Run, RunWatch
from adapters.catalogue.source import Listed
from adapters.catalogue.transfer import carry_out


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A copy of the export."""

    folder: Path
    whole: bool = False
    """Whether a sailing that it does not have is no longer on sale."""
    workers: int | None = None
    """Processes that read files; one for each core when it is not told."""


async def import_files(
    tree: Tree, order: Order, *, ledger: Ledger | None = None, watch: RunWatch
) -> Report:
    """Take what differs; files that cannot be read are in the report.

    Raises:
        CannotCopy: the target does not fit, or somebody else is at it.
        StoreUnavailable: the target stayed away.
    """
    report = Report(
        kind="import",
        source=str(tree.folder.resolve()),
        target=address(order.target),
        lines=list(order.lines),
    )
    work = partial(_take, tree)
    return await carry_out(order, work, report=report, ledger=ledger, watch=watch)


async def _take(tree: Tree, run: Run, _: AsyncExitStack) -> None:
    listing = await asyncio.to_thread(list_files, tree.folder, run.order.lines)
    shapes = {table: receive(table, run.anatomy, fills=run.order.fills) for table in Table}
    run.receive(shapes)
    await run.begin()
    if not run.report.resumed:
        run.report.refuse(Table.SAILINGS, listing.faults)
    await _take_parents(tree, run, shapes, listing.files)
    left = [file for file in listing.files if run.reached is None or file.path > run.reached]
    run.watch.begin("files", len(left))
    async with aclosing(read_in_parallel(tree.folder, left, workers=tree.workers)) as batches:
        async for parsed in batches:
            run.report.refuse(Table.SAILINGS, parsed.faults)
            rows = [_row(run, shapes[Table.SAILINGS], one) for one in parsed.sailings]
            await run.take_sailings(rows, upto=parsed.last)
            run.watch.advance(parsed.files)
    if tree.whole:
        await _retire(run, listing)


async def _take_parents(
    tree: Tree, run: Run, shapes: dict[Table, Pairing], files: Sequence[SailingFile]
) -> None:
    """Take lines and ships, each from the first file in order that tells of it.

    So the same files always give the same names, wherever a run that was cut off goes on.
    """
    lines: dict[int, Row] = {}
    ships: dict[int, Row] = {}
    for told in await asyncio.to_thread(_first_of_each_ship, tree.folder, files):
        line, ship = told.file.line, told.file.ship
        named = {"line_id": str(line), "name": told.line_name}
        lines.setdefault(line, _arranged(shapes[Table.LINES], named))
        named = {"ship_id": str(ship), "line_id": str(line), "name": told.ship_name}
        ships.setdefault(ship, _arranged(shapes[Table.SHIPS], named))
    await run.take_parents(Table.LINES, list(lines.values()))
    await run.take_parents(Table.SHIPS, list(ships.values()))


def _first_of_each_ship(folder: Path, files: Iterable[SailingFile]) -> list[ExportedSailing]:
    found: dict[tuple[int, int], ExportedSailing] = {}
    for file in files:
        if (file.line, file.ship) not in found:
            with suppress(Malformed):
                found[file.line, file.ship] = read_sailing(folder, file)
    return list(found.values())


def _row(run: Run, shape: Pairing, told: ExportedSailing) -> Row:
    price = told.from_price
    values = {
        "cruise_id": told.file.cruise_id,
        "name": told.name,
        "line_id": str(told.file.line),
        "ship_id": str(told.file.ship),
        "sailing_date": told.sailing_date.isoformat(),
        "nights": str(told.nights),
        "ports": json.dumps(told.ports),
        "embark_port": told.embark_port,
        "from_price": None if price is None else str(price),
        "currency": told.currency or run.order.fills.get("sailings.currency"),
        "active": "true" if told.active else "false",
    }
    return _arranged(shape, values)


def _arranged(shape: Pairing, values: Mapping[str, str | None]) -> Row:
    return tuple(values[name] for name in shape.names)


async def _retire(run: Run, listing: Listing) -> None:
    """Mark inactive what has no file; one that cannot be read is still a file."""
    if not listing.complete:
        run.report.note("nothing was marked inactive: a folder could not be looked into")
        return
    there = listing.elsewhere | {file.cruise_id: file.line for file in listing.files}
    listed = _each(sorted(there.items()))
    vanished = await find_vanished(run.connection, run.anatomy, run.order.lines, listed)
    await run.retire(vanished, {file.line for file in listing.files})


async def _each(sailings: Iterable[Listed]) -> AsyncIterator[Listed]:
    for one in sailings:
        yield one

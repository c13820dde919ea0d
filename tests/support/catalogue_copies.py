"""Sources with many sailings, looks at every row of a target, and a gate that holds a copy up."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from adapters.catalogue.layout import CRUISES, OWN
from adapters.catalogue.report import Report
from adapters.catalogue.run_log import Ledger
from adapters.catalogue.runs import Order
from adapters.catalogue.sync import CatalogueOrigin, sync
from tests.support.catalogue_tables import Shelf
from tests.support.waiting import eventually

LAYOUTS = (OWN, CRUISES)
FILLS = {"sailings.active": "true", "sailings.ports": "[]", "sailings.currency": "USD"}
FIRST = 2_000_001
GATE = 4711
"""The advisory lock at which a gate waits."""


class Nobody:
    """Nobody watches."""

    def begin(self, what: str, total: int) -> None: ...

    def advance(self, parts: int) -> None: ...


def order(target: str, **changes: Any) -> Order:
    usual: dict[str, Any] = {"target": target, "layouts": LAYOUTS, "lines": (22, 3), "fills": FILLS}
    return Order(**usual | changes)


async def copy(
    source: Shelf | str, target: str, *, ledger: Ledger | None = None, **changes: Any
) -> Report:
    """Sync from a source, with the account that may only read where there is one."""
    url = source.url if isinstance(source, Shelf) else source
    origin = CatalogueOrigin(url=url, layouts=LAYOUTS)
    return await sync(origin, order(target, **changes), ledger=ledger, watch=Nobody())


async def fill(shelf: Shelf, number: int, *, ships: int = 60) -> None:
    """Put sailings of lines 22 and 3 in, and some of line 8, which nobody asks for."""
    await shelf.run(
        "INSERT INTO cruise_lines SELECT n, 'Line ' || n FROM unnest(ARRAY[3, 8, 22]) n"
    )
    await shelf.run(
        "INSERT INTO ships SELECT n, (ARRAY[3, 22])[1 + n % 2], 'Ship ' || n"
        " FROM generate_series(1, $1::int) n",
        ships,
    )
    await shelf.run("INSERT INTO ships VALUES (9000, 8, 'Ship of another line')")
    await shelf.run(
        "INSERT INTO cruises (id, name, cruise_line_id, ship_id, sailing_date, nights, ports,"
        " embark_port, cheapest_price, currency, is_active)"
        " SELECT $1::int + n, n || ' nights', (ARRAY[3, 22])[1 + (1 + n % $3) % 2], 1 + n % $3,"
        " current_date + 30 + n % 600, 1 + n % 14, '[\"Miami\", \"Nassau\"]', 'Miami',"
        " 300 + n % 1000, 'USD', TRUE FROM generate_series(0, $2::int - 1) n",
        FIRST,
        number,
        ships,
    )
    await shelf.run(
        "INSERT INTO cruises (id, name, cruise_line_id, ship_id, sailing_date, nights)"
        " VALUES ('1999999', 'Of another line', 8, 9000, current_date + 30, 4)"
    )


async def look(dsn: str, sql: str, *parameters: Any) -> list[Any]:
    """Run one statement in a connection of its own."""
    connection = await asyncpg.connect(dsn)
    try:
        return [tuple(row) for row in await connection.fetch(sql, *parameters)]
    finally:
        await connection.close()


async def every_row(dsn: str, *schemas: str) -> dict[str, list[Any]]:
    """Return every row of every table of some schemas, with where and by whom it was written."""
    listed = await look(
        dsn,
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
        " WHERE schemaname = ANY($1) AND tablename <> 'sync_runs'",
        list(schemas),
    )
    return {
        table: await look(dsn, f"SELECT xmin::text, ctid::text, t::text FROM {table} t ORDER BY 2")
        for (table,) in listed
    }


async def sold(dsn: str, where: str = "TRUE") -> list[Any]:
    """Return the sailings of our own schema."""
    return await look(
        dsn,
        "SELECT cruise_id, name, line_id, ship_id, sailing_date, nights, ports, embark_port,"
        f" from_price, currency, active FROM catalogue.sailings WHERE {where} ORDER BY cruise_id",
    )


@asynccontextmanager
async def gate(dsn: str, cruise_id: int) -> AsyncIterator[asyncpg.Connection[Any]]:
    """Hold up whoever writes a sailing, until the block opens the gate with `open_gate`."""
    keeper: asyncpg.Connection[Any] = await asyncpg.connect(dsn)
    await keeper.execute(
        "CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS"
        f" 'BEGIN PERFORM pg_advisory_xact_lock({GATE}); RETURN NEW; END';"
        "CREATE TRIGGER gate BEFORE INSERT ON catalogue.sailings FOR EACH ROW"
        f" WHEN (NEW.cruise_id = '{cruise_id}') EXECUTE FUNCTION gate()"
    )
    await keeper.execute("SELECT pg_advisory_lock($1)", GATE)
    try:
        yield keeper
    finally:
        await open_gate(keeper)
        await keeper.execute("DROP TRIGGER gate ON catalogue.sailings; DROP FUNCTION gate()")
        await keeper.close()


async def open_gate(keeper: asyncpg.Connection[Any]) -> None:
    """Let whoever waits go on."""
    await keeper.execute("SELECT pg_advisory_unlock_all()")


async def waiting(keeper: asyncpg.Connection[Any]) -> list[int]:
    """Return the server processes that wait at the gate."""
    rows = await keeper.fetch(
        "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND NOT granted", GATE
    )
    return [row["pid"] for row in rows]


async def someone_waits(keeper: asyncpg.Connection[Any]) -> int:
    """Wait until somebody stands at the gate, and return which server process."""

    async def there() -> bool:
        return bool(await waiting(keeper))

    await eventually(there)
    return (await waiting(keeper))[0]


async def all_gone(keeper: asyncpg.Connection[Any], kind: str) -> None:
    """Wait until the server has noticed that a killed copy is gone."""

    async def gone() -> bool:
        return not await keeper.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE $1",
            f"booking-flow catalogue {kind} %",
        )

    await eventually(gone)


def keys(rows: Sequence[Any]) -> list[str]:
    return [row[0] for row in rows]

"""One statement: the processor's time that asking the database costs this process.

`python -m tests.bench.statement` prints it: through SQLAlchemy's execution, as the service asks,
and over the driver alone. Compare the ratios, since the times are those of the machine.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import asyncpg
from rich.console import Console
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from adapters.postgres.address import read_address
from adapters.postgres.connection import Connector
from persistence.database import create_engine, fetch_one
from tests.bench.figures import Figures
from tests.support.testbed import Ground, run, standing

GROUP: Final = "processor's time of one statement"
NAMES: Final = 16
STATEMENTS: Final = 3_000
_DRIVER: Final = "the driver alone"
_COLUMNS: Final = ", ".join(f"CAST(:v{n} AS text) AS v{n}" for n in range(NAMES))
ASKED: Final = text(f"SELECT {_COLUMNS}, now() AS now")
GIVEN: Final = {f"v{n}": "value" for n in range(NAMES)}


async def measure_statement(ground: Ground, figures: Figures) -> None:
    """Measure the same statement in three ways."""
    dsn = ground.postgres.dsn
    connection = await asyncpg.connect(dsn)
    sql = str(ASKED.compile(dialect=_dialect()))
    alone = await _milliseconds(lambda: connection.fetchrow(sql, *GIVEN.values()))
    await connection.close()
    figures.add(GROUP, _DRIVER, alone, "ms")
    database = create_engine(dsn, pool_size=4)
    ours = await _milliseconds(lambda: fetch_one(database, ASKED, GIVEN))
    figures.add(GROUP, "as the service asks", ours, "ms", over=alone, to=_DRIVER)
    await database.dispose()
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=Connector(address=read_address(dsn)),
        isolation_level="AUTOCOMMIT",
        pool_reset_on_return=None,
    )

    async def through_sqlalchemy() -> object:
        async with engine.connect() as connected:
            return (await connected.execute(ASKED, GIVEN)).first()

    slow = await _milliseconds(through_sqlalchemy)
    figures.add(GROUP, "SQLAlchemy's execution", slow, "ms", over=alone, to=_DRIVER)
    await engine.dispose()


def _dialect() -> Any:
    return create_async_engine("postgresql+asyncpg://").dialect


async def _milliseconds(ask: Callable[[], Awaitable[object]]) -> float:
    for _ in range(100):
        await ask()
    began = time.process_time()
    for _ in range(STATEMENTS):
        await ask()
    return (time.process_time() - began) * 1000 / STATEMENTS


async def _main() -> None:
    figures = Figures()
    async with standing() as ground:
        await measure_statement(ground, figures)
    figures.show(Console(width=100))


if __name__ == "__main__":
    run(_main())

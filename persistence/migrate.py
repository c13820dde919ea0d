"""Migrations from code: no ini file, and safe inside a running loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from persistence.database import DRIVER, dsn
from persistence.errors import available
from persistence.identity import AppEnv, mark

_ONE_AT_A_TIME: Final = Lock()
SCRIPTS: Final = Path(__file__).parent / "migrations"


async def upgrade(
    url: str, revision: str = "head", *, app_env: AppEnv = AppEnv.DEVELOPMENT
) -> None:
    """Bring the database up to a revision; several processes may ask at once.

    One that has no mark yet is marked as belonging to `app_env`.
    """

    def work(connection: Connection) -> None:
        command.upgrade(_config(connection), revision)
        mark(connection, app_env)

    await _run_apart(url, work)


async def downgrade(url: str, revision: str) -> None:
    """Take the database back to a revision; `base` leaves nothing of ours."""
    await _run_apart(url, lambda connection: command.downgrade(_config(connection), revision))


async def current(url: str) -> str | None:
    """Return the revision the database is at, or None before the first."""
    found: list[str | None] = []
    await _run(
        url,
        lambda connection: found.append(
            MigrationContext.configure(connection).get_current_revision()
        ),
    )
    return found[0]


def head() -> str:
    """Return the newest revision there is."""
    newest = ScriptDirectory.from_config(_config(None)).get_current_head()
    if newest is None:
        raise AssertionError("there is at least one migration")
    return newest


async def _run_apart(url: str, work: Callable[[Connection], None]) -> None:
    """Run alembic in a thread of its own: its `op` and `context` serve one at a time only."""

    def run() -> None:
        with _ONE_AT_A_TIME:
            asyncio.run(_run(url, work))

    await asyncio.to_thread(run)


async def _run(url: str, work: Callable[[Connection], None]) -> None:
    engine = create_async_engine(f"{DRIVER}://", poolclass=NullPool, connect_args={"dsn": dsn(url)})
    try:
        with available():
            async with engine.begin() as connection:
                await connection.run_sync(work)
    finally:
        await engine.dispose()


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    return config

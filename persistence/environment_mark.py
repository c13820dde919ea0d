"""Which world a database belongs to: the mark that its first migration left in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection, text

from persistence.database import Database, execute, fetch_one
from persistence.errors import NoTable
from persistence.statements import Row

# Whether there is a mark's table in this database.
THERE: Final = text("SELECT to_regclass('installation') IS NOT NULL")

# The mark.
READ: Final = text("SELECT app_env, supplier_sid, marked_at FROM installation")

# A mark for a database without one.
MARK: Final = text(
    """
    INSERT INTO installation (one, app_env, marked_at) VALUES (true, :app_env, now())
    ON CONFLICT (one) DO NOTHING
    """
)

# The supplier's account that bookings of this database are known by; the first one stays.
BIND: Final = text(
    """
    UPDATE installation SET supplier_sid = :supplier_sid WHERE supplier_sid IS NULL
    """
)

# Another mark, for a copy of a database that is to live in another world.
REMARK: Final = text(
    """
    INSERT INTO installation (one, app_env, marked_at) VALUES (true, :app_env, now())
    ON CONFLICT (one) DO UPDATE
    SET app_env = excluded.app_env, supplier_sid = NULL, marked_at = excluded.marked_at
    """
)


class AppEnv(StrEnum):
    """The worlds that must never be taken for one another."""

    DEVELOPMENT = "development"
    STAGING = "staging"
    PRODUCTION = "production"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What a database says of itself; `supplier_sid` is None until a service has used it."""

    app_env: AppEnv
    supplier_sid: str | None
    marked_at: datetime


async def read_mark(engine: Database) -> Mark | None:
    """Return a database's mark; None where there is none, or not even a place for it."""
    try:
        row = await fetch_one(engine, READ)
    except NoTable:
        return None
    return None if row is None else _mark_of(row)


async def bind(engine: Database, *, supplier_sid: str) -> None:
    """Note which of the supplier's accounts this database is used with, unless one is noted."""
    await execute(engine, BIND, {"supplier_sid": supplier_sid})


async def remark(engine: Database, app_env: AppEnv) -> None:
    """Move a database to another world; which supplier's account it is used with is open again."""
    await execute(engine, REMARK, {"app_env": app_env})


def mark(connection: Connection, app_env: AppEnv) -> None:
    """Mark a database that has no mark yet, if it has a place for one."""
    if connection.scalar(THERE):
        connection.execute(MARK, {"app_env": app_env.value})


def _mark_of(row: Row) -> Mark:
    return Mark(app_env=AppEnv(row.app_env), supplier_sid=row.supplier_sid, marked_at=row.marked_at)

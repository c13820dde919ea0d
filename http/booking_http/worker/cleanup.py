"""Tidying: dropping what no longer matters, over and over; a failure of it stops nothing."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

import structlog

from booking_flow.ports import StoreUnavailable
from persistence import idempotency
from persistence.audit_chain import seal_some
from persistence.database import Database
from persistence.encryption import KeyKind, Vault
from persistence.key_days import note_days
from persistence.overview import forget_passing_calls, sum_up
from persistence.rate_limits import PostgresCaps
from persistence.retention import Retention, forget_dead, prune_some
from persistence.search_renewal import renew_hashes
from persistence.sign_ins import PostgresSignIns
from persistence.staff import PostgresStaff
from persistence.staff_links import PostgresStaffLinks

TIDY_SECONDS: Final = 3600.0
PRUNE_SECONDS: Final = 2.0
SEAL_SECONDS: Final = 60.0
START_SECONDS: Final = 30.0
_log = structlog.get_logger(__name__)


@contextmanager
def until_next_time(task: str) -> Iterator[None]:
    """Leave the block for the next time where it fails, and log it under the name of the task."""
    try:
        yield
    except StoreUnavailable as error:
        _log.warning("put off: the database is away", task=task, why=str(error))
    except Exception:
        # Tables that are not there yet come with a migration, under a service that runs.
        _log.exception("put off", task=task)


async def _started() -> None:
    """Wait until a start is over, which is busy enough; processes that start together spread."""
    await asyncio.sleep(random.uniform(0.5, 1.0) * START_SECONDS)  # noqa: S311 - it only spreads


async def clean_up(
    database: Database, vault: Vault, *, keys: Mapping[KeyKind, Sequence[str]]
) -> None:
    """Drop counts that no longer matter, and sum up those that do, every hour.

    `keys` are those of the settings, the current one of each kind first.
    """
    await _started()
    while True:
        with until_next_time("days of keys"):
            await note_days(database, keys)
        with until_next_time("tidying"):
            await idempotency.forget(database)
            await PostgresCaps(database).forget()
            await PostgresSignIns(database).forget()
            await PostgresStaff(database).forget()
            await PostgresStaffLinks(database).forget()
            await sum_up(database)
            await forget_passing_calls(database)
            await forget_dead(database)
        with until_next_time("search hashes"):
            await renew_hashes(database, vault)
        await asyncio.sleep(TIDY_SECONDS)


async def prune(database: Database, policy: Retention) -> None:
    """Let what is old enough go, a few sessions a second whatever there is to do."""
    if policy == Retention():
        return
    while True:
        with until_next_time("retention"):
            await prune_some(database, policy)
        await asyncio.sleep(PRUNE_SECONDS)


async def seal_audit(database: Database) -> None:
    """Seal what staff looked at and did, every minute; nobody waits for it."""
    await _started()
    while True:
        with until_next_time("sealing the audit"):
            while await seal_some(database):
                pass
        await asyncio.sleep(SEAL_SECONDS)

"""Carrying a run out: alone, over lost connections, and remembered however it ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from secrets import token_hex
from typing import Any, Final

import asyncpg
import stamina
from asyncpg import Connection

from adapters.catalogue.copy_connections import connected, take_alone
from adapters.catalogue.pairing import CannotCopy
from adapters.catalogue.report import Report
from adapters.catalogue.run_log import Ledger, ShortMemory
from adapters.catalogue.runs import Order, Run, RunWatch
from adapters.catalogue.table_schema import Anatomy, dissect
from booking_flow.ports import StoreUnavailable

PASSING: Final = (
    OSError,
    TimeoutError,
    StoreUnavailable,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.LockNotAvailableError,
    asyncpg.TransactionRollbackError,
)
"""What may be better in a moment: lost connections, locks, time-outs."""
Work = Callable[[Run, AsyncExitStack], Awaitable[None]]
"""What a run does with an open target; what it opens besides goes on the stack."""


async def carry_out(
    order: Order, work: Work, *, report: Report, ledger: Ledger | None, watch: RunWatch
) -> Report:
    """Do a run to its end, over lost connections too.

    Raises:
        CannotCopy: it must not be done or cannot be done.
        StoreUnavailable: a database stayed away, or its locks taken.
    """
    if order.environment == "production" and not (order.production or order.dry_run):
        raise CannotCopy(f"{report.target} is marked production; --production says it is meant")
    runs: list[Run] = []
    keeper = ledger or ShortMemory()
    try:
        await _until_done(order, work, report=report, ledger=keeper, watch=watch, runs=runs)
    except BaseException as error:
        with suppress(StoreUnavailable):
            await _end(runs, error)
        if (told := _explained(error)) is error:
            raise
        raise told from error
    await _end(runs, None)
    return runs[-1].report


async def _until_done(
    order: Order, work: Work, *, report: Report, ledger: Ledger, watch: RunWatch, runs: list[Run]
) -> None:
    began = time.monotonic()
    # By the token a connection that was lost is known to be ours, whatever machine has our name.
    called = f"booking-flow catalogue {report.kind} {token_hex(4)}"
    async for attempt in stamina.retry_context(
        on=PASSING, attempts=order.attempts, timeout=None, wait_initial=0.2, wait_max=10.0
    ):
        with attempt:
            again = replace(order, afresh=order.afresh and attempt.num == 1)
            fresh = Report.of(report.facts())
            async with AsyncExitStack() as opened:
                connection = await _connected(again, opened, called)
                run = await _run(again, connection, report=fresh, ledger=ledger, watch=watch)
                runs.append(run)
                await work(run, opened)
                run.report.seconds += time.monotonic() - began


async def _connected(order: Order, opened: AsyncExitStack, called: str) -> Connection[Any]:
    connection = await opened.enter_async_context(
        connected(
            order.target,
            called=called,
            read_only=order.dry_run,
            lock_timeout=order.patience,
        )
    )
    if not order.dry_run:
        await take_alone(connection)
    return connection


async def _run(
    order: Order, connection: Connection[Any], *, report: Report, ledger: Ledger, watch: RunWatch
) -> Run:
    anatomy = await dissect(connection, order.layouts)
    require_whole(anatomy, report.target)
    report.environment, report.dry_run = order.environment, order.dry_run
    report.into = anatomy.name
    return Run(
        order=order,
        connection=connection,
        anatomy=anatomy,
        ledger=ledger,
        watch=watch,
        report=report,
    )


def require_whole(anatomy: Anatomy, place: str) -> None:
    """Refuse a catalogue that lacks what a booking needs.

    Raises:
        CannotCopy: it does; the message names every column.
    """
    if harmful := anatomy.inspection.harmful:
        raise CannotCopy(f"{place}: {'; '.join(map(str, harmful))}")


async def _end(runs: Sequence[Run], error: BaseException | None) -> None:
    run = next((run for run in reversed(runs) if run.begun is not None), None)
    if run is None or run.begun is None:
        return
    outcome = "done"
    if error is not None:
        outcome = "interrupted" if isinstance(error, asyncio.CancelledError) else "failed"
        run.report.note(str(error) or type(error).__name__)
    await run.ledger.end(run.begun.id, outcome, run.report.facts())


def _explained(error: BaseException) -> BaseException:
    if isinstance(error, (CannotCopy, StoreUnavailable)):
        return error
    if isinstance(error, PASSING):
        return StoreUnavailable(str(error) or type(error).__name__)
    return CannotCopy(str(error)) if isinstance(error, asyncpg.PostgresError) else error

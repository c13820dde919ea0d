"""The worker: finishes, finds out and undoes what requests and crashes left behind.

Any number run at once, inside `serve` or alone; PostgreSQL decides who does what.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import Any, Final, Protocol
from uuid import UUID

import structlog
from prometheus_client import start_http_server

from booking_flow.ports import SpooledAnswer, TakenCheck, TakenUndo
from booking_flow.runtime.recovery import StepWork
from booking_flow.steps.book import BOOK
from booking_flow.steps.release import RELEASE
from booking_http.runtime.journal_verification import verifying
from booking_http.runtime.listener import Subscription
from booking_http.runtime.optional_services import check_optional_services
from booking_http.runtime.process import cannot_listen
from booking_http.settings import Settings
from booking_http.staff.bulk_runs import bulk_work
from booking_http.web.metrics import Metrics
from booking_http.wiring import Parts, open_parts
from booking_http.worker.job_loop import Job, JobLoop
from booking_http.worker.line_notices import LineWatch
from booking_http.worker.outbox_sender import OutboxSender
from booking_http.worker.task_notices import TeamNotices
from persistence.bulk import TakenItem
from persistence.notify import WORK

_log = structlog.get_logger(__name__)
_SCATTER: Final = 16
_TOGETHER_SECONDS: Final = 0.25
"""Work that is announced within so many seconds is looked for at once."""
_SPREAD: Final = 4
"""Work that asks the supplier nothing needs fewer pieces at once by this factor."""


class Find(Protocol):
    """Looks for sessions that need something."""

    async def __call__(self, *, limit: int) -> Sequence[UUID]:
        """Return at most so many."""


class Worker:
    """Runs one loop for each kind of work."""

    def __init__(self, parts: Parts, *, metrics: Metrics) -> None:
        """Take what the service is made of, and where to count."""
        settings = parts.settings
        self._listener = parts.listener
        self._sender = OutboxSender(parts)
        self._team = TeamNotices(parts)
        self._stopped = asyncio.Event()
        self._due: set[float] = set()
        self._loops = [
            JobLoop(
                job,
                width=max(1, settings.worker_concurrency // _spread(job)),
                poll=settings.worker_poll_seconds,
                observed=metrics,
            )
            for job in jobs(parts)
        ]

    async def run(self) -> None:
        """Work until stopped, and then finish what was taken."""
        listening = asyncio.create_task(
            self._listener.listen(
                Subscription(channel=WORK, connected=self.wake, heard=self._heard)
            )
        )
        try:
            loops = (loop.run() for loop in self._loops)
            await asyncio.gather(
                *loops, self._sender.run(self._stopped), self._team.run(self._stopped)
            )
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening

    def wake(self) -> None:
        """Look for work of every kind now."""
        for loop in self._loops:
            loop.wake()

    def stop(self) -> None:
        """Take nothing more; `run` ends when what was taken is done."""
        self._stopped.set()
        for loop in self._loops:
            loop.stop()

    async def drain(self) -> int:
        """Do all there is to do now, and return how many pieces that was."""
        done = 0
        while more := sum([await loop.drain() for loop in self._loops]):
            done += more
        return done

    def _heard(self, payload: str) -> None:
        """Look when what was announced is due."""
        with suppress(ValueError):
            self._wake_at(asyncio.get_running_loop().time() + float(payload))

    def _wake_at(self, due: float) -> None:
        """Look then, once for all that is announced for about the same time."""
        due = math.ceil(due / _TOGETHER_SECONDS) * _TOGETHER_SECONDS
        if due not in self._due:
            self._due.add(due)
            asyncio.get_running_loop().call_at(due, self._wake_due, due)

    def _wake_due(self, due: float) -> None:
        self._due.discard(due)
        self.wake()


async def run_worker(settings: Settings) -> None:
    """Work until cancelled, in a process of its own."""
    metrics = Metrics()
    if settings.worker_port is not None:
        _show(metrics, host=settings.app_host, port=settings.worker_port)
    async with (
        open_parts(settings) as parts,
        verifying(parts),
        running_worker(parts, metrics=metrics),
    ):
        await check_optional_services(parts)
        await asyncio.Event().wait()


def _show(metrics: Metrics, *, host: str, port: int) -> None:
    try:
        start_http_server(port, host, registry=metrics.registry)
    except OSError as error:
        advice = "choose another with APP_HOST or WORKER_PORT"
        raise cannot_listen(host, port, error, advice=advice) from error


@asynccontextmanager
async def running_worker(parts: Parts, *, metrics: Metrics) -> AsyncIterator[Worker]:
    """Run a worker beside the block; afterwards it has the patience of a stop to finish."""
    worker = Worker(parts, metrics=metrics)
    task = asyncio.create_task(worker.run())
    _log.info("working", concurrency=parts.settings.worker_concurrency)
    try:
        yield worker
    finally:
        worker.stop()
        await asyncio.wait([task], timeout=parts.settings.shutdown_seconds)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def jobs(parts: Parts) -> Sequence[Job[Any]]:
    """Return every kind of work there is."""
    return [
        _forgotten(parts),
        _open_steps(parts),
        _undos(parts),
        _payment_checks(parts),
        *_clocks(parts),
        *_reminders(parts),
        *_line_notices(parts),
        _spool(parts),
        _bulk(parts),
    ]


def _spread(job: Job[Any]) -> int:
    return 1 if job.leased or job.together else _SPREAD


def _forgotten(parts: Parts) -> Job[UUID]:
    """Enter what whoever found it did not come to; until then nothing is sold."""
    return Job(
        name="forgotten_claim",
        take=lambda limit: parts.maintenance.forgotten.sessions(limit=limit),
        do=parts.maintenance.recovery.forgotten,
        key=_itself,
        session=_itself,
        leased=False,
    )


def _open_steps(parts: Parts) -> Job[StepWork]:
    lease = parts.policy.lease_seconds(BOOK.limits)
    queue, recovery = parts.maintenance.queue, parts.maintenance.recovery

    async def take(limit: int) -> Sequence[StepWork]:
        taken = await queue.take_open_steps(limit=limit, lease_seconds=lease)
        return [StepWork(taken=each) for each in taken]

    return Job(
        name="open_step",
        take=take,
        do=lambda work: recovery.open_step(work.taken, work.loaded),
        key=lambda work: work.taken.step_id,
        session=lambda work: work.taken.session_id,
        leased=True,
        together=lambda some: recovery.open_steps([each.taken for each in some]),
    )


def _undos(parts: Parts) -> Job[TakenUndo]:
    lease = parts.policy.lease_seconds(RELEASE.limits)

    async def do(taken: TakenUndo) -> None:
        await parts.maintenance.recovery.undo(taken)
        await parts.maintenance.recovery.clocks(taken.session_id)

    return Job(
        name="undo",
        take=lambda limit: parts.maintenance.queue.take_undos(limit=limit, lease_seconds=lease),
        do=do,
        key=lambda taken: taken.undo.id,
        session=lambda taken: taken.session_id,
        leased=True,
    )


def _payment_checks(parts: Parts) -> Job[TakenCheck]:
    return Job(
        name="payment_check",
        take=lambda limit: parts.maintenance.queue.take_payment_checks(limit=limit),
        do=parts.maintenance.recovery.payment_check,
        key=lambda taken: taken.task_id,
        session=lambda taken: taken.session_id,
        leased=True,
    )


def _clocks(parts: Parts) -> tuple[Job[UUID], ...]:
    queue, recovery = parts.maintenance.queue, parts.maintenance.recovery
    return (
        _of_sessions("clock", queue.due_sessions, recovery.clocks, together=recovery.clocks_each),
        _of_sessions("payment_deadline", queue.overdue_payments, recovery.payment),
        _of_sessions("collection", queue.uncollected_payments, recovery.collection),
    )


def _of_sessions(
    name: str,
    find: Find,
    do: Callable[[UUID], Awaitable[None]],
    *,
    together: Callable[[Sequence[UUID]], Awaitable[Sequence[UUID]]] | None = None,
) -> Job[UUID]:
    """Return a job over sessions that are due; nobody has them alone, and a commit decides."""
    return Job(
        name=name,
        take=partial(_scattered, find),
        do=do,
        key=_itself,
        session=_itself,
        leased=False,
        together=together,
    )


def _reminders(parts: Parts) -> Iterator[Job[UUID]]:
    """Remind guests of their balance, where there is mail."""
    if parts.notifications.post is None:
        return
    find = partial(parts.maintenance.queue.balances_to_remind, days=parts.policy.remind_days)
    yield _of_sessions("reminder", find, parts.maintenance.recovery.remind)


def _line_notices(parts: Parts) -> Iterator[Job[UUID]]:
    """Look whether lines answer again, where guests can be mailed a link."""
    if not parts.notifications.links:
        return
    watch = LineWatch(parts)
    yield Job(
        name="line_notice",
        take=lambda limit: watch.notices.take(limit=limit),
        do=watch.look,
        key=_itself,
        session=_itself,
        leased=True,
    )


async def _scattered(find: Find, limit: int) -> Sequence[UUID]:
    """Take some of what is due and not the first, which all other workers would take as well."""
    found = list(await find(limit=limit * _SCATTER))
    return random.sample(found, min(limit, len(found)))


def _bulk(parts: Parts) -> Job[TakenItem]:
    work = bulk_work(parts)
    lease = timedelta(seconds=parts.policy.lease_seconds(BOOK.limits))
    return Job(
        name="bulk",
        take=lambda limit: work.support.bulk.take(limit=limit, lease=lease),
        do=work.do,
        key=lambda item: (item.run_id, item.session_id),
        session=lambda item: item.session_id,
        leased=True,
    )


def _itself(session_id: UUID) -> UUID:
    return session_id


def _spool(parts: Parts) -> Job[SpooledAnswer]:
    async def take(limit: int) -> Sequence[SpooledAnswer]:
        return (await parts.spool.read_all())[:limit] if parts.spool else ()

    return Job(
        name="spooled_answer",
        take=take,
        do=partial(_ingest, parts),
        key=lambda answer: answer.step_id,
        session=lambda answer: answer.session_id,
        leased=False,
    )


async def _ingest(parts: Parts, answer: SpooledAnswer) -> None:
    await parts.maintenance.recovery.late_answer(answer)
    if parts.spool is not None:
        await parts.spool.drop(answer.step_id)

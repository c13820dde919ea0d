"""A service, or a worker, that an observer follows and that can die at any point it passes.

Reads one line of JSON per process from standard input and forks for each: where it listens, if it
is to serve, and what its observer is told (see `observing.plan`). Everything is imported once, with
the observer built in, so that a process costs milliseconds.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from tests.acceptance.observing import PIECE, observe, plan

observe()

import booking_http.worker.main  # noqa: E402 - what is imported from here on is observed
import persistence.database  # noqa: E402
from booking_flow.staff.people import Role, StaffMember  # noqa: E402
from booking_flow.staff.task_resolution import AnswerKind, TaskAnswer  # noqa: E402
from booking_http.app import create_app  # noqa: E402
from booking_http.runtime.logs import configure_logs  # noqa: E402
from booking_http.runtime.process import run_until_stopped  # noqa: E402
from booking_http.runtime.server import serve_app  # noqa: E402
from booking_http.settings import Settings, load_settings  # noqa: E402
from booking_http.web.metrics import Metrics  # noqa: E402
from booking_http.wiring import Parts, open_parts  # noqa: E402
from booking_http.worker.job_loop import Job  # noqa: E402
from booking_http.worker.main import Worker, running_worker  # noqa: E402
from booking_http.worker.outbox_sender import OutboxSender  # noqa: E402
from persistence.notify import Wakeups  # noqa: E402
from persistence.outbox import OutboxMessage  # noqa: E402

PATIENT: Final = 600.0
"""Seconds for which who stands still may keep a connection; the last may be long in coming."""
STAFF: Final = StaffMember(name="rosa", role=Role.SUPERVISOR)


def named(job: Job[Any]) -> Job[Any]:
    """Let the observer know whose piece is done, and that none is while work is looked for.

    What is done together is done to each piece alone, so that each can die over it by itself.
    """

    async def take(limit: int) -> Sequence[Any]:
        PIECE.set(f"take {job.name}")
        return await job.take(limit)

    async def do(piece: Any) -> None:
        PIECE.set(str(job.session(piece)))
        for left in [piece] if job.together is None else await job.together([piece]):
            await job.do(left)

    return replace(job, take=take, do=do, together=None)


def name_pieces() -> None:
    """Let work that no request does be known by the session, or by what it is done for."""
    jobs, send, run_sender = booking_http.worker.main.jobs, Wakeups._send, OutboxSender.run
    deliver = OutboxSender._deliver

    def named_jobs(parts: Parts) -> list[Job[Any]]:
        return [named(job) for job in jobs(parts)]

    async def named_delivery(self: OutboxSender, message: OutboxMessage, senders: Any) -> None:
        PIECE.set(str(message.session_id))
        await deliver(self, message, senders)

    async def named_sending(self: Wakeups) -> None:
        PIECE.set("wake-ups")
        await send(self)

    async def named_sender(self: OutboxSender, stop: asyncio.Event) -> None:
        PIECE.set("sender")
        await run_sender(self, stop)

    vars(booking_http.worker.main)["jobs"] = named_jobs
    OutboxSender.run = named_sender  # type: ignore[method-assign]  # seen from outside
    Wakeups._send = named_sending  # type: ignore[method-assign]  # seen from outside
    OutboxSender._deliver = named_delivery  # type: ignore[method-assign]  # seen from outside


async def work(settings: Settings) -> None:
    """Work as `booking-flow worker` does, until killed."""
    async with open_parts(settings) as parts, running_worker(parts, metrics=Metrics()):
        await asyncio.Event().wait()


async def drain(settings: Settings) -> None:
    """Do all the work there is, one kind after the other, and end."""
    async with open_parts(settings) as parts:
        await Worker(parts, metrics=Metrics()).drain()
        while await OutboxSender(parts).send_due():
            pass


async def answer(settings: Settings) -> None:
    """Answer every task at once, as `booking-flow task answer` does, and end."""
    async with open_parts(settings) as parts:
        await asyncio.gather(*(_answer(parts, said) for said in json.loads(os.environ["ANSWERS"])))


async def _answer(parts: Parts, said: dict[str, str]) -> None:
    PIECE.set(said["session"])
    given = TaskAnswer(
        task_id=UUID(said["task_id"]),
        seen=frozenset({int(said["version"])}),
        kind=AnswerKind(said["kind"]),
        reservation=said["reservation"],
    )
    await parts.maintenance.desk.answer(given, by=STAFF)


DOES: Final = {"work": work, "drain": drain, "answer": answer}


def run(*, does: str, port: int, environ: dict[str, str], observer: dict[str, Any]) -> None:
    """Be a service, or a worker, until killed."""
    os.environ |= environ
    settings = load_settings()
    configure_logs(settings.log_level)
    plan(**observer)
    if does == "serve":
        app = create_app(settings)
        run_until_stopped(serve_app(app, host="127.0.0.1", port=port, patience=5))
    else:
        run_until_stopped(DOES[does](settings))


def main() -> None:
    """Fork one process per line; end with the input."""
    create_app(load_settings())
    name_pieces()
    vars(persistence.database)["_OVERHEAD"] = PATIENT
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    # What is frozen is not looked through by those that are forked, which would copy it.
    gc.freeze()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            run(**json.loads(line))
            os._exit(0)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

"""What waits for a person, and taking their answer, at a terminal."""

# ruff: noqa: PLC0415 - imports inside the commands keep `--help` quick.

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click

from booking_http.cli.options import home_option

if TYPE_CHECKING:
    from booking_flow.errors import Refusal
    from booking_flow.staff.task_resolution import TaskAnswer
    from booking_http.settings import Settings
    from persistence.database import Database

_SAYS = {
    "not_booked": "The line has no booking for this attempt.",
    "paid": "The line has received the money.",
    "not_paid": "The line has not received the money.",
    "line_cancelled": "The line has confirmed the cancellation.",
    "line_refused": "The line refuses to cancel.",
    "done": "What the task asks for is done.",
}


@click.group()
def task() -> None:
    """Work off what only a person can find out or do."""


@task.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
@home_option
def list_tasks(as_json: bool, home: Path) -> None:
    """List the tasks nobody has answered, the most urgent first, without personal data."""
    from booking_http.cli.errors import friendly_errors
    from booking_http.cli.options import database_url
    from booking_http.cli.task_report import open_tasks, print_tasks

    with friendly_errors():
        found = asyncio.run(open_tasks(database_url(home)))
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        print_tasks(found)


@task.command("show")
@click.argument("task_id", type=click.UUID)
@home_option
def show_task(task_id: UUID, home: Path) -> None:
    """Print all that a person needs to find the booking at the line, the lead's name included.

    It needs the keys of personal data, as `serve` does.
    """
    from booking_http.cli.errors import friendly_errors
    from booking_http.cli.options import settings
    from booking_http.cli.task_report import all_of

    with friendly_errors():
        found = asyncio.run(all_of(settings(home), task_id))
    if found is None:
        raise click.ClickException(f"there is no task {task_id}")
    click.echo(json.dumps(found, indent=2, ensure_ascii=False))


@task.command("answer")
@click.argument("task_id", type=click.UUID)
@click.option("--version", type=int, required=True, help="The task's version that you have seen.")
@click.option("--reservation", help="The line has the booking under this number.")
@click.option("--not-booked", "kind", flag_value="not_booked", help=_SAYS["not_booked"])
@click.option("--paid", "kind", flag_value="paid", help=_SAYS["paid"])
@click.option("--not-paid", "kind", flag_value="not_paid", help=_SAYS["not_paid"])
@click.option("--line-cancelled", "kind", flag_value="line_cancelled", help=_SAYS["line_cancelled"])
@click.option("--line-refused", "kind", flag_value="line_refused", help=_SAYS["line_refused"])
@click.option("--done", "kind", flag_value="done", help=_SAYS["done"])
@click.option("--note", help="Why, for the history; no names and no card numbers.")
@click.option("--supervisor", is_flag=True, help="Accept what the line's record contradicts.")
@click.option("--takeover", is_flag=True, help="Answer although a colleague works on it.")
@click.option("--as", "name", required=True, help="Who answers.")
@home_option
def answer_task(
    *,
    task_id: UUID,
    version: int,
    reservation: str | None,
    kind: str | None,
    note: str | None,
    supervisor: bool,
    takeover: bool,
    name: str,
    home: Path,
) -> None:
    """Answer the task with TASK_ID; a reservation is checked at the line before it is believed."""
    from booking_flow.staff.task_resolution import AnswerKind, TaskAnswer
    from booking_http.cli.errors import friendly_errors
    from booking_http.cli.options import settings
    from booking_http.runtime.logs import configure_logs

    configure_logs("ERROR")
    if bool(reservation) == bool(kind):
        raise click.UsageError("give one answer: --reservation, --not-booked, --paid, …")
    given = TaskAnswer(
        task_id=task_id,
        version=version,
        kind=AnswerKind(kind or AnswerKind.RESERVATION),
        reservation=reservation,
        note=note,
        supervisor=supervisor,
    )
    with friendly_errors():
        said = asyncio.run(_answer(given, name=name, takeover=takeover, at=settings(home)))
    click.echo(said)


async def _answer(given: TaskAnswer, *, name: str, takeover: bool, at: Settings) -> str:
    from booking_flow.errors import Refused
    from booking_flow.model.history import ActorKind, Origin
    from booking_http.wiring import open_parts

    async with open_parts(at) as parts:
        if not takeover:
            await _ensure_free(parts.database, given.task_id)
        try:
            loaded = await parts.maintenance.desk.answer(
                given, origin=Origin(actor=ActorKind.STAFF, actor_name=name)
            )
        except Refused as refused:
            raise click.ClickException(_reasons(refused.refusal)) from None
        if loaded is None:
            await _note(parts.database, given, name)
            return "closed"
    return f"{loaded.session.reference} is {loaded.session.state} now"


async def _note(database: Database, given: TaskAnswer, name: str) -> None:
    """Leave a line of an answer that no session's history has."""
    from persistence.audit import AuditEntry, PostgresAudit

    facts = {"answer": given.kind.value}
    entry = AuditEntry(
        account_id=None,
        name=name,
        action="answer_task",
        task_id=given.task_id,
        reason=given.note,
        facts=facts,
    )
    await PostgresAudit(database).write(entry)


async def _ensure_free(database: Database, task_id: UUID) -> None:
    from persistence.task_queries import SupportWork

    queued = await SupportWork(database, "command line").task(task_id)
    if queued is not None and queued.claim is not None and queued.task.closed_at is None:
        raise click.ClickException(
            f"{queued.claim.name} works on this task; --takeover answers all the same."
        )


def _reasons(refusal: Refusal) -> str:
    sides = [f"{fault.pointer.removeprefix('/')}: {fault.detail}" for fault in refusal.errors]
    return "\n  ".join([refusal.detail or refusal.code.value, *sides])

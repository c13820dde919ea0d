"""What waits for a person, and taking their answer, at a terminal."""

# ruff: noqa: PLC0415 - imports inside the commands keep `--help` quick.

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click

from booking_http.cli.options import home_option
from booking_http.cli.sign_in import Credentials, credentials_option, signed_in

if TYPE_CHECKING:
    from booking_flow.staff.task_resolution import TaskAnswer
    from booking_http.settings import Settings

_SAYS = {
    "not_booked": "The line has no booking for this attempt.",
    "paid": "The line has received the money.",
    "not_paid": "The line has not received the money.",
    "line_cancelled": "The line has confirmed the cancellation.",
    "line_refused": "The line refuses.",
    "received": "All that is due now was received.",
    "cancel_booking": "It will not be paid: have the line cancel it.",
    "second_cancelled": "Of two bookings the second is cancelled and refunded.",
    "first_cancelled": "Of two bookings the first is cancelled and refunded.",
    "refunded": "The line keeps a part of a cancelled booking, and the rest has gone back.",
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
@credentials_option
@home_option
def show_task(task_id: UUID, who: Credentials, home: Path) -> None:
    """Print all that a person needs to find the booking at the line, the lead's name included.

    It needs the keys of personal data, as `serve` does, and leaves a line in the audit.
    """
    from booking_http.cli.errors import friendly_errors
    from booking_http.cli.options import settings
    from booking_http.cli.task_report import all_of

    who.ensure_given()
    with friendly_errors():
        found = asyncio.run(all_of(settings(home), task_id, who))
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
@click.option("--received", "kind", flag_value="received", help=_SAYS["received"])
@click.option("--cancel-booking", "kind", flag_value="cancel_booking", help=_SAYS["cancel_booking"])
@click.option(
    "--second-cancelled", "kind", flag_value="second_cancelled", help=_SAYS["second_cancelled"]
)
@click.option(
    "--first-cancelled", "kind", flag_value="first_cancelled", help=_SAYS["first_cancelled"]
)
@click.option("--refunded", "kind", flag_value="refunded", help=_SAYS["refunded"])
@click.option("--kept", type=Decimal, help="With --refunded: what the line keeps.")
@click.option("--done", "kind", flag_value="done", help=_SAYS["done"])
@click.option("--note", help="Why, for the history; no names and no card numbers.")
@click.option(
    "--supervisor",
    "override",
    is_flag=True,
    help="Accept what the line's record contradicts; for supervisors.",
)
@click.option("--takeover", is_flag=True, help="Answer although a colleague works on it.")
@credentials_option
@home_option
def answer_task(
    *,
    task_id: UUID,
    version: int,
    reservation: str | None,
    kind: str | None,
    note: str | None,
    override: bool,
    takeover: bool,
    kept: Decimal | None,
    who: Credentials,
    home: Path,
) -> None:
    """Answer the task with TASK_ID; a reservation is checked at the line before it is believed."""
    from booking_flow.model.card_numbers import holds_card_number
    from booking_flow.staff.task_resolution import AnswerKind, TaskAnswer
    from booking_http.cli.errors import friendly_errors
    from booking_http.cli.options import settings
    from booking_http.runtime.logs import configure_logs

    configure_logs("ERROR")
    if bool(reservation) == bool(kind):
        raise click.UsageError("give one answer: --reservation, --not-booked, --paid, …")
    if note and holds_card_number(note):
        raise click.UsageError("--note must not hold a card number: it is kept for good")
    who.ensure_given()
    given = TaskAnswer(
        task_id=task_id,
        seen=frozenset({version}),
        kind=AnswerKind(kind or AnswerKind.RESERVATION),
        reservation=reservation,
        note=note,
        override=override,
        takeover=takeover,
        kept=kept,
    )
    with friendly_errors():
        said = asyncio.run(_answer(given, who, settings(home)))
    click.echo(said)


async def _answer(given: TaskAnswer, who: Credentials, at: Settings) -> str:
    from booking_http.wiring import open_parts

    async with open_parts(at) as parts:
        staff = await signed_in(parts.database, who)
        loaded = await parts.maintenance.desk.answer(given, by=staff)
    return f"{loaded.session.reference} is {loaded.session.state} now" if loaded else "closed"

"""A session's report as tables: coloured on a terminal, plain text everywhere else."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from booking_http.console.timeline_rows import TimelineRow, rows_of
from booking_http.staff.responses import HappeningResponse, TaskResponse

Facts = dict[str, Any]
Cells = Sequence[object]
_PLAIN_WIDTH: Final = 220


def print_tables(
    facts: Facts, timeline: Sequence[HappeningResponse], tasks: Sequence[TaskResponse]
) -> None:
    """Print what the session is, what happened to it row by row, and its tasks."""
    plain = not sys.stdout.isatty()
    console = Console(highlight=False, width=_PLAIN_WIDTH if plain else None)
    style = None if plain else box.SIMPLE_HEAD
    story = _table("What happened", _STORY, [_happened(row) for row in rows_of(timeline)], style)
    for table in (_summary(facts), story, _table("Tasks", _TASKS, list(map(_task, tasks)), style)):
        console.print(table)
        if plain:
            console.print()


def _table(
    title: str, columns: Sequence[str], rows: Sequence[Cells], style: box.Box | None
) -> Table:
    title = f"{title} ({len(rows)})"
    table = Table(title=title, title_justify="left", box=style, title_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for cells in rows:
        # As Text, so that a bracket in a reason is a bracket and no markup.
        table.add_row(*(Text("" if cell is None else str(cell)) for cell in cells))
    return table


def _happened(row: TimelineRow) -> Cells:
    told = row.told
    who = " ".join(filter(None, (told.actor, told.name)))
    moved = " → ".join(row.moved) if row.moved else None
    named = (_clock(row.at), row.gap or row.pause, who, row.title, told.trigger or told.what)
    return (*named, row.end.word, moved, row.took, told.reason or row.why or _answered(told))


def _answered(told: HappeningResponse) -> str | None:
    """Return the numbers in an answer of the supplier that was no good one."""
    if told.kind != "call" or told.outcome == "ok":
        return None
    numbers = {"HTTP": told.http_status, "error": told.error_code}
    return ", ".join(f"{name} {number}" for name, number in numbers.items() if number is not None)


def _summary(facts: Facts) -> Table:
    grid = Table.grid(padding=(0, 2))
    for name, value in _facts_of(facts):
        if value is not None:
            grid.add_row(Text(name, style="bold"), Text(str(value)))
    return grid


def _facts_of(facts: Facts) -> Iterator[tuple[str, object]]:
    cruise, party = facts["cruise"], facts["party"]
    ages = ", ".join(map(str, party["childAges"]))
    yield "reference", facts["reference"]
    yield "state", f"{facts['stateLabel']} ({facts['state']}), version {facts['version']}"
    yield "open step", _open_step(facts["openStep"])
    yield "being undone", _unwinding(facts["unwinding"])
    yield "cancel asked", _moment(facts["cancelRequestedAt"])
    yield "sailing", f"{cruise['cruiseId']} {cruise['name']}, {cruise['sailingDate']}"
    yield "ship", f"{cruise['shipName']}, {cruise['lineName']}"
    yield "party", f"{party['adults']} adults" + (f", children aged {ages}" if ages else "")
    yield "cabin", facts["cabin"]
    yield "held until", None if facts["booking"] else _moment(facts["holdUntil"])
    yield "price", _money(facts["price"])
    yield "deposit", _money(facts["deposit"])
    yield from _booking(facts["booking"])
    yield "cards tried", facts["cardsTried"] or None
    yield "started", _moment(facts["createdAt"])
    yield "expires", _moment(facts["expiresAt"])
    yield "id", facts["id"]


def _booking(booking: Facts | None) -> Iterator[tuple[str, object]]:
    if booking is None:
        return
    yield "reservation", f"{booking['reservation']} ({booking['status']})"
    yield "supplier id", booking["supplierBookingId"]
    yield "total", _money(booking["total"])
    yield "paid", _money(booking["paid"])
    yield "outstanding", _money(booking["outstanding"])
    yield "pay by", _moment(booking["paymentDueAt"])
    yield "balance due", booking["balanceDueDate"]


_STORY: Final = (
    "time (UTC)",
    "after",
    "by",
    "what happened",
    "its name",
    "how it ended",
    "state",
    "took",
    "why",
)
_TASKS: Final = ("task", "opened", "due", "not before", "closed", "by")


def _task(task: TaskResponse) -> Cells:
    times = (task.opened_at, task.due_at, task.not_before, task.closed_at)
    return (task.kind, *(at and _clock(at) for at in times), task.closed_by)


def _open_step(step: Facts | None) -> str | None:
    if step is None:
        return None
    return f"{step['name']}, {step['status']} since {_moment(step['since'])}"


def _unwinding(unwinding: Facts | None) -> str | None:
    return (
        None if unwinding is None else f"{unwinding['reason']} since {_moment(unwinding['since'])}"
    )


def _money(money: Facts | None) -> str | None:
    return None if money is None else f"{money['amount']} {money['currency']}"


def _moment(text: str | None) -> str | None:
    return None if text is None else _clock(datetime.fromisoformat(text))


def _clock(at: datetime) -> str:
    """Return a time with its milliseconds: in a booking, two seconds matter."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d}"

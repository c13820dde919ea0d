"""A session's report as tables: coloured on a terminal, plain text everywhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

Facts = dict[str, Any]
Cells = Sequence[object]
_PLAIN_WIDTH: Final = 220


def print_tables(facts: Facts) -> None:
    """Print what the session is and then what happened to it, step by step."""
    plain = not sys.stdout.isatty()
    console = Console(highlight=False, width=_PLAIN_WIDTH if plain else None)
    for table in _tables(facts, style=None if plain else box.SIMPLE_HEAD):
        console.print(table)
        if plain:
            console.print()


def _tables(facts: Facts, *, style: box.Box | None) -> Iterator[Table]:
    yield _summary(facts)
    facts = facts | {"history": list(_with_gaps(facts["history"]))}
    sections: tuple[tuple[str, str, Sequence[str], Callable[[Facts], Cells]], ...] = (
        ("History", "history", _HISTORY, _event),
        ("Steps", "steps", _STEPS, _step),
        ("Supplier calls", "calls", _CALLS, _call),
        ("Tasks", "tasks", _TASKS, _task),
    )
    for title, name, columns, cells in sections:
        yield _table(f"{title} ({len(facts[name])})", columns, map(cells, facts[name]), style)


def _table(
    title: str, columns: Sequence[str], rows: Iterator[Cells], style: box.Box | None
) -> Table:
    table = Table(title=title, title_justify="left", box=style, title_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for cells in rows:
        # As Text, so that a bracket in a reason is a bracket and no markup.
        table.add_row(*(Text("" if cell is None else str(cell)) for cell in cells))
    return table


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


_HISTORY: Final = (
    "seq",
    "time (UTC)",
    "after",
    "actor",
    "what",
    "trigger or step",
    "state",
    "reason",
)
_STEPS: Final = ("step", "status", "claimed", "settled", "sent", "lease until", "refusal", "tries")
_CALLS: Final = ("time (UTC)", "call", "took", "outcome", "http", "error")
_TASKS: Final = ("task", "opened", "due", "not before", "closed", "by")


def _with_gaps(events: Sequence[Facts]) -> Iterator[Facts]:
    """Add to each event how long after the one before it came."""
    before: datetime | None = None
    for event in events:
        at = datetime.fromisoformat(event["at"])
        gap = None if before is None else f"+{(at - before).total_seconds():.3f} s"
        yield event | {"gap": gap}
        before = at


def _event(event: Facts) -> Cells:
    before, after = event["from"], event["to"]
    moved = after if before in (None, after) else f"{before} → {after}"
    details = event["details"]
    asked, why = event["trigger"] or details.get("step"), event["reason"] or details.get("outcome")
    named = (event["seq"], _moment(event["at"]), event["gap"], event["actor"], event["kind"])
    return (*named, asked, moved, why)


def _step(step: Facts) -> Cells:
    times = (_moment(step["claimedAt"]), _moment(step["settledAt"]))
    sent = "yes" if step["sent"] else "no"
    ends = (_moment(step["leaseUntil"]), step["refusal"], step["attempts"])
    return (step["name"], step["status"], *times, sent, *ends)


def _call(call: Facts) -> Cells:
    took = f"{call['seconds']:.3f} s"
    said = (call["outcome"], call["httpStatus"], call["errorCode"])
    return (_moment(call["at"]), call["endpoint"], took, *said)


def _task(task: Facts) -> Cells:
    times = (_moment(task[name]) for name in ("openedAt", "dueAt", "notBefore", "closedAt"))
    return (task["kind"], *times, task["closedBy"])


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
    """Return a time with its milliseconds: in a booking, two seconds matter."""
    if text is None:
        return None
    at = datetime.fromisoformat(text)
    return f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d}"

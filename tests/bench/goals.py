"""What calls are to cost, beside what they cost before they were made cheaper and cost now.

What was before is what the same program measured before the driver sent the statements, on two
busy cores (docs/performance.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from rich.console import Console
from rich.table import Table

from tests.bench import latency, processes, recovery, waiting
from tests.bench.clients import BARE
from tests.bench.cost import COMMITS, GROUP, LOG, STATEMENTS, WHOLE
from tests.bench.durable_workflows import GROUP as WORKFLOWS
from tests.bench.figures import Figures, spoken

DURABLE: Final = {"open": 1, "price": 1, "choose": 1, "hold": 2, "book and pay": 2, "look": 1}
"""Durable commits of a call, by which its rate is compared with that of the bare server; one for a
look, which makes none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """One line of the table; values in the unit that its name ends with."""

    name: str
    before: float
    now: float
    goal: str


def goals_of(figures: Figures) -> Iterator[Goal]:
    """Return what was measured of it."""
    bare = figures.value(GROUP, f"{BARE}: rate")
    for step, commits in DURABLE.items():
        rate = figures.value(GROUP, f"{step}: rate")
        share = 100 * rate * commits / bare
        before, goal = SHARES[step]
        yield Goal(name=f"{step}, % of bare a commit", before=before, now=share, goal=goal)
    for name, (before, goal) in OF_A_BOOKING.items():
        now = figures.value(GROUP, f"{WHOLE}: {name}")
        yield Goal(name=f"a booking, {name}", before=before, now=now, goal=goal)
    for (group, name), (before, goal) in OF_MANY.items():
        yield Goal(name=name, before=before, now=figures.value(group, name), goal=goal)
    for (group, name), (before, goal) in LATE.items():
        yield Goal(
            name=f"own time, {name}", before=before, now=figures.value(group, name), goal=goal
        )
    for supplier, (before, goal) in BESIDE_DBOS.items():
        both = [
            figures.value(WORKFLOWS, f"{supplier}, 16 at once: {who}") for who in ("ours", "DBOS")
        ]
        yield Goal(name=f"times DBOS, {supplier}", before=before, now=both[0] / both[1], goal=goal)
    for one in figures.found:
        # Only the whole measurement leaves any open.
        if one.group == recovery.GROUP and one.name.startswith(recovery.STEPS) and one.unit == "/s":
            yield Goal(name=f"{recovery.STEPS}, a second", before=91, now=one.value, goal="333")
    gain = figures.value(processes.GROUP, processes.GAIN)
    alone = figures.value(processes.GROUP, processes.ALONE)
    yield Goal(name="2 processes instead of 1, times", before=1.0, now=gain / alone, goal="1.5")


OF_MANY: Final = {
    (waiting.GROUP, waiting.BOOKINGS): (200.0, "10,000"),
    (waiting.GROUP, waiting.OF_BOOKING): (104.0, "30 KB"),
    (waiting.GROUP, waiting.SHARE): (2.0, "0.5 %"),
}
LATE: Final = {
    (latency.GROUP, latency.MEDIAN): (11.0, "6 ms"),
    (latency.GROUP, latency.WORST): (46.0, "15 ms"),
}
BESIDE_DBOS: Final = {"supplier in memory": (2.2, "8"), "simulator": (1.7, "3")}
SHARES: Final = {
    "open": (6.6, "50"),
    "price": (5.5, "50"),
    "choose": (3.4, "50"),
    "hold": (5.4, "40"),
    "book and pay": (11.6, "40"),
    "look": (33.3, "60"),
}
OF_A_BOOKING: Final = {
    "service": (196.0, "12 ms"),
    "PostgreSQL": (29.5, "4 ms"),
    STATEMENTS: (21.0, "9"),
    COMMITS: (9.9, "6"),
    LOG: (55.0, "20 KB"),
}


def show(figures: Figures, console: Console) -> None:
    """Print the table."""
    table = Table(title="goals", title_justify="left", min_width=76)
    table.add_column("")
    for heading in ("before", "now", "goal"):
        table.add_column(heading, justify="right")
    for one in goals_of(figures):
        table.add_row(one.name, spoken(one.before), spoken(one.now), one.goal)
    console.print(table)

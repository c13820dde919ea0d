"""What a sync or an import did, as tables for people, and how far it is while it runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from adapters.catalogue.report import Report
from adapters.catalogue.runs import RunWatch

_FATES: Final = ("new", "changed", "vanished", "same", "refused")
_SHOWN: Final = ("new", "changed", "vanished")
_FAULTS: Final = 20
_PLAIN_WIDTH: Final = 160


class _Silent:
    """Somebody who does not look."""

    def begin(self, what: str, total: int) -> None:
        """Ignore what begins."""

    def advance(self, parts: int) -> None:
        """Ignore what is done."""


class _Bar:
    """Somebody who looks at a bar."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=None)

    def begin(self, what: str, total: int) -> None:
        """Show a bar for something new."""
        self._progress.reset(self._task, description=what, total=total)

    def advance(self, parts: int) -> None:
        """Move the bar on."""
        self._progress.advance(self._task, parts)


@contextmanager
def watching(*, quiet: bool = False) -> Iterator[RunWatch]:
    """Show a bar on a terminal, and nothing anywhere else."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield _Silent()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as progress:
        yield _Bar(progress)


def print_report(report: Report) -> None:
    """Print what was done, or would be done."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _PLAIN_WIDTH)
    console.print(Text(_headline(report), style="bold"))
    console.print(_counts(report))
    for line in _details(report):
        console.print(Text(line))


def _headline(report: Report) -> str:
    world = f" ({report.environment})" if report.environment else ""
    lines = ", ".join(map(str, report.lines))
    done = "would write" if report.dry_run else "wrote"
    source = f"{report.source} {report.out_of}" if report.out_of else report.source
    return (
        f"{report.kind} of lines {lines} from {source} to {report.target} {report.into}{world}: "
        f"{done} {report.written:,} rows in {report.seconds:.1f} s"
    )


def _counts(report: Report) -> Table:
    table = Table("", *_FATES, box=None, pad_edge=False)
    for name, tally in report.tables.items():
        table.add_row(name, *(f"{getattr(tally, fate):,}" for fate in _FATES))
    return table


def _samples(report: Report) -> Iterator[str]:
    for name, tally in report.tables.items():
        for fate in _SHOWN:
            if found := tally.samples.get(fate):
                more = ", …" if getattr(tally, fate) > len(found) else ""
                yield f"{name} {fate}: {', '.join(found)}{more}"


def _details(report: Report) -> Iterator[str]:
    yield from _samples(report)
    for table, columns in report.left_out.items():
        for column, reason in columns.items():
            yield f"left out {table}.{column}: {reason}"
    if report.resumed:
        yield f"went on from where it was cut off, {report.resumed} times in all"
    yield from (f"note: {note}" for note in report.notes)
    if report.doubted:
        yield "note: --accept-vanished marks them all the same"
    for fault in report.faults[:_FAULTS]:
        yield f"refused {fault.name}: {fault.reason}"
    if report.refused > _FAULTS:
        yield f"refused {report.refused:,} in all; --json lists up to 200"

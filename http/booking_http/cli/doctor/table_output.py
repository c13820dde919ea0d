"""The doctor's report as a table: coloured on a terminal, plain text everywhere else."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from adapters.catalogue.row_fixes import RowFix, RowsFixed
from booking_http.cli.doctor.findings import DoctorFinding, DoctorReport, Level

_STYLES: Final = {Level.OK: "green", Level.WARNING: "yellow", Level.FAILURE: "bold red"}
_PLAIN_WIDTH: Final = 200
_SHOWN: Final = 40
_VERDICTS: Final = {
    Level.OK: "All is well.",
    Level.WARNING: "Guests can book; the warnings say what could be better.",
    Level.FAILURE: "Guests run into the failures; begin with the first.",
}


def print_report(report: DoctorReport) -> None:
    """Print all findings, and how it stands."""
    console = _console()
    console.print(_findings(report.findings))
    verdict = f"{report.environment}: {_VERDICTS[report.level]}"
    console.print(Text(verdict, style=_STYLES[report.level]))


def print_proposal(fixes: Sequence[RowFix]) -> None:
    """Print what would be corrected in which rows."""
    table = Table(box=_box(), title="Rows to correct", title_justify="left", pad_edge=False)
    for name in ("sailing", "fact", "catalogue says", "supplier says"):
        table.add_column(name)
    for each in fixes[:_SHOWN]:
        table.add_row(each.cruise_id, each.fact, each.ours, each.theirs)
    console = _console()
    console.print(table)
    if len(fixes) > _SHOWN:
        console.print(f"and {len(fixes) - _SHOWN} more; --json lists all")


def print_fixed(fixed: RowsFixed) -> None:
    """Print what became of the corrections."""
    console = _console()
    console.print(f"{len(fixed.done)} corrected")
    for each in fixed.no_such_row:
        console.print(f"{each}: left, since the catalogue has no row of that id")
    for each in fixed.changed_meanwhile:
        console.print(f"{each}: left, since it was changed meanwhile")
    for each, why in fixed.refused:
        console.print(f"{each}: left, since the database refused it: {why}")


def _findings(findings: Sequence[DoctorFinding]) -> Table:
    table = Table(box=_box(), pad_edge=False)
    for name in ("", "check", "found", "for a guest", "what to do"):
        table.add_column(name, overflow="fold")
    for finding in findings:
        style = _STYLES[finding.level]
        said = "\n  ".join((finding.said, *finding.examples))
        table.add_row(
            Text(finding.level.value, style=style),
            *map(Text, (finding.check, said, finding.guest, finding.todo)),
        )
    return table


def _console() -> Console:
    return Console(highlight=False, width=None if sys.stdout.isatty() else _PLAIN_WIDTH)


def _box() -> box.Box | None:
    return box.SIMPLE_HEAD if sys.stdout.isatty() else None

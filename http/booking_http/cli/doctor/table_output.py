"""The doctor's report as a table: coloured on a terminal, plain text everywhere else."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from adapters.catalogue.line_fixes import Corrected, Correction
from booking_http.cli.doctor.findings import Finding, Level, Report

_STYLES: Final = {Level.OK: "green", Level.WARNING: "yellow", Level.FAILURE: "bold red"}
_PLAIN_WIDTH: Final = 200
_SHOWN: Final = 40
_VERDICTS: Final = {
    Level.OK: "All is well.",
    Level.WARNING: "Guests can book; the warnings say what could be better.",
    Level.FAILURE: "Guests run into the failures; begin with the first.",
}


def print_report(report: Report) -> None:
    """Print all findings, and how it stands."""
    console = _console()
    console.print(_findings(report.findings))
    verdict = f"{report.environment}: {_VERDICTS[report.level]}"
    console.print(Text(verdict, style=_STYLES[report.level]))


def print_proposal(corrections: Sequence[Correction]) -> None:
    """Print which lines would be corrected."""
    table = Table(box=_box(), title="Lines to correct", title_justify="left", pad_edge=False)
    for name in ("sailing", "catalogue says", "supplier says"):
        table.add_column(name)
    for each in corrections[:_SHOWN]:
        table.add_row(each.cruise_id, str(each.ours), str(each.theirs))
    console = _console()
    console.print(table)
    if len(corrections) > _SHOWN:
        console.print(f"and {len(corrections) - _SHOWN} more; --json lists all")


def print_corrected(corrected: Corrected) -> None:
    """Print what became of the corrections."""
    console = _console()
    console.print(f"{len(corrected.done)} lines corrected")
    for each in corrected.no_such_line:
        console.print(f"{each.cruise_id}: left, since the catalogue has no line {each.theirs}")
    for each in corrected.changed_meanwhile:
        console.print(f"{each.cruise_id}: left, since it was changed meanwhile")


def _findings(findings: Sequence[Finding]) -> Table:
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

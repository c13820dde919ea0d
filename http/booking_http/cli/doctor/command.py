"""`booking-flow doctor`: what is wrong here, what it means for a guest, and what to do."""

# ruff: noqa: PLC0415 - imports inside the command keep `--help` quick.

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from booking_http.cli.options import home_option

if TYPE_CHECKING:
    from adapters.catalogue.row_fixes import RowsFixed
    from booking_http.cli.doctor.findings import DoctorReport
    from booking_http.settings import Settings


class NotExamined(click.ClickException):
    """Nothing could be examined; ends with the status of failures."""

    exit_code = 2


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
@click.option("--all", "all_of_them", is_flag=True, help="Compare every sailing's line.")
@click.option(
    "--sample",
    type=click.IntRange(1, 1000),
    default=5,
    show_default=True,
    help="Sailings of every line to compare.",
)
@click.option("--fix", is_flag=True, help="Propose lines, ships, dates and nights; see --yes.")
@click.option("--fix-lines", is_flag=True, help="Correct lines that the supplier says are others.")
@click.option("--yes", is_flag=True, help="Correct them without asking; --fix writes only with it.")
@click.option("--production", is_flag=True, help="Correct them in a production catalogue, too.")
@home_option
@click.pass_context
def doctor(
    ctx: click.Context,
    /,
    *,
    as_json: bool,
    all_of_them: bool,
    sample: int,
    home: Path,
    **fixing: bool,
) -> None:
    """Look whether this installation is what it should be.

    Databases and their versions, environment, catalogue, supplier, clocks: each finding says what
    it means for a guest and what to do. It opens sessions at the supplier and prices them; it
    holds and books nothing. Exit status: 0 all is well, 1 warnings, 2 failures.
    """
    if ctx.invoked_subcommand is not None:
        return
    from booking_http.cli.options import settings as settings_of
    from booking_http.runtime.logs import configure_logs

    configure_logs("CRITICAL")
    with _two_for_all():
        settings = settings_of(home)
        _ensure_complete(settings)
        if fixing["fix"] or fixing["fix_lines"]:
            _ensure_writable(settings, production=fixing["production"])
        per_line = None if all_of_them else sample
        report = _look(settings, per_line, as_json=as_json)
        facts = report.facts()
        if (fixed := _fix(settings, report, as_json=as_json, **fixing)) is not None:
            facts["corrected"] = _facts(fixed)
            if fixed.done:
                # What was put right is a finding no longer.
                report = _look(settings, per_line, as_json=as_json)
                facts |= report.facts()
        if as_json:
            click.echo(json.dumps(facts, indent=2))
    sys.exit(report.status)


@doctor.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
@home_option
def production(*, as_json: bool, home: Path) -> None:
    """Report what `serve` refuses to start with in production, whatever APP_ENV is now.

    Exit status: 0 nothing, 1 only what PRODUCTION_ACCEPT names, 2 something else.
    """
    from booking_http.cli.options import settings as settings_of
    from booking_http.runtime.logs import configure_logs

    configure_logs("CRITICAL")
    with _two_for_all():
        report = asyncio.run(_examined_for_production(settings_of(home)))
        if as_json:
            click.echo(json.dumps(report.facts(), indent=2))
        else:
            _print(report)
    sys.exit(report.status)


async def _examined_for_production(settings: Settings) -> DoctorReport:
    from booking_http.cli.doctor.connections import open_connections
    from booking_http.cli.doctor.runner import examine_production

    async with open_connections(settings) as connections:
        return await examine_production(connections)


def _ensure_complete(settings: Settings) -> None:
    """Refuse settings of mail, webhooks and sign-in that a service would not start with."""
    from booking_http.notifications.settings import notification_settings
    from booking_http.staff.identity_provider import provider_of

    notification_settings(settings)
    provider_of(settings)


def _ensure_writable(settings: Settings, *, production: bool) -> None:
    from booking_http.cli.doctor import row_fixes
    from booking_http.runtime.connection_errors import catalogue_name, named

    with named(catalogue_name()):
        asyncio.run(row_fixes.ensure_writable(settings, production=production))


@contextmanager
def _two_for_all() -> Iterator[None]:
    """End with 2, the status of failures, where nothing could be examined at all."""
    from booking_http.cli.errors import friendly_errors

    try:
        with friendly_errors():
            yield
    except click.ClickException as error:
        raise NotExamined(error.message) from None


def _look(settings: Settings, per_line: int | None, *, as_json: bool) -> DoctorReport:
    """Examine everything, and print it unless JSON is asked for."""
    report = asyncio.run(_examined(settings, per_line, as_json))
    if not as_json:
        _print(report)
    return report


async def _examined(settings: Settings, per_line: int | None, as_json: bool) -> DoctorReport:
    from booking_http.cli.doctor.connections import open_connections
    from booking_http.cli.doctor.runner import Scope, examine
    from booking_http.cli.sync_report import watching

    with watching(quiet=as_json) as watch:
        async with open_connections(settings) as connections:
            return await examine(connections, Scope(per_line=per_line), watch)


def _print(report: DoctorReport) -> None:
    from booking_http.cli.doctor.table_output import print_report

    print_report(report)


def _fix(
    settings: Settings,
    report: DoctorReport,
    *,
    as_json: bool,
    fix: bool,
    fix_lines: bool,
    **asked: bool,
) -> RowsFixed | None:
    """Propose what is to be put right, ask, and apply; None where nothing was written."""
    from booking_flow.model.agreement import Fact
    from booking_http.cli.doctor import row_fixes, table_output

    fixes = [
        each for each in report.corrections if fix or (fix_lines and each.fact is Fact.LINE_ID)
    ]
    if fixes and not as_json:
        table_output.print_proposal(fixes)
    if not fixes or not _agreed(only_with_yes=fix, as_json=as_json, yes=asked["yes"]):
        return None
    fixed = asyncio.run(row_fixes.apply(settings, fixes))
    if not as_json:
        table_output.print_fixed(fixed)
    return fixed


def _agreed(*, only_with_yes: bool, as_json: bool, yes: bool) -> bool:
    if yes or as_json:
        return yes
    if only_with_yes:
        click.echo("Nothing was changed; --yes corrects them.")
        return False
    return click.confirm("Correct these lines?", err=True)


def _facts(fixed: RowsFixed) -> dict[str, object]:
    from booking_http.cli.doctor import row_fixes

    return row_fixes.facts(fixed)

"""Bringing sailings into a catalogue: from another database, or from the supplier's files."""

# ruff: noqa: PLC0415 - imports inside the commands keep `--help` quick.

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from booking_http.cli.options import home_option

if TYPE_CHECKING:
    from adapters.catalogue.report import Report
    from adapters.catalogue.run_log import Ledger
    from adapters.catalogue.runs import Order, RunWatch
    from booking_http.cli.catalogue_runs import RunEnd, SyncSettings

    Job = Callable[[Ledger | None, RunWatch], Awaitable[Report]]

NOT_ALL = 3
"""The exit code when rows or files were refused, or what vanished was not believed."""


class _Lines(click.ParamType[Any]):
    """Ids of cruise lines, separated by commas."""

    name = "IDS"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, ...]:
        """Read `22,3`."""
        try:
            return tuple(dict.fromkeys(int(word) for word in str(value).split(",")))
        except ValueError:
            self.fail(f"{value} is no list of numbers such as 22,3", param, ctx)


class _Url(click.ParamType[Any]):
    """The address of a PostgreSQL database."""

    name = "URL"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        """Refuse what leads elsewhere, without repeating a password."""
        from booking_http import addresses

        try:
            return addresses.database(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class _Duration(click.ParamType[Any]):
    """A time such as 24h."""

    name = "TIME"

    def convert(self, value: Any, param: Any, ctx: Any) -> timedelta:
        """Read `24h`."""
        from booking_http.cli.catalogue_runs import duration

        try:
            return duration(str(value))
        except ValueError as error:
            self.fail(f"{value} is not {error}", param, ctx)


_COMMON = (
    click.option("--lines", type=_Lines(), help="Cruise lines.  [default: LIVE_LINES]"),
    click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing."),
    click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables."),
    click.option("--afresh", is_flag=True, help="Do not go on with a run that was cut off."),
    click.option("--production", is_flag=True, help="Write although it is marked production."),
    click.option(
        "--accept-vanished", is_flag=True, help="Let most of a line's sailings go inactive."
    ),
)


def _common(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_COMMON):
        command = option(command)
    return command


@click.group()
def catalogue() -> None:
    """Bring cruise lines, ships and sailings into a catalogue."""


@catalogue.command("sync")
@click.option(
    "--from",
    "source",
    type=_Url(),
    required=True,
    envvar="SYNC_FROM",
    show_envvar=True,
    help="Read from this URL.",
)
@click.option(
    "--to",
    "target",
    type=_Url(),
    required=True,
    envvar="SYNC_TO",
    show_envvar=True,
    help="Write to this URL.",
)
@click.option("--every", type=_Duration(), help="Do it again and again, such as every 24h.")
@_common
def sync_command(
    *, source: str, target: str, every: timedelta | None, as_json: bool, **asked: Any
) -> None:
    """Copy sailings with their lines and ships from one database into another.

    Only what differs is written, no row is ever deleted, and sailings that the source no longer
    has are marked inactive. SYNC_FROM and SYNC_TO keep passwords out of the list of processes.
    """
    from adapters.catalogue.sync import CatalogueOrigin, sync
    from booking_http.cli.catalogue_runs import RunEnd, load_sync_settings, reach
    from booking_http.cli.errors import friendly_errors

    start, end = RunEnd.named(source, "from"), RunEnd.named(target, "to")
    with friendly_errors(f"{start.name} or {end.name}"):
        settings = load_sync_settings()
        origin = CatalogueOrigin(url=source, layouts=settings.layouts())

        async def job(ledger: Ledger | None, watch: RunWatch) -> Report:
            order = await _order(settings, end, asked)
            await reach(start)
            return await sync(origin, order, ledger=ledger, watch=watch)

        _carry_out(job, settings, end, every=every, as_json=as_json)


@catalogue.command("import")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--to", "target", type=_Url(), envvar="SYNC_TO", show_envvar=True, help="Write to this URL."
)
@click.option("--workers", type=click.IntRange(1, 64), help="Processes.  [default: one a core]")
@click.option("--whole", is_flag=True, help="What the folder does not have is no longer on sale.")
@home_option
@_common
def import_command(
    *,
    folder: Path,
    target: str | None,
    workers: int | None,
    whole: bool,
    home: Path,
    as_json: bool,
    **asked: Any,
) -> None:
    """Take sailings from FOLDER, a copy of the supplier's static export.

    The export has one file for each sailing, YEAR/MONTH/LINE/SHIP/SAILING.json. A file that cannot
    be read is named with the reason and does not stop the others. Without --to the sailings go to
    CATALOGUE_URL or DATABASE_URL, or else to the demo running in this folder.
    """
    from adapters.catalogue.imports import Tree, import_files
    from booking_http.cli.catalogue_runs import load_sync_settings
    from booking_http.cli.errors import friendly_errors

    with friendly_errors():
        settings = load_sync_settings()
        end, tree = settings.target(target, home), Tree(folder=folder, whole=whole, workers=workers)
    with friendly_errors(end.name):

        async def job(ledger: Ledger | None, watch: RunWatch) -> Report:
            order = await _order(settings, end, asked)
            return await import_files(tree, order, ledger=ledger, watch=watch)

        _carry_out(job, settings, end, every=None, as_json=as_json)


async def _order(settings: SyncSettings, end: RunEnd, asked: dict[str, Any]) -> Order:
    from adapters.catalogue.runs import Order
    from booking_http.cli.catalogue_runs import environment_of
    from booking_http.runtime.connection_errors import named

    with named(end.name):
        environment = await environment_of(end.url)
    return Order(
        target=end.url,
        environment=environment,
        layouts=settings.layouts(),
        fills=settings.fills(),
        **asked | {"lines": asked["lines"] or tuple(sorted(settings.live_lines))},
    )


def _carry_out(
    job: Job, settings: SyncSettings, end: RunEnd, *, every: timedelta | None, as_json: bool
) -> None:
    """Do it until it is done, or at every interval until stopped."""
    from booking_http.cli.catalogue_runs import NOT_REMEMBERED, remembered, repeat
    from booking_http.cli.sync_report import watching
    from booking_http.runtime import process
    from booking_http.runtime.logs import configure_logs

    done: list[Report] = []

    async def once() -> None:
        async with remembered(end, settings) as ledger:
            with watching(quiet=every is not None) as watch:
                report = await job(ledger, watch)
        if ledger is None and not report.dry_run:
            report.note(NOT_REMEMBERED)
        done.append(report)
        _print(report, as_json=as_json)

    configure_logs("ERROR")
    if every is not None:
        process.run_until_stopped(repeat(_told(once), every=every))
        return
    process.run_until_stopped(once())
    if not done:
        raise click.ClickException("stopped; the next run goes on from here")
    if done[0].refused or done[0].doubted:
        sys.exit(NOT_ALL)


def _told(once: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    """Say what was in the way, and let the next time come."""
    from adapters.catalogue.pairing import CannotCopy
    from booking_flow.ports import StoreUnavailable
    from booking_http.runtime.process import CannotRun

    async def told() -> None:
        try:
            await once()
        except (CannotCopy, CannotRun, StoreUnavailable) as error:
            click.echo(f"not done: {error}", err=True)

    return told


def _print(report: Report, *, as_json: bool) -> None:
    from booking_http.cli.sync_report import print_report

    if as_json:
        click.echo(json.dumps(report.facts()))
    else:
        print_report(report)

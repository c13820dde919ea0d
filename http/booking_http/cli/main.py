"""The command line; each command imports what it needs, so that `--help` is quick."""

# ruff: noqa: PLC0415 - imports inside the commands are the point of this module.

from __future__ import annotations

import asyncio
import sys
from functools import partial
from pathlib import Path

import click

from booking_http.cli.audit import audit
from booking_http.cli.catalogue import catalogue
from booking_http.cli.configuration import settings
from booking_http.cli.doctor.command import doctor
from booking_http.cli.history import history
from booking_http.cli.keys import keys
from booking_http.cli.options import FOLDER, HOME, home_option
from booking_http.cli.outbox import outbox
from booking_http.cli.prune import prune
from booking_http.cli.reconcile import reconcile
from booking_http.cli.serve import serve
from booking_http.cli.staff import staff
from booking_http.cli.task import task

_PORT = click.IntRange(1, 65535)
_SCALE = click.FloatRange(0)
_SLOWNESS = "Scales how long the supplier takes; 1 is as slow as the real one."


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="booking-flow")
def main() -> None:
    """Live cruise booking: the service, its demo and the tools of those who run it."""


@main.command()
def worker() -> None:
    """Work off what waits, without serving requests; start as many as you like."""
    from booking_http.cli.errors import friendly_errors
    from booking_http.runtime import process
    from booking_http.runtime.logs import configure_logs
    from booking_http.settings import load_settings

    process.forbid_core_dumps()
    with friendly_errors():
        settings = load_settings()
        # What is wrong with the settings is said before the worker is loaded.
        from booking_http.runtime.descriptors import warn_of_few_descriptors
        from booking_http.worker.main import run_worker

        configure_logs(settings.log_level)
        warn_of_few_descriptors(settings)
        process.run_until_stopped(run_worker(settings))


@main.command()
@click.option(
    "--port", type=_PORT, default=8080, envvar="PORT", show_envvar=True, show_default=True
)
@click.option(
    "--simulator-port",
    type=_PORT,
    default=8090,
    envvar="SIMULATOR_PORT",
    show_envvar=True,
    show_default=True,
)
@click.option("--latency", type=_SCALE, default=0.1, show_default=True, help=_SLOWNESS)
@click.option("--fresh", is_flag=True, help="Delete what earlier demos made and start over.")
@click.option("--home", type=FOLDER, default=HOME, show_default=True, help="Where its data lie.")
def demo(port: int, simulator_port: int, latency: float, fresh: bool, home: Path) -> None:
    """Run everything on this machine, with a simulated supplier and no settings.

    DATABASE_URL, REDIS_URL and TRAVELTEK_BASE_URL with its account replace the part of the demo
    that they name.
    """
    from booking_http.cli.errors import friendly_errors
    from booking_http.demo.run import run_demo
    from booking_http.demo.servers import DemoOptions
    from booking_http.runtime import process

    process.forbid_core_dumps()
    options = DemoOptions(
        home=home, port=port, simulator_port=simulator_port, latency=latency, fresh=fresh
    )
    with friendly_errors():
        process.run_until_stopped(run_demo(options))
    click.echo("stopped")


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--port", type=_PORT, default=8090, envvar="SIMULATOR_PORT", show_envvar=True, show_default=True
)
@click.option("--state-file", type=click.Path(dir_okay=False, path_type=Path), help="Its memory.")
@click.option("--latency", type=_SCALE, default=1.0, show_default=True, help=_SLOWNESS)
@click.option("--allow-remote-control", is_flag=True, help="Let other machines change it.")
@click.option("--pictures", help="Where its answers say that pictures are; its own otherwise.")
def simulator(
    *,
    host: str,
    port: int,
    state_file: Path | None,
    latency: float,
    allow_remote_control: bool,
    pictures: str | None,
) -> None:
    """Run the simulated supplier alone and print the settings that lead to it."""
    from adapters.folders import require_writable
    from adapters.simulator import SimulatorSettings
    from adapters.simulator import serve as serve_simulator
    from booking_http.cli.errors import friendly_errors
    from booking_http.runtime import process

    settings = SimulatorSettings(
        latency_scale=latency,
        state_file=state_file,
        allow_remote_control=allow_remote_control,
        pictures=pictures,
    )
    with friendly_errors():
        advice = "choose another with --port or SIMULATOR_PORT"
        process.require_free_port(host, port, advice=advice)
        if state_file is not None:
            with process.writing(state_file.parent, advice="choose another with --state-file"):
                require_writable(state_file.parent)
        click.echo(f"TRAVELTEK_BASE_URL=http://{host}:{port}/2.1/json")
        click.echo(f"TRAVELTEK_SID={settings.sid}")
        click.echo(f"TRAVELTEK_USERNAME={settings.user}")
        click.echo(f"TRAVELTEK_PASSWORD={settings.password}")
        process.run_until_stopped(serve_simulator(settings, host=host, port=port))


@main.command()
@click.option(
    "--mark-as",
    type=click.Choice(["development", "staging", "production"]),
    help="Let the database belong to this environment from now on, whatever it did before.",
)
@click.option(
    "--grant-to",
    metavar="ROLE",
    help="Let this role work as the service; it may add to history, audit and evidence only.",
)
@home_option
def migrate(mark_as: str | None, grant_to: str | None, home: Path) -> None:
    """Bring the tables of DATABASE_URL up to date; the first time marks it as APP_ENV's.

    Later a database of another environment is refused. Without DATABASE_URL the database is that
    of the demo running in this folder.
    """
    from booking_http.cli.errors import friendly_errors
    from booking_http.cli.options import database_url
    from booking_http.settings import load_database_settings

    with friendly_errors():
        url, settings = database_url(home), load_database_settings()
        # What is wrong with the settings is said before the migrations are loaded.
        from booking_http.runtime.migration import migrate_database

        tell = partial(click.echo, err=True)
        work = migrate_database(url, settings.app_env, mark_as=mark_as, grant=grant_to, tell=tell)
        click.echo(asyncio.run(work))


@main.group()
def session() -> None:
    """Look at booking sessions."""


@session.command()
@click.argument("reference")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
@home_option
def show(reference: str, as_json: bool, home: Path) -> None:
    """Print what happened to the session with REFERENCE, without personal data.

    The database is that of DATABASE_URL or, without it, that of the demo running in this folder.
    """
    from booking_http.cli.errors import friendly_errors
    from booking_http.cli.options import database_url
    from booking_http.cli.session_report import print_report, report

    with friendly_errors():
        found = asyncio.run(report(database_url(home), reference))
    if found is None:
        raise click.ClickException(f"there is no session with the reference {reference}")
    print_report(found, as_json=as_json)


main.add_command(audit)
main.add_command(catalogue)
main.add_command(doctor)
main.add_command(history)
main.add_command(keys)
main.add_command(outbox)
main.add_command(prune)
main.add_command(reconcile)
main.add_command(serve)
main.add_command(settings)
main.add_command(staff)
main.add_command(task)


@main.command()
@click.option("--check", is_flag=True, help="Write nothing; fail when a diagram is stale.")
@click.option("--folder", type=FOLDER, default=Path("diagrams"), show_default=True)
@click.option("--pages", type=FOLDER, help="Where the console's pictures lie; in the package.")
def diagrams(check: bool, folder: Path, pages: Path | None) -> None:
    """Draw the flow and the saga from the code."""
    from booking_http.cli.errors import friendly_errors
    from booking_http.diagrams import files
    from booking_http.diagrams.drawn import DRAWN
    from booking_http.runtime.process import writing

    with friendly_errors():
        if not check:
            with writing(folder, advice="choose another folder with --folder"):
                files.write(folder, pages=pages or DRAWN)
            click.echo(f"wrote {', '.join(sorted(files.draw_all()))} to {folder}/")
        elif names := files.stale(folder, pages=pages or DRAWN):
            sys.exit(f"stale: {', '.join(names)}; run `booking-flow diagrams`")

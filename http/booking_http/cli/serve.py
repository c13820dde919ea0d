"""`booking-flow serve`: the service in one process, or in several that share its port."""

# ruff: noqa: PLC0415 - imports inside the command keep `--help` quick.

from __future__ import annotations

import os
import sys
from collections.abc import Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from booking_http.cli.options import FOLDER

if TYPE_CHECKING:
    from booking_http.runtime.serve_processes import ServeProcesses
    from booking_http.settings import Settings

_PORTS = {False: "APP_HOST or APP_PORT", True: "APP_HOST, APP_PORT or OPERATIONS_PORT"}
_WORKERS = "Processes that share the port; SERVE_PROCESSES otherwise."


@click.command()
@click.option("--workers", type=click.IntRange(1, 64), help=_WORKERS)
@click.option("--part-of", type=FOLDER, hidden=True)
@click.option("--number", type=int, default=1, hidden=True)
def serve(workers: int | None, part_of: Path | None, number: int) -> None:
    """Run the service that the environment describes."""
    from booking_http.cli.errors import friendly_errors
    from booking_http.runtime import process
    from booking_http.settings import load_settings

    process.forbid_core_dumps()
    with _told_to_starter() if part_of else friendly_errors():
        # What is wrong with the settings is said before the service is loaded.
        settings = load_settings()
        if part_of is not None:
            work = _served(settings, part_of=part_of, number=number)
            process.run_until_stopped(work, orders=sys.stdin.fileno())
        elif (count := workers or settings.serve_processes) > 1:
            _serve_together(settings, count)
        else:
            process.run_until_stopped(_served(settings))


@contextmanager
def _told_to_starter() -> Iterator[None]:
    """Say what is in the way on standard output, where one says it for all processes."""
    from booking_http.cli.errors import friendly_errors

    try:
        with friendly_errors():
            yield
    except click.ClickException as error:
        click.echo(error.message)
        sys.exit(1)


def _served(
    settings: Settings, *, part_of: Path | None = None, number: int = 1
) -> Coroutine[Any, Any, None]:
    import structlog

    from booking_http.app import create_app
    from booking_http.runtime.descriptors import warn_of_few_descriptors
    from booking_http.runtime.logs import configure_logs
    from booking_http.runtime.serve_processes import LISTENING, address_of
    from booking_http.runtime.server import serve_app
    from booking_http.web.whole_service import WholeService

    configure_logs(settings.log_level)
    warn_of_few_descriptors(settings)
    host, port = settings.app_host, settings.app_port
    told = structlog.get_logger().bind(environment=settings.app_env.value)
    if part_of is not None:
        structlog.contextvars.bind_contextvars(process=number)

    def ready() -> None:
        told.info("listening", host=host, port=port)
        if part_of is not None:
            os.write(sys.stdout.fileno(), LISTENING)

    return serve_app(
        create_app(settings, whole=WholeService(part_of, settings.app_env) if part_of else None),
        host=host,
        port=port,
        operations_port=settings.operations_port,
        address=address_of(part_of, number) if part_of else None,
        patience=settings.shutdown_seconds,
        grace=settings.drain_seconds,
        ready=ready,
        advice=_advice(settings),
    )


def _serve_together(settings: Settings, count: int) -> None:
    """Start the processes, and keep their ports and the folder of their sockets."""
    from booking_http.runtime import process
    from booking_http.runtime.logs import configure_logs
    from booking_http.runtime.serve_processes import ServeProcesses

    configure_logs(settings.log_level)
    with ExitStack() as kept:
        keep = partial(process.shared_port, settings.app_host, advice=_advice(settings))
        port = kept.enter_context(keep(settings.app_port))
        if settings.operations_port is not None:
            kept.enter_context(keep(settings.operations_port))
        folder = Path(kept.enter_context(TemporaryDirectory(prefix="booking-flow-")))
        processes = ServeProcesses(count=count, folder=folder, environ={"APP_PORT": str(port)})
        process.run_until_stopped(_overseen(processes, settings, folder))


async def _overseen(processes: ServeProcesses, settings: Settings, folder: Path) -> None:
    from booking_http.web.whole_service import Overseer

    async with Overseer(processes, settings.app_env).answering(folder):
        await processes.run()


def _advice(settings: Settings) -> str:
    return f"choose another with {_PORTS[settings.operations_port is not None]}"

"""Running as a process: what is in the way of it, stopping on a signal, and ports to listen on."""

from __future__ import annotations

import asyncio
import errno
import os
import resource
import signal
import socket
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class CannotRun(Exception):  # noqa: N818 - says what is in the way, not what went wrong
    """Something that must be put right by hand before this can run."""


def forbid_core_dumps() -> None:
    """Let no crash write our memory, and with it card data, to a disk."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run_until_stopped(work: Coroutine[Any, Any, None]) -> None:
    """Run `work` until it ends or a signal asks to stop; a second signal does not wait."""
    asyncio.run(_until_stopped(work))


async def _until_stopped(work: Coroutine[Any, Any, None]) -> None:
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)
    stopped = asyncio.Event()

    def stop(number: signal.Signals) -> None:
        loop.remove_signal_handler(number)
        stopped.set()
        task.cancel()

    for number in _SIGNALS:
        loop.add_signal_handler(number, stop, number)
    try:
        await task
    except asyncio.CancelledError:
        if not stopped.is_set():
            raise


def require_free_port(host: str, port: int, *, advice: str) -> None:
    """Refuse to start anything when the port is taken.

    Raises:
        CannotRun: another process listens there, or we may not.
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise cannot_listen(host, port, error, advice=advice) from error


def cannot_listen(host: str, port: int, error: OSError, *, advice: str) -> CannotRun:
    """Say why nobody can listen on a port, and what to do."""
    if error.errno == errno.EADDRINUSE:
        return CannotRun(f"port {port} on {host} is in use by another program; {advice}")
    # Only of a name that nobody knows the number means nothing to the operating system.
    unknown = isinstance(error, socket.gaierror)
    why = error.strerror if unknown else os.strerror(error.errno or 0)
    return CannotRun(f"port {port} on {host} cannot be used: {why}; {advice}")


@contextmanager
def writing(place: Path | str, *, advice: str) -> Iterator[None]:
    """Let a block write in a place, and say what to do where it cannot.

    Raises:
        CannotRun: nothing can be kept there.
    """
    try:
        yield
    except OSError as error:
        raise CannotRun(f"{place} cannot be written ({error.strerror}); {advice}") from error

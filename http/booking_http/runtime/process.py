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
STOP: Final = b"stop\n"
"""What a process is told on standard input that is one of several."""


class CannotRun(Exception):  # noqa: N818 - says what is in the way, not what went wrong
    """Something that must be put right by hand before this can run."""


def forbid_core_dumps() -> None:
    """Let no crash write our memory, and with it card data, to a disk."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def allow_descriptors(number: int) -> int:
    """Let this process have so many files and connections open, and return how many it may.

    That is fewer where the operating system's hard limit is lower, and more where more were allowed
    before.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = number if hard == resource.RLIM_INFINITY else min(number, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        return most
    return number if soft == resource.RLIM_INFINITY else soft


def run_until_stopped(work: Coroutine[Any, Any, None], *, orders: int | None = None) -> None:
    """Run `work` until it ends or a signal asks to stop; a second signal does not wait.

    `orders` is a descriptor whose other end the starter holds: what it says, or its end, stops as
    a signal does, and a signal that comes beside it is no second one. Once told to stop, its end
    means that nobody waits any more.
    """
    asyncio.run(_until_stopped(work, orders))


async def _until_stopped(work: Coroutine[Any, Any, None], orders: int | None) -> None:
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)
    stop = _Stop(loop, task)
    for number in _SIGNALS:
        loop.add_signal_handler(number, stop.by_signal, number)
    if orders is not None:
        loop.add_reader(orders, stop.by_order, orders)
    try:
        await task
    except asyncio.CancelledError:
        if not stop.asked:
            raise


class _Stop:
    """Cancels a task once, however many ways to stop are used together."""

    def __init__(self, loop: asyncio.AbstractEventLoop, task: asyncio.Future[None]) -> None:
        self._loop, self._task = loop, task
        self._signalled = self._ordered = False

    @property
    def asked(self) -> bool:
        return self._signalled or self._ordered

    def by_signal(self, number: signal.Signals) -> None:
        """Stop; the next one of the kind is the operating system's affair."""
        self._loop.remove_signal_handler(number)
        # A service manager may signal every process of a service, beside what the starter says.
        if self._signalled or not self._ordered:
            self._task.cancel()
        self._signalled = True

    def by_order(self, descriptor: int) -> None:
        """Stop as the starter says; it ends at once whom it no longer waits for."""
        if not os.read(descriptor, len(STOP)):
            self._loop.remove_reader(descriptor)
            if self._ordered:
                self._end_at_once()
        if not self.asked:
            self._task.cancel()
        self._ordered = True

    def _end_at_once(self) -> None:
        self._loop.remove_signal_handler(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)


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
def shared_port(host: str, port: int, *, advice: str) -> Iterator[int]:
    """Keep a port for the processes that share it, and return its number; 0 takes a free one.

    Nobody listens here: each process binds the port once more, with SO_REUSEPORT.

    Raises:
        CannotRun: another process listens there, or we may not.
    """
    require_free_port(host, port, advice=advice)
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as kept:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        kept.bind((host, port))
        yield int(kept.getsockname()[1])


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

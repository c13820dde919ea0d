"""What all embedded servers share: one folder, one process, a start, a stop and a crash."""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self

from adapters.embedded.child_process import KeptProcess, stopped_on_failure, tail_of
from adapters.embedded.folder import EmbeddedServerError, FolderLock, private_folder
from adapters.embedded.progress import Notice, Progress, Signs, to_stderr

POLL = 0.005
QUIET_LIMIT = 60.0
"""Seconds without a sign of getting on after which a start has failed; a slow one has not."""


class Waiting:
    """A wait that lasts as long as there is progress, and says now and then what is waited for."""

    def __init__(
        self, what: str, look: Callable[[], Signs], *, log: Path, tell: Callable[[str], None]
    ) -> None:
        self._what, self._log = what, log
        self._progress, self._notice = Progress(look), Notice(what, tell)

    def go_on(self) -> None:
        """Let a moment pass.

        Raises:
            EmbeddedServerError: nothing has got on for long.
        """
        if self._progress.idle() > QUIET_LIMIT:
            raise EmbeddedServerError(
                f"{self._what}, but nothing has happened for {QUIET_LIMIT:.0f} s"
                f"{tail_of(self._log)}"
            )
        self._notice.when_due()
        time.sleep(POLL)


class EmbeddedServer(ABC):
    """A real server that lives in one folder and ends with the process that started it."""

    name: str
    tell: Callable[[str], None] = staticmethod(to_stderr)
    """Who is told what a start waits for, when it takes long."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir.absolute()
        self._kept: KeptProcess | None = None
        self._one_at_a_time = Lock()

    @property
    def log(self) -> Path:
        """Where the server writes what it has to say; the run before lies beside it."""
        return self.data_dir / "server.log"

    @property
    def pid(self) -> int:
        """Return the server's process id."""
        if self._kept is None:
            raise EmbeddedServerError(f"{self.name} in {self.data_dir} is not running")
        return self._kept.pid

    async def start(self) -> None:
        """Start the server and return when it takes connections."""
        try:
            await asyncio.to_thread(self.start_blocking)
        except asyncio.CancelledError:
            # The thread cannot be stopped half-way, and nobody is left to stop what it started.
            await asyncio.to_thread(self.stop_blocking)
            raise

    async def stop(self) -> None:
        """Stop the server in good order; stopping a stopped one does nothing."""
        await asyncio.to_thread(self.stop_blocking)

    async def restart(self) -> None:
        """Stop and start again, with the same data under the same address."""
        await self.stop()
        await self.start()

    async def crash(self) -> None:
        """Kill the server as a power cut would, so that the next start has to recover."""
        await asyncio.to_thread(self.crash_blocking)

    def start_blocking(self) -> None:
        """Do what `start` does, for callers without an event loop."""
        with self._one_at_a_time:
            self._refuse_to_start_twice()
            self.data_dir = private_folder(self.data_dir)
            lock = FolderLock(self.data_dir / "server.lock", tell=self.tell)
            try:
                self._keep_last_log()
                self._kept = self._start(lock)
            finally:
                lock.release()

    def stop_blocking(self) -> None:
        """Do what `stop` does, for callers without an event loop."""
        with self._one_at_a_time, self._named("stop"):
            if self._kept is not None:
                self._kept.stop()
                self._kept = None

    def crash_blocking(self) -> None:
        """Do what `crash` does, for callers without an event loop."""
        with self._one_at_a_time, self._named("end"):
            if self._kept is not None:
                self._kept.kill()
                self._kept = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await self.stop()
        except EmbeddedServerError as stopping:
            # What went wrong first is what has to be put right; a cancelled block went well.
            if not isinstance(error, Exception):
                raise
            error.add_note(str(stopping))

    @abstractmethod
    def _launch(self, lock: int) -> KeptProcess:
        """Prepare what the server needs and start its process."""

    @abstractmethod
    def _is_ready(self, kept: KeptProcess) -> bool:
        """Say whether the server takes connections."""

    def _refuse_to_start_twice(self) -> None:
        if self._kept is not None and not self._kept.ended:
            raise EmbeddedServerError(
                f"{self.data_dir} is in use by the server with pid {self.pid}, started here"
            )

    def _start(self, lock: FolderLock) -> KeptProcess:
        kept = self._launch(lock.fd)
        lock.note(server=kept.pid)
        with stopped_on_failure(kept):
            self._await_ready(kept)
        return kept

    def _await_ready(self, kept: KeptProcess) -> None:
        waiting = self._waiting("until it takes connections", kept)
        while not self._is_ready(kept):
            if kept.ended:
                raise EmbeddedServerError(f"{self.name} did not start{tail_of(self.log)}")
            waiting.go_on()

    def _waiting(self, what: str, kept: KeptProcess) -> Waiting:
        return Waiting(f"{self.name}: waiting {what}", kept.signs, log=self.log, tell=self.tell)

    @contextmanager
    def _named(self, to_do: str) -> Iterator[None]:
        """Say whose trouble it is."""
        try:
            yield
        except EmbeddedServerError as error:
            raise EmbeddedServerError(f"{self.name} did not {to_do}: {error}") from error

    def _keep_last_log(self) -> None:
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))

"""What all embedded servers share: one folder, one process, a start, a stop and a crash."""

import asyncio
import time
from abc import ABC, abstractmethod
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self

from adapters.embedded.folder import EmbeddedServerError, FolderLock, private_folder
from adapters.embedded.kept import KeptProcess, tail_of

START_LIMIT = 60.0
POLL = 0.005


class EmbeddedServer(ABC):
    """A real server that lives in one folder and ends with the process that started it."""

    name: str

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
            lock = FolderLock(self.data_dir / "server.lock")
            try:
                self._keep_last_log()
                self._kept = self._start(lock)
            finally:
                lock.release()

    def stop_blocking(self) -> None:
        """Do what `stop` does, for callers without an event loop."""
        with self._one_at_a_time:
            if self._kept is not None:
                self._kept.stop()
                self._kept = None

    def crash_blocking(self) -> None:
        """Do what `crash` does, for callers without an event loop."""
        with self._one_at_a_time:
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
        await self.stop()

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
        try:
            self._await_ready(kept)
        except BaseException:
            kept.stop()
            raise
        return kept

    def _await_ready(self, kept: KeptProcess) -> None:
        deadline = time.monotonic() + START_LIMIT
        while not self._is_ready(kept):
            if kept.ended:
                raise EmbeddedServerError(f"{self.name} did not start{tail_of(self.log)}")
            if time.monotonic() > deadline:
                raise EmbeddedServerError(
                    f"{self.name} was not ready after {START_LIMIT:.0f} s{tail_of(self.log)}"
                )
            time.sleep(POLL)

    def _keep_last_log(self) -> None:
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))

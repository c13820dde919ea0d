"""One service in several processes: started, started again when they end, and stopped together."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from adapters.backoff import Backoff
from booking_http.runtime.process import STOP, CannotRun

LISTENING: Final = b"listening\n"
"""What a process says on standard output once its ports answer."""
_PAUSES: Final = Backoff(first=0.2, longest=30.0)
_SETTLED: Final = 60.0
"""Seconds after which a process was a good one, so that the next is started at once."""
_log = structlog.get_logger(__name__)


def address_of(folder: Path, number: int) -> Path:
    """Return the Unix socket of the process with this number."""
    return folder / f"{number}.sock"


@dataclass(slots=True, kw_only=True)
class ServeProcess:
    """One of the processes, by whichever program it is carried out now."""

    number: int
    folder: Path
    running: Process | None = None
    listening: bool = False
    has_listened: bool = False
    starts: int = 0

    @property
    def address(self) -> Path:
        """Return the Unix socket on which it tells about itself alone."""
        return address_of(self.folder, self.number)

    async def run(self, environ: Mapping[str, str]) -> str | None:
        """Run until it ends; why it never listened, or None where it did."""
        self.address.unlink(missing_ok=True)
        self.starts += 1
        try:
            return await self._ended(await self._started(environ))
        finally:
            self.running, self.listening = None, False

    async def _started(self, environ: Mapping[str, str]) -> Process:
        arguments = ("serve", "--part-of", str(self.folder), "--number", str(self.number))
        # In a group of its own it does not hear what a terminal sends to all.
        self.running = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "booking_http.cli", *arguments),
            env=environ,
            stdin=PIPE,
            stdout=PIPE,
            process_group=0,
        )
        _log.info("process_started", process=self.number, pid=self.running.pid)
        return self.running

    async def _ended(self, process: Process) -> str | None:
        said, told = b"", process.stdout or asyncio.StreamReader()
        async for line in told:
            if line == LISTENING:
                self.listening = self.has_listened = True
            said += line
        code = await process.wait()
        if self.listening:
            return None
        return said.decode(errors="replace").strip() or f"a process ended with status {code}"

    def stop(self) -> None:
        """Tell it to stop; a signal of ours could be its second one, which does not wait."""
        if self.running is not None and self.running.stdin is not None:
            self.running.stdin.write(STOP)


class ServeProcesses:
    """All processes of a service; the first start of each must succeed, later ones are repeated."""

    def __init__(self, *, count: int, folder: Path, environ: Mapping[str, str]) -> None:
        """Take how many, where their sockets lie, and what their environment adds to ours."""
        self.all: Sequence[ServeProcess] = [
            ServeProcess(number=number, folder=folder) for number in range(1, count + 1)
        ]
        self._environ = {**os.environ, **environ}
        self.stopping = False

    async def run(self) -> None:
        """Run until cancelled, and then wait until all have stopped.

        Raises:
            CannotRun: one ended before all have listened once.
        """
        keeping = [asyncio.create_task(self._keep(each)) for each in self.all]
        try:
            await asyncio.wait(keeping, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            await self._stop(keeping)
        for task in keeping:
            if not task.cancelled():
                task.result()

    async def _stop(self, keeping: Sequence[asyncio.Task[None]]) -> None:
        self.stopping = True
        _log.info("stopping", processes=len(self.all))
        for each, task in zip(self.all, keeping, strict=True):
            if each.running is None:
                task.cancel()
            each.stop()
        await asyncio.gather(*keeping, return_exceptions=True)

    async def _keep(self, one: ServeProcess) -> None:
        """Run one process after the other, with a pause that grows while none of them settles."""
        failures = 0
        while True:
            began = time.monotonic()
            why = await one.run(self._environ)
            if self.stopping:
                return
            if why is not None and not all(each.has_listened for each in self.all):
                raise CannotRun(why)
            failures = 1 if time.monotonic() - began > _SETTLED else failures + 1
            pause = _PAUSES.after(failures)
            _log.error("process_ended", process=one.number, why=why, seconds_until_next=pause)
            await asyncio.sleep(pause)

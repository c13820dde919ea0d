"""Reading many files of the export in several processes, in order and a batch at a time."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import connection
from pathlib import Path
from threading import Thread
from typing import Final

from adapters.catalogue.export import ExportedSailing, Malformed, read_sailing
from adapters.catalogue.files import SailingFile
from adapters.catalogue.pairing import CannotCopy
from adapters.catalogue.report import RowFault

AT_ONCE: Final = 500
_WORTH_PROCESSES: Final = 2000
"""Fewer files are read before processes have started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """Files that were read."""

    sailings: list[ExportedSailing]
    faults: list[RowFault]
    files: int
    last: str
    """The path of the last one."""


def read_files(folder: Path, files: Sequence[SailingFile]) -> Parsed:
    """Read files; one that cannot be read does not stop the others."""
    sailings, faults = [], []
    for file in files:
        try:
            sailings.append(read_sailing(folder, file))
        except Malformed as error:
            faults.append(RowFault(name=file.path, reason=str(error)))
    return Parsed(sailings=sailings, faults=faults, files=len(files), last=files[-1].path)


async def read_in_parallel(
    folder: Path, files: Sequence[SailingFile], *, workers: int | None
) -> AsyncGenerator[Parsed, None]:
    """Read files in their order, in `workers` processes or as many as there are cores.

    Raises:
        CannotCopy: a process was killed.
    """
    parts = [files[start : start + AT_ONCE] for start in range(0, len(files), AT_ONCE)]
    number = workers or (os.cpu_count() or 1 if len(files) > _WORTH_PROCESSES else 1)
    if number == 1:
        for part in parts:
            yield read_files(folder, part)
        return
    loop, under_way = asyncio.get_running_loop(), deque[asyncio.Future[Parsed]]()
    async with _processes(number) as pool:
        for part in parts:
            under_way.append(loop.run_in_executor(pool, partial(read_files, folder, part)))
            if len(under_way) > number * 2:
                yield await under_way.popleft()
        while under_way:
            yield await under_way.popleft()


@asynccontextmanager
async def _processes(number: int) -> AsyncIterator[ProcessPoolExecutor]:
    """Start processes that end with the block, and with this process however it ends."""
    pool = ProcessPoolExecutor(
        number, mp_context=multiprocessing.get_context("spawn"), initializer=_end_with_parent
    )
    try:
        yield pool
    except BrokenProcessPool as error:
        raise CannotCopy("a process that reads files was killed") from error
    finally:
        pool.shutdown(cancel_futures=True)


def _end_with_parent() -> None:
    """Leave signals to the parent, and do not outlive it when it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        Thread(target=_await_end, args=(parent.sentinel,), daemon=True).start()


def _await_end(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)

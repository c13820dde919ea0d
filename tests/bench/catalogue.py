"""How fast sailings come into a catalogue, and how much memory that takes."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil
from sqlalchemy import text

from persistence.database import execute
from persistence.migrate import upgrade
from tests.bench.figures import Figures
from tests.conftest import ROOT
from tests.support.catalogue_copies import fill
from tests.support.catalogue_files import grow
from tests.support.catalogue_tables import Shelf, build
from tests.support.programs import environment
from tests.support.testbed import Ground

GROUP: Final = "catalogue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a program took."""

    seconds: float
    mebibytes: float


async def measure_catalogue(ground: Ground, figures: Figures, *, few: int, many: int) -> None:
    """Measure syncs of few and of many sailings, and an import of files."""
    small = await _syncs(ground, figures, few)
    large = await _syncs(ground, figures, many)
    figures.add(GROUP, f"peak memory of a sync of {few:,}", small.mebibytes, "MiB")
    figures.add(
        GROUP,
        f"peak memory of a sync of {many:,}",
        large.mebibytes,
        "MiB",
        over=small.mebibytes,
        to=f"{few:,}",
    )
    await _import(ground, figures, few)


async def _syncs(ground: Ground, figures: Figures, number: int) -> Ran:
    source, target = await _database(ground, f"source_{number}"), f"target_{number}"
    shelf = Shelf(url=source, owner=source)
    await build(source)
    await fill(shelf, number, ships=300)
    into = await _database(ground, target)
    await upgrade(into)
    command = ("sync", "--from", source, "--to", into)
    first, again = await _run(*command), await _run(*command)
    name = f"sync of {number:,} sailings"
    figures.add(GROUP, f"{name}, all new", first.seconds, "s")
    figures.add(
        GROUP, f"{name}, none changed", again.seconds, "s", over=first.seconds, to="all new"
    )
    return first


async def _import(ground: Ground, figures: Figures, number: int) -> None:
    """Import files of some 30 KiB, all of lines that are asked for."""
    folder = ground.folder / "export"
    await asyncio.to_thread(grow, folder, number, ships=60, heavy=30)
    into = await _database(ground, "imported")
    await upgrade(into)
    ran = await _run("import", str(folder), "--to", into, "--lines", "22,3,8")
    figures.add(GROUP, f"import of {number:,} files", ran.seconds, "s")
    figures.add(GROUP, "import", number / ran.seconds, "files/s")
    figures.add(GROUP, f"peak memory of an import of {number:,}", ran.mebibytes, "MiB")


async def _database(ground: Ground, name: str) -> str:
    await execute(ground.database, text(f"CREATE DATABASE {name}"))
    return ground.postgres.dsn_of(name)


async def _run(*arguments: str) -> Ran:
    return await asyncio.to_thread(_timed, *arguments)


def _timed(*arguments: str) -> Ran:
    """Run the program, and watch what it takes; the largest of its processes counts."""
    began, largest = time.perf_counter(), 0.0
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("booking-flow")), "catalogue", *arguments],
        cwd=ROOT,
        env=environment({}),
        stdout=subprocess.DEVNULL,
    )
    while process.poll() is None:
        largest = max(largest, _peak(process.pid))
        time.sleep(0.02)
    if process.returncode != 0:
        raise AssertionError(f"catalogue {arguments[0]} ended with {process.returncode}")
    return Ran(seconds=time.perf_counter() - began, mebibytes=largest)


def _peak(pid: int) -> float:
    """Return the largest peak of a process and its children; wait4 would count ours at the fork."""
    with suppress(psutil.Error):
        program = psutil.Process(pid)
        return max(map(_high_water, (program, *program.children(recursive=True))))
    return 0.0


def _high_water(process: psutil.Process) -> float:
    with suppress(OSError):
        for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0

"""The real command line in processes of its own, as a user starts it."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.support.forking import PROGRAM, Forked
from tests.support.waiting import PATIENCE

OURS = ("DATABASE_URL", "REDIS_URL", "TRAVELTEK_", "PORT", "SIMULATOR_PORT", "LOG_LEVEL")


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment without settings of ours, and with `more`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return kept | {"PYTHONUNBUFFERED": "1", "DRAIN_SECONDS": "0"} | dict(more)


def run(
    *arguments: str, cwd: Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the program to its end."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        program = Forked(*arguments, cwd=cwd, env=environment(env or {}), stdout=out, stderr=err)
        try:
            code = program.wait(PATIENCE)
        finally:
            program.kill()
        return subprocess.CompletedProcess(
            [PROGRAM, *arguments], code, out.read_text("utf-8"), err.read_text("utf-8")
        )


def paste(lines: str, *, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Give lines to a bash that has curl and the system's python3, and nothing of ours."""
    tools = {Path(found).parent for name in ("bash", "curl") if (found := shutil.which(name))}
    path = os.pathsep.join([*map(str, tools), str(Path(sys.executable).parent), "/usr/bin", "/bin"])
    return subprocess.run(
        ["bash"],
        input=lines,
        cwd=cwd,
        env=environment({"PATH": path}),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


class Running:
    """A program that runs beside the test, and what it has printed so far."""

    def __init__(self, *arguments: str, cwd: Path, env: Mapping[str, str]) -> None:
        self.output = cwd / "output.txt"
        self.output.write_text("", "utf-8")
        self.process = Forked(
            *arguments, cwd=cwd, env=environment(env), stdout=self.output, stderr=self.output
        )

    @property
    def printed(self) -> str:
        return self.output.read_text("utf-8")

    def wait_for(self, words: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while words not in self.printed:
            assert self.process.poll() is None, self.printed
            assert time.monotonic() < deadline, self.printed
            time.sleep(0.02)

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@contextmanager
def running(*arguments: str, cwd: Path, env: Mapping[str, str] | None = None) -> Iterator[Running]:
    """Run the program beside the block and see that it is gone afterwards."""
    program = Running(*arguments, cwd=cwd, env=env or {})
    try:
        yield program
    finally:
        if program.process.poll() is None:
            program.process.terminate()
            program.process.wait(PATIENCE)


def survivors(family: list[psutil.Process], *, patience: float = PATIENCE) -> list[psutil.Process]:
    """Return which of these processes are still there when patience ends."""
    _, alive = psutil.wait_procs(family, timeout=patience)
    return [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]

"""Helpers that run an owner of embedded servers in its own process and see what it leaves."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil
import pytest

from tests.support.waiting import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
OWNER = """
import asyncio, json, sys
from pathlib import Path
from adapters.embedded import EmbeddedPostgres, EmbeddedValkey

async def own(folder):
    postgres = EmbeddedPostgres(folder / "postgres", durable=False)
    valkey = EmbeddedValkey(folder / "valkey")
    async with postgres, valkey:
        print(json.dumps({"postgres": postgres.pid, "valkey": valkey.pid}), flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(own(Path(sys.argv[1])))
"""


class Owner:
    """A process that runs both servers until its standard input closes."""

    def __init__(self, folder: Path, *, prefix: Sequence[str] = ()) -> None:
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-c", OWNER, str(folder)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        if not said:
            self.kill()
            raise AssertionError("the owner ended before its servers were up")
        self.pids: dict[str, int] = json.loads(said)
        self.family = psutil.Process(self.process.pid).children(recursive=True)

    def end(self) -> int:
        self.process.communicate(timeout=PATIENCE)
        return self.process.returncode

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=PATIENCE)


def still_alive(family: Sequence[psutil.Process]) -> list[psutil.Process]:
    return [process for process in family if is_alive(process)]


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def eventually(condition: Callable[[], bool], *, seconds: float = PATIENCE) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def as_ordinary_user(folder: Path) -> list[str]:
    """Return the prefix that runs a command as somebody who is not root and owns the folder."""
    if os.geteuid() != 0:
        return []
    if shutil.which("unshare") is None:
        pytest.skip("running as root, and there is no unshare to become an ordinary user")
    prefix = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
    if subprocess.run([*prefix, "true"], check=False, capture_output=True).returncode != 0:
        pytest.skip("running as root where no user namespace may be made")
    folder.mkdir(exist_ok=True)
    return prefix

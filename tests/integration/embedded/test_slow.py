"""A slow machine is no error: a start lasts as long as it gets on, and the first error is told."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from adapters.embedded import EmbeddedServerError, child_process, progress, server
from adapters.embedded.child_process import KeptProcess, stopped_on_failure
from adapters.embedded.folder import FolderLock
from adapters.embedded.progress import Progress, Signs, signs_of
from adapters.embedded.server import EmbeddedServer

STILL = Signs(computed=7.0, written=100, at_disk=False)
HANGS = "echo about to hang; exec sleep 1000"
WRITES = "for n in 1 2 3 4 5 6; do echo step $n; sleep 0.5; done; touch ready; exec sleep 1000"


class Scripted(EmbeddedServer):
    """A server that is a shell script, and that is ready when there is a file of this name."""

    name = "Supplier"

    def __init__(self, data_dir: Path, script: str) -> None:
        super().__init__(data_dir)
        self.script = script
        self.told: list[str] = []
        self.tell = self.told.append

    def _launch(self, lock: int) -> KeptProcess:
        command = ["/bin/sh", "-c", f"cd {self.data_dir}; {self.script}"]
        return KeptProcess(command, log=self.log, lock=lock, stop=[(signal.SIGKILL, 0.1)])

    def _is_ready(self, kept: KeptProcess) -> bool:
        return (self.data_dir / "ready").exists()


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "QUIET_LIMIT", 1.5)
    monkeypatch.setattr(progress, "TELL_SECONDS", 0.2)
    monkeypatch.setattr(child_process, "STOP_MARGIN", 0.2)


@contextmanager
def supervisor_frozen(running: EmbeddedServer) -> Iterator[None]:
    """Let nobody end this server, whoever asks."""
    supervisor = psutil.Process(running.pid).ppid()
    os.kill(supervisor, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(supervisor, signal.SIGCONT)


@asynccontextmanager
async def ready(folder: Path) -> AsyncIterator[EmbeddedServer]:
    """Start a server that can be stopped after all when the block has ended."""
    running = Scripted(folder, "touch ready; exec sleep 1000")
    await running.start()
    try:
        yield running
    finally:
        await running.stop()


@pytest.mark.parametrize(
    ("signs", "idle"),
    [
        ({}, 40),
        ({"computed": 7.1}, 40),
        ({"computed": 7.5}, 20),
        ({"written": 101}, 20),
        ({"at_disk": True}, 0),
    ],
)
def test_who_computes_writes_or_waits_for_a_disk_gets_on(
    signs: dict[str, Any], idle: float
) -> None:
    """A little computing is what everybody does who waits."""
    now, seen = 0.0, STILL
    watched = Progress(lambda: seen, clock=lambda: now)
    seen = Signs(**{"computed": 7.0, "written": 100, "at_disk": False} | signs)
    now = 20.0
    watched.idle()
    now = 40.0
    assert watched.idle() == idle


def test_what_descendants_compute_counts_while_they_run_and_when_they_have_ended() -> None:
    spin = "import time\nwhile time.process_time() < 0.3: pass\n"
    before = signs_of(os.getpid()).computed
    subprocess.run([sys.executable, "-c", spin], check=True)
    ended = signs_of(os.getpid()).computed
    assert ended - before >= 0.25
    said = f"{spin}print(flush=True)\ninput()"
    with subprocess.Popen(
        [sys.executable, "-c", said], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        running.stdout.readline()
        assert signs_of(os.getpid()).computed - ended >= 0.25
        running.communicate(b"\n")


def test_nobody_computes_nothing() -> None:
    assert signs_of(0) == Signs(computed=0, written=0, at_disk=False)


@pytest.mark.slow
async def test_a_start_that_gets_on_may_take_longer_than_one_that_does_not(tmp_path: Path) -> None:
    """Three seconds pass, and no second of them without a word in the log."""
    async with Scripted(tmp_path / "it", WRITES) as slow:
        assert "step 6" in slow.log.read_text()
    assert slow.told[0].startswith("Supplier: waiting until it takes connections (")


async def test_a_start_that_hangs_says_what_it_waited_for_and_how_the_log_ends(
    tmp_path: Path,
) -> None:
    hanging = Scripted(tmp_path / "it", HANGS)
    with pytest.raises(EmbeddedServerError) as told:
        await hanging.start()
    assert "Supplier: waiting until it takes connections, but nothing has" in str(told.value)
    assert str(told.value).endswith("its log ends:\n  about to hang")
    with pytest.raises(EmbeddedServerError, match="not running"):
        _ = hanging.pid


async def test_a_stop_that_takes_too_long_is_told_with_the_log(tmp_path: Path) -> None:
    async with ready(tmp_path / "it") as running:
        with (
            supervisor_frozen(running),
            pytest.raises(EmbeddedServerError, match=f"Supplier did not stop: .*{running.pid}"),
        ):
            await running.stop()


async def test_a_crash_that_takes_too_long_is_told(tmp_path: Path) -> None:
    async with ready(tmp_path / "it") as running:
        with (
            supervisor_frozen(running),
            pytest.raises(EmbeddedServerError, match="Supplier did not end: "),
        ):
            await running.crash()


async def in_its_block(running: EmbeddedServer, work: Coroutine[Any, Any, None]) -> None:
    """Do something in the block of a server that does not stop when the block ends."""
    with supervisor_frozen(running):
        async with AsyncExitStack() as stack:
            stack.push_async_exit(running)
            await work


async def test_why_a_start_failed_is_not_hidden_by_a_server_that_does_not_stop(
    tmp_path: Path,
) -> None:
    """The demo's simulator was not ready, and all that was told was that Valkey did not stop."""
    async with ready(tmp_path / "first") as running:
        second = Scripted(tmp_path / "second", HANGS)
        with pytest.raises(EmbeddedServerError, match="about to hang") as told:
            await in_its_block(running, second.start())
    assert "Supplier did not stop" in told.value.__notes__[0]


async def test_whatever_failed_first_is_what_is_told(tmp_path: Path) -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    async with ready(tmp_path / "it") as running:
        with pytest.raises(ZeroDivisionError) as told:
            await in_its_block(running, fail())
    assert "Supplier did not stop" in told.value.__notes__[0]


async def test_who_is_cancelled_is_told_that_a_server_is_still_there(tmp_path: Path) -> None:
    """Ctrl-C is no failure, so nothing comes before this one."""

    async def interrupted() -> None:
        raise asyncio.CancelledError

    async with ready(tmp_path / "it") as running:
        with pytest.raises(EmbeddedServerError, match="Supplier did not stop"):
            await in_its_block(running, interrupted())


def test_a_failure_is_told_although_the_process_does_not_stop_either() -> None:
    class Stubborn:
        def stop(self) -> None:
            raise EmbeddedServerError("it is still there")

    stubborn: Any = Stubborn()
    with pytest.raises(ZeroDivisionError) as told, stopped_on_failure(stubborn):
        _ = 1 // 0
    assert told.value.__notes__ == ["it is still there"]


def test_a_folder_whose_last_server_does_not_go_is_refused_after_a_while(tmp_path: Path) -> None:
    """Its owner is dead; what is waited for is said meanwhile."""
    told: list[str] = []
    lock = tmp_path / "server.lock"
    holder = FolderLock(lock)
    with subprocess.Popen(["true"]) as dead:
        dead.wait()
    lock.write_text(f"{dead.pid} 0")
    begun = time.monotonic()
    with pytest.raises(EmbeddedServerError, match=f"started by process {dead.pid}"):
        FolderLock(lock, patience=0.6, tell=told.append)
    assert time.monotonic() - begun >= 0.6
    assert told[0].startswith(f"{tmp_path}: waiting until its last server is gone (")
    holder.release()

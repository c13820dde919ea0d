"""However an owner ends, none of its servers' processes outlives it."""

import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from tests.support.embedded_processes import Owner, eventually, still_alive

pytestmark = pytest.mark.slow


@pytest.fixture(params=["private", "open"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, open_folder: Path) -> Path:
    """Root runs PostgreSQL in two ways, depending on the folder."""
    return tmp_path if request.param == "private" else open_folder


def test_an_owner_that_ends_well_leaves_nothing(folder: Path) -> None:
    owner = Owner(folder)
    assert owner.end() == 0
    assert still_alive(owner.family) == []


def test_an_owner_that_is_killed_leaves_nothing_and_the_next_may_start_at_once(
    folder: Path,
) -> None:
    owner = Owner(folder)
    assert len(owner.family) > 4
    owner.kill()
    successor = Owner(folder)
    assert eventually(lambda: still_alive(owner.family) == [])
    assert successor.end() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux signals the death of a parent")
def test_a_supervisor_that_is_killed_takes_its_server_along(folder: Path) -> None:
    owner = Owner(folder)
    for pid in owner.pids.values():
        supervisor = psutil.Process(pid).ppid()
        os.kill(supervisor, signal.SIGKILL)
    assert eventually(lambda: still_alive(owner.family) == [])
    owner.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux hands orphans to the supervisor")
def test_a_server_that_is_killed_leaves_no_children(folder: Path) -> None:
    owner = Owner(folder)
    os.kill(owner.pids["postgres"], signal.SIGKILL)
    supervisors = {psutil.Process(owner.pids["valkey"]).ppid()}
    rest = {owner.pids["valkey"], *supervisors}
    assert eventually(lambda: {p.pid for p in still_alive(owner.family)} == rest)
    owner.kill()


def test_a_terminal_that_interrupts_everybody_leaves_the_stopping_to_the_owner(
    folder: Path,
) -> None:
    """Ctrl-C reaches a whole process group, and a server must not go before its owner has."""
    owner = Owner(folder)
    group = os.getpgid(owner.process.pid)
    assert all(os.getpgid(pid) != group for pid in owner.pids.values())
    assert owner.end() == 0

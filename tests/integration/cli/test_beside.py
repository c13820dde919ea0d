"""Commands in the folder of a running demo work on the demo, without any settings."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from booking_http.cli.main import main
from booking_http.demo.staff import SUPERVISOR
from tests.support.catalogue_files import grow
from tests.support.ports import free_ports
from tests.support.programs import OURS, run, running

pytestmark = pytest.mark.slow
NO_TASK = "00000000-0000-0000-0000-000000000001"
COMMANDS = [
    (["migrate"], 0, "; this is a development database"),
    (["outbox", "list"], 0, "nothing is waiting"),
    (["outbox", "requeue", "--all"], 0, "0 to be sent again"),
    (["staff", "list"], 0, f"{SUPERVISOR}  supervisor"),
    (["staff", "link", SUPERVISOR], 0, "/console/sign-in/link/"),
    (["staff", "token", SUPERVISOR], 0, ""),
    (["history", "check"], 0, "0 sessions with 0 events: 0 do not fold"),
    (["task", "list"], 0, "nothing waits for a person"),
    (["task", "show", NO_TASK, "--as-operator", "ada"], 1, f"there is no task {NO_TASK}"),
    (
        ["task", "answer", NO_TASK, "--version", "1", "--done", "--as-operator", "ada"],
        1,
        "There is no such task.",
    ),
    (["session", "show", "BF-NOWHERE1"], 1, "there is no session with the reference BF-NOWHERE1"),
    (["catalogue", "import", "export", "--dry-run"], 0, "would write"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a folder in which a demo runs, beside a copy of the supplier's export."""
    folder = tmp_path_factory.mktemp("beside")
    (folder / "export").mkdir()
    grow(folder / "export", 9)
    port, simulator_port = map(str, free_ports(2))
    options = ("--port", port, "--simulator-port", simulator_port, "--latency", "0")
    with running("demo", *options, cwd=folder) as demo:
        demo.wait_for('session show "$REFERENCE"')
        yield folder
        assert demo.end(signal.SIGTERM) == 0


@pytest.mark.parametrize(
    ("command", "code", "words"), COMMANDS, ids=[" ".join(it) for it, *_ in COMMANDS]
)
def test_a_command_finds_the_demo_beside_it(
    folder: Path, command: list[str], code: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In this process, since there are many of them."""
    monkeypatch.chdir(folder)
    ours = {name: None for name in os.environ if name.startswith(OURS)}
    done = CliRunner().invoke(main, command, env=ours)
    assert done.exit_code == code, done.output
    assert words in done.output


def test_the_doctor_finds_the_demo_beside_it(folder: Path) -> None:
    done = run("doctor", "--json", "--sample", "1", cwd=folder)
    found = {each["check"]: each["level"] for each in json.loads(done.stdout)["findings"]}
    assert {found[name] for name in ("database", "migrations", "supplier.token")} == {"ok"}


def test_another_folder_is_named(folder: Path, tmp_path: Path) -> None:
    done = run("outbox", "list", "--home", str(folder / ".booking-flow"), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    nowhere = run("outbox", "list", cwd=tmp_path)
    assert nowhere.returncode == 1
    assert nowhere.stderr == ("Error: DATABASE_URL is not set, and no demo runs in .booking-flow\n")


def test_a_demo_that_was_killed_is_no_setting(tmp_path: Path) -> None:
    """What it left behind leads nowhere, and that is said of the demo."""
    home = tmp_path / ".booking-flow"
    home.mkdir()
    gone = {"database_url": "postgresql://booking:hush-hush@127.0.0.1:9/booking"}
    (home / "running.json").write_text(json.dumps(gone))
    done = run("staff", "list", cwd=tmp_path)
    assert done.returncode == 1
    assert "the database cannot be reached" in done.stderr
    assert "DATABASE_URL" not in done.stderr
    assert "hush-hush" not in done.stderr
    (home / "running.json").write_text("{")
    broken = run("staff", "list", cwd=tmp_path)
    assert (broken.returncode, "Traceback" in broken.stderr) == (1, False)
    assert str(home) in broken.stderr

"""`booking-flow demo`: one command, one booking to paste, nothing left behind."""

import signal
import socket
from pathlib import Path

import pytest
from psutil import Process

from tests.support.ports import free_ports
from tests.support.programs import Running, paste, run, running, survivors

pytestmark = pytest.mark.slow
READY = 'session show "$REFERENCE"'


@pytest.fixture
def ports() -> tuple[str, ...]:
    port, simulator_port = free_ports(2)
    return ("--port", str(port), "--simulator-port", str(simulator_port), "--latency", "0")


def booking_block(printed: str) -> str:
    """Return the printed lines from the first assignment to the reference's echo."""
    start, end = printed.index("API="), printed.index('echo "$REFERENCE"')
    return printed[start:end] + 'echo "$REFERENCE"\n'


def book(demo: Running, cwd: Path) -> str:
    """Paste the printed lines and return the reference they end with."""
    done = paste(booking_block(demo.printed), cwd=cwd)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert '"state": "paid"' in done.stdout
    return done.stdout.splitlines()[-1]


def ended(demo: Running, number: signal.Signals) -> tuple[int, list[Process]]:
    """Send a signal and return the exit code and every process that outlived it."""
    family = demo.family()
    assert family
    return demo.end(number), survivors(family)


def test_the_printed_lines_book_a_cabin_and_a_stop_leaves_nothing(
    tmp_path: Path, ports: tuple[str, ...]
) -> None:
    """Start, paste, look at the session as staff, stop."""
    with running("demo", *ports, cwd=tmp_path) as demo:
        demo.wait_for(READY)
        reference = book(demo, tmp_path)
        shown = run("session", "show", reference, cwd=tmp_path)
        code, left = ended(demo, signal.SIGTERM)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "Booked and paid (paid)" in shown.stdout
    assert "Example" not in shown.stdout
    assert (code, left) == (0, [])
    assert demo.printed.endswith("stopped\n")


def test_a_killed_demo_leaves_no_orphans_and_loses_no_booking(
    tmp_path: Path, ports: tuple[str, ...]
) -> None:
    """After SIGKILL all of it ends; the next start finds the booking, a fresh one does not."""
    with running("demo", *ports, cwd=tmp_path) as demo:
        demo.wait_for(READY)
        reference = book(demo, tmp_path)
        _, left = ended(demo, signal.SIGKILL)
    assert left == []
    found = {}
    for options in ((), ("--fresh",)):
        with running("demo", *ports, *options, cwd=tmp_path) as demo:
            demo.wait_for(READY)
            found[options] = run("session", "show", reference, cwd=tmp_path).returncode
            assert ended(demo, signal.SIGINT) == (0, [])
    assert found == {(): 0, ("--fresh",): 1}


def test_a_port_in_use_is_said_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for option, variable in (("--port", "PORT"), ("--simulator-port", "SIMULATOR_PORT")):
            (free,) = free_ports(1)
            ports = {"PORT": str(free), "SIMULATOR_PORT": str(free), variable: port}
            done = run("demo", cwd=tmp_path, env=ports)
            assert done.returncode == 1
            message = (
                f"Error: port {port} on 127.0.0.1 is in use by another program; choose another"
            )
            assert done.stderr == f"{message} with {option} or {variable}\n"
    assert list(tmp_path.iterdir()) == []


def test_what_the_environment_names_is_not_started(
    tmp_path: Path, database_url: str, redis_url: str
) -> None:
    """A database, a Valkey and a supplier of one's own replace the embedded ones."""
    port, simulator_port = free_ports(2)
    supplier = tmp_path / "supplier"
    supplier.mkdir()
    options = ("--port", str(simulator_port), "--latency", "0")
    with running("simulator", *options, cwd=supplier) as simulator:
        simulator.wait_for("TRAVELTEK_PASSWORD=")
        account = dict(line.split("=", 1) for line in simulator.printed.splitlines())
        given = {"DATABASE_URL": database_url, "REDIS_URL": redis_url} | account
        with running("demo", "--port", str(port), cwd=tmp_path, env=given) as demo:
            demo.wait_for(READY)
            assert demo.family() == []
            assert not (tmp_path / ".booking-flow" / "postgres").exists()
            assert demo.end(signal.SIGTERM) == 0
        assert simulator.end(signal.SIGTERM) == 0


def test_a_server_that_cannot_start_is_told_in_a_sentence_with_the_end_of_its_log(
    tmp_path: Path,
) -> None:
    home = tmp_path / ".booking-flow"
    cluster = home / "postgres" / "cluster"
    cluster.mkdir(parents=True)
    (home / "about.txt").touch()
    (cluster / "PG_VERSION").write_text("99\n")
    port, simulator_port = map(str, free_ports(2))
    done = run("demo", "--port", port, "--simulator-port", simulator_port, cwd=tmp_path)
    assert done.returncode == 1
    assert "Error: " in done.stderr
    assert "log ends" in done.stderr
    assert "Traceback" not in done.stderr

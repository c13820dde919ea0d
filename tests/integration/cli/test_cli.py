"""The commands that are not the demo: help, serve, migrate."""

import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest
from cryptography.fernet import Fernet

from tests.support.ports import free_ports
from tests.support.programs import run, running

REQUIRED = (
    "DATABASE_URL",
    "MASTER_KEYS",
    "HASH_KEY",
    "TRAVELTEK_BASE_URL",
    "TRAVELTEK_SID",
    "TRAVELTEK_USERNAME",
    "TRAVELTEK_PASSWORD",
)


def test_help_names_every_command(tmp_path: Path) -> None:
    done = run("--help", cwd=tmp_path)
    commands = done.stdout.partition("Commands:\n")[2]
    names = [line.split()[0] for line in commands.splitlines() if line.startswith("  ")]
    assert {
        "demo",
        "diagrams",
        "migrate",
        "serve",
        "session",
        "simulator",
        "task",
        "worker",
    } <= set(names)


def test_help_loads_nothing_heavy() -> None:
    """What a command needs is imported by that command."""
    code = "import sys, booking_http.cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"aiohttp", "alembic", "asyncpg", "pydantic", "rich", "sqlalchemy", "transitions"}
    assert heavy.isdisjoint(done.stdout.split())


def test_serve_names_every_missing_setting_and_shows_no_value(tmp_path: Path) -> None:
    done = run("serve", cwd=tmp_path, env={"DATABASE_URL": "postgresql://u:hidden@h/d"})
    assert done.returncode == 1
    for name in REQUIRED[1:]:
        assert f"{name} is not set" in done.stderr
    assert "hidden" not in done.stderr


@pytest.mark.slow
def test_serve_answers_writes_no_core_and_stops_on_a_signal(
    tmp_path: Path, database_url: str, redis_url: str
) -> None:
    (port,) = free_ports(1)
    settings = {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "APP_PORT": str(port),
        "MASTER_KEYS": Fernet.generate_key().decode(),
        "HASH_KEY": "h" * 32,
        "TRAVELTEK_BASE_URL": "http://127.0.0.1:9/2.1/json",
        "TRAVELTEK_SID": "1",
        "TRAVELTEK_USERNAME": "agency",
        "TRAVELTEK_PASSWORD": "not-in-any-log",
    }
    with running("serve", cwd=tmp_path, env=settings) as service:
        service.wait_for('"listening"')
        with urlopen(f"http://127.0.0.1:{port}/livez") as answer:
            assert answer.status == 200
        limits = Path(f"/proc/{service.process.pid}/limits").read_text().splitlines()
        (core,) = (line.split() for line in limits if line.startswith("Max core file size"))
        assert core[4:6] == ["0", "0"]
        assert service.end(signal.SIGTERM) == 0
    assert "not-in-any-log" not in service.printed


def test_an_address_of_another_machine_is_refused_with_a_sentence(tmp_path: Path) -> None:
    done = run("simulator", "--host", "192.0.2.1", cwd=tmp_path)
    assert done.returncode == 1
    assert "on 192.0.2.1 cannot be used" in done.stderr


def test_migrate_brings_an_empty_database_up_and_may_be_repeated(
    tmp_path: Path, empty_database_url: str
) -> None:
    for _ in range(2):
        done = run("migrate", cwd=tmp_path, env={"DATABASE_URL": empty_database_url})
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("the tables are at revision ")


def test_migrate_says_what_is_missing(tmp_path: Path) -> None:
    done = run("migrate", cwd=tmp_path)
    told = "Error: DATABASE_URL is not set, and no demo runs in .booking-flow\n"
    assert (done.returncode, done.stderr) == (1, told)

"""Wrong settings on the real command line: a sentence that names the setting, and no secret."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from click.testing import CliRunner
from yarl import URL

from booking_http.cli.main import main
from tests.conftest import PostgresServer, administer, run_apart
from tests.support.ports import free_ports
from tests.support.programs import Running, run, running
from tests.support.service import HASH_KEY, MASTER_KEY

SECRET: Final = "hush-hush"
ACCOUNT: Final = {
    "MASTER_KEYS": MASTER_KEY,
    "HASH_KEY": HASH_KEY,
    "TRAVELTEK_BASE_URL": "http://127.0.0.1:9/2.1/json",
    "TRAVELTEK_SID": "1",
    "TRAVELTEK_USERNAME": "agency",
    "TRAVELTEK_PASSWORD": SECRET,
}
NO_TASK: Final = "00000000-0000-0000-0000-000000000001"
AT_ONCE: Final = [
    ["migrate"],
    ["session", "show", "BF-NOWHERE1"],
    ["task", "list"],
    ["task", "show", NO_TASK, "--as-operator", "ada"],
    ["task", "answer", NO_TASK, "--version", "1", "--done", "--as-operator", "ada"],
    ["staff", "list"],
    ["staff", "link", "ada@agency.test"],
    ["outbox", "list"],
    ["outbox", "requeue", "--all"],
    ["history", "check"],
    ["catalogue", "import", "."],
]
"""Every command that opens the database that DATABASE_URL names, but for the doctor."""
NOBODY: Final = "postgresql://nobody:hush-hush@127.0.0.1:9/none"
Done = subprocess.CompletedProcess[str]
named = pytest.mark.parametrize
pytestmark = pytest.mark.slow


def environment(**settings: str) -> dict[str, str]:
    """Return what a service needs, on a port of its own, with some settings changed."""
    (port,) = free_ports(1)
    return {"APP_PORT": str(port), "DATABASE_URL": NOBODY, **ACCOUNT, **settings}


def said(done: Done, *, code: int = 1) -> str:
    """Return what a program that refused said, which was a sentence and no secret."""
    printed = done.stdout + done.stderr
    assert done.returncode == code, printed
    assert "Error: " in printed
    keep_secrets(printed)
    return printed


def keep_secrets(printed: str, *more: str) -> None:
    assert "Traceback" not in printed
    assert not [secret for secret in (SECRET, MASTER_KEY, HASH_KEY, *more) if secret in printed]


def changed(url: str, **parts: str) -> str:
    """Return an address with another user, password or database."""
    found = URL(url)
    found = found.with_user(parts.get("user", found.user or ""))
    found = found.with_password(parts.get("password", found.password or ""))
    return str(found.with_path(parts["path"]) if "path" in parts else found)


@contextmanager
def up(program: str, cwd: Path, env: Mapping[str, str]) -> Iterator[Running]:
    """Run a service beside the block; it says nothing that is secret, and stops when asked."""
    with running(program, cwd=cwd, env=env) as service:
        service.wait_for('"working"')
        yield service
        assert service.end(signal.SIGTERM) == 0
    keep_secrets(service.printed)


def logged(service: Running, event: str, setting: str) -> dict[str, Any]:
    """Wait until something is logged, and return the line that names the setting."""
    service.wait_for(f'"event": "{event}"')
    lines = [json.loads(line) for line in service.printed.splitlines() if line.startswith("{")]
    (found,) = [line for line in lines if line["event"] == event and line.get("setting") == setting]
    return dict(found)


@pytest.fixture
async def stranger(postgres_server: PostgresServer) -> AsyncIterator[str]:
    """Return the name of an account that was granted nothing; its password is the secret."""
    name = f"stranger_{os.getpid()}"
    await administer(postgres_server, f"CREATE ROLE {name} LOGIN PASSWORD '{SECRET}'")
    yield name
    await administer(postgres_server, f"DROP OWNED BY {name}; DROP ROLE {name}")


@named(
    ("name", "value", "words"),
    [
        ("MASTER_KEYS", "abc", "number 1 is no Fernet key"),
        ("DATABASE_URL", f"mysql://ada:{SECRET}@db/shop", "a database's address starts with"),
        ("DATABASE_URL", f"postgresql://ada:1/{SECRET}@db/shop", "in a password / ? # and @ are"),
        ("CATALOGUE_URL", f"mysql://ada:{SECRET}@db/shop", "a database's address starts with"),
        ("CATALOGUE_COLUMNS", "{", "it is no JSON"),
        ("REDIS_URL", f"redis://:{SECRET}@redis:port", "its port is no number"),
        ("TRAVELTEK_BASE_URL", f"https://ada:{SECRET}@s.test", "an account does not belong in it"),
    ],
)
def test_a_value_that_cannot_be_is_named(tmp_path: Path, name: str, value: str, words: str) -> None:
    printed = said(run("serve", cwd=tmp_path, env=environment(**{name: value})))
    assert f"\n  {name}: " in printed
    assert words in printed


def test_all_values_that_cannot_be_are_named_at_once(tmp_path: Path) -> None:
    wrong = {
        "APP_ENV": "prod",
        "APP_PORT": "http",
        "PUBLIC_URL": "shop.test",
        "REDIS_URL": f"http://:{SECRET}@redis",
        "MASTER_KEYS": f"{MASTER_KEY},{SECRET}",
        "HASH_KEY": SECRET,
        "LIVE_LINES": "RCI",
        "CURRENCY": "usd",
        "SESSION_MINUTES": "inf",
        "WORKER": "perhaps",
        "BACK_OFFICE_URL": f"https://ada:{SECRET}@office.test",
        "CORS_ORIGINS": "shop.test",
        "TRUSTED_PROXIES": "10.0.0.1/8",
        "CAP_HOLDS": "none",
        "OIDC_ISSUER": f"https://ada:{SECRET}@login.test",
    }
    printed = said(run("serve", cwd=tmp_path, env=environment(**wrong)))
    assert [line.split(":")[0].strip() for line in printed.splitlines()[1:]] == list(wrong)


@named("command", [["migrate"], ["task", "list"]], ids=" ".join)
def test_a_command_names_an_address_that_is_none(tmp_path: Path, command: list[str]) -> None:
    env = environment(DATABASE_URL=f"postgresql://ada:{SECRET}@db:port/shop")
    printed = said(run(*command, cwd=tmp_path, env=env))
    assert "\n  DATABASE_URL: its port is no number up to 65535" in printed


@named("command", AT_ONCE, ids=" ".join)
def test_no_command_leaves_an_address_or_a_password_to_chance(
    database_url: str, command: list[str]
) -> None:
    """In this process, since there are many of them."""
    for url, words in (
        (f"mysql://ada:{SECRET}@db/shop", "DATABASE_URL: a database's address starts with"),
        (changed(database_url, password=SECRET), "Error: DATABASE_URL: the database does not"),
    ):
        done = CliRunner().invoke(main, command, env=environment(DATABASE_URL=url))
        assert (done.exit_code, words in done.output) == (1, True), done.output
        keep_secrets(done.output)


def test_a_doctor_who_cannot_begin_names_every_setting(tmp_path: Path) -> None:
    wrong = {"MASTER_KEYS": "abc", "DATABASE_URL": f"mysql://ada:{SECRET}@db/shop"}
    printed = said(run("doctor", cwd=tmp_path, env=environment(**wrong)), code=2)
    assert [f"\n  {name}: " in printed for name in wrong] == [True, True]
    half = {"SMTP_URL": f"smtp://ada:{SECRET}@mail.test"}
    printed = said(run("doctor", cwd=tmp_path, env=environment(**half)), code=2)
    assert "MAIL_FROM is not set, and SMTP_URL is" in printed


@named("command", [["serve"], ["worker"], ["migrate"], ["task", "list"]], ids=" ".join)
def test_a_wrong_password_is_told(tmp_path: Path, database_url: str, command: list[str]) -> None:
    env = environment(DATABASE_URL=changed(database_url, password=SECRET))
    printed = said(run(*command, cwd=tmp_path, env=env))
    assert printed.endswith(
        "Error: DATABASE_URL: the database does not accept the account or the password in it;"
        " correct account or password\n"
    )


def test_the_doctor_finds_a_wrong_password(tmp_path: Path, database_url: str) -> None:
    env = environment(DATABASE_URL=changed(database_url, password=SECRET))
    done = run("doctor", "--json", cwd=tmp_path, env=env)
    keep_secrets(done.stdout + done.stderr)
    found = {each["check"]: each for each in json.loads(done.stdout)["findings"]}
    assert (done.returncode, found["database"]["level"]) == (2, "failure")
    assert "does not accept the account or the password" in found["database"]["said"]
    assert found["database"]["todo"] == "DATABASE_URL: correct account or password."


@named("command", ["serve", "migrate"])
def test_a_database_that_is_not_there_is_told(
    tmp_path: Path, database_url: str, command: str
) -> None:
    env = environment(DATABASE_URL=changed(database_url, path="/nowhere"))
    printed = said(run(command, cwd=tmp_path, env=env))
    assert "DATABASE_URL: the server has no database of the name in it" in printed


def test_tls_that_the_server_does_not_offer_is_told(tmp_path: Path, database_url: str) -> None:
    """`sslmode` is understood, and by SQLAlchemy as well."""
    for command, mode in (("serve", "sslmode=require"), ("migrate", "ssl=require")):
        env = environment(DATABASE_URL=f"{database_url}?{mode}")
        printed = said(run(command, cwd=tmp_path, env=env))
        assert "DATABASE_URL: the server offers no TLS; correct sslmode" in printed
    done = run("migrate", cwd=tmp_path, env={"DATABASE_URL": f"{database_url}?sslmode=prefer"})
    assert done.returncode == 0, done.stderr


def test_a_parameter_that_the_server_does_not_know_is_told(
    tmp_path: Path, database_url: str
) -> None:
    env = environment(DATABASE_URL=f"{database_url}?options=-c%20retries%3D{SECRET}")
    printed = said(run("migrate", cwd=tmp_path, env=env))
    assert "DATABASE_URL: the database does not accept a parameter after the ? in it" in printed


def test_an_account_that_may_not_make_tables_is_told(
    tmp_path: Path, empty_database_url: str, stranger: str
) -> None:
    env = {"DATABASE_URL": changed(empty_database_url, user=stranger, password=SECRET)}
    printed = said(run("migrate", cwd=tmp_path, env=env))
    assert "DATABASE_URL: the account in it may not make or change tables" in printed
    assert "grant it CREATE" in printed


@named("command", [["serve"], ["staff", "list"]], ids=" ".join)
def test_an_account_without_rights_is_told(
    tmp_path: Path, database_url: str, stranger: str, command: list[str]
) -> None:
    env = environment(DATABASE_URL=changed(database_url, user=stranger, password=SECRET))
    printed = said(run(*command, cwd=tmp_path, env=env))
    assert "DATABASE_URL: the account in it lacks a right (permission denied for table" in printed


def test_an_account_that_may_only_read_is_no_account_for_a_service(
    tmp_path: Path, database_url: str, stranger: str, postgres_server: PostgresServer
) -> None:
    grant = f"GRANT pg_read_all_data TO {stranger}"
    run_apart(administer(postgres_server, grant))
    env = environment(DATABASE_URL=changed(database_url, user=stranger, password=SECRET))
    printed = said(run("serve", cwd=tmp_path, env=env))
    assert "DATABASE_URL: the account in it may not change sessions" in printed


def test_tables_that_are_not_there_are_told(tmp_path: Path, empty_database_url: str) -> None:
    printed = said(run("staff", "list", cwd=tmp_path, env={"DATABASE_URL": empty_database_url}))
    assert "the tables there are not those of this program; run `booking-flow migrate`" in printed


def test_a_host_that_nobody_knows_is_told(tmp_path: Path) -> None:
    nowhere = f"postgresql://ada:{SECRET}@nowhere.invalid/shop"
    assert "DATABASE_URL" in said(run("migrate", cwd=tmp_path, env={"DATABASE_URL": nowhere}))


def test_a_database_that_is_away_is_told_with_its_setting(tmp_path: Path) -> None:
    printed = said(run("staff", "list", cwd=tmp_path, env={"DATABASE_URL": NOBODY}))
    assert "the database cannot be reached (ConnectionRefusedError)" in printed
    assert "whether DATABASE_URL leads to it" in printed


def test_a_service_starts_before_its_database_and_redis(tmp_path: Path) -> None:
    """What may pass is waited for."""
    env = environment(REDIS_URL=f"redis://:{SECRET}@127.0.0.1:9/0")
    with up("serve", tmp_path, env) as service:
        service.wait_for('"listening"')
        found = logged(service, "environment_not_compared", "DATABASE_URL")
        assert (found["level"], found["why"]) == ("warning", "the database is away")
        assert logged(service, "away", "REDIS_URL")["level"] == "warning"
        with pytest.raises(HTTPError) as not_ready:
            urlopen(f"http://127.0.0.1:{env['APP_PORT']}/readyz")
        assert not_ready.value.code == 503
        not_ready.value.close()


@named("program", ["serve", "worker"])
def test_what_a_service_can_do_without_is_named_in_its_log(
    tmp_path: Path, database_url: str, redis_url: str, program: str
) -> None:
    """The catalogue and Redis: bookings that have begun go on."""
    redis = redis_url.replace("unix://", f"unix://ada:{SECRET}@")
    catalogue = changed(database_url, password=SECRET)
    env = environment(DATABASE_URL=database_url, REDIS_URL=redis, CATALOGUE_URL=catalogue)
    with up(program, tmp_path, env) as service:
        for setting in ("CATALOGUE_URL", "REDIS_URL"):
            service.wait_for(f'"setting": "{setting}"')
            found = logged(service, "turned away", setting)
            assert found["level"] == "error"
            assert "does not accept the account or the password in it" in found["why"]


@named("program", ["serve", "worker"])
def test_a_spool_that_cannot_be_written_is_told(
    tmp_path: Path, database_url: str, program: str
) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "spool"
    env = environment(DATABASE_URL=database_url, SPOOL_DIR=str(folder))
    printed = said(run(program, cwd=tmp_path, env=env))
    assert f"SPOOL_DIR: {folder} cannot be written (Not a directory)" in printed


@named("command", ["demo --home", "simulator --state-file", "diagrams --folder"])
def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, command: str) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "folder"
    ports = dict(zip(("PORT", "SIMULATOR_PORT"), map(str, free_ports(2)), strict=True))
    place = folder / "memory.json" if "file" in command else folder
    printed = said(run(*command.split(), str(place), cwd=tmp_path, env=ports))
    assert f"Error: {folder} cannot be written (Not a directory); choose another" in printed
    assert command.split()[1] in printed


def test_an_address_to_listen_on_that_is_none_is_named(tmp_path: Path, database_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        env = environment(DATABASE_URL=database_url, APP_PORT=port)
        printed = said(run("serve", cwd=tmp_path, env=env))
        assert f"port {port} on 127.0.0.1 is in use by another program" in printed
        assert "choose another with APP_HOST or APP_PORT" in printed
        env = environment(DATABASE_URL=database_url, WORKER_PORT=port)
        assert "APP_HOST or WORKER_PORT" in said(run("worker", cwd=tmp_path, env=env))


def test_both_ends_of_a_sync_are_named(tmp_path: Path, database_url: str) -> None:
    wrong = changed(database_url, password=SECRET)
    ends = {"SYNC_FROM": database_url, "SYNC_TO": database_url}
    for name in ends:
        printed = said(run("catalogue", "sync", cwd=tmp_path, env=ends | {name: wrong}))
        assert f"Error: {name}: the database does not accept the account" in printed
    strange = {"SYNC_FROM": f"postgresql://ada:{SECRET}@db:port/shop", "SYNC_TO": database_url}
    printed = said(run("catalogue", "sync", cwd=tmp_path, env=strange), code=2)
    assert "'SYNC_FROM'" in printed
    assert "its port is no number" in printed
    catalogue = environment(DATABASE_URL=database_url, CATALOGUE_URL=wrong)
    printed = said(run("catalogue", "import", ".", cwd=tmp_path, env=catalogue))
    assert "Error: CATALOGUE_URL: the database does not accept the account" in printed

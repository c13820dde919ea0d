"""Production refuses to be unsafe: each risk is named, and started with only where accepted."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any, Final

import asyncpg
import pytest
from click.testing import CliRunner
from cryptography.fernet import Fernet
from sqlalchemy import make_url
from structlog.testing import capture_logs

from booking_http.cli.main import main
from booking_http.production_risks import TEXTS, risks_of_settings, unaccepted
from booking_http.runtime.environment_guard import guard_environment
from booking_http.runtime.migration import migrate_database
from booking_http.runtime.process import CannotRun
from booking_http.setting_types import NEVER_ACCEPTED, Risk
from booking_http.settings import Settings, SettingsError, load_settings
from booking_http.web.metrics import Metrics
from booking_http.worker.main import Worker
from persistence.clock import set_clock_offset
from persistence.database import create_engine
from persistence.environment_mark import AppEnv
from persistence.grants import APPEND_ONLY
from persistence.migrate import upgrade
from persistence.rate_limits import PostgresCaps
from persistence.retention import Retention, prune_all
from tests.support.service import Service, running_service, running_simulator, seed_catalogue

_numbers = count(1)
SID: Final = "10001"
TLS: Final = "?sslmode=verify-full"
SAFE: Final[dict[str, Any]] = {
    "app_env": "production",
    "production_sids": SID,
    "database_url": f"postgresql://booking:x@db.example/booking{TLS}",
    "master_keys": Fernet.generate_key().decode(),
    "hash_key": secrets.token_urlsafe(32),
    "traveltek_base_url": "https://supplier.example/2.1/json",
    "traveltek_sid": SID,
    "traveltek_username": "agency",
    "traveltek_password": "x",
}
UNSAFE: Final[list[tuple[Risk, str, str]]] = [
    (Risk.SUPPLIER_HTTP, "traveltek_base_url", "http://supplier.example/2.1/json"),
    (Risk.SUPPLIER_HTTP, "traveltek_base_url", "http://10.0.0.9/2.1/json"),
    (Risk.BACK_OFFICE_HTTP, "back_office_url", "http://office.example/"),
    (Risk.PUBLIC_HTTP, "public_url", "http://shop.example"),
    (Risk.REDIS_PLAIN, "redis_url", "redis://:x@redis.example/0"),
    (Risk.DATABASE_TLS, "database_url", "postgresql://booking:x@db.example/booking"),
    (Risk.DATABASE_TLS, "database_url", "postgresql://b:x@db.example/b?sslmode=require"),
    (Risk.DATABASE_TLS, "database_url", "postgresql://b:x@127.0.0.1,db.example/b?sslmode=prefer"),
    (Risk.CATALOGUE_TLS, "catalogue_url", "postgresql://b:x@db.example/c?sslmode=disable"),
    (Risk.CORS_ANY, "cors_origins", "https://shop.example,*"),
    (Risk.NO_PRODUCTION_SIDS, "production_sids", ""),
    (Risk.DEFAULT_KEYS, "hash_key", "change-me-change-me-change-me-123456"),
    (Risk.DEFAULT_KEYS, "hash_key", "a" * 40),
    (Risk.DEFAULT_KEYS, "hash_key", "tests only, tests only, tests only"),
    (Risk.DEFAULT_KEYS, "master_keys", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="),
    (Risk.DEFAULT_KEYS, "master_keys", "A" * 43 + "="),
]
HARMLESS: Final = [
    ("traveltek_base_url", "http://127.0.0.1:8090/2.1/json"),
    ("public_url", "http://localhost:8080"),
    ("back_office_url", "http://[::1]:9000/"),
    ("redis_url", "rediss://:x@redis.example/0"),
    ("redis_url", "redis://127.0.0.1/0"),
    ("redis_url", "unix:///run/valkey.sock"),
    ("database_url", "postgresql://booking@/booking?host=/run/postgresql"),
    ("database_url", "postgresql://booking:x@localhost/booking"),
    ("database_url", "postgresql://booking:x@db.example/booking?sslrootcert=system"),
    ("database_url", "postgresql://booking:x@db.example/booking?sslmode=verify-ca"),
    ("cors_origins", "https://shop.example"),
]


def settings(**changes: Any) -> Settings:
    return load_settings(**SAFE | changes)


@pytest.fixture(autouse=True)
def nothing_around(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(("risk", "name", "value"), UNSAFE)
def test_each_risk_is_named_and_can_be_accepted_by_its_name(
    risk: Risk, name: str, value: str
) -> None:
    found = risks_of_settings(settings(**{name: value}))
    assert found == (risk,)
    if risk in NEVER_ACCEPTED:
        with pytest.raises(SettingsError, match=f"{risk} cannot be accepted"):
            settings(**{name: value, "production_accept": risk.value})
        return
    assert unaccepted(settings(production_accept=risk.value), found) == []


@pytest.mark.parametrize(("name", "value"), HARMLESS)
def test_what_stays_on_this_machine_or_is_verified_is_no_risk(name: str, value: str) -> None:
    assert risks_of_settings(settings(**{name: value})) == ()


def test_random_keys_are_never_taken_for_words() -> None:
    for _ in range(500):
        keys = {"master_keys": Fernet.generate_key().decode(), "hash_key": secrets.token_hex(16)}
        assert risks_of_settings(settings(**keys)) == ()


def test_a_name_that_there_is_not_is_refused() -> None:
    with pytest.raises(SettingsError, match="PRODUCTION_ACCEPT: it is 'supplier_http'"):
        settings(production_accept="everything")


def test_every_risk_says_what_it_means_and_what_to_do() -> None:
    assert set(TEXTS) == set(Risk)
    covered = {risk for risk, _, _ in UNSAFE} | {Risk.SUPERUSER, Risk.OWNER_ROLE}
    assert covered == set(Risk)


@pytest.fixture
async def production_url(empty_database_url: str) -> str:
    """Return a database that production's owner has migrated; the account is a superuser."""
    await upgrade(empty_database_url, app_env=AppEnv.PRODUCTION)
    return empty_database_url


async def started(**changes: Any) -> list[Any]:
    """Start as far as the guard lets us, and return what was logged."""
    chosen = settings(**changes)
    engine = create_engine(chosen.database_url.get_secret_value(), pool_size=1)
    try:
        with capture_logs() as lines:
            async with guard_environment(chosen, engine):
                return lines
    finally:
        await engine.dispose()


async def test_production_does_not_start_while_something_is_not_safe(production_url: str) -> None:
    with pytest.raises(CannotRun) as found:
        await started(
            database_url=production_url, public_url="http://shop.example", cors_origins="*"
        )
    said = str(found.value)
    assert "public_http: PUBLIC_URL is http://" in said
    assert "cors_any: CORS_ORIGINS is *" in said
    assert "PRODUCTION_ACCEPT=public_http,cors_any" in said


async def test_a_superuser_does_not_serve(production_url: str) -> None:
    with pytest.raises(CannotRun, match="superuser: the account in DATABASE_URL is a superuser"):
        await started(database_url=production_url)
    lines = await started(database_url=production_url, production_accept="superuser")
    told = [line for line in lines if line["event"] == "production_risk_accepted"]
    assert [line["risk"] for line in told] == ["superuser"]


@dataclass(frozen=True)
class Roles:
    """A server's database with the addresses of two roles: who owns the tables, and who serves."""

    owner: str
    service: str
    service_name: str


@pytest.fixture
async def roles(empty_database_url: str) -> AsyncIterator[Roles]:
    """Make two roles without any rights but that the first may make tables."""
    number, password = f"{os.getpid()}_{next(_numbers)}", secrets.token_hex(8)
    owner, service = f"owner_{number}", f"service_{number}"
    admin = await asyncpg.connect(empty_database_url)
    database = await admin.fetchval("SELECT current_database()")
    for role in (owner, service):
        await admin.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{password}'")
    await admin.execute(f"GRANT CREATE ON DATABASE {database} TO {owner}")
    await admin.execute(f"GRANT CREATE ON SCHEMA public TO {owner}")
    url = make_url(empty_database_url).set(password=password)
    addresses = [
        url.set(username=role).render_as_string(hide_password=False) for role in (owner, service)
    ]
    yield Roles(owner=addresses[0], service=addresses[1], service_name=service)
    for role in (service, owner):
        await admin.execute(f"DROP OWNED BY {role} CASCADE")
        await admin.execute(f"DROP ROLE {role}")
    await admin.close()


async def test_the_owner_of_the_tables_does_not_serve_and_the_role_it_grants_to_does(
    roles: Roles,
) -> None:
    await migrate_database(roles.owner, AppEnv.PRODUCTION, mark_as=None, grant=roles.service_name)
    with pytest.raises(CannotRun, match="owner_role: the account in DATABASE_URL owns the tables"):
        await started(database_url=roles.owner)
    assert await started(database_url=roles.service) == []


async def test_the_service_books_with_its_role_and_cannot_rewrite_what_happened(
    roles: Roles,
) -> None:
    await migrate_database(roles.owner, AppEnv.DEVELOPMENT, mark_as=None, grant=roles.service_name)
    await seed_catalogue(roles.owner)
    async with (
        running_simulator() as simulator,
        running_service(roles.service, simulator, worker=True) as service,
    ):
        guest = service.guest()
        held = await guest.to_basketed()
        ask = guest.booking(payment=guest.payment(held.body["price"]["total"]))
        assert (await guest.book(ask)).status == 201
        assert (await guest.cancel()).status == 202
        await PostgresCaps(service.parts.database).forget()
        await prune_by_role(service, roles.owner)
    as_service = await asyncpg.connect(roles.service)
    try:
        for table in APPEND_ONLY:
            assert await as_service.fetchval(f"SELECT count(*) >= 0 FROM {table}")
            for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET at = now()"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await as_service.execute(statement)
        for statement in ("DROP TABLE session_history", "TRUNCATE staff_audit"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await as_service.execute(statement)
    finally:
        await as_service.close()


async def prune_by_role(service: Service, owner: str) -> None:
    """Let go of a draft, which only the owner's function can."""
    await service.guest().to_priced()
    engine = create_engine(owner, pool_size=1)
    await set_clock_offset(engine, timedelta(days=1))
    await Worker(service.parts, metrics=Metrics()).drain()
    await set_clock_offset(engine, timedelta(days=400))
    await engine.dispose()
    policy = Retention(drafts=timedelta(days=40))
    steps = prune_all(service.parts.database, policy, dry=False)
    assert [each.sessions async for each in steps] == [1]


async def test_a_role_that_there_is_not_is_named(roles: Roles) -> None:
    with pytest.raises(CannotRun, match="knows no role nobody"):
        await migrate_database(roles.owner, AppEnv.DEVELOPMENT, mark_as=None, grant="nobody")


@pytest.mark.parametrize("public_url", ["https://cruises.example", "http://127.0.0.1:8080"])
async def test_browsers_are_told_to_come_by_https_where_we_are_reached_so(
    make_service: Any, public_url: str
) -> None:
    service = await make_service(public_url=public_url)
    for path in ("/livez", "/console/sign-in", "/nothing/here"):
        headers = (await service.call("GET", path)).headers
        assert ("Strict-Transport-Security" in headers) is public_url.startswith("https")
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


async def test_elsewhere_nothing_of_this_is_asked(database_url: str) -> None:
    lines = await started(
        app_env="development", production_sids="", database_url=database_url, cors_origins="*"
    )
    assert lines == []


async def test_the_report_is_the_same_list(production_url: str) -> None:
    """For any APP_ENV; accepted risks are warnings, and the status says whether it would start."""
    names = {name.upper(): str(value) for name, value in SAFE.items()}
    unsafe = names | {
        "DATABASE_URL": production_url,
        "CORS_ORIGINS": "*",
        "PUBLIC_URL": "http://shop.example",
        "PRODUCTION_ACCEPT": "cors_any,superuser",
    }
    for app_env in ("production", "staging"):
        command, env = ["doctor", "production", "--json"], unsafe | {"APP_ENV": app_env}
        done = await asyncio.to_thread(CliRunner().invoke, main, command, env=env)
        findings = json.loads(done.stdout)["findings"]
        assert {finding["check"]: finding["level"] for finding in findings} == {
            "production.public_http": "failure",
            "production.cors_any": "warning",
            "production.superuser": "warning",
        }
        assert done.exit_code == 2

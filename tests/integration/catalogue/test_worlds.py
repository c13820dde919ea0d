"""A service of one world starts neither on another's database nor with another's account."""

import asyncio
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from booking_http.cli.main import main
from booking_http.runtime import environment_guard
from booking_http.runtime.environment_guard import disagreements
from booking_http.runtime.process import CannotRun
from booking_http.settings import Settings
from booking_http.wiring import open_parts
from persistence.database import create_engine, execute
from persistence.environment_mark import AppEnv, Mark, read_mark, remark
from persistence.migrate import upgrade
from tests.support.processes import environment
from tests.support.programs import run
from tests.support.service import running_service, running_simulator, settings_for
from tests.support.waiting import PATIENCE

SID = "10001"


def marked(app_env: AppEnv, sid: str | None = None) -> Mark:
    return Mark(app_env=app_env, supplier_sid=sid, marked_at=datetime.now(UTC))


def settings(database_url: str = "postgresql://x/y", **changes: Any) -> Settings:
    return settings_for(
        database_url=database_url, supplier_url="http://127.0.0.1:9/2.1/json", **changes
    )


async def mark_of(database_url: str) -> Mark | None:
    engine = create_engine(database_url, pool_size=1)
    try:
        return await read_mark(engine)
    finally:
        await engine.dispose()


async def mark_as(database_url: str, app_env: AppEnv) -> None:
    engine = create_engine(database_url, pool_size=1)
    await remark(engine, app_env)
    await engine.dispose()


@pytest.mark.parametrize(
    ("app_env", "mark", "changes", "said"),
    [
        ("staging", marked(AppEnv.STAGING, SID), {}, None),
        ("staging", None, {}, None),
        ("production", marked(AppEnv.PRODUCTION), {}, None),
        ("production", marked(AppEnv.PRODUCTION), {"production_sids": f"7,{SID}"}, None),
        ("staging", marked(AppEnv.PRODUCTION), {}, "the database is marked production"),
        ("production", marked(AppEnv.STAGING), {}, "the database is marked staging"),
        ("development", marked(AppEnv.STAGING), {}, "the database is marked staging"),
        ("staging", marked(AppEnv.STAGING, "7"), {}, "were made with 7"),
        ("staging", marked(AppEnv.STAGING), {"production_sids": SID}, "10001 sells for real"),
        ("production", None, {"production_sids": "7"}, "is not among PRODUCTION_SIDS"),
    ],
)
def test_worlds_are_told_apart(
    app_env: str, mark: Mark | None, changes: dict[str, str], said: str | None
) -> None:
    found = disagreements(settings(app_env=app_env, **changes), mark)
    assert len(found) == (said is not None)
    assert said is None or said in found[0]


async def test_the_first_start_binds_the_suppliers_account(database_url: str) -> None:
    async with running_simulator() as simulator, running_service(database_url, simulator):
        mark = await mark_of(database_url)
    assert mark is not None
    assert (mark.app_env, mark.supplier_sid) == (AppEnv.DEVELOPMENT, SID)


@pytest.mark.parametrize("command", ["serve", "worker"])
async def test_nothing_starts_on_the_database_of_another_world(
    database_url: str, tmp_path: Path, command: str
) -> None:
    await mark_as(database_url, AppEnv.PRODUCTION)
    env = environment(settings(database_url)) | {"APP_ENV": "staging", "APP_PORT": "0"}
    done = await asyncio.to_thread(run, command, cwd=tmp_path, env=env)
    assert done.returncode == 1
    assert "APP_ENV is staging, but the database is marked production" in done.stderr
    assert "ACCEPT_OTHER_ENVIRONMENT" in done.stderr
    mark = await mark_of(database_url)
    assert mark is not None
    assert mark.supplier_sid is None


async def test_an_account_of_another_world_is_refused_though_the_database_is_away() -> None:
    nowhere = settings("postgresql://nobody@127.0.0.1:9/none", production_sids=SID)
    with pytest.raises(CannotRun, match="10001 sells for real"):
        async with open_parts(nowhere):
            raise AssertionError("it started")


async def test_whoever_means_it_says_so_by_a_setting(database_url: str) -> None:
    """The account is not bound to a database that was only borrowed."""
    await mark_as(database_url, AppEnv.PRODUCTION)
    refused = settings(database_url, app_env="staging")
    with pytest.raises(CannotRun):
        async with open_parts(refused):
            raise AssertionError("it started")
    meant = refused.model_copy(update={"accept_other_environment": True})
    async with open_parts(meant):
        mark = await mark_of(database_url)
    assert mark is not None
    assert mark.supplier_sid is None


async def test_migrate_marks_the_first_time_and_refuses_another_world_later(
    empty_database_url: str,
) -> None:
    async def migrate(app_env: str, *options: str, **more: str) -> tuple[int, str]:
        env = {"DATABASE_URL": empty_database_url, "APP_ENV": app_env, **more}
        done = await asyncio.to_thread(CliRunner().invoke, main, ["migrate", *options], env=env)
        return done.exit_code, done.output

    assert (await migrate("staging"))[1].endswith("this is a staging database\n")
    assert (await migrate("staging"))[0] == 0
    code, said = await migrate("production")
    assert (code, "the database is marked staging" in said) == (1, True)
    assert (await migrate("production", ACCEPT_OTHER_ENVIRONMENT="true"))[0] == 0
    kept = await mark_of(empty_database_url)
    assert kept is not None
    assert kept.app_env is AppEnv.STAGING
    code, said = await migrate("production", "--mark-as", "production")
    assert (code, "this is a production database" in said) == (0, True)
    code, said = await migrate("prod")
    told = "APP_ENV: it is 'development', 'staging' or 'production'"
    assert (code, told in said) == (1, True)


async def test_a_database_migrated_later_is_compared_then(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that started before there was anything to compare stops when it finds out."""
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    monkeypatch.setattr(environment_guard, "_PAUSE", 0.05)
    async with open_parts(settings(empty_database_url, app_env="staging")):
        await upgrade(empty_database_url, app_env=AppEnv.PRODUCTION)
        async with asyncio.timeout(PATIENCE):
            await stopped.wait()
    asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)


async def test_readiness_names_another_world(
    database_url: str,
) -> None:
    """Where that is meant, too."""
    await mark_as(database_url, AppEnv.PRODUCTION)
    meant = {"app_env": "staging", "accept_other_environment": True}
    async with (
        running_simulator() as simulator,
        running_service(database_url, simulator, **meant) as service,
    ):
        ready = await service.call("GET", "/readyz?verbose")
        (part,) = [one for one in ready.body["components"] if one["name"] == "environment"]
        assert (ready.body["environment"], part["status"]) == ("staging", "up")
        assert "the database is marked production" in part["detail"]


async def test_a_service_is_not_ready_before_it_could_compare(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database without a mark gets one by the next `migrate`."""
    monkeypatch.setattr(environment_guard, "_PAUSE", 60)
    engine = create_engine(database_url, pool_size=1)
    await execute(engine, text("DELETE FROM installation"))
    await engine.dispose()
    async with (
        running_simulator() as simulator,
        running_service(database_url, simulator, app_env="staging") as service,
    ):
        await upgrade(database_url, app_env=AppEnv.PRODUCTION)
        ready = await service.call("GET", "/readyz?verbose")
        (part,) = [one for one in ready.body["components"] if one["name"] == "environment"]
        assert (ready.status, part["status"]) == (503, "down")
        assert "the database is marked production" in part["detail"]


async def test_a_database_holds_one_mark(database_url: str) -> None:
    engine = create_engine(database_url, pool_size=1)
    with pytest.raises(Exception, match="ck_installation_one_row"):
        await execute(
            engine, text("INSERT INTO installation VALUES (false, 'staging', NULL, now())")
        )
    await engine.dispose()

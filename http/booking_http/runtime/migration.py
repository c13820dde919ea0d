"""Bringing a database up to date, and marking whose it is."""

from __future__ import annotations

from booking_http.runtime.connection_errors import database_name, said_by_server
from booking_http.runtime.environment_guard import other_world, refusal
from booking_http.runtime.process import CannotRun
from booking_http.settings import load_database_settings
from persistence.database import Database, create_engine
from persistence.environment_mark import AppEnv, read_mark, remark
from persistence.errors import NoRight
from persistence.grants import NoSuchRole, grant_to
from persistence.migrate import CannotMigrate, Tell, in_silence, upgrade
from persistence.revisions import standing


async def migrate_database(
    url: str,
    app_env: AppEnv,
    *,
    mark_as: str | None,
    grant: str | None = None,
    tell: Tell = in_silence,
) -> str:
    """Migrate and mark a database, telling of each revision, and say what it is now.

    `grant` names the role that the service uses, where that is not the one that owns the tables.

    Raises:
        CannotRun: it belongs to another world, and neither option nor setting says that is meant;
            or the account may not do this, others hold the tables, or a newer program needs them
            as they are.
    """
    engine = create_engine(url, pool_size=1)
    try:
        other = other_world(app_env, await read_mark(engine))
        if other and mark_as is None and not load_database_settings().accept_other_environment:
            raise CannotRun(refusal([other]))
        await _upgraded(url, app_env, tell)
        if mark_as is not None:
            await remark(engine, AppEnv(mark_as))
        if grant is not None:
            await _granted(engine, grant)
        mark, there = await read_mark(engine), (await standing(engine)).revision
    finally:
        await engine.dispose()
    marked = f"; this is a {mark.app_env} database" if mark else ""
    return f"the tables are at revision {there}{marked}"


async def _granted(engine: Database, role: str) -> None:
    try:
        await grant_to(engine, role)
    except NoSuchRole as error:
        raise CannotRun(f"the server knows no role {role}; make it with CREATE ROLE") from error


async def _upgraded(url: str, app_env: AppEnv, tell: Tell) -> None:
    try:
        await upgrade(url, app_env=app_env, tell=tell)
    except CannotMigrate as error:
        raise CannotRun(str(error)) from error
    except NoRight as error:
        why = f"the account in it may not make or change tables ({said_by_server(error)})"
        todo = "grant it CREATE on database and schemas, or name the account that owns the tables"
        raise CannotRun(f"{database_name()}: {why}; {todo}") from error

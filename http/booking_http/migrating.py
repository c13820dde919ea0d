"""Bringing a database up to date, and marking whose it is."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError

from booking_http.process import CannotRun
from booking_http.rejections import NO_RIGHT, said_by_server
from booking_http.settings import load_database_settings
from booking_http.whereabouts import database_name
from booking_http.worlds import other_world, refusal
from persistence.database import create_engine
from persistence.errors import sqlstate
from persistence.identity import AppEnv, read_mark, remark
from persistence.migrate import head, upgrade


async def migrate_database(url: str, app_env: AppEnv, *, mark_as: str | None) -> str:
    """Migrate and mark a database, and say what it is now.

    Raises:
        CannotRun: it belongs to another world, and neither option nor setting says that is meant;
            or the account may not do this.
    """
    engine = create_engine(url, pool_size=1)
    try:
        other = other_world(app_env, await read_mark(engine))
        if other and mark_as is None and not load_database_settings().accept_other_environment:
            raise CannotRun(refusal([other]))
        await _upgraded(url, app_env)
        if mark_as is not None:
            await remark(engine, AppEnv(mark_as))
        mark = await read_mark(engine)
    finally:
        await engine.dispose()
    marked = f"; this is a {mark.app_env} database" if mark else ""
    return f"the tables are at revision {head()}{marked}"


async def _upgraded(url: str, app_env: AppEnv) -> None:
    try:
        await upgrade(url, app_env=app_env)
    except DBAPIError as error:
        if sqlstate(error) != NO_RIGHT:
            raise
        why = f"the account in it may not make or change tables ({said_by_server(error)})"
        todo = "grant it CREATE on database and schemas, or name the account that owns the tables"
        raise CannotRun(f"{database_name()}: {why}; {todo}") from error

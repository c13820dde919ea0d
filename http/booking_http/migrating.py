"""Bringing a database up to date, and marking whose it is."""

from __future__ import annotations

import os

from booking_http.process import CannotRun
from booking_http.worlds import other_world, refusal
from persistence.database import create_engine
from persistence.identity import AppEnv, read_mark, remark
from persistence.migrate import head, upgrade


async def migrate_database(url: str, app_env: AppEnv, *, mark_as: str | None) -> str:
    """Migrate and mark a database, and say what it is now.

    Raises:
        CannotRun: it belongs to another world, and neither option nor setting says that is meant.
    """
    engine = create_engine(url, pool_size=1)
    try:
        other = other_world(app_env, await read_mark(engine))
        if other and mark_as is None and os.environ.get("ACCEPT_OTHER_ENVIRONMENT") != "true":
            raise CannotRun(refusal([other]))
        await upgrade(url, app_env=app_env)
        if mark_as is not None:
            await remark(engine, AppEnv(mark_as))
        mark = await read_mark(engine)
    finally:
        await engine.dispose()
    marked = f"; this is a {mark.app_env} database" if mark else ""
    return f"the tables are at revision {head()}{marked}"

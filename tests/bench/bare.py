"""The baseline: an HTTP server that makes one guarded commit per request, and nothing else.

Run as a process with `DATABASE_URL` and `APP_PORT`, as the service is.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import asyncpg
from aiohttp import web

TABLES = """
CREATE TABLE IF NOT EXISTS bare (id integer PRIMARY KEY, version integer NOT NULL);
CREATE TABLE IF NOT EXISTS bare_history (
    id integer, seq integer, at timestamptz NOT NULL, PRIMARY KEY (id, seq));
INSERT INTO bare SELECT n, 0 FROM generate_series(1, 256) AS n ON CONFLICT DO NOTHING;
"""
COMMIT = """
WITH moved AS (
    UPDATE bare SET version = version + 1 WHERE id = $1 AND version = $2 RETURNING id, version
)
INSERT INTO bare_history SELECT id, version, clock_timestamp() FROM moved RETURNING seq
"""
POOL = web.AppKey("pool", asyncpg.Pool)


async def _pool(app: web.Application) -> AsyncIterator[None]:
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=10, max_size=10) as pool:
        await pool.execute(TABLES)
        app[POOL] = pool
        yield


async def commit(request: web.Request) -> web.Response:
    """Move one row on, if it is still at the version that the caller knows."""
    ask = await request.json()
    seq = await request.app[POOL].fetchval(COMMIT, ask["id"], ask["version"])
    return web.json_response({"version": seq}, status=409 if seq is None else 200)


async def live(_: web.Request) -> web.Response:
    """Say that it runs."""
    return web.json_response({})


def main() -> None:
    """Serve until killed."""
    app = web.Application()
    app.router.add_post("/commit", commit)
    app.router.add_get("/livez", live)
    app.cleanup_ctx.append(_pool)
    port = int(os.environ["APP_PORT"])
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=None)


if __name__ == "__main__":
    main()

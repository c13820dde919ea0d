"""Databases that go back: by a dump that is restored, and by a base copy of the whole cluster."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from adapters.embedded import EmbeddedPostgres
from adapters.embedded.postgres import programs_path
from tests.conftest import PostgresServer, administer


async def dump(dsn: str, file: Path) -> None:
    """Write a database down as operators do every night."""
    await _run("pg_dump", "--format=custom", f"--file={file}", dsn=dsn)


async def restore(server: PostgresServer, dsn: str, file: Path) -> None:
    """Drop a database and bring back what was written down of it, under the same name."""
    name = _name_of(dsn)
    await administer(server, f"DROP DATABASE {name} WITH (FORCE)")
    await administer(server, f"CREATE DATABASE {name}")
    await _run("pg_restore", "--exit-on-error", f"--dbname={name}", str(file), dsn=dsn)


async def cluster_set_aside(server: EmbeddedPostgres, aside: Path) -> None:
    """Copy a whole cluster, as a base copy has it."""
    await server.stop()
    await asyncio.to_thread(shutil.copytree, server.data_dir, aside)
    await server.start()


async def cluster_put_back(server: EmbeddedPostgres, aside: Path) -> None:
    """Go on with what was copied."""
    await server.stop()
    await asyncio.to_thread(shutil.rmtree, server.data_dir)
    await asyncio.to_thread(shutil.copytree, aside, server.data_dir)
    await server.start()


@asynccontextmanager
async def copied_by_template(server: PostgresServer, dsn: str) -> AsyncIterator[str]:
    """Copy a database within its cluster for a block."""
    name = f"{_name_of(dsn)}_copy"
    await administer(server, f"CREATE DATABASE {name} TEMPLATE {_name_of(dsn)}")
    yield server.dsn_of(name)
    await administer(server, f"DROP DATABASE {name} WITH (FORCE)")


def _name_of(dsn: str) -> str:
    return urlsplit(dsn).path.removeprefix("/")


async def _run(program: str, *arguments: str, dsn: str) -> None:
    """Run a program of PostgreSQL; its password goes where nobody can read it in a list."""
    at = urlsplit(dsn)
    environ = {
        **os.environ,
        "PGHOST": at.hostname or "",
        "PGPORT": str(at.port or 5432),
        "PGUSER": at.username or "",
        "PGPASSWORD": at.password or "",
        "PGDATABASE": _name_of(dsn),
    }
    process = await asyncio.create_subprocess_exec(
        str(programs_path() / program), *arguments, env=environ, stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    assert process.returncode == 0, said.decode()

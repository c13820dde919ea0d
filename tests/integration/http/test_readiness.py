"""Readiness tells the truth: what requests need is asked over the connections they use."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from adapters.backoff import Backoff
from adapters.embedded import EmbeddedPostgres
from persistence.database import create_engine, execute
from persistence.database_info import hindrance
from tests.support.service import Json, Service
from tests.support.tcp_proxy import Network, network
from tests.support.waiting import eventually


async def ready(service: Service) -> tuple[int, dict[str, Json]]:
    answer = await service.call("GET", "/readyz?verbose")
    return answer.status, {part["name"]: part for part in answer.body["components"]}


async def becomes(service: Service, status: int, *, within: float) -> dict[str, Json]:
    """Wait until readiness is this, and return its parts."""
    found: dict[str, Json] = {}

    async def is_so() -> bool:
        nonlocal found
        seen, found = await ready(service)
        return seen == status

    await eventually(is_so, within=within)
    return found


@pytest.fixture
async def net(seeded_url: str) -> AsyncIterator[Network]:
    async with network(seeded_url) as net:
        yield net


async def test_a_frozen_database_is_not_ready_within_seconds_and_ready_soon_after(
    make_service: Any, seeded_url: str, net: Network
) -> None:
    service: Service = await make_service(database_url=net.through(seeded_url))
    await becomes(service, 200, within=5)
    net.freeze()
    parts = await becomes(service, 503, within=5)
    assert parts["database"]["status"] == "down"
    net.thaw()
    await becomes(service, 200, within=10)


async def test_wakeups_that_are_away_degrade_readiness(
    make_service: Any, seeded_url: str, net: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Streams look for themselves from time to time, so requests can be served."""
    monkeypatch.setattr("booking_http.runtime.listener._BACKOFF", Backoff(first=30, longest=30))
    service: Service = await make_service(database_url=net.through(seeded_url))
    await becomes(service, 200, within=5)
    await service.cut_listeners()

    async def told() -> bool:
        status, parts = await ready(service)
        assert status == 200
        return bool(parts["wakeups"]["status"] == "degraded")

    await eventually(told, within=5)


async def test_a_database_that_may_only_be_read_is_not_ready(
    make_service: Any, seeded_url: str
) -> None:
    """Connections that may only read are given up, so that it recovers without a guest's help."""
    name = seeded_url.rpartition("/")[2]
    only = f"ALTER DATABASE {name} SET default_transaction_read_only"
    administrator = await asyncpg.connect(seeded_url)
    await administrator.execute(f"{only} = on")
    service: Service = await make_service()
    status, parts = await ready(service)
    assert (status, parts["database"]["detail"]) == (503, "it may only be read")
    refused = await service.guest().open()
    assert (refused.status, refused.code) == (503, "unavailable")
    await administrator.execute("SET default_transaction_read_only = off")
    await administrator.execute(f"{only} = off")
    await administrator.close()
    await becomes(service, 200, within=5)
    assert (await service.guest().open()).status == 201


async def test_a_catalogue_that_is_not_reached_is_not_ready_where_it_is_ours(
    make_service: Any, seeded_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read of it may be remembered, and must not hide that no booking can begin."""
    service: Service = await make_service()
    await becomes(service, 200, within=5)

    async def away() -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(service.parts.catalogue._pool, "_connect", lambda *_, **__: away())
    await service.parts.catalogue._pool.renew()
    await asyncio.sleep(1.1)
    status, parts = await ready(service)
    assert (status, parts["catalogue"]["status"]) == (503, "down")


async def test_a_spool_that_cannot_be_written_is_told_and_turns_nobody_away(
    make_service: Any, tmp_path: Path
) -> None:
    """Answers wait in memory then, so guests may go on; operators have to see to the disk."""
    folder = tmp_path / "spool"
    service: Service = await make_service(spool_dir=str(folder))
    status, parts = await ready(service)
    assert (status, parts["spool"]["status"], parts["spool"]["detail"]) == (200, "up", None)
    folder.rmdir()
    folder.write_text("in the way")
    await asyncio.sleep(1.1)
    status, parts = await ready(service)
    assert (status, parts["spool"]["status"]) == (200, "degraded")
    assert parts["spool"]["detail"] == "SPOOL_DIR cannot be written: Not a directory"
    assert (await service.guest().to_booked()).status == 201
    folder.unlink()
    await asyncio.sleep(1.1)
    assert (await ready(service))[1]["spool"]["status"] == "up"


@pytest.fixture
def small_disk(tmp_path: Path) -> Any:
    """Make a disk that is soon full; only root can."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=150m,mode=755", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.slow
async def test_a_full_disk_is_told_and_is_over_when_there_is_room(small_disk: Path) -> None:
    async with EmbeddedPostgres(small_disk / "postgres", durable=False) as server:
        engine = create_engine(server.dsn, pool_size=2)
        assert await hindrance(engine) is None
        filler = small_disk / "filler"
        free = shutil.disk_usage(small_disk).free
        filler.write_bytes(b"x" * (free - 16384))
        assert await hindrance(engine) == "its disk is full"
        filler.unlink()
        assert await hindrance(engine) is None
        await engine.dispose()


async def test_a_look_leaves_nothing_behind(database_url: str) -> None:
    """Neither in the database nor on the connection that others use after it."""
    engine = create_engine(database_url, pool_size=1)
    before = "SELECT current_setting('work_mem')"
    connection = await asyncpg.connect(database_url)
    usual = await connection.fetchval(before)
    await connection.close()
    assert await hindrance(engine) is None
    await execute(engine, text(f"DO $$ BEGIN ASSERT ({before}) = '{usual}'; END $$"))
    await engine.dispose()


async def test_tables_of_a_newer_program_are_ready_while_they_serve_this_one(
    make_service: Any, seeded_url: str
) -> None:
    """So that an old process can be started again while a new release is coming in."""
    administrator = await asyncpg.connect(seeded_url)
    await administrator.execute("UPDATE alembic_version SET version_num = '20991231_01'")
    service: Service = await make_service()
    status, parts = await ready(service)
    assert (status, parts["schema"]["status"]) == (200, "up")
    assert (await service.guest().open()).status == 201
    await administrator.execute("UPDATE installation SET oldest_program = '20991231_01'")
    await administrator.close()
    parts = await becomes(service, 503, within=5)
    assert "no longer serve this program" in parts["schema"]["detail"]

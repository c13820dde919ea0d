"""An embedded PostgreSQL starts anywhere, keeps its data, and is used by one owner at a time."""

import os
import stat
from pathlib import Path

import asyncpg
import pytest

from adapters.embedded import EmbeddedPostgres, EmbeddedServerError
from adapters.embedded.folder import nobody_may_enter
from adapters.embedded.postgres import programs_path
from tests.support.embedded_processes import Owner, as_ordinary_user

pytestmark = pytest.mark.slow


async def execute(server: EmbeddedPostgres, statement: str) -> object:
    connection = await asyncpg.connect(server.dsn)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def quick(folder: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(folder, durable=False)


async def test_data_survives_a_restart_and_a_crash_under_the_same_address(tmp_path: Path) -> None:
    async with EmbeddedPostgres(tmp_path / "pg") as server:
        address = server.dsn
        await execute(server, "CREATE TABLE kept AS SELECT 42 AS answer")
        await server.restart()
        assert await execute(server, "SELECT answer FROM kept") == 42
        await execute(server, "UPDATE kept SET answer = 43")
        await server.crash()
        await server.start()
        assert await execute(server, "SELECT answer FROM kept") == 43
        assert server.dsn == address
    async with EmbeddedPostgres(tmp_path / "pg") as later:
        assert await execute(later, "SELECT answer FROM kept") == 43


async def test_it_is_durable_unless_told_otherwise(tmp_path: Path) -> None:
    async with EmbeddedPostgres(tmp_path / "pg") as server:
        assert await execute(server, "SHOW fsync") == "on"
        assert await execute(server, "SHOW synchronous_commit") == "on"
    async with quick(tmp_path / "pg") as server:
        assert await execute(server, "SHOW fsync") == "off"


async def test_only_who_may_read_the_password_file_gets_in(tmp_path: Path) -> None:
    async with quick(tmp_path / "pg") as server:
        password = tmp_path / "pg" / "password"
        assert stat.S_IMODE(password.stat().st_mode) == 0o600
        assert await execute(server, "SHOW listen_addresses") == "127.0.0.1"
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(server.dsn, password="guess")


async def test_a_second_start_on_the_same_folder_names_who_is_there(tmp_path: Path) -> None:
    async with quick(tmp_path / "pg") as server:
        with pytest.raises(EmbeddedServerError, match=rf"in use by .* pid {server.pid}\b"):
            await quick(tmp_path / "pg").start()
        with pytest.raises(EmbeddedServerError, match=rf"in use by .* pid {server.pid}\b"):
            await server.start()
        assert await execute(server, "SELECT 1") == 1


async def test_a_pid_file_whose_number_belongs_to_another_program_is_no_obstacle(
    tmp_path: Path,
) -> None:
    async with quick(tmp_path / "pg") as server:
        await server.crash()
        pid_file = tmp_path / "pg" / "cluster" / "postmaster.pid"
        lines = pid_file.read_text().splitlines()
        pid_file.write_text("\n".join([str(os.getppid()), *lines[1:], ""]))
        await server.start()
        assert await execute(server, "SELECT 1") == 1


async def test_a_draft_that_an_interrupted_start_left_is_made_anew(tmp_path: Path) -> None:
    draft = tmp_path / "pg" / "cluster.new"
    draft.mkdir(parents=True)
    (draft / "PG_VERSION").write_text("18\n")
    async with quick(tmp_path / "pg") as server:
        assert await execute(server, "SELECT current_database()") == "booking"
    assert not draft.exists()


async def test_a_server_that_does_not_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    async with quick(tmp_path / "pg") as first:
        second = EmbeddedPostgres(tmp_path / "other", port=first.port, durable=False)
        with pytest.raises(EmbeddedServerError, match="Address already in use"):
            await second.start()
        await second.stop()


async def test_permissions_outside_its_folder_stay_as_they_were(tmp_path: Path) -> None:
    """Below a private parent the server still starts, and opens no folder to others."""
    parents = [tmp_path / "a", tmp_path / "a" / "b"]
    for parent in parents:
        parent.mkdir(mode=0o700)
    watched = [*parents, *tmp_path.parents, tmp_path]
    before = [(place.stat().st_mode, place.stat().st_uid) for place in watched]
    async with quick(parents[-1] / "pg") as server:
        assert await execute(server, "SELECT 1") == 1
    assert [(place.stat().st_mode, place.stat().st_uid) for place in watched] == before
    assert stat.S_IMODE((parents[-1] / "pg").stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
async def test_root_runs_it_as_nobody_and_a_move_below_a_private_parent_is_coped_with(
    open_folder: Path,
) -> None:
    if not nobody_may_enter(programs_path()):
        pytest.skip("this checkout, and the programs in it, lie below a private folder")
    async with quick(open_folder / "pg") as server:
        await execute(server, "CREATE TABLE kept AS SELECT 42 AS answer")
        assert Path(f"/proc/{server.pid}").stat().st_uid == 65534
    open_folder.chmod(0o700)
    async with quick(open_folder / "pg") as server:
        assert await execute(server, "SELECT answer FROM kept") == 42


def test_an_ordinary_user_can_run_it(tmp_path: Path) -> None:
    folder = tmp_path / "ordinary"
    owner = Owner(folder, prefix=as_ordinary_user(folder))
    assert owner.end() == 0


async def test_stopping_twice_and_asking_a_stopped_server_are_harmless(tmp_path: Path) -> None:
    server = quick(tmp_path / "pg")
    await server.start()
    await server.stop()
    await server.stop()
    with pytest.raises(EmbeddedServerError, match="not running"):
        _ = server.pid


async def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "pg").write_text("")
    with pytest.raises(EmbeddedServerError, match="cannot be used as a folder"):
        await quick(tmp_path / "pg").start()

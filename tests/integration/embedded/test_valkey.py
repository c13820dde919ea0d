"""An embedded Valkey is a real server behind a private socket."""

import stat
from pathlib import Path

import pytest
import redis.asyncio

from adapters.embedded import EmbeddedServerError, EmbeddedValkey


async def ask(server: EmbeddedValkey, script: str) -> object:
    async with redis.asyncio.from_url(server.url) as client:
        return await client.eval(script, 0)


async def test_it_runs_scripts_and_takes_no_network_connections(tmp_path: Path) -> None:
    async with EmbeddedValkey(tmp_path / "vk") as server:
        assert await ask(server, "return 6 * 7") == 42
        async with redis.asyncio.from_url(server.url) as client:
            assert (await client.config_get("port"))["port"] == "0"
        socket = tmp_path / "vk" / "valkey.sock"
        assert stat.S_IMODE(socket.stat().st_mode) == 0o700


async def test_after_a_crash_it_starts_again_empty_under_the_same_address(tmp_path: Path) -> None:
    async with EmbeddedValkey(tmp_path / "vk") as server:
        address = server.url
        await ask(server, "return redis.call('SET', 'a', 'b')")
        await server.crash()
        await server.start()
        assert server.url == address
        assert await ask(server, "return redis.call('GET', 'a')") is None


async def test_a_folder_too_deep_for_a_socket_gets_a_short_one(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 100) / "vk"
    server = EmbeddedValkey(deep)
    await server.start()
    assert await ask(server, "return 1") == 1
    folder = Path(server.url.removeprefix("unix://").partition("?")[0]).parent
    await server.restart()
    assert await ask(server, "return 1") == 1
    await server.stop()
    assert deep not in folder.parents
    assert not folder.exists()


async def test_a_second_start_on_the_same_folder_names_who_is_there(tmp_path: Path) -> None:
    async with EmbeddedValkey(tmp_path / "vk") as server:
        with pytest.raises(EmbeddedServerError, match=rf"in use by .* pid {server.pid}\b"):
            await EmbeddedValkey(tmp_path / "vk").start()

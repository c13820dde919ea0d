"""The fixtures that other tests stand on keep their promises."""

import aiohttp
import asyncpg
import redis.asyncio
from aioresponses import aioresponses

from tests.conftest import PostgresServer, Samples


async def test_every_test_gets_an_address_of_its_own_migrated_database(
    database_url: str, empty_database_url: str
) -> None:
    tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    found = {}
    for address in (database_url, empty_database_url):
        connection = await asyncpg.connect(address)
        found[address] = await connection.fetchval(tables)
        await connection.close()
    assert found[database_url] > 0
    assert found[empty_database_url] == 0


def test_a_test_without_a_loop_may_ask_for_a_database_too(
    database_url: str, postgres_server: PostgresServer
) -> None:
    assert database_url.startswith("postgresql://")
    assert database_url != postgres_server.dsn


async def test_redis_starts_empty(redis_url: str) -> None:
    async with redis.asyncio.from_url(redis_url) as client:
        assert await client.dbsize() == 0
        await client.set("left", "behind")


async def test_redis_starts_empty_again(redis_url: str) -> None:
    await test_redis_starts_empty(redis_url)


async def test_the_mocked_supplier_answers(aioresponses_mock: aioresponses) -> None:
    aioresponses_mock.post("https://supplier.test/token.pl", payload={"expires_in": "7200"})
    async with aiohttp.ClientSession() as session:
        response = await session.post("https://supplier.test/token.pl", data={"a": "b"})
        assert await response.json() == {"expires_in": "7200"}


def test_samples_are_found_by_name(samples: Samples) -> None:
    assert samples("token-response") == samples("token-response.json")

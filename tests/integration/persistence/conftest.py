"""A store over a fresh database, and a way to look behind it."""

from collections.abc import AsyncIterator

import pytest
from cryptography.fernet import Fernet

from persistence.database import Database, create_engine
from persistence.encryption import Vault
from persistence.sessions import PostgresSessionStore
from tests.support.store import Shop


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[Database]:
    engine = create_engine(database_url, pool_size=4)
    yield engine
    await engine.dispose()


@pytest.fixture
def vault() -> Vault:
    return Vault([Fernet.generate_key().decode()], search_keys=[b"h" * 32])


@pytest.fixture
async def store(engine: Database, vault: Vault) -> AsyncIterator[PostgresSessionStore]:
    store = PostgresSessionStore(engine, vault, "worker-1")
    yield store
    await store.close()


@pytest.fixture
def shop(engine: Database, store: PostgresSessionStore) -> Shop:
    return Shop(engine, store)

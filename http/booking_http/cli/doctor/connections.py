"""What the doctor works with, opened once and closed again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date

from redis.asyncio import Redis

from adapters.catalogue.connection import open_pool
from adapters.catalogue.inspection import Inspection
from adapters.catalogue.reader import CatalogueReader
from adapters.postgres.pool import ConnectionPool
from adapters.traveltek.client import TraveltekClient, open_client
from booking_http.api.guest_token import new_uuid
from booking_http.settings import Settings
from booking_http.wiring import boottime, redis_of, traveltek_settings
from persistence.database import Database, create_engine

_PATIENCE = 120.0
_AT_ONCE = 4


@dataclass(slots=True, kw_only=True)
class Connections:
    """Databases, catalogue and Redis as the service would use them.

    `found` and `today` are None until the databases have told.
    """

    settings: Settings
    database: Database
    pool: ConnectionPool
    reader: CatalogueReader
    redis: Redis | None
    found: Inspection | None = None
    today: date | None = None


@asynccontextmanager
async def open_connections(settings: Settings) -> AsyncIterator[Connections]:
    """Open connections with the patience that long looks need."""
    async with AsyncExitStack() as opened:
        database = create_engine(
            settings.database_url.get_secret_value(),
            pool_size=1,
            application_name="booking-flow doctor",
            statement_timeout=_PATIENCE,
        )
        opened.push_async_callback(database.dispose)
        pool = await opened.enter_async_context(
            open_pool(
                settings.catalogue_dsn(),
                size=_AT_ONCE,
                statement_timeout=_PATIENCE,
                application_name="booking-flow doctor",
                time_zone=settings.catalogue_time_zone,
            )
        )
        redis = redis_of(settings)
        if redis is not None:
            opened.push_async_callback(redis.aclose)
        yield Connections(
            settings=settings,
            database=database,
            pool=pool,
            reader=_reader(settings, pool),
            redis=redis,
        )


def _reader(settings: Settings, pool: ConnectionPool) -> CatalogueReader:
    return CatalogueReader(
        pool,
        settings.catalogue(),
        live_lines=settings.live_lines,
        currency=settings.currency,
        seconds=0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """The supplier, asked by the account of these settings."""

    settings: Settings
    supplier: TraveltekClient


@asynccontextmanager
async def open_asking(settings: Settings, lines: Collection[int]) -> AsyncIterator[Asking]:
    """Open a client that searches on all these lines and fetches a token of its own."""
    account = replace(traveltek_settings(settings), line_ids=tuple(sorted(lines)))
    async with open_client(account, redis=None, new_id=new_uuid, boottime=boottime) as supplier:
        yield Asking(settings=settings, supplier=supplier)

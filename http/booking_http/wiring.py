"""The real collaborators of a running process, wired from its settings."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from redis.asyncio import Redis

from adapters.backoff import Backoff
from adapters.catalogue.reader import CatalogueReader, open_reader
from adapters.claim_journal import FileJournal
from adapters.spool import FileSpool
from adapters.traveltek.client import TraveltekClient, open_client
from adapters.traveltek.settings import TraveltekSettings
from booking_flow.claim_journal import Unjournaled
from booking_flow.engine import Engine
from booking_flow.policy import Policy
from booking_flow.ports import BookingLookup
from booking_flow.supplier import CallContext
from booking_http.api.guest_token import new_uuid
from booking_http.maintenance_wiring import (
    Maintenance,
    SharedParts,
    journal_of,
    maintenance_of,
    open_lookup,
    spool_of,
    words_of,
)
from booking_http.notifications.settings import NotificationSettings, notification_settings
from booking_http.runtime.background_work import BackgroundWork
from booking_http.runtime.environment_guard import guard_environment
from booking_http.runtime.listener import Listener, listener_of
from booking_http.runtime.sql_log import log_statements
from booking_http.runtime.waiting_answers import WaitingAnswers
from booking_http.settings import Settings
from persistence.database import Database, create_engine
from persistence.encryption import KeyKind, Vault
from persistence.sessions import PostgresSessionStore

_SETTLE_BACKOFF: Final = Backoff(first=0.1, longest=5)
_LETTERS: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Letters and digits nobody mistakes for one another on the phone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the service and the worker are made of."""

    settings: Settings
    policy: Policy
    database: Database
    vault: Vault
    store: PostgresSessionStore
    notifications: NotificationSettings
    catalogue: CatalogueReader
    supplier: TraveltekClient
    redis: Redis | None
    spool: FileSpool | None
    journal: FileJournal | None
    waiting: WaitingAnswers
    aside: BackgroundWork
    listener: Listener
    engine: Engine
    maintenance: Maintenance


@asynccontextmanager
async def open_parts(settings: Settings) -> AsyncIterator[Parts]:
    """Open pools and connections, and close them again."""
    async with AsyncExitStack() as opened:
        database = create_engine(
            settings.database_url.get_secret_value(), pool_size=settings.database_pool_size
        )
        opened.push_async_callback(database.dispose)
        if settings.log_sql:
            log_statements(database)
        await opened.enter_async_context(guard_environment(settings, database))
        redis = redis_of(settings)
        if redis is not None:
            opened.push_async_callback(redis.aclose)
        supplier = await opened.enter_async_context(
            open_client(
                traveltek_settings(settings), redis=redis, new_id=new_uuid, boottime=boottime
            )
        )
        lookup = await open_lookup(settings, opened, new_id=new_uuid, boottime=boottime)
        catalogue = await opened.enter_async_context(_catalogue(settings))
        parts = _wire(
            settings,
            database=database,
            catalogue=catalogue,
            redis=redis,
            supplier=supplier,
            lookup=lookup,
        )
        opened.push_async_callback(parts.store.close)
        opened.push_async_callback(parts.aside.finished, settings.shutdown_seconds)
        yield parts


def _wire(
    settings: Settings,
    *,
    database: Database,
    catalogue: CatalogueReader,
    redis: Redis | None,
    supplier: TraveltekClient,
    lookup: BookingLookup,
) -> Parts:
    vault, policy = vault_of(settings), settings.policy()
    notifications, owner = notification_settings(settings), f"{socket.gethostname()}:{os.getpid()}"
    store = PostgresSessionStore(database, vault, owner, notifications.channels)
    spool, waiting, aside = spool_of(settings), WaitingAnswers(), BackgroundWork()
    journal = journal_of(settings, owner=owner)
    engine = Engine(
        store=store,
        supplier=supplier,
        catalogue=catalogue,
        policy=policy,
        new_id=new_uuid,
        new_reference=new_reference,
        boottime=boottime,
        pause=pause,
        aside=aside,
        watch=waiting,
        spool=spool,
        journal=journal,
    )
    maintenance = maintenance_of(
        SharedParts(
            database=database,
            store=store,
            supplier=supplier,
            lookup=lookup,
            engine=engine,
            policy=policy,
            new_id=new_uuid,
            owner=owner,
            mails=bool(notifications.channels.confirmations),
        )
    )
    return Parts(
        settings=settings,
        policy=policy,
        database=database,
        vault=vault,
        store=store,
        notifications=notifications,
        catalogue=catalogue,
        supplier=supplier,
        redis=redis,
        spool=spool,
        journal=journal,
        waiting=waiting,
        aside=aside,
        # After a fail-over the next connection leads to a server that may have forgotten claims.
        listener=listener_of(settings, broken=(journal or Unjournaled()).doubt),
        engine=engine,
        maintenance=maintenance,
    )


def _catalogue(settings: Settings) -> AbstractAsyncContextManager[CatalogueReader]:
    return open_reader(
        settings.catalogue_dsn(),
        settings.catalogue(),
        live_lines=settings.live_lines,
        currency=settings.currency,
        seconds=settings.catalogue_cache_seconds,
        size=settings.catalogue_pool_size,
        time_zone=settings.catalogue_time_zone,
    )


def redis_of(settings: Settings) -> Redis | None:
    """Return Redis, where the settings name one."""
    if settings.redis_url is None:
        return None
    return Redis.from_url(settings.redis_url.get_secret_value(), socket_connect_timeout=1)


def vault_of(settings: Settings) -> Vault:
    """Return the keys of personal data."""
    keys = settings.keys()
    return Vault(keys[KeyKind.MASTER], search_keys=[key.encode() for key in keys[KeyKind.SEARCH]])


def traveltek_settings(settings: Settings) -> TraveltekSettings:
    """Return the supplier client's share of the settings."""
    return TraveltekSettings(
        base_url=settings.traveltek_base_url,
        sid=settings.traveltek_sid,
        username=settings.traveltek_username.get_secret_value(),
        password=settings.traveltek_password.get_secret_value(),
        language=settings.traveltek_language,
        line_ids=tuple(sorted(settings.live_lines)),
        time_scale=settings.traveltek_time_scale,
        calls_per_second=settings.traveltek_calls_per_second,
        max_connections=settings.traveltek_connections,
        booked_words=words_of(settings),
        terms_field=settings.terms_field,
        send_internal_reference=settings.send_internal_reference,
        party=settings.policy().party,
        turning_away_statuses=_turning_away(settings),
    )


def _turning_away(settings: Settings) -> frozenset[int]:
    return frozenset({429} if settings.too_many_requests == "refused" else ())


def new_reference() -> str:
    """Make a reference that a guest can read out on the phone."""
    return "BF-" + "".join(secrets.choice(_LETTERS) for _ in range(8))


def boottime() -> float:
    """Return seconds that also pass while the machine is suspended."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def passing_call() -> CallContext:
    """Begin the evidence of a call that belongs to no session, and that nobody keeps."""
    return CallContext(started=boottime())


async def pause(attempt: int) -> None:
    """Wait before the n-th retry of a settle, counted from zero."""
    await asyncio.sleep(_SETTLE_BACKOFF.after(attempt + 1))

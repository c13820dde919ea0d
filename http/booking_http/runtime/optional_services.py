"""What a process works with besides the booking database, and goes on without for a while."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from booking_http.runtime.connection_errors import (
    DATABASE_ERRORS,
    Rejection,
    redis_rejection,
    rejection,
)
from booking_http.wiring import Parts

_PATIENCE: Final = 2.0
_log = structlog.get_logger(__name__)


async def check_optional_services(parts: Parts) -> None:
    """Ask catalogue and Redis once, so that a wrong setting is named when a process starts."""
    if parts.settings.catalogue_url is not None:
        await _look_at_catalogue(parts)
    if parts.redis is not None:
        await _look_at_redis(parts.redis)


async def _look_at_catalogue(parts: Parts) -> None:
    try:
        await parts.catalogue.server()
    except DATABASE_ERRORS as error:
        _tell("CATALOGUE_URL", rejection(error), error)


async def _look_at_redis(redis: Redis) -> None:
    try:
        async with asyncio.timeout(_PATIENCE):
            await redis.ping()
    except (RedisError, OSError, TimeoutError) as error:
        _tell("REDIS_URL", redis_rejection(error), error)


def _tell(setting: str, found: Rejection | None, error: Exception) -> None:
    if found is None:
        _log.warning("away", setting=setting, why=type(error).__name__)
    else:
        _log.error("turned away", setting=setting, why=found.why, todo=found.todo)

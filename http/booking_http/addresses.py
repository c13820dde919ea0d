"""Addresses in settings, judged by their text alone; a fault is told and never repeated."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError

from adapters.postgres.address import read_address

_REDIS: Final = ("redis", "rediss", "unix")
_SITES: Final = ("https", "http")
_ESCAPES: Final = "in a password / ? # and @ are written %2F %3F %23 and %40"
_ORIGIN: Final = re.compile(r"\*|null|[A-Za-z][A-Za-z0-9+.-]*://[^/?#@\s]+")


def database(address: str) -> str:
    """Return the address of a PostgreSQL database, in the words of libpq.

    Raises:
        ValueError: it leads to none.
    """
    found = read_address(address)
    if not found.hosts:
        raise ValueError("it names no host")
    if not found.database:
        raise ValueError("it names no database")
    return address


def redis(address: str) -> str:
    """Return the address of a Redis or Valkey.

    Raises:
        ValueError: it leads to none.
    """
    parts = _parts(address, _REDIS, "it starts with redis://, rediss:// or unix://")
    _judge_port(parts, hint=f"; {_ESCAPES}")
    if parts.scheme == "unix" and not parts.path:
        raise ValueError("it names no socket")
    if parts.scheme != "unix" and not parts.hostname:
        raise ValueError("it names no host")
    if parts.scheme != "unix" and not re.fullmatch(r"/?\d*", parts.path):
        raise ValueError("its database is no number")
    try:
        # Only a connection that is made, though not opened, says whether its parameters are known.
        pool: Any = ConnectionPool.from_url(address)
        pool.make_connection()
    except (ValueError, TypeError, RedisError):
        raise ValueError("what follows its ? cannot be used") from None
    return address


def site(address: str) -> str:
    """Return an address on the web.

    Raises:
        ValueError: it is none, or would show an account to whoever reads it.
    """
    parts = _parts(address, _SITES, "it starts with https:// or http://")
    if "@" in parts.netloc:
        raise ValueError("an account does not belong in it")
    if not parts.hostname:
        raise ValueError("it names no host")
    _judge_port(parts)
    return address


def base(address: str) -> str:
    """Return an address on the web that paths are added to.

    Raises:
        ValueError: nothing can be added to it.
    """
    parts = urlsplit(site(address))
    if parts.query or parts.fragment:
        raise ValueError("nothing may follow a ? or # in it")
    return address


def is_origin(text: str) -> bool:
    """Whether a browser could send this as where a page comes from; `*` stands for all."""
    return _ORIGIN.fullmatch(text) is not None


def _parts(address: str, schemes: tuple[str, ...], advice: str) -> SplitResult:
    if re.search(r"\s", address):
        raise ValueError("it has a blank or a line break in it")
    if address.partition("://")[0] not in schemes or "://" not in address:
        raise ValueError(advice)
    try:
        return urlsplit(address)
    except ValueError:
        raise ValueError("it cannot be read") from None


def _judge_port(parts: SplitResult, *, hint: str = "") -> None:
    """Refuse a port that is none.

    A password that is not escaped ends the host too early, and the rest looks like a port.
    """
    try:
        fits = parts.port is None or parts.port > 0
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"its port is no number up to 65535{hint}")

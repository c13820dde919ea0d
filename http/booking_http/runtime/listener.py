"""Listening to PostgreSQL: one connection for each channel, made again whenever it is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import structlog

from adapters.backoff import Backoff
from adapters.postgres.address import read_address
from adapters.postgres.connection import PULSE_SECONDS, Connection, Connector
from adapters.postgres.failures import name_of
from booking_http.settings import Settings

_BACKOFF: Final = Backoff(first=0.2, longest=5)
_SETTLED: Final = 10.0
"""Seconds after which a connection was a good one, so that the next is tried at once."""
_log = structlog.get_logger(__name__)


def _nothing() -> None:
    pass


@dataclass(slots=True, kw_only=True)
class Subscription:
    """Who is told what of a channel, and whether it can be heard now."""

    channel: str
    heard: Callable[[str], None]
    connected: Callable[[], None]
    """Called when notices may have been missed."""
    lost: Callable[[], None] = _nothing
    deaf: str | None = None
    """Why nothing is heard, or None."""
    away: bool = False
    """Whether it was told that nothing is heard."""
    connections: int = 0
    """Over how many connections, one after the other, it has listened."""

    def note_lost(self) -> None:
        """Tell of an outage, once."""
        if not self.away:
            _log.warning("wake-ups are away", channel=self.channel, why=self.deaf)
        self.away = True
        self.lost()

    def note_connected(self) -> None:
        """Tell that an outage is over."""
        if self.away:
            _log.info("wake-ups are back", channel=self.channel)
        self.deaf, self.away = None, False
        self.connections += 1
        self.connected()


class Listener:
    """All channels that a process listens to."""

    def __init__(self, connector: Connector, *, broken: Callable[[], None] = _nothing) -> None:
        """Take what connects to the database that notifies.

        `broken` hears of each connection that ended, since another server may be behind the next.
        """
        self._connector = connector
        self._broken = broken
        self._subscriptions: list[Subscription] = []

    def deaf(self) -> Mapping[str, str]:
        """Return why nothing is heard on a channel, for each on which nothing is."""
        return {
            subscription.channel: subscription.deaf
            for subscription in self._subscriptions
            if subscription.deaf is not None
        }

    async def listen(self, subscription: Subscription) -> None:
        """Listen until cancelled, whatever happens to connections; each outage is logged once."""
        self._subscriptions.append(subscription)
        try:
            failures = 0
            while True:
                failures = await self._until_lost(subscription, failures)
                await asyncio.sleep(_BACKOFF.after(failures))
        finally:
            self._subscriptions.remove(subscription)

    async def _until_lost(self, subscription: Subscription, failures: int) -> int:
        """Listen over one connection, and return how often in a row that failed."""
        loop = asyncio.get_running_loop()
        began, connections = loop.time(), subscription.connections
        try:
            await self._over_one_connection(subscription)
        except Exception as error:
            # Whatever it was, nobody else would listen again.
            subscription.deaf = name_of(error)
        subscription.note_lost()
        if subscription.connections > connections:
            self._broken()
        return 1 if loop.time() - began > _SETTLED else failures + 1

    async def _over_one_connection(self, subscription: Subscription) -> None:
        connection, ended = await self._connector(), asyncio.Event()
        connection.add_termination_listener(lambda _: ended.set())

        def hear(_connection: Any, _pid: int, _channel: str, payload: object) -> None:
            subscription.heard(str(payload))

        try:
            await connection.add_listener(subscription.channel, hear)
            subscription.note_connected()
            await _until_silent(connection, subscription.channel, ended)
        finally:
            connection.terminate()
        subscription.deaf = "the connection has ended"


async def _until_silent(connection: Connection, channel: str, ended: asyncio.Event) -> None:
    """Ask for a sign of life again and again, in a way that also mends what we listen to."""
    while not ended.is_set():
        with suppress(TimeoutError):
            async with asyncio.timeout(PULSE_SECONDS):
                await ended.wait()
                return
        await connection.execute(f'LISTEN "{channel}"', timeout=PULSE_SECONDS)


def listener_of(settings: Settings, *, broken: Callable[[], None] = _nothing) -> Listener:
    """Return what listens to the booking database; `broken` as `Ears` takes it."""
    address = read_address(settings.database_url.get_secret_value()).writable
    return Listener(
        Connector(
            address=address,
            server_settings={"application_name": "booking-flow wake-ups"},
            command_timeout=PULSE_SECONDS,
        ),
        broken=broken,
    )

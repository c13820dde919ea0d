"""Connections that end rather than hang: to the host that will do, alive, and cut when silent."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

import asyncpg

from adapters.postgres.address import Address, Host, Keepalive
from adapters.postgres.failures import FAILURES

if TYPE_CHECKING:
    _Base = asyncpg.Connection[asyncpg.Record]
else:
    _Base = asyncpg.Connection

CONNECT_SECONDS: Final = 4.0
"""How long connecting to one host may take, unless its address says otherwise."""
PULSE_SECONDS: Final = 2.0
"""How long a connection that is alive takes at most to say so."""
GRACE_SECONDS: Final = 1.0
"""How much longer to wait for an answer than the server may think about a short statement."""
SILENCE_SECONDS: Final = 3.0
"""After how long without a word a connection is asked whether it lives, before it is used."""


_STATEMENTS: Final = 256
"""How many prepared statements a connection remembers: more than there are texts of statements."""


def milliseconds(seconds: float) -> str:
    """Return a time as the server's settings take it."""
    return str(int(seconds * 1000))


class Connection(_Base):
    """A connection that is cut when an answer does not come in time, or nobody waits any more.

    The driver would ask the server to cancel, over another connection to the same silent host.
    Where a commit waits for a standby, cancelling would also show it to others before it is safe.
    With `polite` the server is asked all the same, and the connection can be used afterwards.
    """

    __slots__ = ("_born_at", "_heard_at", "_wire", "polite")

    def __init__(self, protocol: Any, transport: Any, *more: Any) -> None:
        """Take what the driver makes a connection of."""
        super().__init__(protocol, transport, *more)
        self._wire = transport
        self.polite = False
        self._born_at = self._heard_at = monotonic()

    @property
    def age(self) -> float:
        """Return for how many seconds it has been open."""
        return monotonic() - self._born_at

    @property
    def is_silent(self) -> bool:
        """Whether nothing was heard of it for a while."""
        return monotonic() - self._heard_at > SILENCE_SECONDS

    def note_heard(self) -> None:
        """Note that the other side has just been heard."""
        self._heard_at = monotonic()

    def _cancel_current_command(self, *waiters: Any) -> None:
        if self.polite:
            super()._cancel_current_command(*waiters)  # type: ignore[misc]
            return
        # Not at once: the driver still writes down that the statement has ended.
        asyncio.get_running_loop().call_soon(self.terminate)

    async def close(self, *, timeout: float | None = None) -> None:
        """Say goodbye and go; only who is polite waits for the other side to do so as well."""
        if self.polite:
            await super().close(timeout=timeout)
        else:
            self.terminate()

    def keep_alive(self, keepalive: Keepalive) -> None:
        """Let the kernel end the connection when the other side is gone without a word."""
        found = self._wire.get_extra_info("socket")
        if found is None or found.family not in {socket.AF_INET, socket.AF_INET6}:
            return
        if keepalive.on:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _options(keepalive).items():
            # Not every system has every option.
            if (option := getattr(socket, name, None)) is not None:
                found.setsockopt(socket.IPPROTO_TCP, option, value)

    async def pulse(self) -> None:
        """Ask for a sign of life; a connection that gives none is cut, and the failure raised."""
        await self.execute("SELECT 1", timeout=PULSE_SECONDS)
        self.note_heard()


def _options(keepalive: Keepalive) -> Mapping[str, int]:
    return {
        "TCP_KEEPIDLE": keepalive.idle,
        "TCP_KEEPINTVL": keepalive.interval,
        "TCP_KEEPCNT": keepalive.count,
        "TCP_USER_TIMEOUT": int(keepalive.unanswered * 1000),
    }


@dataclass(slots=True, kw_only=True)
class Connector:
    """Connects to the first host of an address that will do, beginning with the last that did."""

    address: Address
    server_settings: Mapping[str, str] = field(default_factory=dict)
    """How a session behaves; what the address says of itself goes first."""
    called: str | None = None
    """The name of this connection in lists of them, whatever the address says."""
    connect_timeout: float = CONNECT_SECONDS
    command_timeout: float | None = None
    polite: bool = False
    """Whether the server is asked to cancel what takes too long, and may take its time."""
    _latest: Host | None = None

    async def __call__(self) -> Connection:
        """Connect.

        Raises:
            Exception: one of `FAILURES`, the most telling one, since no host would do.
        """
        failures: list[Exception] = []
        for target in self._targets():
            for host in self._hosts():
                try:
                    connection = await self._connected(host, target)
                except FAILURES as error:
                    failures.append(error)
                else:
                    self._latest = host
                    return connection
        raise max(failures, key=_says)

    def _targets(self) -> Sequence[str]:
        target = self.address.target
        return ("standby", "any") if target == "prefer-standby" else (target,)

    def _hosts(self) -> Sequence[Host | None]:
        hosts = self.address.hosts
        if self.address.shuffled:
            return random.sample(hosts, len(hosts))
        # A host that is away costs its time limit once, and not with every new connection.
        return sorted(hosts, key=lambda host: host != self._latest) or (None,)

    async def _connected(self, host: Host | None, target: str) -> Connection:
        where: dict[str, Any] = {"target_session_attrs": target}
        if host is not None:
            where |= {"host": host.name, "port": host.port}
        connection: Connection = await asyncpg.connect(
            **self.address.arguments(),
            **where,
            timeout=self.address.connect_timeout or self.connect_timeout,
            command_timeout=self.command_timeout,
            server_settings=self._server_settings(),
            connection_class=Connection,
            statement_cache_size=_STATEMENTS,
            max_cached_statement_lifetime=0,
            max_cacheable_statement_size=0,
        )
        connection.polite = self.polite
        connection.keep_alive(self.address.keepalive)
        return connection

    def _server_settings(self) -> dict[str, str]:
        own = {} if self.called is None else {"application_name": self.called}
        return {**self.server_settings, **self.address.server_settings, **own}


def _says(error: Exception) -> bool:
    """Whether it is a server that says no, which tells more than a host that is silent."""
    return isinstance(error, asyncpg.PostgresError)

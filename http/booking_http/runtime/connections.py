"""Connections of clients: how long they may take, how many there may be, and what is no HTTP."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import structlog
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

Broken = Callable[[web.BaseRequest, bool], web.StreamResponse]
_log = structlog.get_logger(__name__)


def _plain(_: web.BaseRequest, ours: bool) -> web.StreamResponse:
    return web.Response(status=503 if ours else 400)


def _nobody(_: str) -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionRules:
    """What a connection may take; times in seconds."""

    header_seconds: float = 15.0
    """From the first byte of a request to the end of its headers."""
    keepalive_seconds: float = 75.0
    """How long a connection stays open on which nothing is asked."""
    per_address: int = 100
    """Connections that one address may have open."""
    exempt: Callable[[str], bool] = _nobody
    """Whose connections are not counted, such as a proxy's."""
    broken: Broken = _plain
    """The answer to what is no HTTP, or, where the flag says so, to a fault of ours."""


RULES: Final = web.AppKey("connection_rules", ConnectionRules)
_LINGERING: Final = 2.0
"""Seconds for which the rest of a body is read that nobody wants, so that its answer arrives."""


class ServiceRunner(web.AppRunner):
    """Runs an application over connections that keep its rules."""

    def __init__(self, app: web.Application, *, patience: float) -> None:
        """Take the application, and how many seconds a stop waits for its requests."""
        self._rules = app.get(RULES, ConnectionRules())
        super().__init__(
            app,
            access_log=None,
            shutdown_timeout=patience,
            keepalive_timeout=self._rules.keepalive_seconds,
            lingering_time=_LINGERING,
        )

    async def _make_server(self) -> web.Server:
        return _Server(await super()._make_server(), self._rules)


class _Server(web.Server):
    """Counts connections by the address at their other end."""

    def __init__(self, made: web.Server, rules: ConnectionRules) -> None:
        super().__init__(made.request_handler, request_factory=made.request_factory, **made._kwargs)
        self.request_handler = self._handle
        self._answer, self.rules = made.request_handler, rules
        self.by_address: Counter[str] = Counter()

    def __call__(self) -> RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self._answer(request)
        except web.HTTPException:
            # Only a strange `Expect` is refused before our middlewares, in the client's own words.
            return _closing(self.rules.broken(request, False))


class _Connection(RequestHandler):
    """One connection; whoever dawdles over the headers of a request is cut off."""

    __slots__ = ("_address", "_late", "_server")

    def __init__(self, server: _Server, **kwargs: Any) -> None:
        super().__init__(server, **kwargs)
        self._server = server
        self._address = ""
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._address = str((transport.get_extra_info("peername") or ("",))[0])
        counted, rules = self._server.by_address, self._server.rules
        counted[self._address] += 1
        super().connection_made(transport)
        if counted[self._address] > rules.per_address and not rules.exempt(self._address):
            _log.info("too_many_connections", number=counted[self._address])
            self.force_close()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._in_time()
        self._server.by_address[self._address] -= 1
        # A Counter keeps what has come to nothing.
        self._server.by_address += Counter()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        before = self._request_count
        if self._late is None and self._waiter is not None:
            seconds = self._server.rules.header_seconds
            self._late = self._loop.call_later(seconds, self.force_close)
        super().data_received(data)
        if self._request_count > before:
            self._in_time()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - the library's, with the client's bytes
    ) -> web.StreamResponse:
        """Answer in our own form; the library would show its name and the client's bytes."""
        ours = status >= 500
        if ours:
            _log.error("unexpected", exc_info=exc)
        else:
            _log.info("broken_request", why=type(exc).__name__)
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun already")
        return _closing(self._server.rules.broken(request, ours))

    def _in_time(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None


def _closing(response: web.StreamResponse) -> web.StreamResponse:
    response.force_close()
    return response

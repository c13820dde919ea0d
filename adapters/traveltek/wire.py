"""One HTTP exchange with the supplier, and what its failure says about whether it was sent.

Nothing leaves this module as an exception of aiohttp: those carry addresses, and an address
holds the token and the session.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import (
    ClientConnectionError,
    ClientConnectorError,
    ClientError,
    ClientHandlerType,
    ClientHttpProxyError,
    ClientOSError,
    ClientRequest,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    DummyCookieJar,
    InvalidURL,
    ServerDisconnectedError,
    TCPConnector,
)

from adapters.traveltek.endpoints import Endpoint, Verb
from adapters.traveltek.settings import TraveltekSettings
from booking_flow.supplier_errors import FailureKind

ACCEPT = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer that arrived whole."""

    status: int
    content_type: str
    body: bytes
    retry_after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WireFailure:
    """An exchange without a whole answer; `hint` names the kind of trouble only."""

    kind: FailureKind
    hint: str
    status: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A request ready to be sent; everything in it but the endpoint is secret."""

    endpoint: Endpoint
    url: str = field(repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | Mapping[str, str] | None = field(default=None, repr=False)


def outgoing(
    endpoint: Endpoint, content: Mapping[str, object], *, url: str, token: str
) -> Outgoing:
    """Put content and token where the endpoint's verb wants them (traveltek.md, section 2)."""
    headers = {"Accept": ACCEPT}
    if endpoint.verb is Verb.JSON:
        headers |= {"requestid": token, "Content-Type": "application/json"}
        body = json.dumps(content).encode()
        return Outgoing(endpoint=endpoint, url=url, headers=headers, body=body)
    fields = {"requestid": token, **{key: str(value) for key, value in content.items()}}
    if endpoint.verb is Verb.FORM:
        return Outgoing(endpoint=endpoint, url=url, headers=headers, body=fields)
    return Outgoing(endpoint=endpoint, url=url, headers=headers, query=fields)


class ConnectionLost(Exception):  # noqa: N818 - says what happened
    """The connection broke after something may have been sent."""


async def sent_at_most_once(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """Keep aiohttp from repeating a GET whose connection broke: basketadd is a GET.

    aiohttp 3.14 sends an idempotent method once more after `ServerDisconnectedError` or
    `ClientOSError`, on a fresh connection too; any other exception ends the request.
    """
    try:
        return await handler(request)
    except ClientConnectorError:
        raise
    except (ClientOSError, ServerDisconnectedError):
        raise ConnectionLost from None


async def exchange(
    http: ClientSession,
    request: Outgoing,
    *,
    limit: float,
    connect_limit: float,
    max_bytes: int,
) -> Answer | WireFailure:
    """Send a request once and return its answer, or why there is none."""
    if http.closed:
        return WireFailure(kind=FailureKind.NOT_SENT, hint="closing")
    try:
        return await _exchange(http, request, limit, min(connect_limit, 0.8 * limit), max_bytes)
    except (
        ClientConnectorError,
        ConnectionTimeoutError,
        ClientHttpProxyError,
        InvalidURL,
    ) as error:
        return WireFailure(kind=FailureKind.NOT_SENT, hint=type(error).__name__)
    except TimeoutError:
        return WireFailure(kind=FailureKind.TIMEOUT, hint="timeout")
    except (ConnectionLost, ClientConnectionError, ClientError, OSError) as error:
        return WireFailure(kind=FailureKind.BROKEN, hint=type(error).__name__)


async def _exchange(
    http: ClientSession, request: Outgoing, limit: float, connect_limit: float, max_bytes: int
) -> Answer | WireFailure:
    async with http.request(
        "GET" if request.endpoint.verb is Verb.GET else "POST",
        request.url,
        params=request.query,
        headers=request.headers,
        data=request.body,
        timeout=ClientTimeout(total=limit, connect=connect_limit),
        allow_redirects=False,
        middlewares=(sent_at_most_once,),
    ) as response:
        body = bytearray()
        async for chunk in response.content.iter_chunked(64 * 1024):
            body += chunk
            if len(body) > max_bytes:
                return WireFailure(
                    kind=FailureKind.BROKEN, hint="too large", status=response.status
                )
        return Answer(
            status=response.status,
            content_type=response.content_type,
            body=bytes(body),
            retry_after=response.headers.get("Retry-After"),
        )


@asynccontextmanager
async def open_sessions(
    settings: TraveltekSettings,
) -> AsyncIterator[tuple[ClientSession, ClientSession]]:
    """Open one session for reads and one for effects, whose connections are always fresh.

    A connection kept alive can be closed by the supplier in the very moment a booking goes out,
    and nobody could tell whether it arrived. Effects also never queue behind slow reads.
    """
    reads = ClientSession(
        connector=TCPConnector(limit=settings.max_connections), cookie_jar=DummyCookieJar()
    )
    effects = ClientSession(
        connector=TCPConnector(limit=settings.max_connections, force_close=True),
        cookie_jar=DummyCookieJar(),
    )
    async with reads, effects:
        yield reads, effects

"""Webhooks by the Standard Webhooks specification: signed, and to operators' addresses only."""

from __future__ import annotations

import base64
import hashlib
import ssl
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from standardwebhooks import Webhook
from yarl import URL

from adapters.notifications.delivery import Undelivered
from adapters.notifications.public_hosts import PublicResolver, refuse_literal

LIMITS: Final = ClientTimeout(total=10, connect=5)
_GONE: Final = 410


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEndpoint:
    """Where to send, and the secrets to sign with: the current one, and while rotating the old."""

    url: URL = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)

    @property
    def name(self) -> str:
        """Return a name that gives neither path nor query away."""
        return f"{self.url.host}#{hashlib.sha256(str(self.url).encode()).hexdigest()[:8]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is sent; a repeated message keeps its id, by which receivers drop the second one."""

    id: str
    body: str


def read_endpoint(url: str, secrets: Iterable[str]) -> WebhookEndpoint:
    """Check an address and its secrets.

    Raises:
        ValueError: they cannot be used; nothing of them is repeated.
    """
    try:
        parsed = URL(url)
        signers = tuple(secrets)
        shortest = min((_length(secret) for secret in signers), default=0)
    except ValueError:
        raise ValueError("an address or a secret cannot be read") from None
    if parsed.scheme != "https" or not parsed.host or parsed.user:
        raise ValueError("an address starts with https:// and names a host and no user")
    if shortest < 24:
        raise ValueError("a secret is whsec_ and at least 24 bytes in base64")
    return WebhookEndpoint(url=parsed, secrets=signers)


def _length(secret: str) -> int:
    return len(base64.b64decode(secret.removeprefix("whsec_") + "==", validate=False))


class Webhooks:
    """Sends messages to endpoints."""

    def __init__(self, *, allowed: Collection[str], http: ClientSession) -> None:
        """Take the hosts that may be private, and a session that resolves safely."""
        self._allowed = allowed
        self._http = http

    async def send(self, endpoint: WebhookEndpoint, message: Message) -> None:
        """Send a message to an endpoint; only the status of its answer is read.

        Raises:
            Undelivered: it did not accept the message, as far as we know.
        """
        refuse_literal(endpoint.url.host or "", allowed=self._allowed)
        try:
            status = await self._post(endpoint, message)
        except (ClientError, OSError, TimeoutError) as error:
            raise Undelivered(type(error).__name__) from error
        if not 200 <= status < 300:
            raise Undelivered(f"HTTP {status}", for_good=status == _GONE)

    async def _post(self, endpoint: WebhookEndpoint, message: Message) -> int:
        headers = {
            **signed(message, endpoint.secrets, at=datetime.now(UTC)),
            "Content-Type": "application/json",
        }
        async with self._http.post(
            endpoint.url, data=message.body.encode(), headers=headers, allow_redirects=False
        ) as answer:
            answer.close()
            return answer.status


def signed(message: Message, secrets: Iterable[str], *, at: datetime) -> Mapping[str, str]:
    """Return the headers that prove who sent a message, and when."""
    signatures = [Webhook(secret).sign(message.id, at, message.body) for secret in secrets]
    return {
        "webhook-id": message.id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


@asynccontextmanager
async def open_webhooks(
    *, allowed: Collection[str] = (), tls: ssl.SSLContext | None = None
) -> AsyncIterator[Webhooks]:
    """Open connections that go to public addresses, follow nothing and remember nothing."""
    connector = TCPConnector(
        resolver=PublicResolver(allowed), limit_per_host=20, ssl=tls if tls is not None else True
    )
    async with ClientSession(
        connector=connector,
        cookie_jar=DummyCookieJar(),
        timeout=LIMITS,
        auto_decompress=False,
        headers={"User-Agent": "booking-flow"},
    ) as http:
        yield Webhooks(allowed=allowed, http=http)

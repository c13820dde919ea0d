"""Receivers that judge: a webhook endpoint with its own idea of a signature, and a mail server."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiohttp import web
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from adapters.backoff import Backoff
from booking_http.wiring import Parts, open_parts
from booking_http.worker.outbox_sender import OutboxSender, RetryTimes
from persistence.clock import set_clock_offset
from tests.support.certificates import LOCALHOST, LOOPBACK, self_signed
from tests.support.service import settings_for
from tests.support.store import Shop

KEY = b"k" * 32
SECRET = "whsec_" + base64.b64encode(KEY).decode()
QUICK = RetryTimes(most=3, most_links=2, backoff=Backoff(first=5, longest=20, factor=4))


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Who vouches for servers on this machine."""

    certificate: Path
    key: Path

    @property
    def server(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificate, self.key)
        return context

    @property
    def client(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.certificate))


def make_authority(folder: Path) -> Authority:
    """Make a certificate for this machine that vouches for itself."""
    certificate, key = self_signed("localhost", LOCALHOST, LOOPBACK)
    made = Authority(certificate=folder / "certificate.pem", key=folder / "key.pem")
    made.certificate.write_bytes(certificate)
    made.key.write_bytes(key)
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A webhook as it came in."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def seq(self) -> int:
        return int(json.loads(self.body)["data"]["seq"])

    def is_signed_with(self, key: bytes) -> bool:
        """Whether it was made just now, and signed."""
        recent = abs(int(self.headers["webhook-timestamp"]) - datetime.now(UTC).timestamp()) < 300
        return recent and self.bears(key)

    def bears(self, key: bytes) -> bool:
        """Check a signature as the specification says, without the library that made it."""
        signed = b".".join(
            [self.id.encode(), self.headers["webhook-timestamp"].encode(), self.body]
        )
        wanted = "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
        return wanted in self.headers["webhook-signature"].split()


@dataclass(slots=True)
class Receiver:
    """An endpoint that keeps what it gets and answers what it is told to, else 204."""

    port: int = 0
    got: list[Received] = field(default_factory=list)
    answers: list[web.Response] = field(default_factory=list)
    hangs: bool = False

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}/hooks?key=hidden"

    async def handle(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.got.append(Received(headers=headers, body=await request.read()))
        if self.hangs:
            await asyncio.sleep(60)
        return self.answers.pop(0) if self.answers else web.Response(status=204)


@asynccontextmanager
async def running_receiver(authority: Authority) -> AsyncIterator[Receiver]:
    """Run an endpoint over TLS."""
    receiver, app = Receiver(), web.Application()
    app.router.add_route("*", "/{tail:.*}", receiver.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "localhost", 0, ssl_context=authority.server).start()
    receiver.port = runner.addresses[0][1]
    yield receiver
    await runner.cleanup()


@dataclass
class Postbox:
    """A mail server's memory; what it refuses, it refuses with this answer.

    Without slots: Python 3.11.2 cannot list the members of what has them, and aiosmtpd does so.
    """

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    refusal: str | None = None
    logins: list[bytes] = field(default_factory=list)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.refusal:
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.original_content or b""
        found = message_from_bytes(content, policy=policy.default)
        assert isinstance(found, EmailMessage)
        self.mails.append(found)
        self.recipients += envelope.rcpt_tos
        return "250 taken"

    def authenticate(self, *args: Any) -> AuthResult:
        self.logins.append(args[-1].password)
        return AuthResult(success=True)


@asynccontextmanager
async def running_postbox(
    *, tls: ssl.SSLContext | None = None, starttls: ssl.SSLContext | None = None
) -> AsyncIterator[Postbox]:
    """Run a mail server, in the clear, over TLS, or with STARTTLS."""
    postbox = Postbox()

    def make() -> SMTP:
        return SMTP(
            postbox,
            hostname="mail.test",
            tls_context=starttls,
            require_starttls=starttls is not None,
            authenticator=postbox.authenticate if starttls else None,
        )

    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0, ssl=tls)
    postbox.port = server.sockets[0].getsockname()[1]
    yield postbox
    server.close()


def part(mail: EmailMessage, subtype: str) -> str:
    """Return the plain or the HTML half of a mail."""
    found = mail.get_body((subtype,))
    assert found is not None
    return str(found.get_content()).replace("\r\n", "\n")


@dataclass(slots=True, kw_only=True)
class Office:
    """A process that commits and sends: its parts, a shop to make bookings, and its sender."""

    parts: Parts
    shop: Shop
    sender: OutboxSender

    async def send(self) -> int:
        """Send everything that is due now, and return how many parcels that was."""
        sent = 0
        while more := await self.sender.send_due():
            sent += more
        return sent

    async def wait(self, **elapsed: float) -> None:
        """Move the database's clock forward."""
        await set_clock_offset(self.parts.database, timedelta(**elapsed))

    async def fates(self) -> list[tuple[int, str, str | None]]:
        """Return number, fate and note of every row."""
        rows = await self.shop.rows(
            "SELECT seq, CASE WHEN dead_at IS NOT NULL THEN 'dead' WHEN delivered_at IS NULL"
            " THEN 'waiting' ELSE 'delivered' END AS fate, last_error FROM outbox"
            " ORDER BY channel, session_id, seq"
        )
        return [(row.seq, row.fate, row.last_error) for row in rows]


@asynccontextmanager
async def open_office(
    database_url: str,
    *,
    tls: ssl.SSLContext | None = None,
    patience: RetryTimes = QUICK,
    **set_to: Any,
) -> AsyncIterator[Office]:
    """Open the parts of a process with these settings."""
    settings = settings_for(
        database_url=database_url, supplier_url="http://127.0.0.1:9/2.1/json", **set_to
    )
    async with AsyncExitStack() as opened:
        parts = await opened.enter_async_context(open_parts(settings))
        yield Office(
            parts=parts,
            shop=Shop(parts.database, parts.store),
            sender=OutboxSender(parts, patience=patience, tls=tls),
        )


def hooks(*receivers: Receiver) -> dict[str, Any]:
    """Return the settings that lead to these endpoints."""
    return {
        "webhook_urls": ",".join(receiver.url for receiver in receivers),
        "webhook_secrets": ",".join(SECRET for _ in receivers),
        "webhook_allowed_hosts": "localhost",
    }


def mail(
    postbox: Postbox, *, agency: str | None = "desk@agency.test", **more: Any
) -> dict[str, Any]:
    """Return the settings that lead to this mail server."""
    return {
        "smtp_url": f"smtp://127.0.0.1:{postbox.port}?tls=none",
        "mail_from": "Cruise desk <bookings@agency.test>",
        "agency_email": agency,
        **more,
    }


def seqs(received: Iterable[Received]) -> list[int]:
    return [each.seq for each in received]

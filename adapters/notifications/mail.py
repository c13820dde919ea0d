"""Mail by SMTP, in plain text and HTML; over TLS unless the operator says otherwise."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from enum import StrEnum
from typing import Final

import aiosmtplib
from yarl import URL

from adapters.notifications.delivery import Undelivered

LIMIT_SECONDS: Final = 20.0
_PORTS: Final = {"smtp": 587, "smtps": 465}


class Tls(StrEnum):
    """How the connection is protected."""

    IMPLICIT = "implicit"
    """From the first byte: smtps://."""
    STARTTLS = "starttls"
    """Before anything of interest is said, or nothing is sent: smtp://."""
    NONE = "none"
    """Not at all, for a relay on the same machine: smtp://…?tls=none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """A server that takes our mail."""

    host: str
    port: int
    tls: Tls
    user: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail to one address; a repeated mail keeps its id, by which clients drop the second."""

    to: str = field(repr=False)
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)
    id: str


def read_server(url: str) -> SmtpServer:
    """Read `smtp://user:password@host:587` or `smtps://…`.

    Raises:
        ValueError: it cannot be used; nothing of it is repeated.
    """
    try:
        parsed = URL(url)
        tls = _tls(parsed)
    except ValueError:
        raise ValueError("it reads smtp://user:password@host:587 or smtps://…") from None
    if parsed.host is None:
        raise ValueError("it names no host")
    if parsed.user and tls is Tls.NONE:
        raise ValueError("a password is not sent without TLS")
    return SmtpServer(
        host=parsed.host,
        port=parsed.explicit_port or _PORTS[parsed.scheme],
        tls=tls,
        user=parsed.user,
        password=parsed.password,
    )


def _tls(url: URL) -> Tls:
    if url.scheme not in _PORTS:
        raise ValueError(url.scheme)
    if url.scheme == "smtps":
        return Tls.IMPLICIT
    return Tls(url.query.get("tls", Tls.STARTTLS.value))


def read_address(text: str) -> Address:
    """Read `Name <name@example.com>` or a bare address.

    Raises:
        ValueError: it is no address.
    """
    name, spec = parseaddr(text)
    user, _, domain = spec.rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode()
        return Address(display_name=name, addr_spec=f"{user}@{ascii_domain}")
    except (ValueError, IndexError, MessageError):
        raise ValueError("it is no e-mail address") from None


class Mailer:
    """Sends mail from one address through one server."""

    def __init__(
        self, server: SmtpServer, *, sender: Address, tls: ssl.SSLContext | None = None
    ) -> None:
        """Take the server, the sender, and whom to trust when that is not everybody's choice."""
        self._server = server
        self._sender = sender
        self._tls = tls

    async def send(self, mail: Mail) -> None:
        """Hand a mail to the server.

        Raises:
            Undelivered: the server did not take it, as far as we know.
        """
        message, recipient = self._message(mail)
        server = self._server
        try:
            await aiosmtplib.send(
                message,
                sender=self._sender.addr_spec,
                recipients=[recipient],
                hostname=server.host,
                port=server.port,
                username=server.user,
                password=server.password,
                use_tls=server.tls is Tls.IMPLICIT,
                start_tls=server.tls is Tls.STARTTLS,
                tls_context=self._tls if server.tls is not Tls.NONE else None,
                timeout=LIMIT_SECONDS,
            )
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise _undelivered(error) from error

    def _message(self, mail: Mail) -> tuple[EmailMessage, str]:
        try:
            recipient = read_address(mail.to)
        except ValueError:
            raise Undelivered("the address is none", for_good=True) from None
        message = EmailMessage(policy=SMTP)
        message["From"] = self._sender
        message["To"] = recipient
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(datetime.now(UTC))
        message["Message-ID"] = f"<{mail.id}@{self._sender.domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        message.add_alternative(mail.html, subtype="html")
        return message, recipient.addr_spec


def _undelivered(error: Exception) -> Undelivered:
    """Name what the server answered by its number; its words may hold the address."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        codes = [refusal.code for refusal in error.recipients]
        return Undelivered(f"recipient refused, SMTP {codes[0]}", for_good=codes[0] >= 500)
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return Undelivered(f"login refused, SMTP {error.code}")
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return Undelivered(f"{type(error).__name__}, SMTP {error.code}")
    return Undelivered(type(error).__name__)

"""Handing over what the outbox asks for: a parcel becomes a webhook or a mail when it is sent."""

from __future__ import annotations

import json
import secrets
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from adapters.delivery import Undelivered
from adapters.mail import Mailer
from adapters.webhooks import Message, Webhooks, open_webhooks
from booking_flow.session import Session
from booking_http.api.action_links import BASE
from booking_http.notifications.mail_texts import CONFIRMED, confirmation, link
from booking_http.notifications.settings import AGENCY, endpoint_of
from booking_http.web.models import rfc3339
from booking_http.wiring import Parts
from persistence.announcements import OutboxKind
from persistence.lookups import PostgresLookups
from persistence.outbox import OutboxMessage

LINK_MINUTES: Final = 30
EVENT_TYPE: Final = "session.changed"


def message_of(parcel: OutboxMessage) -> Message:
    """Return what machines are told of an event: reference, state and number, nothing personal."""
    data = {"reference": parcel.reference, "state": parcel.state.value, "seq": parcel.seq}
    body = {"type": EVENT_TYPE, "timestamp": rfc3339(parcel.at), "data": data}
    return Message(id=f"{parcel.reference}-{parcel.seq}", body=json.dumps(body))


@dataclass(frozen=True, slots=True, kw_only=True)
class Senders:
    """The doors through which parcels leave."""

    parts: Parts
    lookups: PostgresLookups
    webhooks: Webhooks
    mailer: Mailer | None

    async def hand_over(self, parcel: OutboxMessage) -> None:
        """Send what a parcel asks for.

        Raises:
            Undelivered: it was not accepted, as far as we know.
        """
        endpoint = endpoint_of(parcel.channel)
        if endpoint is not None:
            await self.webhooks.send(endpoint, message_of(parcel))
        elif parcel.kind is OutboxKind.LINK:
            await self._mail_link(parcel)
        else:
            await self._mail_confirmation(parcel)

    async def _mail_confirmation(self, parcel: OutboxMessage) -> None:
        session = await self._session(parcel)
        if session.state not in CONFIRMED:
            raise Undelivered("there is nothing to confirm any more", for_good=True)
        post = self.parts.outgoing.post
        agency = post.agency if post and parcel.channel == AGENCY else None
        to = agency or _guest(session)
        await self._mailer().send(confirmation(session, to=to, mail_id=_mail_id(parcel)))

    async def _mail_link(self, parcel: OutboxMessage) -> None:
        session, token = await self._session(parcel), secrets.token_urlsafe(32)
        to, home = _guest(session), (self.parts.outgoing.public_url or "").rstrip("/")
        life = timedelta(minutes=LINK_MINUTES)
        await self.lookups.grant(session.id, token, life=life)
        url = f"{home}{BASE}/lookup/{token}"
        mail_id = f"{_mail_id(parcel)}-{parcel.attempts}"
        await self._mailer().send(
            link(session, to=to, mail_id=mail_id, url=url, minutes=LINK_MINUTES)
        )

    async def _session(self, parcel: OutboxMessage) -> Session:
        loaded = await self.parts.store.load(parcel.session_id)
        if loaded is None:
            raise Undelivered("there is no such session", for_good=True)
        return loaded.session

    def _mailer(self) -> Mailer:
        if self.mailer is None:
            raise Undelivered("no mail server is set")
        return self.mailer


def _guest(session: Session) -> str:
    contact = session.details.contact
    if contact is None:
        raise Undelivered("the guest's address is not known any more", for_good=True)
    return contact.email


def _mail_id(parcel: OutboxMessage) -> str:
    return f"{parcel.reference}-{parcel.seq}-{parcel.channel.replace(':', '-')}"


@asynccontextmanager
async def open_senders(
    parts: Parts, *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Senders]:
    """Open the doors; `tls` says whom to trust when that is not the machine's own choice."""
    outgoing = parts.outgoing
    post = outgoing.post
    async with open_webhooks(outgoing.endpoints, allowed=outgoing.allowed_hosts, tls=tls) as hooks:
        yield Senders(
            parts=parts,
            lookups=PostgresLookups(parts.database, parts.vault),
            webhooks=hooks,
            mailer=Mailer(post.server, sender=post.sender, tls=tls) if post else None,
        )

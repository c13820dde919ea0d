"""Sending what the outbox asks for: a message becomes a webhook or a mail when it is sent."""

from __future__ import annotations

import json
import secrets
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from adapters.notifications.delivery import Undelivered
from adapters.notifications.mail import Mailer
from adapters.notifications.webhooks import Message, Webhooks, open_webhooks
from booking_flow.lifecycle.collection import balance_owed
from booking_flow.model.session import Session
from booking_http.api.action_links import BASE
from booking_http.notifications.mail_texts import (
    CONFIRMED,
    changed,
    code,
    confirmation,
    line_notice,
    link,
    not_booked,
    reminder,
)
from booking_http.notifications.settings import AGENCY, CODE_MINUTES, LINK_MINUTES
from booking_http.web.models import rfc3339
from booking_http.wiring import Parts
from persistence.guest_codes import GuestCodes
from persistence.line_notices import LineNotices
from persistence.lookups import PostgresLookups
from persistence.outbox import OutboxMessage, OutboxTask
from persistence.outbox_rows import OutboxKind

EVENT_TYPE: Final = "session.changed"
TASK_TYPE: Final = "task.opened"


def message_of(message: OutboxMessage, *, home: str | None) -> Message:
    """Return what machines are told, with nothing personal in it.

    Raises:
        Undelivered: the task to be told of is there no more.
    """
    if message.kind is not OutboxKind.TASK:
        return _event(message)
    if message.task is None:
        raise Undelivered("there is no such task", for_good=True)
    return _task(message, message.task, home)


def _event(message: OutboxMessage) -> Message:
    data = {"reference": message.reference, "state": message.state.value, "seq": message.seq}
    body = {"type": EVENT_TYPE, "timestamp": rfc3339(message.at), "data": data}
    return Message(id=f"{message.reference}-{message.seq}", body=json.dumps(body))


def _task(message: OutboxMessage, task: OutboxTask, home: str | None) -> Message:
    data = {
        "task": str(task.id),
        "kind": task.kind.value,
        "reference": message.reference,
        "dueAt": rfc3339(task.due_at),
        "url": f"{home.rstrip('/')}/console/tasks/{task.id}" if home else None,
    }
    body = {"type": TASK_TYPE, "timestamp": rfc3339(message.at), "data": data}
    return Message(id=f"{task.id}-{message.at:%Y%m%d%H%M%S}", body=json.dumps(body))


@dataclass(frozen=True, slots=True, kw_only=True)
class Senders:
    """What sends webhooks and mails."""

    parts: Parts
    lookups: PostgresLookups
    codes: GuestCodes
    notices: LineNotices
    webhooks: Webhooks
    mailer: Mailer | None

    async def send(self, message: OutboxMessage) -> None:
        """Send what a message asks for.

        Raises:
            Undelivered: it was not accepted, as far as we know.
        """
        endpoint = self.parts.notifications.endpoint_of(message.channel)
        if endpoint is not None:
            home = self.parts.notifications.public_url
            await self.webhooks.send(endpoint, message_of(message, home=home))
        elif message.kind is OutboxKind.LINK:
            await self._mail_link(message)
        elif message.kind is OutboxKind.CODE:
            await self._mail_code(message)
        elif message.kind is OutboxKind.LINE:
            await self._mail_line_notice(message)
        elif message.kind is OutboxKind.REMINDER:
            await self._mail_reminder(message)
        elif message.kind is OutboxKind.CHANGED:
            await self._mail_changed(message)
        else:
            await self._mail_confirmation(message)

    async def _mail_confirmation(self, message: OutboxMessage) -> None:
        session = await self._session(message)
        post = self.parts.notifications.post
        agency = post.agency if post and message.channel == AGENCY else None
        if session.booking is None:
            await self._mail_not_booked(message, session, agency)
        elif session.state in CONFIRMED:
            to = agency or _guest(session)
            await self._mailer().send(confirmation(session, to=to, mail_id=_mail_id(message)))
        else:
            raise Undelivered("there is nothing to confirm any more", for_good=True)

    async def _mail_not_booked(
        self, message: OutboxMessage, session: Session, agency: str | None
    ) -> None:
        """Mail that nothing was booked, unless the guest has begun to book again."""
        if session.open_step is None:
            to = agency or _guest(session)
            await self._mailer().send(not_booked(session, to=to, mail_id=_mail_id(message)))

    async def _mail_link(self, message: OutboxMessage) -> None:
        session, token = await self._session(message), secrets.token_urlsafe(32)
        to, home = _guest(session), (self.parts.notifications.public_url or "").rstrip("/")
        life = timedelta(minutes=LINK_MINUTES)
        await self.lookups.grant(session.id, token, life=life)
        url = f"{home}{BASE}/lookup/{token}"
        mail_id = f"{_mail_id(message)}-{message.attempts}"
        await self._mailer().send(
            link(session, to=to, mail_id=mail_id, url=url, minutes=LINK_MINUTES)
        )

    async def _mail_code(self, message: OutboxMessage) -> None:
        session, digits = await self._session(message), f"{secrets.randbelow(10**6):06}"
        to, mail_id = _guest(session), f"{_mail_id(message)}-{message.attempts}"
        await self.codes.keep(session.id, digits, life=timedelta(minutes=CODE_MINUTES))
        await self._mailer().send(
            code(session, to=to, mail_id=mail_id, digits=digits, minutes=CODE_MINUTES)
        )

    async def _mail_line_notice(self, message: OutboxMessage) -> None:
        """Mail how a wait for the line ended, unless nobody waits any more."""
        session, notice = await self._session(message), await self.notices.read(message.session_id)
        if notice is None:
            return
        token, home = secrets.token_urlsafe(32), self.parts.notifications.public_url or ""
        await self.notices.grant(session.id, token)
        url = f"{home.rstrip('/')}/return/{token}"
        mail_id = f"{_mail_id(message)}-{message.attempts}"
        answered = bool(notice.answered)
        await self._mailer().send(
            line_notice(session, answered=answered, to=notice.email, mail_id=mail_id, url=url)
        )

    async def _mail_reminder(self, message: OutboxMessage) -> None:
        """Mail a reminder, unless the balance was paid or cancelled meanwhile."""
        session = await self._session(message)
        if balance_owed(session) is not None:
            to = _guest(session)
            await self._mailer().send(reminder(session, to=to, mail_id=_mail_id(message)))

    async def _mail_changed(self, message: OutboxMessage) -> None:
        session = await self._session(message)
        made = [each for each in session.details.corrections if each.seq == message.seq]
        to = next((each.told for each in made if each.told), None)
        if to is None:
            raise Undelivered("the address of before is not known any more", for_good=True)
        await self._mailer().send(changed(session, made, to=to, mail_id=_mail_id(message)))

    async def _session(self, message: OutboxMessage) -> Session:
        loaded = await self.parts.store.load(message.session_id)
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


def _mail_id(message: OutboxMessage) -> str:
    return f"{message.reference}-{message.seq}-{message.channel.replace(':', '-')}"


@asynccontextmanager
async def open_senders(
    parts: Parts, *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Senders]:
    """Open what sends; `tls` says whom to trust when that is not the machine's own choice."""
    notifications = parts.notifications
    post = notifications.post
    async with open_webhooks(allowed=notifications.allowed_hosts, tls=tls) as hooks:
        yield Senders(
            parts=parts,
            lookups=PostgresLookups(parts.database, parts.vault),
            codes=GuestCodes(parts.database, parts.vault),
            notices=LineNotices(parts.database, parts.vault),
            webhooks=hooks,
            mailer=Mailer(post.server, sender=post.sender, tls=tls) if post else None,
        )

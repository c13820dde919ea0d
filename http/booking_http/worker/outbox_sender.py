"""The sender: takes what is due from the outbox, hands it over, and notes how that went."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from adapters.backoff import Backoff
from adapters.notifications.delivery import Undelivered
from booking_flow.lifecycle.cancellation import staff_task
from booking_flow.model.task import StaffTask, TaskKind
from booking_flow.ports import StoreUnavailable
from booking_http.notifications.settings import LINK
from booking_http.wiring import Parts
from booking_http.worker.cleanup import TIDY_SECONDS, until_next_time
from booking_http.worker.senders import Senders, open_senders
from persistence.outbox import Fate, Outbox, OutboxMessage
from persistence.outbox_rows import OutboxKind

BATCH: Final = 10
LEASE: Final = timedelta(seconds=60)
LIMIT_SECONDS: Final = 30.0
"""How long handing over one message may take; well within the lease."""
POLL_SECONDS: Final = 1.0
_ASKED_FOR: Final = (OutboxKind.LINK, OutboxKind.CODE, OutboxKind.LINE)
_NOT_MISSED: Final = (OutboxKind.EVENT, OutboxKind.TASK, OutboxKind.LINE)
"""What nobody of the staff has to look after when it is given up."""
_BACKOFF: Final = Backoff(first=5, longest=6 * 3600, factor=4)
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryTimes:
    """How often a message is tried; as it stands, for about 30 hours."""

    most: int = 12
    most_links: int = 5
    """A guest who asked for a link or a code does not wait longer than a few minutes."""
    backoff: Backoff = _BACKOFF

    def is_over(self, message: OutboxMessage) -> bool:
        """Whether that was the last attempt."""
        asked_for = message.kind in _ASKED_FOR
        return message.attempts >= (self.most_links if asked_for else self.most)


class OutboxSender:
    """Sends at least once: a message whose sender dies before noting it is sent again."""

    def __init__(
        self, parts: Parts, *, patience: RetryTimes | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        """Take the parts of the process, and whom to trust if that is not the machine's choice."""
        self._parts = parts
        self._patience = patience or RetryTimes()
        self._tls = tls
        self.outbox = Outbox(parts.database)
        self._channels = parts.notifications.all_channels

    async def run(self, stop: asyncio.Event) -> None:
        """Send until told to stop, and finish what is under way then."""
        pause = POLL_SECONDS if self._channels else TIDY_SECONDS
        async with open_senders(self._parts, tls=self._tls) as senders:
            tidied = -TIDY_SECONDS
            while not stop.is_set():
                now = asyncio.get_running_loop().time()
                if now - tidied > TIDY_SECONDS:
                    tidied = now
                    await self._tidy(senders)
                sent = 0
                with until_next_time("sending"):
                    sent = await self._send(senders)
                if not sent:
                    await _wait(stop, pause)

    async def send_due(self) -> int:
        """Send what is due now, once, and return how many messages were taken."""
        async with open_senders(self._parts, tls=self._tls) as senders:
            return await self._send(senders)

    async def _send(self, senders: Senders) -> int:
        if LINK in self._channels:
            await senders.lookups.answer(channel=LINK)
        sent = await asyncio.gather(*(self._send_on(name, senders) for name in self._channels))
        return sum(sent)

    async def _send_on(self, channel: str, senders: Senders) -> int:
        """Send on one channel, so that one that hangs keeps none of the others waiting."""
        messages = await self.outbox.take(channel, limit=BATCH, lease=LEASE)
        await asyncio.gather(*(self._deliver(message, senders) for message in messages))
        return len(messages)

    async def _deliver(self, message: OutboxMessage, senders: Senders) -> None:
        if needless := _needless(message):
            await self.outbox.settle(message, Fate.DELIVERED, note=needless)
            return
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                await senders.send(message)
        except Undelivered as failure:
            await self._fail(message, failure.reason, for_good=failure.for_good)
        except TimeoutError:
            await self._fail(message, "it took too long")
        except StoreUnavailable:
            raise
        except Exception as error:
            _log.exception("a parcel cannot be sent", channel=message.channel, seq=message.seq)
            await self._fail(message, type(error).__name__)
        else:
            await self.outbox.settle(message, Fate.DELIVERED)

    async def _fail(self, message: OutboxMessage, reason: str, *, for_good: bool = False) -> None:
        dead = for_good or self._patience.is_over(message)
        fate = Fate.DEAD if dead else Fate.WAITING
        pause = timedelta(seconds=self._patience.backoff.after(message.attempts))
        task = await self._task(message, reason) if dead else None
        await self.outbox.settle(message, fate, note=reason, pause=pause, task=task)
        told = {"reference": message.reference, "channel": message.channel, "seq": message.seq}
        tell = _log.error if dead else _log.warning
        tell("not delivered", fate=fate.value, why=reason, attempts=message.attempts, **told)

    async def _task(self, message: OutboxMessage, reason: str) -> StaffTask | None:
        """Return what a person has to do about a mail that nobody will get."""
        loaded = await self._parts.store.load(message.session_id)
        if loaded is None or message.kind in _NOT_MISSED:
            return None
        said = {"mail": message.kind.value, "why": reason}
        at = self._parts.engine.unit_of_work.at(loaded)
        return staff_task(loaded.session, TaskKind.MAIL_UNDELIVERED, at, extra=said)

    async def _tidy(self, senders: Senders) -> None:
        with until_next_time("tidying the outbox"):
            await self.outbox.forget()
            await senders.lookups.forget()
            await senders.codes.forget()
            await senders.notices.forget()


def _needless(message: OutboxMessage) -> str | None:
    """Return why nobody has to be told any more, if so."""
    if message.kind is OutboxKind.CONFIRMATION and message.overtaken:
        return "a later mail says more"
    if message.task is not None and message.task.closed:
        return "the task is done already"
    return None


async def send_due(parts: Parts) -> int:
    """Send what is due now, once, and return how many messages were taken."""
    return await OutboxSender(parts).send_due()


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)

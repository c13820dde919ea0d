"""Telling the team of new tasks: by one mail for all of them, and by a webhook for each."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from datetime import timedelta
from typing import Final

import structlog

from adapters.notifications.delivery import Undelivered
from adapters.notifications.mail import Mailer
from booking_http.notifications.mail_texts import new_tasks
from booking_http.wiring import Parts
from booking_http.worker.cleanup import until_next_time
from persistence.task_notices import TaskNotices

EVERY_SECONDS: Final = 30.0
"""How often it is looked for new tasks; an outage becomes a few mails and not one for each."""
MOST: Final = 200
_LEASE: Final = timedelta(seconds=120)
_LIMIT_SECONDS: Final = 30.0
_log = structlog.get_logger(__name__)


class TeamNotices:
    """Tells at least once: a worker that dies over a mail leaves its tasks to be told again."""

    def __init__(self, parts: Parts, *, tls: ssl.SSLContext | None = None) -> None:
        """Take the parts of the process, and whom to trust if that is not the machine's choice."""
        self._notices = TaskNotices(parts.database)
        self._post = parts.notifications.post
        self._channel = parts.notifications.team_channel
        self._home = parts.notifications.public_url
        self._tls = tls

    async def run(self, stop: asyncio.Event) -> None:
        """Tell until told to stop; where no team is set, there is nothing to do."""
        if self._channel is None and (self._post is None or self._post.team is None):
            return
        while not stop.is_set():
            with until_next_time("telling the team"):
                await self.announce()
            with until_next_time("mailing the team"):
                await self.mail()
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), EVERY_SECONDS)

    async def announce(self) -> int:
        """Leave a webhook for each new task in the outbox, and return how many tasks that were."""
        if self._channel is None:
            return 0
        return await self._notices.announce(self._channel, limit=MOST)

    async def mail(self) -> int:
        """Mail what is new, once, and return how many tasks that were."""
        post = self._post
        if post is None or post.team is None:
            return 0
        tasks = await self._notices.take(limit=MOST, lease=_LEASE)
        if not tasks:
            return 0
        mailer = Mailer(post.server, sender=post.sender, tls=self._tls)
        try:
            async with asyncio.timeout(_LIMIT_SECONDS):
                await mailer.send(new_tasks(tasks, to=post.team, home=self._home))
        except (Undelivered, TimeoutError) as error:
            _log.warning("the team was not told of tasks", tasks=len(tasks), why=str(error))
            return 0
        await self._notices.told(tasks)
        return len(tasks)

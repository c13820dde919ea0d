"""Looking whether a line answers again, for guests who asked to be mailed when it does."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from booking_flow.engine import Command
from booking_flow.errors import RefusalCode, Refused
from booking_flow.flow import BEFORE_HOLD
from booking_flow.model.history import ActorKind, Origin
from booking_flow.model.session import Loaded
from booking_http.notifications.settings import LINE
from booking_http.wiring import Parts
from persistence.line_notices import LineNotices

SOON: Final = timedelta(minutes=15)
"""So long before a session ends its guest is told that the line is still silent."""
_SILENT: Final = (
    *(RefusalCode.SUPPLIER_UNAVAILABLE, RefusalCode.SUPPLIER_TIMEOUT, RefusalCode.SUPPLIER_ERROR),
    *(RefusalCode.SUPPLIER_MISCONFIGURED, RefusalCode.UNAVAILABLE),
)
"""Refusals after which a guest would see no prices either."""
_COMMAND: Final = Command(origin=Origin(actor=ActorKind.WORKER, actor_name="line notice"))


class LineWatch:
    """Asks for the live prices of a waiting guest, as they would themselves."""

    def __init__(self, parts: Parts) -> None:
        """Take what the process is made of."""
        self._parts = parts
        self.notices = LineNotices(parts.database, parts.vault)

    async def look(self, session_id: UUID) -> None:
        """Ask the line, and have it mailed if it answers or the session is about to end."""
        loaded = await self._parts.store.load(session_id)
        if loaded is None or loaded.session.state not in BEFORE_HOLD:
            await self.notices.drop(session_id)
        elif await self._answers(loaded):
            await self.notices.settle(session_id, answered=True, channel=LINE)
        elif loaded.session.expires_at - loaded.now <= SOON:
            await self.notices.settle(session_id, answered=False, channel=LINE)

    async def _answers(self, loaded: Loaded) -> bool:
        """Whether the line says anything about prices, be it that there are none."""
        try:
            await self._parts.engine.price(loaded, command=_COMMAND)
        except Refused as refused:
            return refused.refusal.code not in _SILENT
        return True

"""The same for many sessions: begun by a person, worked off by workers, shown as it goes on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from booking_flow.context import DecisionContext
from booking_flow.engine import Command
from booking_flow.errors import RefusalCode, Refused, refuse
from booking_flow.model.change import Change, begin
from booking_flow.model.history import ActorKind, EventKind, Origin
from booking_flow.model.session import Loaded, Session
from booking_flow.staff.people import Role
from booking_http.api.guest_token import new_uuid
from booking_http.service import Service
from booking_http.staff.requests import BulkRequest
from booking_http.staff.session_search import wanted_of
from booking_http.staff.wiring import Support, support_of
from booking_http.web.auth import Staff
from booking_http.web.problems import problem
from booking_http.wiring import Parts
from persistence.bulk import BulkRun, BulkWish, TakenItem
from persistence.tables.bulk import BulkAction, BulkStatus

MOST: Final = 200
"""Sessions that one run takes on."""
_TRIES: Final = 3
"""How often a share is begun before it counts as failed; a process may die with it."""


async def start(service: Service, staff: Staff, ask: BulkRequest) -> BulkRun:
    """Begin to do something to every session of a search that needs it.

    Raises:
        Problem: it is not theirs to do, or no such session needs it.
    """
    staff.member.ensure(Role.AGENT)
    undo = ask.action is BulkAction.RETRY_UNDO
    wanted = replace(
        wanted_of(ask.search), before=None, limit=MOST + 1, owes=undo, in_doubt=not undo
    )
    found = [hit.session.id for hit in await service.support.search.find(wanted)]
    if not found:
        raise problem(RefusalCode.WRONG_STATE, "No session of this search needs it.")
    wish = BulkWish(
        id=new_uuid(),
        action=ask.action,
        account_id=staff.account.id,
        name=staff.account.name,
        reason=ask.reason,
        request_id=staff.request_id,
        session_ids=found[:MOST],
        more=len(found) > MOST,
    )
    entry = staff.member.entry(
        f"bulk-{ask.action.value}",
        session_ids=tuple(wish.session_ids),
        reason=ask.reason,
        facts={"run": str(wish.id), "sessions": str(len(wish.session_ids))},
    )
    await service.support.bulk.start(wish, audit=entry)
    return await run_of(service, wish.id)


async def run_of(service: Service, run_id: UUID | None) -> BulkRun:
    """Return how far a run has come.

    Raises:
        Problem: there is none.
    """
    run = await service.support.bulk.run(run_id) if run_id else None
    if run is None:
        raise problem(RefusalCode.NOT_FOUND, "There is no such run.")
    return run


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkWork:
    """What a worker does with one session's share of a run."""

    parts: Parts
    support: Support

    async def do(self, item: TakenItem) -> None:
        """Do one share, and write down how it went."""
        if item.fence > _TRIES:
            await self._settle(item, BulkStatus.FAILED, "It was begun too often and never ended.")
            return
        try:
            note = await self._done(item)
        except Refused as refused:
            said = refused.refusal.detail or refused.refusal.code.value
            await self._settle(item, BulkStatus.FAILED, said)
            return
        await self._settle(item, BulkStatus.DONE, note)

    async def _settle(self, item: TakenItem, status: BulkStatus, note: str | None) -> None:
        await self.support.bulk.settle(item, status, note=note)

    async def _done(self, item: TakenItem) -> str | None:
        loaded = await self.parts.engine.unit_of_work.reload(item.session_id)
        if item.action is BulkAction.RETRY_UNDO:
            return await self._undone(item, loaded)
        return await self._found_out(item, loaded)

    async def _undone(self, item: TakenItem, loaded: Loaded) -> str | None:
        store, compensation = self.parts.store, self.parts.engine.compensation
        if not await store.owed(item.session_id):
            return "Nothing was left to undo."
        await compensation.pay_back(await self._noted(item, loaded), command=_command(item))
        if await store.owed(item.session_id):
            raise refuse(RefusalCode.SUPPLIER_ERROR, "The supplier has not let go yet.")
        return None

    async def _found_out(self, item: TakenItem, loaded: Loaded) -> str | None:
        if loaded.session.open_step is None:
            return "Its step has ended meanwhile."
        await self._noted(item, loaded)
        after = await self.support.work.find_out(item.session_id)
        if after.session.open_step is not None:
            raise refuse(RefusalCode.IN_PROGRESS, "The supplier does not say how it ended.")
        return None

    async def _noted(self, item: TakenItem, loaded: Loaded) -> Loaded:
        """Write into the history who has this done, and why."""

        def decision(session: Session, _: DecisionContext) -> Change:
            details = {"action": item.action.value, "run": str(item.run_id)}
            return begin(session).record(EventKind.NOTE, reason=item.reason, details=details)

        return await self.parts.engine.unit_of_work.decide(loaded, decision, command=_command(item))


def bulk_work(parts: Parts) -> BulkWork:
    """Return what works off runs, in whichever process."""
    return BulkWork(parts=parts, support=support_of(parts))


def _command(item: TakenItem) -> Command:
    return Command(
        origin=Origin(actor=ActorKind.STAFF, actor_name=item.name, request_id=item.request_id)
    )

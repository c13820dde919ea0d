"""An action of staff, and the one way to carry it out: as seen, with a reason, and on record."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Generic, TypeVar
from uuid import UUID

from booking_flow.context import DecisionContext
from booking_flow.engine import Command, Engine
from booking_flow.errors import Refusal, RefusalCode, Refused, refuse
from booking_flow.model.audit import AuditEntry
from booking_flow.model.change import Change, begin
from booking_flow.model.history import EventKind
from booking_flow.model.session import Loaded, Session
from booking_flow.model.task import TaskKind
from booking_flow.policy import Policy
from booking_flow.ports import Audit, SessionStore, StoredTask, TaskStore, WorkQueue
from booking_flow.runtime.recovery import Recovery
from booking_flow.staff.people import Role, StaffMember
from booking_flow.steps.book import BOOK
from booking_flow.unit_of_work import Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What an action is given beside its reason; most need nothing."""

    @property
    def facts(self) -> Mapping[str, str]:
        """Return what the audit notes of them."""
        return MappingProxyType({})


P = TypeVar("P", bound=Parameters)


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffCommand:
    """What somebody wants done: to which session, as they saw it, and why."""

    staff: StaffMember
    session_id: UUID | None
    seen: frozenset[int]
    """The versions of which any will do."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What decides whether an action is possible now."""

    session: Session
    at: DecisionContext
    owes_undo: bool
    """Whether the supplier may hold something for nobody."""
    task_open: bool
    mails: bool
    """Whether mail is sent at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action(Generic[P]):
    """One action: who may take it and when, what it runs, and the words for it."""

    name: str
    label: str
    about: str
    done: Callable[[Session], str]
    """What is said of the session once it is done."""
    run: Callable[[Act, P], Awaitable[Loaded]]
    role: Role = Role.AGENT
    why_not: Callable[[Situation], str | None] = lambda _: None
    """Says why it is not possible now; None where it is."""
    waits: Callable[[Session], bool] = lambda _: False
    """Whether something must still end before it has taken effect."""
    grave: bool = False
    """Whether it cannot be taken back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What actions are carried out with."""

    engine: Engine
    store: SessionStore
    tasks: TaskStore
    queue: WorkQueue
    recovery: Recovery
    audit: Audit
    policy: Policy
    mails: bool

    async def find_out(self, session_id: UUID) -> Loaded:
        """Look now into the open step of a session, as the worker would later.

        Raises:
            Refused: `in_progress`, somebody is looking into it.
        """
        lease = self.policy.lease_seconds(BOOK.limits)
        taken = await self.queue.take_step(session_id, lease_seconds=lease)
        if taken is None:
            raise refuse(RefusalCode.IN_PROGRESS, "Somebody is working on this step.")
        await self.recovery.open_step(taken)
        return await self.engine.unit_of_work.reload(session_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """An action under way: role, version and state allow it."""

    work: Work
    action: Action[Any]
    order: StaffCommand
    loaded: Loaded
    facts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def reason(self) -> str:
        """Return why it is done."""
        return self.order.reason

    @property
    def command(self) -> Command:
        """Return the command for what follows once the action is on record."""
        return Command(origin=self.order.staff.origin)

    def entry(self, **more: str) -> AuditEntry:
        """Return its line for the audit."""
        return self.order.staff.entry(
            self.action.name,
            session_ids=(self.loaded.session.id,),
            reason=self.reason,
            facts={**self.facts, **more},
        )

    async def decide(self, decision: Decision) -> Loaded:
        """Commit a decision about the session as it was seen, and its line in the audit."""
        seen = self.loaded.session.version

        def guarded(session: Session, at: DecisionContext) -> Change | None:
            if session.version != seen:
                raise refuse(RefusalCode.VERSION_MISMATCH)
            return decision(session, at)

        command = Command(origin=self.order.staff.origin, audit=self.entry())
        return await self.work.engine.unit_of_work.decide(self.loaded, guarded, command=command)

    async def note(self) -> Loaded:
        """Write into the history what is done and why."""
        return await self.decide(lambda session, _: self.noted(session))

    def noted(self, session: Session) -> Change:
        """Return the change that notes what is done and why."""
        details = {"action": self.action.name}
        return begin(session).record(EventKind.NOTE, reason=self.reason, details=details)

    async def pay_back(self, loaded: Loaded) -> Loaded:
        """Let go now what the session owes the supplier."""
        return await self.work.engine.compensation.pay_back(loaded, command=self.command)


class StaffActions:
    """Carries out what staff may do, for the console, the API and the command line alike."""

    def __init__(self, work: Work) -> None:
        """Take what actions are carried out with."""
        self._work = work

    async def perform(self, action: Action[P], order: StaffCommand, given: P) -> Loaded:
        """Carry an action out and return the session as it is then.

        Raises:
            Refused: it is not theirs to do, not possible now, or not on what they have seen.
        """
        order.staff.ensure(action.role)
        loaded = await self.find(order.session_id, by=order.staff)
        await self._ensure_possible(action, order, loaded)
        act = Act(work=self._work, action=action, order=order, loaded=loaded, facts=given.facts)
        try:
            return await action.run(act, given)
        except Refused as refused:
            await self._work.audit.write(act.entry(refused=refused.refusal.code.value))
            raise

    async def find(self, session_id: UUID | None, *, by: StaffMember) -> Loaded:
        """Return a session by its id, as the clocks have it now.

        Raises:
            Refused: there is none.
        """
        loaded = await self._work.store.load(session_id) if session_id else None
        if loaded is None:
            raise refuse(RefusalCode.SESSION_NOT_FOUND)
        return await self._work.engine.unit_of_work.lapse(loaded, command=Command(origin=by.origin))

    async def situation(self, loaded: Loaded) -> Situation:
        """Return what decides which actions are possible on a session now."""
        work, session = self._work, loaded.session
        tasks = await work.tasks.tasks_of(session.id)
        return Situation(
            session=session,
            at=work.engine.unit_of_work.at(loaded),
            owes_undo=bool(await work.store.owed(session.id)),
            task_open=any(map(_needs_guest, tasks)),
            mails=work.mails,
        )

    async def _ensure_possible(
        self, action: Action[Any], order: StaffCommand, loaded: Loaded
    ) -> None:
        session = loaded.session
        if session.version not in order.seen:
            raise Refused(Refusal(code=RefusalCode.VERSION_MISMATCH), session=session)
        why_not = action.why_not(await self.situation(loaded))
        if why_not is not None:
            raise Refused(Refusal(code=RefusalCode.WRONG_STATE, detail=why_not), session=session)


def _needs_guest(task: StoredTask) -> bool:
    """Whether somebody still works for the guest; that they are to be erased keeps nobody."""
    return task.closed_at is None and task.kind is not TaskKind.ERASURE_REQUESTED

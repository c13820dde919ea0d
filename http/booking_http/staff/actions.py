"""What staff do to a session, page or program alike: with a reason, as seen, and on record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from booking_flow.engine import Command
from booking_flow.errors import RefusalCode, refuse
from booking_flow.lifecycle import cancellation
from booking_flow.model.change import Change, begin
from booking_flow.model.history import EventKind
from booking_flow.model.session import Loaded, Session
from booking_flow.runtime.unit_of_work import Decision
from booking_flow.steps.context import DecisionContext
from booking_http.service import Service
from booking_http.staff import allowed_actions
from booking_http.staff.allowed_actions import Action
from booking_http.staff.session_search import find_session
from booking_http.web.auth import Staff, ensure_role, write_audit
from booking_http.web.problems import Problem, problem
from persistence.erasure import erase


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffCommand:
    """What somebody wants done: to which session, as they saw it, and why."""

    staff: Staff
    session_id: UUID | None
    seen: frozenset[int]
    """The versions of which any will do."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """An action that role, version and state allow, and that is in the audit."""

    service: Service
    staff_command: StaffCommand
    action: Action
    loaded: Loaded

    @property
    def reason(self) -> str:
        """Return why it is done."""
        return self.staff_command.reason

    @property
    def command(self) -> Command:
        """Return the command under which the core acts."""
        return Command(origin=self.staff_command.staff.origin)

    async def decide(self, decision: Decision) -> Loaded:
        """Commit a decision about the session as it was seen, and about no later one."""
        seen = self.loaded.session.version

        def guarded(session: Session, at: DecisionContext) -> Change | None:
            if session.version != seen:
                raise refuse(RefusalCode.VERSION_MISMATCH)
            return decision(session, at)

        unit_of_work = self.service.support.unit_of_work
        return await unit_of_work.decide(self.loaded, guarded, command=self.command)

    async def note(self) -> Loaded:
        """Write into the history what is done and why."""

        def decision(session: Session, _: DecisionContext) -> Change:
            details = {"action": self.action.name}
            return begin(session).record(EventKind.NOTE, reason=self.reason, details=details)

        return await self.decide(decision)


async def begin_action(
    service: Service,
    staff_command: StaffCommand,
    action: Action,
    facts: Mapping[str, str] = MappingProxyType({}),
) -> Act:
    """Let an action begin and write it down.

    Raises:
        Problem: it is not theirs to do, not possible now, or not on what they have seen.
    """
    ensure_role(staff_command.staff, action.role)
    loaded = await find_session(service, staff_command.staff, staff_command.session_id)
    session = loaded.session
    if session.version not in staff_command.seen:
        raise Problem(code=RefusalCode.VERSION_MISMATCH.value, session=session)
    if not action.possible(session, service.support.moment(loaded.now)):
        code, detail = RefusalCode.WRONG_STATE.value, action.needs
        raise Problem(code=code, detail=detail, session=session)
    await write_audit(
        service,
        staff_command.staff,
        action.name,
        session_ids=(session.id,),
        reason=staff_command.reason,
        facts=facts,
    )
    return Act(service=service, staff_command=staff_command, action=action, loaded=loaded)


async def add_note(service: Service, staff_command: StaffCommand) -> Loaded:
    """Write something into the history."""
    act = await begin_action(service, staff_command, allowed_actions.NOTE)
    return await act.note()


async def reconcile(service: Service, staff_command: StaffCommand) -> Loaded:
    """Find out now about a step whose end is not known, as the worker would by and by."""
    act = await begin_action(service, staff_command, allowed_actions.RECONCILE)
    loaded = await act.note()
    return await service.support.find_out(loaded.session.id)


async def retry_undo(service: Service, staff_command: StaffCommand) -> Loaded:
    """Try now to let go what the supplier may still hold for nobody."""
    act = await begin_action(service, staff_command, allowed_actions.RETRY_UNDO)
    if not await service.store.owed(act.loaded.session.id):
        raise problem(RefusalCode.WRONG_STATE, "Nothing has to be undone.")
    return await service.support.compensation.pay_back(await act.note(), command=act.command)


async def release_hold(service: Service, staff_command: StaffCommand) -> Loaded:
    """Let the held cabin go; the session itself goes on."""
    act = await begin_action(service, staff_command, allowed_actions.RELEASE)
    answer = await service.engine.release_basket(await act.note(), command=act.command)
    return Loaded(session=answer.session, now=answer.now)


async def cancel_session(service: Service, staff_command: StaffCommand) -> Loaded:
    """Cancel for the guest; what a person or an open step must end first stays requested."""
    act = await begin_action(service, staff_command, allowed_actions.CANCEL)

    def decision(session: Session, at: DecisionContext) -> Change | None:
        return cancellation.cancel(session, reason=act.reason, at=at)

    return await service.support.compensation.pay_back(
        await act.decide(decision), command=act.command
    )


async def erase_guest(service: Service, staff_command: StaffCommand) -> Loaded:
    """Make what the guest typed unreadable for ever; history and money stay."""
    act = await begin_action(service, staff_command, allowed_actions.ERASE)
    support = service.support
    tasks = await support.work.tasks_of(act.loaded.session.id)
    if any(each.task.closed_at is None for each in tasks):
        raise problem(RefusalCode.WRONG_STATE, "A task is open that may need the guest's name.")
    loaded = await act.note()
    await erase(support.database, loaded.session.id)
    return await support.unit_of_work.reload(loaded.session.id)

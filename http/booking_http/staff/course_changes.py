"""How staff change a session's course: more time, money, a move, an end at the line, a mail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from booking_flow.errors import RefusalCode, Refused
from booking_flow.flow import State
from booking_flow.lifecycle import extend_deadline as extending
from booking_flow.lifecycle import manual_transition
from booking_flow.lifecycle import record_payment as recording
from booking_flow.model.change import Change, TaskClosing, begin
from booking_flow.model.history import EventKind
from booking_flow.model.money import Money
from booking_flow.model.session import Loaded, Session
from booking_flow.saga import TaskKind
from booking_flow.staff.task_resolution import AnswerKind
from booking_flow.steps import resolution
from booking_flow.steps.context import DecisionContext
from booking_http.service import Service
from booking_http.staff import allowed_actions
from booking_http.staff.actions import Act, StaffCommand, begin_action
from booking_http.staff.allowed_actions import Action
from booking_http.staff.task_answers import ensure_free
from booking_http.web.problems import problem

OWED = "Something is still to be undone; that has to end first."


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitionOption:
    """Where a session might be moved: how, or why not."""

    to: State
    jump: manual_transition.Jump | None = None
    why_not: str | None = None


async def extend_deadline(
    service: Service, staff_command: StaffCommand, *, deadline: extending.Deadline, until: datetime
) -> Loaded:
    """Give the guest more time, as far as the supplier lets us."""
    facts = {"deadline": deadline.value, "until": until.isoformat(timespec="seconds")}
    act = await begin_action(service, staff_command, allowed_actions.EXTEND, facts)

    def decision(session: Session, at: DecisionContext) -> Change:
        return extending.extended(session, deadline, until, at, reason=staff_command.reason)

    return await act.decide(decision)


async def record_payment(service: Service, staff_command: StaffCommand, *, amount: Money) -> Loaded:
    """Enter money that was received outside."""
    act = await begin_action(
        service, staff_command, allowed_actions.RECORD, {"amount": str(amount)}
    )

    def decision(session: Session, at: DecisionContext) -> Change:
        return recording.recorded(session, amount, at, reason=staff_command.reason)

    return await act.decide(decision)


async def resend_confirmation(service: Service, staff_command: StaffCommand) -> Loaded:
    """Mail guest and agency once more how the booking stands."""
    act = await begin_action(service, staff_command, allowed_actions.RESEND)
    if not service.support.mails:
        raise problem(RefusalCode.WRONG_STATE, "No mail is sent from here: SMTP_URL is not set.")

    def decision(session: Session, _: DecisionContext) -> Change:
        change = begin(session).record(
            EventKind.NOTE,
            reason=staff_command.reason,
            details={"action": allowed_actions.RESEND.name},
        )
        return replace(change, confirms=True)

    return await act.decide(decision)


async def confirm_cancellation(service: Service, staff_command: StaffCommand) -> Loaded:
    """End a booking: the line has confirmed that it is cancelled."""
    return await _end_cancellation(
        service,
        staff_command,
        action=allowed_actions.CONFIRM_CANCELLATION,
        kind=AnswerKind.LINE_CANCELLED,
        decide=lambda session: resolution.line_cancelled(session, reason=staff_command.reason),
    )


async def refuse_cancellation(service: Service, staff_command: StaffCommand) -> Loaded:
    """Let a booking go on: the line refused to cancel it, or nobody wants it cancelled."""
    return await _end_cancellation(
        service,
        staff_command,
        action=allowed_actions.REFUSE_CANCELLATION,
        kind=AnswerKind.LINE_REFUSED,
        decide=lambda session: resolution.line_refused(session, reason=staff_command.reason),
    )


async def _end_cancellation(
    service: Service,
    staff_command: StaffCommand,
    *,
    action: Action,
    kind: AnswerKind,
    decide: Callable[[Session], Change],
) -> Loaded:
    act = await begin_action(service, staff_command, action)
    closing = await _asking(service, act, kind)
    return await act.decide(lambda session, _: replace(decide(session), closes=closing))


async def _asking(service: Service, act: Act, kind: AnswerKind) -> TaskClosing | None:
    """Return how to close the task that asks the line, while it is open and no colleague's."""
    for each in await service.support.work.tasks_of(act.loaded.session.id):
        task = each.task
        if task.kind is TaskKind.CANCEL_WITH_LINE and task.closed_at is None:
            ensure_free(act.staff_command.staff, each)
            return TaskClosing(task_id=task.id, version=task.version, answer=kind.value)
    return None


async def move_session(
    service: Service,
    staff_command: StaffCommand,
    *,
    to: State,
    override: bool = False,
    not_undone: frozenset[str] = frozenset(),
) -> Loaded:
    """Move a session along the flow, or against it once it is said what that does not undo."""
    facts = {"to": to.value, "override": str(override).lower()}
    act = await begin_action(service, staff_command, allowed_actions.MOVE, facts)
    if await service.store.owed(act.loaded.session.id):
        raise problem(RefusalCode.WRONG_STATE, OWED)

    def decision(session: Session, at: DecisionContext) -> Change:
        return manual_transition.moved(
            session, to, at, reason=staff_command.reason, override=override, accepted=not_undone
        )

    loaded = await act.decide(decision)
    return await service.support.compensation.pay_back(loaded, command=act.command)


async def transition_options(service: Service, loaded: Loaded) -> Sequence[TransitionOption]:
    """Return for every state whether the session can be moved there, and what that leaves."""
    owed = bool(await service.store.owed(loaded.session.id))
    at = service.support.moment(loaded.now)
    return [_way(loaded.session, to, at, owed=owed) for to in State]


def _way(session: Session, to: State, at: DecisionContext, *, owed: bool) -> TransitionOption:
    try:
        jump = manual_transition.jump_to(session, to, at)
    except Refused as refused:
        return TransitionOption(to=to, why_not=refused.refusal.detail)
    return TransitionOption(to=to, why_not=OWED) if owed else TransitionOption(to=to, jump=jump)

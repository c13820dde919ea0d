"""The table of what staff may do to a session; console, API and command line read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from booking_flow.context import DecisionContext
from booking_flow.errors import RefusalCode, Refused, refuse
from booking_flow.flow import State
from booking_flow.lifecycle import (
    cancellation,
    duplicate,
    line_cancellation,
    manual_transition,
    refund,
)
from booking_flow.lifecycle import correct as correcting
from booking_flow.lifecycle import extend_deadline as extending
from booking_flow.lifecycle import record_payment as recording
from booking_flow.model.change import Change, TaskClosing
from booking_flow.model.money import Money
from booking_flow.model.party import Contact
from booking_flow.model.session import NO_DETAILS, Loaded, Session, UnwindingReason
from booking_flow.model.task import TaskKind
from booking_flow.staff.action import Act, Action, Parameters, Situation
from booking_flow.staff.people import Role
from booking_flow.staff.task_claims import ensure_free
from booking_flow.staff.task_resolution import AnswerKind

STEP_OPEN: Final = "A step is open; that has to end first."
UNWINDING: Final = "It is being cancelled; that has to end first."
OWED: Final = "Something is still to be undone; that has to end first."
OVER: Final = "The session is over."


@dataclass(frozen=True, slots=True, kw_only=True)
class MoreTime(Parameters):
    """Which deadline is to be later, and when it is then."""

    deadline: extending.Deadline
    until: datetime

    @property
    def facts(self) -> Mapping[str, str]:
        """Return what the audit notes of it."""
        until = self.until.isoformat(timespec="seconds")
        return {"deadline": self.deadline.value, "until": until}


@dataclass(frozen=True, slots=True, kw_only=True)
class Received(Parameters):
    """Money that was received outside."""

    amount: Money

    @property
    def facts(self) -> Mapping[str, str]:
        """Return what the audit notes of it."""
        return {"amount": str(self.amount)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept(Parameters):
    """What the line keeps of a cancelled booking, in the currency that was paid."""

    kept: Decimal

    @property
    def facts(self) -> Mapping[str, str]:
        """Return what the audit notes of it."""
        return {"kept": str(self.kept)}


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondBooking(Parameters):
    """The line's number of a second reservation."""

    reservation: str

    @property
    def facts(self) -> Mapping[str, str]:
        """Return what the audit notes of it."""
        return {"reservation": self.reservation}


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination(Parameters):
    """Where a session is moved; against the flow only with all that this does not undo."""

    to: State
    override: bool = False
    not_undone: frozenset[str] = frozenset()

    @property
    def facts(self) -> Mapping[str, str]:
        """Return what the audit notes of it."""
        return {"to": self.to.value, "override": str(self.override).lower()}


@dataclass(frozen=True, slots=True, kw_only=True)
class TextToGo(Parameters):
    """A text that should not stand there: a row of the timeline, or a field of the guest's."""

    text: str
    """`event-7` or `staff-2`, as the timeline names its rows, or a key of `TYPED_FREELY`."""

    @property
    def facts(self) -> Mapping[str, str]:
        """Return what the audit notes of it."""
        return {"text": self.text}


@dataclass(frozen=True, slots=True, kw_only=True)
class RightWords(Parameters):
    """What a field that was typed wrong should say."""

    pointer: str
    """The field, as `Correction` names it."""
    contact: Callable[[Contact], Contact]
    """Makes the contact what it should be; raises Refused for what no contact can be."""
    name: correcting.NameRequest | None = None
    """A traveller's name, where it is not the contact that is wrong."""

    @property
    def facts(self) -> Mapping[str, str]:
        """Return what the audit notes of it."""
        return {"field": self.pointer}


REDACTED: Final = "[redacted]"
"""What stands in the place of a text that was taken out."""
TYPED_FREELY: Final[Mapping[str, str]] = MappingProxyType(
    {"specialRequests": "special_requests", "cancelReason": "cancel_reason"}
)
"""What a guest types freely, by its name outside."""
NOTHING: Final = Parameters()


async def _note(act: Act, _: Parameters) -> Loaded:
    return await act.note()


async def _find_out(act: Act, _: Parameters) -> Loaded:
    return await act.work.find_out((await act.note()).session.id)


async def _retry_undo(act: Act, _: Parameters) -> Loaded:
    return await act.pay_back(await act.note())


async def _release(act: Act, _: Parameters) -> Loaded:
    answer = await act.work.engine.release_basket(await act.note(), command=act.command)
    return Loaded(session=answer.session, now=answer.now)


async def _cancel(act: Act, _: Parameters) -> Loaded:
    return await act.pay_back(
        await act.decide(lambda session, at: cancellation.cancel(session, reason=act.reason, at=at))
    )


async def _extend(act: Act, given: MoreTime) -> Loaded:
    return await act.decide(
        lambda session, at: extending.extended(
            session, given.deadline, given.until, at, reason=act.reason
        )
    )


async def _record(act: Act, given: Received) -> Loaded:
    return await act.decide(
        lambda session, _: recording.recorded(session, given.amount, reason=act.reason)
    )


async def _refund(act: Act, given: Kept) -> Loaded:
    closing = await _closing(act, AnswerKind.REFUNDED, of=TaskKind.CANCELLATION_REFUND)
    return await act.decide(
        lambda session, _: replace(
            refund.refunded(session, given.kept, reason=act.reason), closes=closing
        )
    )


async def _correct(act: Act, given: RightWords) -> Loaded:
    def decision(session: Session, at: DecisionContext) -> Change | None:
        if given.name is not None:
            return correcting.request_name(session, given.name, at, reason=act.reason)
        contact = given.contact(correcting.contact_of(session))
        return correcting.correct_contact(session, contact, at, reason=act.reason)

    return await act.decide(decision)


async def _duplicate(act: Act, given: SecondBooking) -> Loaded:
    return await act.decide(
        lambda session, at: duplicate.enter_duplicate(
            session, given.reservation, at, reason=act.reason
        )
    )


async def _resend(act: Act, _: Parameters) -> Loaded:
    return await act.decide(lambda session, _: replace(act.noted(session), confirms=True))


async def _confirm_cancellation(act: Act, _: Parameters) -> Loaded:
    return await _end_cancellation(
        act,
        AnswerKind.LINE_CANCELLED,
        lambda session, at: line_cancellation.line_cancelled(session, at, reason=act.reason),
    )


async def _refuse_cancellation(act: Act, _: Parameters) -> Loaded:
    return await _end_cancellation(
        act,
        AnswerKind.LINE_REFUSED,
        lambda session, at: line_cancellation.line_refused(session, at, reason=act.reason),
    )


async def _end_cancellation(
    act: Act, kind: AnswerKind, decide: Callable[[Session, DecisionContext], Change]
) -> Loaded:
    closing = await _closing(act, kind)
    return await act.decide(lambda session, at: replace(decide(session, at), closes=closing))


async def _closing(
    act: Act, kind: AnswerKind, *, of: TaskKind = TaskKind.CANCEL_WITH_LINE
) -> TaskClosing | None:
    """Return how to close the task that this answers, while it is open and no colleague's."""
    for task in await act.work.tasks.tasks_of(act.loaded.session.id):
        if task.kind is of and task.closed_at is None:
            ensure_free(task, act.order.staff)
            return TaskClosing(task_id=task.id, version=task.version, answer=kind.value)
    return None


async def _move(act: Act, given: Destination) -> Loaded:
    loaded = await act.decide(
        lambda session, at: manual_transition.moved(
            session,
            given.to,
            at,
            reason=act.reason,
            override=given.override,
            accepted=given.not_undone,
        )
    )
    return await act.pay_back(loaded)


async def _redact(act: Act, given: TextToGo) -> Loaded:
    if given.text in TYPED_FREELY:
        return await act.decide(lambda session, _: _without(act, session, given.text))
    loaded = await act.note()
    if not await act.work.store.redact(loaded.session.id, given.text):
        raise refuse(RefusalCode.NOT_FOUND, "There is no text in this row.")
    return loaded


def _without(act: Act, session: Session, text: str) -> Change:
    name = TYPED_FREELY[text]
    if getattr(session.details, name) is None:
        raise refuse(RefusalCode.NOT_FOUND, "The guest typed nothing there.")
    return act.noted(session).put(details=session.details.with_changes(**{name: REDACTED}))


async def _erase(act: Act, _: Parameters) -> Loaded:
    loaded = await act.note()
    await act.work.store.erase(loaded.session.id)
    return await act.work.engine.unit_of_work.reload(loaded.session.id)


def _busy(session: Session) -> str | None:
    if session.open_step is not None:
        return STEP_OPEN
    return UNWINDING if session.unwinding is not None else None


def _no_step(now: Situation) -> str | None:
    return "No step is open." if now.session.open_step is None else None


def _nothing_owed(now: Situation) -> str | None:
    return None if now.owes_undo else "No cabin has to be let go again."


def _not_held(now: Situation) -> str | None:
    held = now.session.state is State.BASKETED
    return _busy(now.session) if held else "No cabin is being held."


def _not_cancellable(now: Situation) -> str | None:
    return None if cancellation.may_cancel(now.session) else "It is cancelled, or about to be."


def _not_movable(now: Situation) -> str | None:
    session = now.session
    if extending.movable(session) is not None:
        return None
    if session.unwinding is not None and session.unwinding.reason is UnwindingReason.EXPIRE:
        return extending.TOO_LATE.detail
    return _busy(session) or (OVER if session.ended else "This deadline is set by the line.")


def _not_recordable(now: Situation) -> str | None:
    session = now.session
    if recording.recordable(session):
        return None
    if not session.reserved or session.booking is None:
        return "Nothing is booked, so nothing is owed."
    if not session.booking.outstanding.positive:
        return "Nothing is owed."
    return _busy(session)


def _not_doubled(now: Situation) -> str | None:
    if duplicate.may_have_duplicate(now.session):
        return None
    return _busy(now.session) or "Nothing is booked, so there is no second booking."


def _not_refundable(now: Situation) -> str | None:
    if refund.refundable(now.session):
        return None
    return "No money of a cancelled booking is to be settled."


def _not_correctable(now: Situation) -> str | None:
    if correcting.correctable(now.session):
        return None
    return OVER if now.session.ended else "The guest is still booking, and can change it."


def _not_told(now: Situation) -> str | None:
    session = now.session
    if session.booking is None or not (session.reserved or session.ended):
        return "There is no booking to confirm."
    if session.details.contact is None:
        return "There is nobody to tell: no contact is known."
    return None if now.mails else "No mail is sent from here: SMTP_URL is not set."


def _not_cancelling(now: Situation) -> str | None:
    session = now.session
    if session.open_step is not None:
        return STEP_OPEN
    at_line = session.unwinding is not None and session.reserved
    return None if at_line else "No cancellation is under way at the line."


def _not_idle(now: Situation) -> str | None:
    return _busy(now.session) or (OWED if now.owes_undo else None)


def _not_erasable(now: Situation) -> str | None:
    session = now.session
    if session.details == NO_DETAILS:
        return "Nothing that the guest typed is kept."
    if session.reserved and now.at.now.date() <= session.sailing.sailing_date:
        return f"Possible after the sailing on {session.sailing.sailing_date:%-d %B %Y}."
    if not (session.ended or session.reserved):
        return "The guest is still booking."
    if now.task_open:
        return "A task is open that may need the guest's name."
    return _busy(session)


def _cancel_said(session: Session) -> str:
    if session.ended:
        return "The session is cancelled."
    if session.reserved:
        return "Cancellation requested. Now call the line: open the task."
    return "Cancellation requested. It takes effect once the open step has ended."


def _release_said(session: Session) -> str:
    if session.open_step is not None:
        return "The line has not said yet that the cabin is free; it is asked again."
    return "The cabin was let go."


def _says(words: str) -> Callable[[Session], str]:
    return lambda _: words


NOTE: Final[Action[Parameters]] = Action(
    name="note",
    label="Add a note",
    about="It stands in the history for good, under your name.",
    done=_says("Your note stands in the history."),
    run=_note,
)
RECONCILE: Final[Action[Parameters]] = Action(
    name="reconcile",
    label="Ask the line's system again",
    about="It knows bookings only by number, so of a booking it usually cannot say.",
    done=_says("The line's system was asked; what it said stands below."),
    run=_find_out,
    why_not=_no_step,
)
RETRY_UNDO: Final[Action[Parameters]] = Action(
    name="retry-undo",
    label="Let the cabin go again",
    about="Asks the line's system once more to release a cabin it may hold for nobody.",
    done=_says("The line's system was asked to let it go; what it said stands below."),
    run=_retry_undo,
    why_not=_nothing_owed,
)
RELEASE: Final[Action[Parameters]] = Action(
    name="release-hold",
    label="Release the hold",
    about="The held cabin is let go. The session goes on, and the guest may hold another.",
    done=_release_said,
    run=_release,
    why_not=_not_held,
    waits=lambda after: after.open_step is not None,
)
EXTEND: Final[Action[MoreTime]] = Action(
    name="extend-deadline",
    label="Give more time",
    about="Moves the deadline of the session, or that of the payment, to a later moment.",
    done=_says("The deadline is later now."),
    run=_extend,
    why_not=_not_movable,
)
RECORD: Final[Action[Received]] = Action(
    name="record-payment",
    label="Record a payment",
    about="Enters money that was received outside, by transfer or telephone. It charges nobody; "
    "once what is due now is covered, the booking is paid.",
    done=_says("The payment is recorded."),
    run=_record,
    why_not=_not_recordable,
)
REFUND: Final[Action[Kept]] = Action(
    name="record-refund",
    label="Settle the money",
    about="Enters what the line keeps of a cancelled booking, once the rest has gone back to the "
    "guest. It pays nobody.",
    done=_says("What the line keeps and what went back is entered."),
    run=_refund,
    why_not=_not_refundable,
    grave=True,
)
CORRECT: Final[Action[RightWords]] = Action(
    name="correct",
    label="Correct what was typed",
    about="E-mail, telephone and address are changed at once; the guest's address of before is "
    "told, and the confirmation goes to the new one. For a traveller's name a task is opened to "
    "have the line change it.",
    done=_says("The correction is noted."),
    run=_correct,
    why_not=_not_correctable,
)
DUPLICATE: Final[Action[SecondBooking]] = Action(
    name="enter-duplicate",
    label="Enter a second booking",
    about="For a second reservation that the line holds for this session. It opens a task to have "
    "one of the two cancelled and refunded; the guest sees it.",
    done=_says("The second booking is entered. Now have one of the two cancelled: open the task."),
    run=_duplicate,
    why_not=_not_doubled,
)
RESEND: Final[Action[Parameters]] = Action(
    name="resend-confirmation",
    label="Mail the confirmation again",
    about="Guest and agency are mailed once more how the booking stands now.",
    done=_says("The confirmation is on its way."),
    run=_resend,
    why_not=_not_told,
    waits=lambda _: True,
)
CANCEL: Final[Action[Parameters]] = Action(
    name="cancel",
    label="Cancel for the guest",
    about="Before a booking it ends the session; with one it opens a task to cancel with the "
    "line, which holds the cabin until it confirms.",
    done=_cancel_said,
    run=_cancel,
    why_not=_not_cancellable,
    waits=lambda after: not after.ended,
    grave=True,
)
CONFIRM_CANCELLATION: Final[Action[Parameters]] = Action(
    name="confirm-cancellation",
    label="The line has cancelled it",
    about="Ends the booking here: the line has confirmed that it holds nothing any more.",
    done=_says("The cancellation is confirmed."),
    run=_confirm_cancellation,
    why_not=_not_cancelling,
    grave=True,
)
REFUSE_CANCELLATION: Final[Action[Parameters]] = Action(
    name="refuse-cancellation",
    label="The line keeps it",
    about="Lets the booking go on: the line refused, or nobody wants it cancelled any more.",
    done=_says("The booking goes on."),
    run=_refuse_cancellation,
    why_not=_not_cancelling,
)
MOVE: Final[Action[Destination]] = Action(
    name="move",
    label="Move to another state",
    about="For what no other action can put right. It stands out in history and diagram.",
    done=_says("The session was moved."),
    run=_move,
    role=Role.SUPERVISOR,
    why_not=_not_idle,
    grave=True,
)
REDACT: Final[Action[TextToGo]] = Action(
    name="redact",
    label="Take a text out",
    about="For a card number that somebody typed where none belongs. The text is replaced for "
    "good; that it was, by whom and why, stays.",
    done=_says("The text is taken out."),
    run=_redact,
    role=Role.SUPERVISOR,
    grave=True,
)
ERASE: Final[Action[Parameters]] = Action(
    name="erase-guest",
    label="Erase this guest",
    about="Makes what the guest typed unreadable for ever. History and money stay.",
    done=_says("What the guest typed is erased."),
    run=_erase,
    role=Role.SUPERVISOR,
    why_not=_not_erasable,
    grave=True,
)
_EVERY: Final[tuple[Action[Any], ...]] = (
    *(NOTE, RECONCILE, RETRY_UNDO, RELEASE, EXTEND, RECORD, REFUND, DUPLICATE, CORRECT, RESEND),
    *(CANCEL, CONFIRM_CANCELLATION, REFUSE_CANCELLATION, MOVE, REDACT, ERASE),
)
ACTIONS: Final[Mapping[str, Action[Any]]] = MappingProxyType({each.name: each for each in _EVERY})
"""All actions by their names, in the order in which they are offered."""


def possible_actions(now: Situation, *, role: Role) -> Iterator[Action[Any]]:
    """Return what may be done now, by somebody with this role."""
    for action in ACTIONS.values():
        if role.includes(action.role) and action.why_not(now) is None:
            yield action


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitionOption:
    """Where a session might be moved: how, or why not."""

    to: State
    jump: manual_transition.Jump | None = None
    why_not: str | None = None


def transition_options(now: Situation) -> Iterator[TransitionOption]:
    """Return for every state whether the session can be moved there, and what that leaves."""
    for to in State:
        try:
            jump = manual_transition.jump_to(now.session, to, now.at)
        except Refused as refused:
            yield TransitionOption(to=to, why_not=refused.refusal.detail)
            continue
        yield (
            TransitionOption(to=to, why_not=OWED)
            if now.owes_undo
            else TransitionOption(to=to, jump=jump)
        )


def action_named(name: str) -> Action[Any]:
    """Return an action by its name.

    Raises:
        Refused: there is none.
    """
    action = ACTIONS.get(name)
    if action is None:
        raise refuse(RefusalCode.NOT_FOUND, "There is no such action.")
    return action

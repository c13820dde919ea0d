"""What staff may do on a session's page: the words on each form, and what sending it does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from booking_flow.model.session import Loaded, Session
from booking_flow.steps.context import DecisionContext
from booking_http.console.auth import Fields
from booking_http.console.forms import understand
from booking_http.service import Service
from booking_http.staff import actions, allowed_actions, course_changes
from booking_http.staff.actions import StaffCommand
from booking_http.staff.allowed_actions import Action
from booking_http.staff.requests import ExtendRequest, MoveRequest, ReasonRequest, RecordRequest
from booking_http.web.auth import Staff

Done = Callable[[Service, StaffCommand, Fields], Awaitable[Loaded]]
Plain = Callable[[Service, StaffCommand], Awaitable[Loaded]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionForm:
    """A form on a session's page."""

    action: Action
    label: str
    about: str
    done: str
    """What is said once it has been done."""
    do: Done
    more: str | None = None
    """The template of what the form asks for beside a reason."""
    grave: bool = False
    """Whether it cannot be taken back."""

    @property
    def name(self) -> str:
        """Return its name in addresses."""
        return self.action.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A form as this member of staff sees it now; `barred` says why they cannot use it."""

    deed: ActionForm
    barred: str | None


def _plain(do: Plain) -> Done:
    """Let a deed that needs nothing but a reason be done from a form."""

    async def done(service: Service, staff_command: StaffCommand, _: Fields) -> Loaded:
        return await do(service, staff_command)

    return done


async def _extend(service: Service, staff_command: StaffCommand, fields: Fields) -> Loaded:
    """Give more time; a form's time of day is UTC, as it says beside it."""
    until = f"{fields['until']}Z" if "until" in fields else ""
    asked = {**fields, "until": until} if until else fields
    ask = understand(asked, ExtendRequest, form=allowed_actions.EXTEND.name)
    return await course_changes.extend_deadline(
        service, staff_command, deadline=ask.deadline, until=ask.until
    )


async def _record(service: Service, staff_command: StaffCommand, fields: Fields) -> Loaded:
    """Enter money that was received outside."""
    ask = understand(fields, RecordRequest, form=allowed_actions.RECORD.name)
    return await course_changes.record_payment(service, staff_command, amount=ask.money)


async def _move(service: Service, staff_command: StaffCommand, fields: Fields) -> Loaded:
    """Move by hand; what was shown as not undone comes back with the form."""
    ask = understand(fields, MoveRequest, form=allowed_actions.MOVE.name)
    shown = fields.get(f"remains-{ask.to}", "").split()
    return await course_changes.move_session(
        service, staff_command, to=ask.to, override=ask.override, not_undone=frozenset(shown)
    )


_EVERY: Final[tuple[ActionForm, ...]] = (
    ActionForm(
        action=allowed_actions.NOTE,
        label="Add a note",
        about="It stands in the history for good, under your name.",
        done="Your note stands in the history.",
        do=_plain(actions.add_note),
    ),
    ActionForm(
        action=allowed_actions.RECONCILE,
        label="Find out now",
        about="Asks the supplier what came of the open step, as the service does by and by.",
        done="The supplier was asked; what it said stands below.",
        do=_plain(actions.reconcile),
    ),
    ActionForm(
        action=allowed_actions.RETRY_UNDO,
        label="Retry the undo",
        about="Asks the supplier once more to let go what it may hold for nobody.",
        done="The supplier was asked to let it go; what it said stands below.",
        do=_plain(actions.retry_undo),
    ),
    ActionForm(
        action=allowed_actions.RELEASE,
        label="Release the hold",
        about="The held cabin is let go. The session goes on, and the guest may hold another.",
        done="The cabin was let go.",
        do=_plain(actions.release_hold),
    ),
    ActionForm(
        action=allowed_actions.EXTEND,
        label="Give more time",
        about="Moves the deadline of the session, or that of the payment, to a later moment.",
        done="The deadline is later now.",
        do=_extend,
        more="session/extend.html",
    ),
    ActionForm(
        action=allowed_actions.RECORD,
        label="Record a payment",
        about="Enters money that was received outside, by transfer or telephone. It charges "
        "nobody; once what is due now is covered, the booking is paid.",
        done="The payment is recorded.",
        do=_record,
        more="session/record.html",
    ),
    ActionForm(
        action=allowed_actions.RESEND,
        label="Mail the confirmation again",
        about="Guest and agency are mailed once more how the booking stands now.",
        done="The confirmation is on its way.",
        do=_plain(course_changes.resend_confirmation),
    ),
    ActionForm(
        action=allowed_actions.CANCEL,
        label="Cancel for the guest",
        about="Before a booking it ends the session; with one it opens a task to cancel with the "
        "line, which holds the cabin until it confirms.",
        done="Cancelled, or asked for where the line or an open step must end first.",
        do=_plain(actions.cancel_session),
        grave=True,
    ),
    ActionForm(
        action=allowed_actions.CONFIRM_CANCELLATION,
        label="The line has cancelled it",
        about="Ends the booking here: the line has confirmed that it holds nothing any more.",
        done="The cancellation is confirmed.",
        do=_plain(course_changes.confirm_cancellation),
        grave=True,
    ),
    ActionForm(
        action=allowed_actions.REFUSE_CANCELLATION,
        label="The line keeps it",
        about="Lets the booking go on: the line refused, or nobody wants it cancelled any more.",
        done="The booking goes on.",
        do=_plain(course_changes.refuse_cancellation),
    ),
    ActionForm(
        action=allowed_actions.MOVE,
        label="Move to another state",
        about="For what no other action can put right. It stands out in history and diagram.",
        done="The session was moved.",
        do=_move,
        more="session/move.html",
        grave=True,
    ),
    ActionForm(
        action=allowed_actions.ERASE,
        label="Erase this guest",
        about="Makes what the guest typed unreadable for ever. History and money stay.",
        done="What the guest typed is erased.",
        do=_plain(actions.erase_guest),
        grave=True,
    ),
)
DEEDS: Final = MappingProxyType({deed.name: deed for deed in _EVERY})


def offers(
    session: Session, *, at: DecisionContext, staff: Staff, owes_undo: bool
) -> Sequence[Offer]:
    """Return every form, those that cannot be used now with the reason."""
    return [
        Offer(deed=deed, barred=_barred(deed, session, at, staff, owes_undo=owes_undo))
        for deed in _EVERY
    ]


def _barred(
    deed: ActionForm, session: Session, at: DecisionContext, staff: Staff, *, owes_undo: bool
) -> str | None:
    if not staff.account.role.includes(deed.action.role):
        return f"This needs the role {deed.action.role.value}."
    if not deed.action.possible(session, at):
        return deed.action.needs
    if deed.action is allowed_actions.RETRY_UNDO and not owes_undo:
        return "Nothing has to be undone."
    return None


def command_of(fields: Fields, staff: Staff, session: Session, *, form: str) -> StaffCommand:
    """Read why it is to be done, and which version of the session was seen.

    Raises:
        NotTaken: no reason is given, or one that may not be kept.
    """
    ask = understand(fields, ReasonRequest, form=form)
    return StaffCommand(staff=staff, session_id=session.id, seen=seen_in(fields), reason=ask.reason)


def seen_in(fields: Fields) -> frozenset[int]:
    """Return the version a form was drawn for; none where it does not say."""
    version = fields.get("version", "")
    known = version.isascii() and version.isdigit() and len(version) < 10
    return frozenset({int(version)} if known else ())

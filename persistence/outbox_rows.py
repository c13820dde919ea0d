"""What a commit leaves in the outbox: who is to be told of it, and in which order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from booking_flow.flow import State
from booking_flow.model.change import Change
from booking_flow.model.history import Event, EventKind


class OutboxKind(StrEnum):
    """What a row of the outbox asks to be sent; what it says is read when it is sent."""

    EVENT = "event"
    """Which state the session has come to, for machines."""
    CONFIRMATION = "confirmation"
    """The booking as it stands, for people."""
    LINK = "link"
    """A link by which a guest sees the booking once more."""
    CODE = "code"
    """A code by which a guest shows that they read their mail."""
    CHANGED = "changed"
    """That the contact was changed, for whoever had the address before."""
    REMINDER = "reminder"
    """That a balance will be due soon, for the guest."""
    TASK = "task"
    """That a task was opened, for machines of the team."""
    LINE = "line"
    """That a line answers again, or still does not, for a guest who asked to be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """Who is told; each channel gets a session's news in their order, whatever the others do."""

    events: tuple[str, ...] = ()
    confirmations: tuple[str, ...] = ()
    reminders: tuple[str, ...] = ()
    """Where the guest is reminded of a balance."""
    warnings: tuple[str, ...] = ()
    """Where the address of before hears of a changed contact."""


NOBODY: Final = Channels()
_MOVING: Final = (EventKind.TRANSITION, EventKind.OVERRIDE)
_CONFIRMED: Final = (State.BOOKED, State.PAID, State.CANCELLED, State.EXPIRED)

# One row for every channel that is to hear of the commit.
ANNOUNCED: Final = """
announced AS (
    INSERT INTO outbox (session_id, channel, seq, kind, created_at, next_attempt_at, attempts,
                        fence)
    SELECT m.id, a.channel, a.seq, a.kind, m.now, m.now, 0, 0
    FROM moved m CROSS JOIN jsonb_to_recordset(CAST(:announced AS jsonb)) AS a(
        channel text, seq integer, kind text)
)"""


def announcements(change: Change, channels: Channels) -> Sequence[Mapping[str, object]]:
    """Return the rows of a change: each move for machines, where it ends for people."""
    return [
        *_events(change, channels),
        *_confirmations(change, channels),
        *_warnings(change, channels),
        *_reminders(change, channels),
    ]


def _events(change: Change, channels: Channels) -> Iterator[Mapping[str, object]]:
    for seq, _ in _moves(change):
        for channel in channels.events:
            yield {"channel": channel, "seq": seq, "kind": OutboxKind.EVENT}


def _confirmations(change: Change, channels: Channels) -> Iterator[Mapping[str, object]]:
    """Confirm what concerns a reservation; one mail tells that it was booked and paid at once.

    What a person moved by hand is no word of the line's, and is confirmed when they say so. Without
    a reservation only the end of a step is told, to whoever waited for it.
    """
    told = [
        seq
        for seq, event in _moves(change)
        if event.kind is EventKind.TRANSITION and event.to_state in _CONFIRMED
    ]
    if change.confirms:
        told.append(change.after.version)
    ends_wait = change.confirms and change.settle is not None
    if told and (ends_wait or change.after.booking is not None):
        for channel in channels.confirmations:
            yield {"channel": channel, "seq": told[-1], "kind": OutboxKind.CONFIRMATION}


def _warnings(change: Change, channels: Channels) -> Iterator[Mapping[str, object]]:
    for channel in channels.warnings if change.warns else ():
        yield {"channel": channel, "seq": change.after.version, "kind": OutboxKind.CHANGED}


def _reminders(change: Change, channels: Channels) -> Iterator[Mapping[str, object]]:
    for channel in channels.reminders if change.reminds else ():
        yield {"channel": channel, "seq": change.after.version, "kind": OutboxKind.REMINDER}


def _moves(change: Change) -> Iterator[tuple[int, Event]]:
    for seq, event in enumerate(change.events, start=change.before.version + 1):
        if event.kind in _MOVING:
            yield seq, event

"""What happened, in a sentence or two for somebody with the guest on the telephone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from booking_flow.flow import State
from booking_http.console import event_labels, labels
from booking_http.console.formatting import clock, minute, money, span
from booking_http.staff.responses import HappeningResponse, StaffSessionResponse, StoryResponse

_DOUBTS: Final = MappingProxyType(
    {
        "book": "It is not known whether the line booked",
        "pay": "It is not known whether the card was charged",
        "add_to_basket": "It is not known whether the line holds the cabin",
        "release": "It is not known whether the line let the cabin go",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A headline, what is behind it, and the row that shows the supplier's own answer."""

    tone: str
    headline: str
    sentences: Sequence[str]
    row: str | None = None


def summarize(story: StoryResponse) -> Summary:
    """Return what staff need to know first."""
    session, failed = story.session, last_failure(story)
    if session.pending:
        return _open_step(story, failed)
    if session.cancellation and session.cancellation.status == "requested":
        return _being_cancelled(session)
    if session.state in (State.EXPIRED, State.CANCELLED):
        return Summary(tone="", headline=session.state_label, sentences=[session.state_meaning])
    if failed is None or _came_right(story, failed):
        return _as_it_stands(story, failed)
    return _refused(story, failed)


def failing_row(story: StoryResponse) -> str | None:
    """Return the row that shows what the supplier said to what failed last."""
    failed = last_failure(story)
    if failed is None:
        return None
    if failed.kind != "step":
        return failed.row
    calls = [each for each in story.timeline if each.kind == "call"]
    of_step = [each for each in calls if each.step_id == failed.step_id]
    return of_step[-1].row if of_step else failed.row


def last_failure(story: StoryResponse) -> HappeningResponse | None:
    """Return the step whose end nobody knows, or the last that failed, or else a failed call."""
    if story.session.pending:
        return next((each for each in story.timeline if _open(each)), None)
    failing = [each for each in story.timeline if each.outcome not in (None, "ok", "done", "owed")]
    steps = [each for each in failing if each.kind == "step"]
    calls = [each for each in failing if each.kind == "call"]
    return next(reversed(steps or calls), None)


def _open(told: HappeningResponse) -> bool:
    return told.kind == "step" and told.outcome in ("started", "unknown")


def _came_right(story: StoryResponse, failed: HappeningResponse) -> bool:
    """Whether the same thing was tried again, and worked."""
    return any(
        each.at > failed.at
        and (each.kind, each.what) == (failed.kind, failed.what)
        and each.outcome in ("ok", "done")
        for each in story.timeline
    )


def _open_step(story: StoryResponse, failed: HappeningResponse | None) -> Summary:
    pending = story.session.pending
    if pending is None:
        raise AssertionError("only a session with an open step is told so")
    asked = (
        f"{labels.step(pending.step)}: asked at {clock(pending.since)} UTC{_for_how_much(story)}."
    )
    if pending.outcome == "in_progress":
        return Summary(tone="warn", headline="The supplier is being asked", sentences=[asked])
    headline = _DOUBTS.get(pending.step, "An outcome is not known")
    rest = [asked, _answer_of(story), _who_finds_out(story)]
    return Summary(
        tone="doubt",
        headline=headline,
        sentences=[sentence for sentence in rest if sentence],
        row=failing_row(story) if failed else None,
    )


def _for_how_much(story: StoryResponse) -> str:
    price = story.session.price
    return f", for {money(price.total, price.currency)}" if price else ""


def _answer_of(story: StoryResponse) -> str:
    row = failing_row(story)
    call = next((each for each in story.timeline if each.row == row), None)
    if call is None or call.kind != "call":
        return "The process that asked died before an answer was kept."
    end, after = event_labels.ended(call).word, span(call.seconds or 0)
    status = f" (HTTP {call.http_status})" if call.http_status not in (None, 200) else ""
    return f"The supplier's end: {end}{status} after {after}."


def _who_finds_out(story: StoryResponse) -> str:
    task = next((each for each in story.tasks if each.closed_at is None), None)
    if task is None:
        return "The service is finding out; nothing is sent twice."
    return f"A person has to find out until {minute(task.due_at)} UTC; nothing is sent twice."


def _being_cancelled(session: StaffSessionResponse) -> Summary:
    held = session.booking is not None
    line = "A person cancels with the line; it still holds the cabin until it confirms."
    cabin = "The supplier has not confirmed yet that it let the cabin go."
    return Summary(
        tone="warn", headline="Cancellation asked for", sentences=[line if held else cabin]
    )


def _refused(story: StoryResponse, failed: HappeningResponse) -> Summary:
    what = labels.step(failed.what) if failed.kind == "step" else f"supplier call {failed.what}"
    why = event_labels.why_refused(failed) or event_labels.ended(failed).word
    code = f" (error {failed.error_code})" if failed.error_code is not None else ""
    sentences = [f"{what} failed at {clock(failed.at)} UTC: {why.lower()}{code}."]
    sentences.append(_what_is_true(story.session))
    headline = event_labels.why_refused(failed) or f"{what}: {event_labels.ended(failed).word}"
    return Summary(
        tone="bad",
        headline=headline[:1].upper() + headline[1:],
        sentences=sentences,
        row=failing_row(story),
    )


def _what_is_true(session: StaffSessionResponse) -> str:
    if session.booking:
        return f"The reservation {session.booking.reservation} stands."
    if session.hold:
        until = clock(session.hold.expires_at)
        return f"Nothing was booked. The line holds the cabin until {until} UTC."
    return "Nothing was booked, and no cabin is held."


def _as_it_stands(story: StoryResponse, failed: HappeningResponse | None) -> Summary:
    session = story.session
    sentences = [session.state_meaning]
    if booking := session.booking:
        paid = money(booking.paid, booking.currency)
        sentences = [f"Reservation {booking.reservation}; {paid} paid."]
    if failed is not None:
        why = event_labels.why_refused(failed) or event_labels.ended(failed).word
        what = labels.step(failed.what) if failed.kind == "step" else f"Call {failed.what}"
        earlier = (
            f"{what} failed once, at {clock(failed.at)} UTC ({why.lower()}), and worked later."
        )
        sentences.append(earlier)
    good = session.state in (State.PAID, State.BOOKED)
    return Summary(
        tone="good" if good else "",
        headline=session.state_label,
        sentences=sentences,
        row=failing_row(story) if failed else None,
    )

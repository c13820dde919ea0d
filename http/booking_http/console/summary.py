"""What happened, in a sentence or two for somebody with the guest on the telephone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from booking_flow.flow import State
from booking_flow.model.task import TaskKind
from booking_http.api.responses import RefundResponse
from booking_http.console import event_labels, labels
from booking_http.console.formats import clock, minute, money, span
from booking_http.staff.responses import HappeningResponse, StaffSessionResponse, StoryResponse

_MAY_HAVE: Final = MappingProxyType(
    {
        "book": "booked",
        "pay": "charged the card",
        "add_to_basket": "put the cabin on hold",
        "release": "let the cabin go",
    }
)
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


def summarize(story: StoryResponse, now: datetime) -> Summary:
    """Return what staff need to know first."""
    session, failed = story.session, last_failure(story)
    if session.pending:
        return _open_step(story, failed)
    if session.cancellation and session.cancellation.status == "requested":
        return _being_cancelled(session)
    if session.state in (State.EXPIRED, State.CANCELLED):
        return _over(story, failed)
    if failed is None or _came_right(story, failed):
        return _as_it_stands(story, failed)
    return _refused(story, failed, now)


def _over(story: StoryResponse, failed: HappeningResponse | None) -> Summary:
    """Say how a session ended, what of its money is known, and what went wrong last."""
    session = story.session
    sentences = [_how_it_ended(story), *_money_left(story)]
    told = failed if failed is not None and not _came_right(story, failed) else None
    if told is not None:
        why = event_labels.why_refused(told) or event_labels.ended(told).word
        what = labels.step(told.what) if told.kind == "step" else f"supplier call {told.what}"
        sentences.append(
            f"The last thing that failed: {what}, at {minute(told.at)} UTC ({why.lower()})."
        )
    return Summary(
        tone="",
        headline=session.state_label,
        sentences=sentences,
        row=failing_row(story) if told else None,
    )


def _how_it_ended(story: StoryResponse) -> str:
    session = story.session
    ends = [each for each in story.timeline if each.to_state is session.state]
    end = next((each for each in ends if each.from_state is not session.state), None)
    when = f" at {minute(end.at)} UTC" if end else ""
    booking = session.booking
    if session.state is State.CANCELLED:
        by = f" by {_who(end)}" if end else ""
        line = "; the line confirmed it" if booking else ", before anything was booked"
        return f"Cancelled{by}{when}{line}."
    if booking:
        return f"It was not paid in time, and the line cancelled it{when}."
    return f"No booking was made; the session ended{when}."


def _who(told: HappeningResponse) -> str:
    return told.name if told.actor == "staff" and told.name else f"the {told.actor}"


def _money_left(story: StoryResponse) -> Iterator[str]:
    booking = story.session.booking
    if booking is not None and booking.refund is not None:
        yield _refund_told(booking.refund)


def _refund_told(refund: RefundResponse) -> str:
    received, back = (money(each, refund.currency) for each in (refund.received, refund.refunded))
    if refund.kept is None:
        return f"Paid {received}: a person has to see to the refund."
    return (
        f"Paid {received}: the line keeps {money(refund.kept, refund.currency)}, {back} went back."
    )


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
    what = _MAY_HAVE.get(story.session.pending.step, "done it") if story.session.pending else ""
    return f"{_said_by_the_line(call)}; it may or may not have {what}."


def _said_by_the_line(call: HappeningResponse) -> str:
    after = span(call.seconds or 0)
    match call.outcome:
        case "timeout":
            return f"The line's system did not answer within {after}"
        case "broken" if call.http_status not in (None, 200):
            return (
                f"The line's system answered with an error (HTTP {call.http_status}) after {after}"
            )
        case "broken":
            return f"The line's system gave no answer that can be read, after {after}"
        case _:
            return f"The line's system answered after {after}, and that settles nothing"


def _who_finds_out(story: StoryResponse) -> str:
    task = next((each for each in story.tasks if each.closed_at is None), None)
    if task is None:
        return "The service is finding out; nothing is sent twice."
    return (
        f"Please call the line before {minute(task.due_at)} UTC. Nothing is sent again meanwhile."
    )


def _being_cancelled(session: StaffSessionResponse) -> Summary:
    held = session.booking is not None
    line = "Now call the line: open the task. It holds the cabin until it confirms."
    cabin = "We still have to release the cabin; that is tried again by itself."
    return Summary(
        tone="warn", headline="Cancellation requested", sentences=[line if held else cabin]
    )


def _refused(story: StoryResponse, failed: HappeningResponse, now: datetime) -> Summary:
    what = labels.step(failed.what) if failed.kind == "step" else f"supplier call {failed.what}"
    why = event_labels.why_refused(failed) or event_labels.ended(failed).word
    code = f" (error {failed.error_code})" if failed.error_code is not None else ""
    sentences = [f"{what} failed at {clock(failed.at)} UTC: {why.lower()}{code}."]
    sentences.append(_what_is_true(story.session, now))
    headline = event_labels.why_refused(failed) or f"{what}: {event_labels.ended(failed).word}"
    return Summary(
        tone="bad",
        headline=headline[:1].upper() + headline[1:],
        sentences=sentences,
        row=failing_row(story),
    )


def _what_is_true(session: StaffSessionResponse, now: datetime) -> str:
    if session.booking:
        return f"The reservation {session.booking.reservation} stands."
    if session.hold:
        until = minute(session.hold.expires_at)
        if session.hold.expires_at <= now:
            return f"Nothing was booked. The hold ran out at {until} UTC."
        return f"Nothing was booked. The line holds the cabin until {until} UTC."
    return "Nothing was booked, and no cabin is held."


def _still_to_collect(story: StoryResponse) -> Iterator[str]:
    """Say what staff have to collect, and by when."""
    collect = TaskKind.COLLECT_PAYMENT
    for task in story.tasks:
        if task.kind is collect and task.closed_at is None:
            due = task.facts.get("due", "What is due")
            yield f"{due} to be collected by {minute(task.due_at)} UTC."


def _as_it_stands(story: StoryResponse, failed: HappeningResponse | None) -> Summary:
    session = story.session
    sentences = [session.state_meaning]
    if booking := session.booking:
        paid = money(booking.paid, booking.currency)
        sentences = [f"Reservation {booking.reservation}; {paid} paid."]
        sentences += _still_to_collect(story)
    if failed is not None:
        why = event_labels.why_refused(failed) or event_labels.ended(failed).word
        what = labels.step(failed.what) if failed.kind == "step" else f"Call {failed.what}"
        earlier = (
            f"{what} failed once, at {clock(failed.at)} UTC ({why.lower()}), and worked later."
        )
        sentences.append(earlier)
    return Summary(
        tone="good" if session.state is State.PAID else "",
        headline=session.state_label,
        sentences=sentences,
        row=failing_row(story) if failed else None,
    )

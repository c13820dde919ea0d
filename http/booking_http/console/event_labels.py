"""One happening in staff's words: what it is called, how it ended, and how that looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from booking_flow.flow import MEANING, State, Trigger, rule
from booking_http.console import labels
from booking_http.console.formats import clock, humanize
from booking_http.staff.responses import HappeningResponse
from booking_http.web.problems import PROBLEMS

LOOKS: Final = frozenset({"read_session", "read_history", "follow_session"})
"""What staff do without touching anything."""


@dataclass(frozen=True, slots=True)
class End:
    """How something ended: a mark, a word and a tone, so that no colour speaks alone."""

    mark: str
    word: str
    tone: str = ""


DONE: Final = End("✓", "", "good")
PLAIN: Final = End("·", "")
_ENDS: Final[Mapping[tuple[str, str | None], End]] = MappingProxyType(
    {
        ("step", "done"): End("✓", "done", "good"),
        ("step", "refused"): End("✕", "refused", "bad"),
        ("step", "unknown"): End("?", "outcome unknown", "doubt"),
        ("step", "started"): End("…", "under way", "warn"),
        ("step", "owed"): End("↺", "still to be done", "warn"),
        ("task_opened", None): End("!", "needs a person", "warn"),
        ("task_closed", None): End("✓", "answered", "good"),
        ("mail", "delivered"): End("✓", "delivered"),
        ("mail", "waiting"): End("…", "waiting", "warn"),
        ("mail", "dead"): End("✕", "given up", "bad"),
        ("webhook", "delivered"): End("✓", "delivered"),
        ("webhook", "waiting"): End("…", "waiting", "warn"),
        ("webhook", "dead"): End("✕", "given up", "bad"),
    }
)
"""By kind and outcome; without an outcome, of every one of its kind."""
_CALL_ENDS: Final = MappingProxyType(
    {
        "ok": End("✓", "answered", ""),
        "timeout": End("?", "no answer in time", "doubt"),
        "broken": End("?", "unusable answer", "doubt"),
        "abandoned": End("?", "process died", "doubt"),
        "not_sent": End("✕", "not sent", "bad"),
        "rejected": End("✕", "said no", "bad"),
        "stale": End("✕", "stale identifiers", "bad"),
        "sold_out": End("✕", "sold out", "bad"),
        "misconfigured": End("✕", "does not know us", "bad"),
    }
)
_EVENTS: Final = MappingProxyType(
    {
        "created": "Session started",
        "edited": "Guest's details changed",
        "late_answer": "The supplier answered late",
        "cancel_requested": "Cancellation asked for",
        "unwinding": "Undoing",
        "note": "Note",
        "override": "Moved by hand, past the flow",
    }
)
_DEEDS: Final = MappingProxyType(
    {
        "answer_task": "Answered a task",
        "read_session": "Looked at this session",
        "read_history": "Checked the history",
        "follow_session": "Followed this session live",
        "reconcile": "Asked to find out now",
        "retry-undo": "Asked to let the cabin go now",
        "cancel": "Cancelled for the guest",
        "release-hold": "Released the hold",
        "extend-deadline": "Gave more time",
        "record-payment": "Recorded a payment",
        "record-refund": "Settled the money",
        "enter-duplicate": "Entered a second booking",
        "resend-confirmation": "Had the confirmation mailed again",
        "confirm-cancellation": "Confirmed the cancellation",
        "refuse-cancellation": "Ended the cancellation",
        "move": "Moved it by hand",
        "redact": "Took a text out",
        "erase-guest": "Erased the guest",
        "read_task": "Looked at a task",
        "claim_task": "Took a task",
        "hand_back_task": "Handed a task back",
        "event": "Webhook",
        "confirmation": "Confirmation by mail",
        "link": "Link by mail",
    }
)
_TASKS: Final = MappingProxyType({"task_opened": "Task", "task_closed": "Task answered"})


def ended(told: HappeningResponse) -> End:
    """Return how it ended."""
    if told.kind == "event":
        return _event_end(told)
    if told.kind == "call":
        words = humanize(told.outcome or "").lower()
        return _CALL_ENDS.get(told.outcome or "") or End("✕", words, "bad")
    return _ENDS.get((told.kind, told.outcome)) or _ENDS.get((told.kind, None)) or PLAIN


def _event_end(told: HappeningResponse) -> End:
    match told.what:
        case "step_settled" if told.facts.get("outcome") == "refused":
            return End("✕", "refused", "bad")
        case "step_unknown":
            return End("?", "outcome unknown", "doubt")
        case "late_answer":
            return End("!", "late", "doubt")
        case "override":
            return End("⤳", "override", "warn")
        case "transition":
            return DONE
        case _:
            return PLAIN


def title(told: HappeningResponse) -> str:
    """Return what it is called."""
    if told.kind == "event":
        return _event_title(told)
    if told.kind == "call":
        return f"Supplier call {told.what}"
    if told.kind == "step":
        return labels.step(told.what)
    if told.kind in _TASKS:
        return f"{_TASKS[told.kind]}: {labels.job(told.what).title}"
    return _DEEDS.get(told.what) or humanize(told.what)


def _event_title(told: HappeningResponse) -> str:
    if told.what == "transition" and told.trigger and told.from_state:
        row = rule(told.from_state, Trigger(told.trigger))
        return row.label if row else humanize(told.trigger)
    if told.what.startswith("step_"):
        words = {
            "step_claimed": "Asked the line",
            "step_settled": "The line answered",
            "step_unknown": "No end is known",
        }
        step = labels.step(told.facts.get("step", ""))
        return f"{words.get(told.what, told.what)}: {step.lower()}"
    if told.what == "note" and "action" in told.facts:
        return _DEEDS.get(told.facts["action"]) or humanize(told.facts["action"])
    return _EVENTS.get(told.what) or humanize(told.what)


def in_a_line(told: HappeningResponse) -> str:
    """Return when and by whom what was done."""
    by = f", {told.name}" if told.name else ""
    return f"{clock(told.at)} UTC: {title(told)} ({told.actor}{by})"


def label(state: State | None) -> str:
    """Return what staff call a state."""
    return MEANING[state].label if state else ""


def why_refused(told: HappeningResponse) -> str | None:
    """Return why a step did not happen, as the guest was told."""
    code = told.facts.get("refusal") or told.facts.get("code")
    return PROBLEMS[code].title if code and code in PROBLEMS else None

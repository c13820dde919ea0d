"""The rows of a session's story: pauses between them, what each changed, which of them failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Final

from booking_http.console import event_labels
from booking_http.console.event_labels import End
from booking_http.console.formats import said, span
from booking_http.console.json_outline import outline
from booking_http.staff.responses import HappeningResponse

PAUSE: Final = timedelta(minutes=1)
"""From here on, time in which nothing happened is written instead of shown."""
KINDS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = MappingProxyType(
    {
        "history": ("History", ("event",)),
        "steps": ("Steps", ("step",)),
        "calls": ("Supplier calls", ("call",)),
        "tasks": ("Tasks", ("task_opened", "task_closed")),
        "staff": ("Staff", ("staff",)),
        "mails": ("Mails", ("mail", "webhook")),
    }
)
"""What the story can be narrowed down to: the words, and the kinds of happenings."""
_QUIET: Final = frozenset({"step_claimed", "step_settled", "edited", "created"})
_SHOWN_ABOVE: Final = frozenset({"step", "outcome"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFact:
    """One thing known; `before` is what was known earlier, if it has changed."""

    name: str
    value: str
    before: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineRow:
    """One row of the story."""

    id: str
    at: datetime
    kind: str
    title: str
    end: End
    told: HappeningResponse
    facts: Sequence[RowFact]
    pause: str | None
    """How long nothing happened before it, where that was long."""
    day: date | None
    """The day, where a new one begins."""
    gap: str | None
    """How long after the row above it, where that was not long."""
    took: str | None
    moved: tuple[str, str] | None
    """The states it led from and to."""
    why: str | None
    quiet: bool
    """Whether it only repeats what a row beside it says."""
    culprit: bool
    """Whether it is what somebody who asks for the error wants to see."""
    request: str | None
    response: str | None

    @property
    def by_staff(self) -> bool:
        """Whether a member of staff did it."""
        return self.told.actor == "staff"

    @property
    def loud(self) -> bool:
        """Whether it failed, or nobody knows how it ended."""
        return self.end.tone in ("bad", "doubt")


def rows_of(
    timeline: Sequence[HappeningResponse], *, show: str | None = None, culprit: str | None = None
) -> list[TimelineRow]:
    """Return the rows to show; who merely looked is shown only where staff are asked for."""
    kinds = KINDS[show][1] if show and show in KINDS else None
    seen: dict[str, str] = {}
    shown: list[TimelineRow] = []
    for told in timeline:
        facts = list(_facts(told, seen))
        if told.what in event_labels.LOOKS and show != "staff":
            continue
        if kinds is None or told.kind in kinds:
            above = shown[-1].at if shown else None
            shown.append(_row(told, facts, above=above, culprit=culprit))
    return shown


def _row(
    told: HappeningResponse,
    facts: Sequence[RowFact],
    *,
    above: datetime | None,
    culprit: str | None,
) -> TimelineRow:
    gap = told.at - above if above else None
    paused = gap is not None and gap >= PAUSE
    return TimelineRow(
        id=f"row-{told.row}",
        at=told.at,
        kind=told.kind,
        title=event_labels.title(told),
        end=event_labels.ended(told),
        told=told,
        facts=facts,
        pause=span(gap.total_seconds()) if gap and paused else None,
        day=told.at.date() if above is None or above.date() != told.at.date() else None,
        gap=f"+{span(gap.total_seconds())}" if gap and not paused else None,
        took=_took(told),
        moved=_moved(told),
        why=event_labels.why_refused(told),
        quiet=told.what in _QUIET and told.facts.get("outcome") != "refused",
        culprit=told.row == culprit,
        request=outline(told.request) if told.request else None,
        response=outline(told.response) if told.response else None,
    )


def _facts(told: HappeningResponse, seen: dict[str, str]) -> Iterator[RowFact]:
    """Return the facts, those that the history knew differently with what it knew before."""
    for name, value in ((name, said(fact)) for name, fact in told.facts.items()):
        if told.kind == "event":
            if name in _SHOWN_ABOVE:
                continue
            before, seen[name] = seen.get(name), value
            yield RowFact(name=name, value=value, before=before if before != value else None)
        else:
            yield RowFact(name=name, value=value)


def _took(told: HappeningResponse) -> str | None:
    if told.seconds is not None:
        return span(told.seconds)
    if told.kind == "step" and told.ended_at is not None:
        return span((told.ended_at - told.at).total_seconds())
    return None


def _moved(told: HappeningResponse) -> tuple[str, str] | None:
    if told.to_state is None or told.from_state in (None, told.to_state):
        return None
    return event_labels.label(told.from_state), event_labels.label(told.to_state)

"""Rows of the story, sentences, spans and outlines: pure functions, no service needed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from booking_flow.flow import State
from booking_http.console import event_labels, flow_chart, formats, timeline_rows
from booking_http.console.json_outline import outline
from booking_http.staff.responses import HappeningResponse

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def happening(after: float = 0.0, **members: Any) -> HappeningResponse:
    usual: dict[str, Any] = {"row": f"event-{after}", "kind": "event", "what": "note"}
    return HappeningResponse(at=NOON + timedelta(seconds=after), **usual | members)


def test_long_pauses_are_words_and_short_gaps_are_exact() -> None:
    rows = timeline_rows.rows_of(
        [happening(0), happening(0.012), happening(59), happening(59 + 754)]
    )
    assert [row.gap for row in rows] == [None, "+0.012 s", "+59 s", None]
    assert [row.pause for row in rows] == [None, None, None, "12 min 34 s"]


def test_a_new_day_begins_with_its_date() -> None:
    rows = timeline_rows.rows_of([happening(0), happening(10), happening(13 * 3600)])
    assert [row.day is not None for row in rows] == [True, False, True]


def test_what_the_history_knew_otherwise_before_is_shown_beside_it() -> None:
    first = happening(0, facts={"total": "10.00 USD", "step": "book"})
    same = happening(1, facts={"total": "10.00 USD"})
    changed = happening(2, facts={"total": "11.00 USD"})
    rows = timeline_rows.rows_of([first, same, changed])
    assert [fact.name for fact in rows[0].facts] == ["total"]
    assert [row.facts[0].before for row in rows] == [None, None, "10.00 USD"]


def test_a_moment_among_the_facts_reads_as_moments_do() -> None:
    facts = {"leaseUntil": "2026-11-22T12:01:30.250Z", "until": "2026-11-22T13:00:00+01:00"}
    words = {"dueDate": "2026-11-22", "itemKey": "1053128372", "owner": "vm:13772"}
    (row,) = timeline_rows.rows_of([happening(0, kind="step", what="book", facts=facts | words)])
    told = {fact.name: fact.value for fact in row.facts}
    assert (told.pop("leaseUntil"), told.pop("until")) == (
        "22 Nov 12:01:30 UTC",
        "22 Nov 12:00:00 UTC",
    )
    assert told == words


def test_who_looked_is_shown_where_staff_are_asked_for() -> None:
    looked = happening(0, kind="staff", what="read_session", name="Ada")
    acted = happening(1, kind="staff", what="cancel", name="Ada")
    assert [row.title for row in timeline_rows.rows_of([looked, acted])] == [
        "Cancelled for the guest"
    ]
    assert len(timeline_rows.rows_of([looked, acted], show="staff")) == 2
    assert timeline_rows.rows_of([looked, acted], show="calls") == []
    assert len(timeline_rows.rows_of([looked, acted], show="nonsense")) == 1


@pytest.mark.parametrize(
    ("members", "word", "tone"),
    [
        ({"kind": "call", "what": "book", "outcome": "timeout"}, "no answer in time", "doubt"),
        ({"kind": "call", "what": "book", "outcome": "rejected"}, "said no", "bad"),
        ({"kind": "call", "what": "book", "outcome": "other_currency"}, "other currency", "bad"),
        ({"kind": "call", "what": "book", "outcome": "ok"}, "answered", ""),
        ({"kind": "step", "what": "book", "outcome": "unknown"}, "outcome unknown", "doubt"),
        ({"kind": "step", "what": "book", "outcome": "refused"}, "refused", "bad"),
        ({"kind": "mail", "what": "confirmation", "outcome": "dead"}, "given up", "bad"),
        ({"kind": "task_closed", "what": "refund", "outcome": "done"}, "answered", "good"),
        ({"what": "override"}, "override", "warn"),
        ({"what": "step_unknown", "facts": {"step": "book"}}, "outcome unknown", "doubt"),
    ],
)
def test_no_outcome_speaks_by_its_colour_alone(
    members: dict[str, Any], word: str, tone: str
) -> None:
    end = event_labels.ended(happening(**members))
    assert (end.word, end.tone) == (word, tone)
    assert end.mark


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        *((0.0121, "0.012 s"), (6.456, "6.46 s"), (12.4, "12 s"), (60, "1 min")),
        *((754, "12 min 34 s"), (7260, "2 h 1 min"), (90_000, "1 d 1 h"), (86_400, "1 d")),
    ],
)
def test_spans_are_exact_where_they_are_short(seconds: float, written: str) -> None:
    assert formats.span(seconds) == written


def test_deadlines_are_told_without_needless_seconds() -> None:
    assert formats.from_now(NOON + timedelta(minutes=14, seconds=59), NOON) == "in 14 min"
    assert formats.from_now(NOON - timedelta(seconds=5), NOON) == "10 s ago"


def test_an_answer_is_outlined_one_value_a_line() -> None:
    answer = {"status": "Failed", "items": [{"price": "1", "open": True}, "x"], "errors": []}
    assert outline(answer).splitlines() == [
        *("status: Failed", "items", "  - price: 1", "    open: true", "  - x", "errors: none"),
    ]
    assert len(outline({str(n): n for n in range(900)}).splitlines()) == 161


def test_a_jump_past_the_flow_is_drawn_beside_it() -> None:
    path = flow_chart.Path(
        been=frozenset({"state-created", "state-priced"}),
        now=f"state-{State.CREATED}",
        open=None,
        by_staff=frozenset({"state-created"}),
        jumps=(("priced", "created"),),
    )
    drawn = flow_chart.draw(path)
    assert 'class="jump"' in drawn
    assert ">override</text>" in drawn
    assert ">staff</text>" in drawn
    assert 'class="node been now by-staff"' in drawn
    assert " style=" not in drawn

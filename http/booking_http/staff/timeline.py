"""All that happened to a session on one axis: events, steps, calls, tasks, staff and mails."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from itertools import count
from uuid import UUID

from booking_flow.model.audit import AuditEntry
from booking_http.staff.responses import HappeningResponse
from booking_http.web.models import rfc3339
from persistence.attempts import StepEntry, steps
from persistence.audit import PostgresAudit
from persistence.database import Database
from persistence.delivery_log import Letter, letters
from persistence.histories import CallEntry, HistoryEntry, calls, history
from persistence.outbox_rows import OutboxKind
from persistence.task_queries import QueuedTask


async def timeline(
    database: Database, session_id: UUID, tasks: Sequence[QueuedTask]
) -> list[HappeningResponse]:
    """Return everything in the order in which it happened."""
    entries, attempts, sent, acts, posted = await asyncio.gather(
        history(database, session_id),
        steps(database, session_id),
        calls(database, session_id),
        PostgresAudit(database).of_session(session_id),
        letters(database, session_id),
    )
    happenings = [
        *map(event, entries),
        *map(_step, attempts),
        *map(_call, sent),
        *(each for task in tasks for each in _task(task)),
        *map(_act, count(1), acts),
        *map(_letter, posted),
    ]
    return sorted(happenings, key=lambda happening: happening.at)


def event(entry: HistoryEntry) -> HappeningResponse:
    """Return an event of the history."""
    told, origin = entry.event, entry.origin
    return HappeningResponse(
        row=f"event-{entry.seq}",
        at=entry.at,
        kind="event",
        what=told.kind.value,
        actor=origin.actor.value,
        name=origin.actor_name,
        seq=entry.seq,
        trigger=told.trigger and told.trigger.value,
        from_state=told.from_state,
        to_state=told.to_state,
        reason=told.reason,
        request_id=origin.request_id,
        trace_id=origin.trace_id,
        facts=dict(told.details),
    )


def _step(entry: StepEntry) -> HappeningResponse:
    attempt = entry.attempt
    tried = {"attempts": str(entry.attempts)}
    refused = {"refusal": attempt.refusal.code.value} if attempt.refusal else {}
    return HappeningResponse(
        row=f"step-{attempt.id}",
        at=attempt.claimed_at,
        kind="step",
        what=attempt.name.value,
        step=attempt.name,
        step_id=str(attempt.id),
        outcome=attempt.status.value,
        ended_at=attempt.settled_at,
        facts={**entry.intent, **entry.evidence, **tried, **refused, **dict(_leased(entry))},
    )


def _leased(entry: StepEntry) -> Iterator[tuple[str, str]]:
    """Return who is at a step, and until when no other process settles it."""
    if entry.owner is not None and entry.lease_until is not None:
        yield "owner", entry.owner
        yield "leaseUntil", rfc3339(entry.lease_until)


def _call(entry: CallEntry) -> HappeningResponse:
    call = entry.call
    return HappeningResponse(
        row=f"call-{call.id}",
        at=entry.at,
        kind="call",
        what=call.endpoint,
        outcome=call.outcome,
        step_id=str(call.step_id) if call.step_id else None,
        seconds=round(call.duration, 3),
        http_status=call.http_status,
        error_code=call.error_code,
        request=dict(call.request),
        response=dict(call.response) if call.response is not None else None,
    )


def _task(queued: QueuedTask) -> Iterator[HappeningResponse]:
    task = queued.task
    step_id = str(task.step_id) if task.step_id else None
    yield HappeningResponse(
        row=f"task-{task.id}",
        at=task.opened_at,
        kind="task_opened",
        what=task.kind.value,
        task_id=str(task.id),
        step_id=step_id,
        facts=dict(task.facts),
    )
    if task.closed_at is not None:
        yield HappeningResponse(
            row=f"answer-{task.id}",
            at=task.closed_at,
            kind="task_closed",
            what=task.kind.value,
            name=task.closed_by,
            outcome=task.answer,
            task_id=str(task.id),
            step_id=step_id,
        )


def _act(number: int, entry: AuditEntry) -> HappeningResponse:
    if entry.at is None:
        raise AssertionError("what is stored has a time")
    return HappeningResponse(
        row=f"staff-{number}",
        at=entry.at,
        kind="staff",
        what=entry.action,
        actor="staff",
        name=entry.name,
        reason=entry.reason,
        task_id=str(entry.task_id) if entry.task_id else None,
        request_id=entry.request_id,
        facts=dict(entry.facts),
    )


def _letter(letter: Letter) -> HappeningResponse:
    facts = {"channel": letter.channel, "attempts": str(letter.attempts), "event": str(letter.seq)}
    return HappeningResponse(
        row=f"sent-{letter.seq}-{letter.channel.replace(':', '-')}",
        at=letter.at,
        kind="webhook" if letter.kind in (OutboxKind.EVENT, OutboxKind.TASK) else "mail",
        what=letter.kind.value,
        outcome=letter.fate.value,
        facts=facts | ({"error": letter.error} if letter.error else {}),
    )

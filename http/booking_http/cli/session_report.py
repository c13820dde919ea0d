"""One session as support staff read it: what it is, and everything that happened to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import click

from booking_flow.flow import MEANING
from booking_flow.model.money import Money
from booking_flow.model.session import NO_DETAILS, Booking, Session
from booking_http.cli.session_tables import print_tables
from persistence.attempts import StepEntry, steps
from persistence.database import Database, create_engine, fetch_one
from persistence.histories import (
    CallEntry,
    HistoryEntry,
    TaskEntry,
    calls,
    find_by_reference,
    history,
    tasks,
)
from persistence.rows import session_of
from persistence.sessions import LOAD

Facts = dict[str, Any]
_OF_CARDS: Final = frozenset({"card", "authCode", "authCodes"})
"""Facts that may be kept, but are no business of whoever reads a terminal."""


async def report(database_url: str, reference: str) -> Facts | None:
    """Return everything about a session but what is personal, or None when there is none."""
    engine = create_engine(database_url, pool_size=1, application_name="booking-flow show")
    try:
        found = await find_by_reference(engine, reference)
        return None if found is None else await _report(engine, found)
    finally:
        await engine.dispose()


def print_report(facts: Facts, *, as_json: bool) -> None:
    """Print a report as tables, or as JSON for a program to read."""
    if as_json:
        click.echo(json.dumps(facts, indent=2, ensure_ascii=False))
    else:
        print_tables(facts)


async def _report(engine: Database, session_id: UUID) -> Facts | None:
    row = await fetch_one(engine, LOAD, {"id": session_id})
    if row is None:
        return None
    # Without its details the session holds nothing personal, and no key is needed to read it.
    return {
        **_session(session_of(row, NO_DETAILS), row.now),
        "history": [_event(entry) for entry in await history(engine, session_id)],
        "steps": [_step(entry) for entry in await steps(engine, session_id)],
        "calls": [_call(entry) for entry in await calls(engine, session_id)],
        "tasks": [_task(entry) for entry in await tasks(engine, session_id)],
    }


def _session(session: Session, now: datetime) -> Facts:
    sailing, chosen = session.sailing, session.selection
    return {
        "reference": session.reference,
        "id": str(session.id),
        "state": session.state,
        "stateLabel": MEANING[session.state].label,
        "version": session.version,
        "createdAt": _time(session.created_at),
        "expiresAt": _time(session.expires_at),
        "now": _time(now),
        "cruise": {
            "cruiseId": sailing.cruise_id,
            "name": sailing.name,
            "lineName": sailing.line_name,
            "shipName": sailing.ship_name,
            "sailingDate": sailing.sailing_date.isoformat(),
        },
        "party": {"adults": session.party.adults, "childAges": list(session.party.child_ages)},
        "cabin": f"{chosen.cabin_code} {chosen.cabin_number}" if chosen else None,
        **_money(session),
        **_open(session),
    }


def _money(session: Session) -> Facts:
    basket, booking = session.basket, session.booking
    return {
        "price": _amount(basket.total) if basket else None,
        "deposit": _amount(basket.deposit) if basket else None,
        "holdUntil": _time(basket.hold_until) if basket else None,
        "booking": _booking(booking) if booking else None,
        "cardsTried": session.cards_tried,
    }


def _booking(booking: Booking) -> Facts:
    return {
        "reservation": booking.reservation,
        "supplierBookingId": booking.supplier_booking_id,
        "status": booking.status,
        "total": _amount(booking.total),
        "paid": _amount(booking.paid),
        "outstanding": _amount(booking.outstanding),
        "paymentDueAt": _time(booking.due_by),
        "balanceDueDate": booking.balance_due_date and booking.balance_due_date.isoformat(),
    }


def _open(session: Session) -> Facts:
    step, unwinding = session.open_step, session.unwinding
    return {
        "openStep": step and {"name": step.name, "status": step.status, "since": _time(step.since)},
        "unwinding": unwinding and {"since": _time(unwinding.since), "reason": unwinding.reason},
        "cancelRequestedAt": _time(session.cancel_requested_at),
    }


def _event(entry: HistoryEntry) -> Facts:
    event, origin = entry.event, entry.origin
    return {
        "seq": entry.seq,
        "at": _time(entry.at),
        "actor": f"{origin.actor} {origin.actor_name}" if origin.actor_name else origin.actor,
        "kind": event.kind,
        "trigger": event.trigger,
        "from": event.from_state,
        "to": event.to_state,
        "reason": event.reason,
        "requestId": origin.request_id,
        "details": _without_card(event.details),
    }


def _step(entry: StepEntry) -> Facts:
    attempt = entry.attempt
    return {
        "id": str(attempt.id),
        "name": attempt.name,
        "status": attempt.status,
        "claimedAt": _time(attempt.claimed_at),
        "settledAt": _time(attempt.settled_at),
        "sent": attempt.sent,
        "owner": entry.owner,
        "leaseUntil": _time(entry.lease_until),
        "refusal": attempt.refusal and attempt.refusal.code,
        "attempts": entry.attempts,
        "evidence": _without_card(entry.evidence),
    }


def _call(entry: CallEntry) -> Facts:
    call = entry.call
    return {
        "at": _time(entry.at),
        "endpoint": call.endpoint,
        "seconds": round(call.duration, 3),
        "outcome": call.outcome,
        "httpStatus": call.http_status,
        "errorCode": call.error_code,
        "stepId": call.step_id and str(call.step_id),
    }


def _task(entry: TaskEntry) -> Facts:
    task = entry.task
    return {
        "kind": task.kind,
        "openedAt": _time(entry.opened_at),
        "dueAt": _time(task.due_at),
        "notBefore": _time(task.not_before),
        "closedAt": _time(entry.closed_at),
        "closedBy": entry.closed_by,
        "facts": _without_card(task.facts),
    }


def _without_card(facts: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in facts.items() if name not in _OF_CARDS}


def _amount(money: Money) -> Facts:
    return {"amount": str(money.amount), "currency": money.currency}


def _time(at: datetime | None) -> str | None:
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

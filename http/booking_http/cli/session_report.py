"""One session as support staff read it: what it is, and everything that happened to it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import click

from booking_flow.flow import MEANING
from booking_flow.model.money import Money
from booking_flow.model.session import NO_DETAILS, Booking, Session
from booking_http.cli.session_tables import print_tables
from booking_http.staff.responses import HappeningResponse, TaskResponse
from booking_http.staff.timeline import timeline
from booking_http.staff.views import task_view
from persistence.database import Database, create_engine, fetch_one
from persistence.histories import find_by_reference
from persistence.rows import session_of
from persistence.sessions import LOAD
from persistence.task_queries import SupportWork

Facts = dict[str, Any]
_OF_CARDS: Final = frozenset({"card", "authCode", "authCodes"})
"""Facts that may be kept, but are no business of whoever reads a terminal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionReport:
    """What a session is, its tasks, and all that happened to it, as staff read it on its page."""

    facts: Facts
    tasks: Sequence[TaskResponse]
    timeline: Sequence[HappeningResponse]


async def report(database_url: str, reference: str) -> SessionReport | None:
    """Return everything about a session but what is personal, or None when there is none."""
    engine = create_engine(database_url, pool_size=1, application_name="booking-flow show")
    try:
        found = await find_by_reference(engine, reference)
        return None if found is None else await _report(engine, found)
    finally:
        await engine.dispose()


def print_report(told: SessionReport, *, as_json: bool) -> None:
    """Print a report as tables, or as JSON for a program to read."""
    if as_json:
        click.echo(json.dumps(as_facts(told), indent=2, ensure_ascii=False))
    else:
        print_tables(told.facts, told.timeline, told.tasks)


def as_facts(told: SessionReport) -> Facts:
    """Return a report as JSON objects; tasks and timeline are those of the staff's API."""
    return told.facts | {
        "tasks": [each.model_dump(mode="json") for each in told.tasks],
        "timeline": [each.model_dump(mode="json") for each in told.timeline],
    }


async def _report(engine: Database, session_id: UUID) -> SessionReport | None:
    row = await fetch_one(engine, LOAD, {"id": session_id})
    if row is None:
        return None
    tasks = await SupportWork(engine).tasks_of(session_id)
    happened = await timeline(engine, session_id, tasks)
    views = [task_view(each) for each in tasks]
    return SessionReport(
        # Without its details the session holds nothing personal, and no key is needed to read it.
        facts=_session(session_of(row, NO_DETAILS), row.now),
        tasks=[each.model_copy(update={"facts": _without_card(each.facts)}) for each in views],
        timeline=[_without_evidence(each) for each in happened],
    )


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


def _without_evidence(told: HappeningResponse) -> HappeningResponse:
    """Return it without what was sent and answered, and without what may be kept of a card."""
    bare = {"facts": _without_card(told.facts), "request": None, "response": None}
    return told.model_copy(update=bare)


def _without_card(facts: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in facts.items() if name not in _OF_CARDS}


def _amount(money: Money) -> Facts:
    return {"amount": str(money.amount), "currency": money.currency}


def _time(at: datetime | None) -> str | None:
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

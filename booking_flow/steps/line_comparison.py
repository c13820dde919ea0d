"""Comparing a reservation at the line with the attempt that it is said to come from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from booking_flow.model.session import Session
from booking_flow.steps import outcomes
from booking_flow.steps.hold import basket_of, chosen_of
from booking_flow.supplier import ImportedBooking

A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """One fact on which the line's record and our attempt differ."""

    fact: str
    ours: str
    theirs: str


def disagreements(session: Session, found: ImportedBooking) -> tuple[Disagreement, ...]:
    """Compare a reservation with the attempt it is said to come from."""
    pairs = (
        ("lead surname", _our_surname(session), (found.lead_surname or "").casefold()),
        ("sailing", session.sailing.cruise_id, found.cruise_id or ""),
        ("grade", chosen_of(session).cabin_code, found.grade_code or ""),
        ("price", str(basket_of(session).total), str(found.price or "")),
        ("booked on", *_dates(session, found)),
    )
    return tuple(
        Disagreement(fact=fact, ours=ours, theirs=theirs)
        for fact, ours, theirs in pairs
        if ours != theirs
    )


def _our_surname(session: Session) -> str:
    passengers = session.details.passengers
    return passengers[0].last_name.casefold() if passengers else ""


def _dates(session: Session, found: ImportedBooking) -> tuple[str, str]:
    asked = outcomes.open_step(session).since.date()
    if found.booked_on is None:
        return asked.isoformat(), ""
    near = abs(found.booked_on - asked) <= A_DAY
    return (found.booked_on if near else asked).isoformat(), found.booked_on.isoformat()

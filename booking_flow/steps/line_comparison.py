"""Comparing a reservation at the line with the attempt that it is said to come from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from booking_flow.model.agreement import Fact, decisive
from booking_flow.model.names import same_name
from booking_flow.model.session import Session, basket_of, open_step
from booking_flow.steps import agreement
from booking_flow.steps.hold import chosen_of
from booking_flow.supplier import ImportedBooking

A_DAY = timedelta(days=1)
_FACTS = {
    Fact.SAILING_DATE: "sailing date",
    Fact.SHIP_ID: "ship",
    Fact.GUESTS: "guests",
    Fact.CABIN_NUMBER: "cabin",
}
"""What is compared beside the facts that identify a booking, by the name staff are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """One fact on which the line's record and our attempt differ."""

    fact: str
    ours: str
    theirs: str


def disagreements(session: Session, found: ImportedBooking) -> tuple[Disagreement, ...]:
    """Compare a reservation with the attempt it is said to come from.

    Our own reference, where the line tells it again, is compared instead of the lead's surname,
    which lines spell in their own way.
    """
    total = basket_of(session).total
    pairs = (
        ("reference", session.reference, found.own_reference)
        if found.own_reference
        else ("lead surname", *_surnames(session, found)),
        ("sailing", session.sailing.cruise_id, found.cruise_id or ""),
        ("grade", chosen_of(session).cabin_code, found.grade_code or ""),
        ("price", str(total), str(found.total(total) or "")),
        ("status", "booked", "booked" if found.booked else found.status),
        ("booked on", *_dates(session, found)),
    )
    found_otherwise = tuple(
        Disagreement(fact=fact, ours=ours, theirs=theirs)
        for fact, ours, theirs in pairs
        if ours != theirs
    )
    more = decisive(agreement.differences_of(session, found.stated))
    return found_otherwise + tuple(
        Disagreement(fact=_FACTS[each.fact], ours=each.ours, theirs=each.theirs)
        for each in more
        if each.fact in _FACTS
    )


def _surnames(session: Session, found: ImportedBooking) -> tuple[str, str]:
    """Return both lead surnames, equal where they may be spellings of one whole name."""
    theirs = (found.lead_surname or "").casefold()
    lead = next(iter(session.details.passengers), None)
    if lead is None:
        return "", theirs
    ours = [name for name in (lead.last_name, lead.printed_last_name) if name]
    same = bool(theirs) and any(same_name(name, theirs) for name in ours)
    return theirs if same else lead.last_name.casefold(), theirs


def _dates(session: Session, found: ImportedBooking) -> tuple[str, str]:
    asked = open_step(session).since.date()
    if found.booked_on is None:
        return asked.isoformat(), ""
    near = abs(found.booked_on - asked) <= A_DAY
    return (found.booked_on if near else asked).isoformat(), found.booked_on.isoformat()

"""Reconciling a database with the journal of claims and with the line, as an operator asks for it.

After a restore the service does the first part by itself. What is asked of the line here are reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from booking_flow.claim_journal import JournaledStep
from booking_flow.model.step import StepName
from booking_flow.staff.people import Role
from booking_flow.supplier import ImportedBooking
from booking_flow.supplier_errors import SupplierError
from booking_http.cli.sign_in import Credentials, signed_in
from booking_http.runtime.journal_verification import verification_of
from booking_http.settings import Settings
from booking_http.web.models import rfc3339
from booking_http.wiring import Parts, open_parts
from persistence.database_identity import identity_of
from persistence.forgotten_claims import ForgottenClaim
from persistence.reservations import StoredReservation, reservations_since

Facts = dict[str, Any]
CANNOT_FIND: Final = "A booking that neither the database nor a journal knows cannot be found."


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileOptions:
    """What an operator asks for."""

    since: datetime | None
    """From when on the line is asked for every reservation that is known."""
    accept: Credentials | None
    """Who accepts that what still waits is left to staff."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A reservation, and who knows it."""

    reference: str
    line_id: int
    reservation: str
    stored: StoredReservation | None
    """None where only the journal knows it."""


async def reconcile(settings: Settings, wishes: ReconcileOptions) -> Facts:
    """Enter what is forgotten, leave to staff what is accepted, and ask the line.

    Raises:
        StoreUnavailable: the database is away.
    """
    async with open_parts(settings) as parts:
        if parts.journal is not None:
            await verification_of(parts, parts.journal).once()
        accepted = await _accepted(parts, wishes.accept) if wishes.accept else 0
        asked = [] if wishes.since is None else await _ask_the_line(parts, wishes.since)
        claims = [_claim(each) for each in await parts.maintenance.forgotten.listed()]
    return {
        "compared": parts.journal is not None,
        "accepted": accepted,
        "waiting": sum(each["enteredAs"] is None for each in claims),
        "open": sum(each["open"] for each in claims),
        "claims": claims,
        "reservations": asked,
    }


async def _accepted(parts: Parts, who: Credentials) -> int:
    """Leave to staff what waits to be entered, with lines in the audit of who said so."""
    staff = await signed_in(parts.database, who)
    staff.ensure(Role.SUPERVISOR)
    return await parts.maintenance.forgotten.accept(audit=staff.entry("accept_forgotten"))


async def _ask_the_line(parts: Parts, since: datetime) -> list[Facts]:
    stored = await reservations_since(parts.database, since)
    journaled = [each for each in await _journaled(parts) if each.claim.at >= since]
    return [await _asked(parts, each) for each in known_of(stored, journaled)]


async def _journaled(parts: Parts) -> Sequence[JournaledStep]:
    """Return what the journal knows of this database, whether that was forgotten or not."""
    identity = await identity_of(parts.database)
    if parts.journal is None or identity is None:
        return ()
    return await parts.journal.read(identity.id)


def known_of(
    stored: Iterable[StoredReservation], journaled: Iterable[JournaledStep]
) -> Iterator[Known]:
    """Return each reservation once, those of the database first."""
    seen: set[tuple[int, str]] = set()
    for row in stored:
        seen.add((row.line_id, row.reservation))
        yield Known(
            reference=row.reference,
            line_id=row.line_id,
            reservation=row.reservation,
            stored=row,
        )
    for each in journaled:
        claim, number = each.claim, each.end.reservation if each.end else None
        if number is None or claim.step is not StepName.BOOK or (claim.line_id, number) in seen:
            continue
        seen.add((claim.line_id, number))
        yield Known(
            reference=claim.facts.get("reference", ""),
            line_id=claim.line_id,
            reservation=number,
            stored=None,
        )


async def _asked(parts: Parts, known: Known) -> Facts:
    """Ask the line for one reservation."""
    facts: Facts = {
        "reference": known.reference,
        "lineId": known.line_id,
        "reservation": known.reservation,
        "inDatabase": known.stored is not None,
        "status": None,
        "price": None,
        "received": None,
    }
    try:
        found = await parts.supplier.import_booking(
            known.line_id,
            known.reservation,
            parts.policy.currency,
            ctx=parts.engine.unit_of_work.context(),
        )
    except SupplierError as error:
        return facts | {"said": f"cannot be asked: {error.kind.value}"}
    return facts | _of_the_line(known, found)


def _of_the_line(known: Known, found: ImportedBooking | None) -> Facts:
    if found is None:
        return {"said": "the line does not know it"}
    return {
        "status": found.status,
        "price": str(found.price) if found.price else None,
        "received": str(found.received) if found.received else None,
        "said": _difference(known.stored, found),
    }


def _difference(stored: StoredReservation | None, found: ImportedBooking) -> str:
    if stored is None:
        return "the line has it, and the database has not entered it"
    if found.price is not None and found.price != stored.total:
        return f"the line's price is another one than ours of {stored.total}"
    return "agrees"


def _claim(found: ForgottenClaim) -> Facts:
    claim, end = found.known.claim, found.known.end
    return {
        "reference": found.reference,
        "sessionId": str(claim.session_id),
        "stepId": str(claim.step_id),
        "step": claim.step.value,
        "askedAt": rfc3339(claim.at),
        "foundAt": rfc3339(found.found_at),
        "enteredAs": found.entered_as.value if found.entered_as else None,
        "open": found.is_open,
        "outcome": end.outcome.value if end else None,
        "reservation": end.reservation if end else None,
        "supplierBookingId": end.supplier_booking_id if end else None,
        "closedBy": found.closed_by,
        "answer": found.answer,
    }

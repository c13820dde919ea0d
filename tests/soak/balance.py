"""Balancing the books: every way in which ledger, rows, histories and guests could disagree."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from uuid import UUID

from booking_flow.flow import State
from booking_flow.model.history import flaw
from persistence.database import Database
from persistence.histories import history
from tests.support.books import Books
from tests.support.service import Json

IDLE = ("paid", "expired", "cancelled")
ASKED = ("book_unknown", "conflict", "price_mismatch", "cancel_with_line")


def owner_of(books: Books, owners: Mapping[str, set[UUID]], row: Json) -> UUID | None:
    """Return the session a booking at the line is of, if exactly one names its item."""
    found = owners.get(row["itemKey"], set())
    return next(iter(found)) if len(found) == 1 else None


def bookings(books: Books) -> Iterator[str]:
    """No second reservation for a session, and none without a row, an open step or a task."""
    owners, seen = books.owners(), Counter[UUID]()
    for row in books.reserved():
        session = owner_of(books, owners, row)
        if session is None:
            yield f"reservation {row['reservation']} is of no session"
            continue
        seen[session] += 1
        if seen[session] > 1:
            yield f"{_name(books, session)} was booked twice"
        yield from _entered(books, session, row)


def _entered(books: Books, session: UUID, row: Json) -> Iterator[str]:
    ours = books.bookings.get(session, ())
    if not ours:
        if not books.has_task(session, *ASKED, closed=False):
            yield f"{_name(books, session)}: {row['reservation']} has neither row nor open task"
        return
    if ours[0].reservation != row["reservation"]:
        yield f"{_name(books, session)}: {ours[0].reservation}, theirs {row['reservation']}"
    same = ours[0].total == Decimal(row["total"]) and ours[0].currency == row["currency"]
    if not same and not books.has_task(session, "price_mismatch"):
        yield f"{_name(books, session)}: the price differs and nobody was told"


def rows(books: Books) -> Iterator[str]:
    """Every booking row has its reservation at the line."""
    theirs = {row["reservation"] for row in books.reserved()}
    for session, found in books.bookings.items():
        if found[0].reservation not in theirs:
            yield f"{_name(books, session)}: {found[0].reservation} is not at the line"


def charges(books: Books) -> Iterator[str]:
    """No card is charged twice for a session, and no charge goes unseen."""
    owners = books.owners()
    of = {row["bookingId"]: row for row in books.ledger["bookings"]}
    charged: dict[UUID, list[Json]] = defaultdict(list)
    for charge in books.ledger["charges"]:
        session = owner_of(books, owners, of[charge["bookingId"]])
        if session is None:
            yield f"charge {charge['authCode']} is of no session"
        else:
            charged[session].append(charge)
    for session, found in charged.items():
        yield from _accounted(books, session, found)


def _accounted(books: Books, session: UUID, found: list[Json]) -> Iterator[str]:
    entered = {payment.auth_code for payment in books.payments.get(session, ())}
    unseen = [charge for charge in found if charge["authCode"] not in entered]
    told = books.has_task(session, "refund", "pay_unknown", "book_unknown", "conflict")
    if unseen and not told:
        yield f"{_name(books, session)}: charged without a payment or a task"
    if len(found) > 1 and not books.has_task(session, "refund"):
        yield f"{_name(books, session)}: charged {len(found)} times"


def payments(books: Books) -> Iterator[str]:
    """Every payment row with an authcode is a charge at the line."""
    taken = {charge["authCode"] for charge in books.ledger["charges"]}
    for session, found in books.payments.items():
        if {one.auth_code for one in found if one.auth_code} - taken:
            yield f"{_name(books, session)}: paid without a charge"


def holds(books: Books) -> Iterator[str]:
    """Every live hold is a basket, an owed undo, or what an open step may have added."""
    named = {one.item_key for one in books.sessions.values() if one.state == "basketed"}
    steps = [step for found in books.steps.values() for step in found]
    named |= {step.item_key for step in steps if step.status in ("owed", "started", "unknown")}
    unnamed = [hold for hold in books.ledger["holds"] if hold["itemKey"] not in named]
    asked = sum(books.step_open(session, "add_to_basket") for session in books.sessions)
    owners = books.owners()
    for hold in unnamed[asked:]:
        whose = [_name(books, session) for session in owners.get(hold["itemKey"], ())]
        yield f"item {hold['itemKey']} is held for nobody (once of {whose})"


def settled(books: Books) -> Iterator[str]:
    """Every session is at an end or idle, or people have been asked."""
    for session in books.sessions.values():
        waits = session.open_step or session.unwinding_since or session.state not in IDLE
        kinds = (
            *("book_unknown", "pay_unknown", "cancel_with_line", "undo_stuck", "conflict"),
            "collect_payment",
        )
        if waits and not books.has_task(session.id, *kinds, closed=False):
            yield f"{session.reference} is left {session.state} with nobody asked"
        for step in books.steps.get(session.id, ()):
            if step.status in ("started", "owed"):
                yield f"{session.reference}: {step.name} is left {step.status}"


def answered(books: Books) -> Iterator[str]:
    """Once staff have worked off their tasks, none waits and no step is open."""
    for session in books.sessions.values():
        kinds = [task.kind for task in books.tasks.get(session.id, ()) if task.closed_at is None]
        if kinds:
            yield f"{session.reference}: {', '.join(kinds)} cannot be worked off"
        if session.open_step or session.unwinding_since:
            yield f"{session.reference} is {session.state} and still under way"


async def histories(books: Books, database: Database) -> list[str]:
    """Every history folds to its row's state and version."""
    broken = []
    for session in books.sessions.values():
        events = [entry.event for entry in await history(database, session.id)]
        if why := flaw(events, state=State(session.state), version=session.version):
            broken.append(f"{session.reference}: {why}")
    return broken


def guests(books: Books, told: Mapping[str, Collection[str]]) -> Iterator[str]:
    """What a guest was told for certain is so, in whichever tab."""
    for session, reservations in told.items():
        found = {row.reservation for row in books.bookings.get(UUID(session), ())}
        for reservation in sorted(set(reservations) - found):
            yield f"{_name(books, UUID(session))}: a guest was told {reservation}"


def _name(books: Books, session: UUID) -> str:
    row = books.sessions.get(session)
    return row.reference if row else str(session)

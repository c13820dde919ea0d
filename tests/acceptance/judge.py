"""The judge of everything: whether our rows and the supplier's books tell one story."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import text

from adapters.simulator.state import BasketItem, SupplierBooking
from adapters.simulator.supplier import Supplier
from booking_flow.model.history import EventKind, fold
from booking_flow.saga import SAGA
from booking_flow.steps.step import EffectStep
from persistence.database import fetch_all
from persistence.histories import history
from persistence.statements import Row
from tests.acceptance.world import World

Rows = Sequence[Row]
MARGIN: Final = timedelta(seconds=35)
"""How much earlier than the supplier we let a hold end."""
ENDED: Final = ("cancelled", "expired")
RESERVED: Final = ("booked", "paid")
BEFORE: Final = ("created", "priced", "cabin_selected", "basketed")
QUESTIONS: Final = {
    step.ends.question.value for step in SAGA if isinstance(step, EffectStep) and step.ends.question
}
"""The tasks that ask people what came of a step."""

SESSIONS: Final = text(
    """
    SELECT s.*, b.reservation, b.total AS booked_total, b.currency AS booked_currency, b.paid,
           b.supplier_booking_id
    FROM booking_sessions s LEFT JOIN bookings b ON b.session_id = s.id
    """
)
STEPS: Final = text(
    "SELECT *, CAST(intent AS jsonb) ->> 'itemKey' AS asked_for FROM saga_steps ORDER BY claimed_at"
)
TASKS: Final = text("SELECT * FROM staff_tasks")


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """Our rows and the supplier's books at one moment."""

    sessions: Rows
    steps: Rows
    tasks: Rows
    supplier: Supplier

    def steps_of(self, session: Row) -> Rows:
        return [step for step in self.steps if step.session_id == session.id]

    def tasks_of(self, session: Row, *kinds: str, open_only: bool = True) -> Rows:
        return [
            task
            for task in self.tasks
            if task.session_id == session.id
            and (not kinds or task.kind in kinds)
            and not (open_only and task.closed_at)
        ]

    def open_step(self, session: Row) -> Row | None:
        return next((step for step in self.steps if step.id == session.open_step), None)

    def asker(self, booking: SupplierBooking) -> Row | None:
        """Return the session whose book step asked for a booking."""
        asked = (s for s in self.steps if s.name == "book" and s.asked_for == booking.item_key)
        step = next(asked, None)
        found = (one for one in self.sessions if step is not None and one.id == step.session_id)
        return next(found, None)


async def books_of(world: World) -> Books:
    """Read everything there is."""
    read = [await fetch_all(world.database, query) for query in (SESSIONS, STEPS, TASKS)]
    world.supplier.pass_time()
    return Books(sessions=read[0], steps=read[1], tasks=read[2], supplier=world.supplier)


async def judge(world: World, *, uncollected: bool = False) -> None:
    """Fail unless every rule of the house holds now.

    With `uncollected` an unpaid booking may still wait for a worker to open the task to collect.
    """
    books = await books_of(world)
    for session in books.sessions:
        await history_folds_to_the_row(world, session)
        the_total_is_the_suppliers(books, session)
        the_money_was_charged(books, session)
        nothing_is_stuck(books, session, uncollected=uncollected)
    every_hold_is_somebodys(books)
    every_reservation_is_somebodys(books)
    every_charge_is_accounted_for(books)
    every_question_is_asked_once(books)
    nothing_is_booked_unannounced(books)


async def history_folds_to_the_row(world: World, session: Row) -> None:
    """States move along the table only, and the history says all there is to say."""
    entries = await history(world.database, session.id)
    assert [entry.seq for entry in entries] == list(range(session.version + 1)), session
    assert fold(entry.event for entry in entries) == session.state, session
    assert all(entry.event.kind is not EventKind.OVERRIDE for entry in entries), session


def the_total_is_the_suppliers(books: Books, session: Row) -> None:
    """What the guest is to pay is what the supplier's basket says, or its booking."""
    if session.state == "basketed":
        item = books.supplier.state.items[session.item_key]
        assert (session.total, session.currency) == (item.total, item.currency), session
        assert item.session == session.supplier_key, session
    if session.reservation:
        made = _booking_of(books, session)
        ours = (session.booked_total, session.booked_currency)
        assert ours == (made.total, made.currency), (session, made)


def the_money_was_charged(books: Books, session: Row) -> None:
    """Nothing counts as paid that the line has not taken."""
    if not session.reservation:
        return
    charged = books.supplier.received_for(_booking_of(books, session))
    assert session.paid <= charged, (session, charged)
    assert (session.state != "paid") or session.paid > 0, session


def _booking_of(books: Books, session: Row) -> SupplierBooking:
    made = books.supplier.state.bookings
    return next(one for one in made if one.reservation == session.reservation)


def nothing_is_stuck(books: Books, session: Row, *, uncollected: bool = False) -> None:
    """Whatever is not finished waits for a timer or for a person."""
    step = books.open_step(session)
    assert (session.open_step is None) == (step is None), session
    if step is not None:
        asked = any(task.step_id == step.id for task in books.tasks_of(session))
        timed = step.lease_until if step.status == "started" else step.next_attempt_at
        assert step.status in ("started", "unknown"), step
        assert timed is not None or asked, (session, step)
    owed = [one for one in books.steps_of(session) if one.status == "owed"]
    assert all(one.next_attempt_at is not None for one in owed), owed
    if session.unwinding_since is not None and session.state in RESERVED:
        assert books.tasks_of(session, "cancel_with_line"), session
    waits = session.open_step is None and session.unwinding_since is None
    if session.state == "booked" and waits and not uncollected:
        assert books.tasks_of(session, "collect_payment", "conflict"), session
    if session.state in ENDED:
        assert session.unwinding_since is None, session
        assert step is None, session


def every_hold_is_somebodys(books: Books) -> None:
    """No cabin is held for nobody: an open step, a basket or an undo that is owed names it."""
    now = books.supplier.clock.now()
    held = [item for item in books.supplier.state.items.values() if item.holds(now + MARGIN)]
    nobodys = [item for item in held if not _named(books, item)]
    assert not nobodys, (nobodys, books.sessions, books.steps)


def _named(books: Books, item: BasketItem) -> bool:
    owed = any(step.status == "owed" and step.item_key == item.key for step in books.steps)
    return owed or any(_keeps(books, session, item) for session in books.sessions)


def _keeps(books: Books, session: Row, item: BasketItem) -> bool:
    if session.state == "basketed" and session.item_key == item.key:
        return True
    step = books.open_step(session)
    holding = step is not None and step.name in ("add_to_basket", "release")
    return holding and session.supplier_key == item.session


def every_reservation_is_somebodys(books: Books) -> None:
    """No second booking, and none without a row, an open step or a task that names it."""
    standing = [one for one in books.supplier.state.bookings if one.status == "Booked"]
    per_session: Counter[Any] = Counter()
    for booking in standing:
        session = books.asker(booking)
        assert session is not None, booking
        per_session[session.id] += 1
        step = books.open_step(session)
        ours = session.reservation == booking.reservation and session.state in RESERVED
        asked = step is not None and step.name == "book" and step.asked_for == booking.item_key
        assert ours or asked, (booking, session, step)
    assert all(number == 1 for number in per_session.values()), (standing, books.sessions)


def every_charge_is_accounted_for(books: Books) -> None:
    """No charge that nobody knows of; too many only where the supplier doubled one, and told."""
    charged = Counter(charge.booking_id for charge in books.supplier.state.charges)
    for booking in books.supplier.state.bookings:
        if booking.booking_id in charged:
            session = books.asker(booking)
            assert session is not None, booking
            assert _knows(books, session, booking), (booking, session)
            told = _doubled(books, booking) and books.tasks_of(session, "refund", open_only=False)
            if booking.currency != session.currency:
                # The line took the amount that was asked for, but of its own currency.
                told = books.tasks_of(session, "price_mismatch", open_only=False)
            right = _each_was_asked_for(books, session, booking, charged[booking.booking_id])
            assert right or told, (booking, charged)


def every_question_is_asked_once(books: Books) -> None:
    """No two people are asked what came of one step, however often its end was entered."""
    asked = Counter((task.step_id, task.kind) for task in books.tasks if task.kind in QUESTIONS)
    assert all(number == 1 for number in asked.values()), books.tasks


def _each_was_asked_for(books: Books, session: Row, booking: SupplierBooking, charged: int) -> bool:
    """Whether there is a step for each charge, and all of them are no more than it costs.

    A booking that failed costs nothing; what was taken for it all the same, somebody knows of.
    """
    asked = sum(step.name == "pay" for step in books.steps_of(session))
    received = books.supplier.received_for(booking)
    stands = booking.status == "Booked"
    return charged <= max(1, asked) and not (stands and received > booking.total)


def _doubled(books: Books, booking: SupplierBooking) -> bool:
    """Whether a payment of this booking was sent once and reached the supplier twice."""
    paid = [
        call
        for call in books.supplier.calls
        if call.endpoint == "payment.pl" and call.session_key == booking.session
    ]
    return any(call.fault == "duplicate_submit" for call in paid)


def _knows(books: Books, session: Row, booking: SupplierBooking) -> bool:
    paid = session.reservation == booking.reservation and session.paid > Decimal(0)
    refund = books.tasks_of(session, "refund", "cancellation_refund", open_only=False)
    step = books.open_step(session)
    return paid or bool(refund) or (step is not None and step.name in ("book", "pay"))


def nothing_is_booked_unannounced(books: Books) -> None:
    """The line acts at most once for each book step; only one that did nothing is sent again."""
    announced = Counter(step.asked_for for step in books.steps if step.name == "book")
    acted = Counter(booking.item_key for booking in books.supplier.state.bookings)
    assert acted <= announced, (acted, books.steps)


async def judge_the_end(world: World) -> None:
    """Fail unless everything has come to its end and the line keeps nothing for nobody."""
    await judge(world)
    books = await books_of(world)
    assert not [task for task in books.tasks if task.closed_at is None], books.tasks
    assert not [s for s in books.steps if s.status in ("started", "unknown", "owed")], books.steps
    assert not [s for s in books.sessions if s.state in BEFORE or s.unwinding_since], books.sessions
    kept = [s.reservation for s in books.sessions if s.state in RESERVED]
    made = [one.reservation for one in books.supplier.state.bookings if one.status == "Booked"]
    assert sorted(kept) == sorted(made), (kept, made)

"""PostgreSQL away, answers lost, and steps that others settled meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from booking_flow.context import DecisionContext
from booking_flow.errors import RefusalCode
from booking_flow.flow import State
from booking_flow.model.audit import AuditEntry
from booking_flow.model.card import PaymentType
from booking_flow.model.change import Change, IdempotencyBinding, begin
from booking_flow.model.history import EventKind, Origin
from booking_flow.model.step import StepStatus
from booking_flow.ports import Committed, SpooledAnswer, StoreUnavailable
from booking_flow.saga import abandoned
from booking_flow.steps.book import not_booked
from booking_flow.steps.hold import basket_unreadable
from booking_flow.supplier import SupplierCall
from persistence.sessions import PostgresSessionStore
from tests.integration.engine.conftest import MakeShop
from tests.integration.engine.wire import Wire
from tests.support.engine import (
    ORIGIN,
    VAULT,
    Guest,
    Shop,
    a_command,
    another_had_it_already,
    refused,
)
from tests.support.waiting import kept_back

DEPOSIT = PaymentType.DEPOSIT
DECLINED = "4000000000000002"


@pytest.fixture
async def wire(seeded_url: str) -> AsyncIterator[Wire]:
    wire = Wire(seeded_url)
    await wire.start()
    yield wire
    await wire.stop()


async def test_an_answer_is_entered_once_the_database_is_back(
    make_shop: MakeShop, wire: Wire
) -> None:
    """The supplier is asked once, however long that takes."""
    shop, distant = await make_shop(), await make_shop(url=wire.url)
    guest = await shop.held()
    with kept_back("book"):
        booking = asyncio.create_task(guest.at(distant).book(DEPOSIT))
        await shop.simulator.has_received("book")
        await wire.cut()
    await distant.pause.begun.wait()
    assert (await guest.session()).open_step is not None
    await wire.mend()
    assert (await booking).session.state is State.PAID
    assert distant.pause.waits == list(range(1, len(distant.pause.waits) + 1))
    assert await shop.simulator.received("book") == 1
    assert (await guest.kinds()).count("book") == 1


@pytest.mark.parametrize(
    ("number", "outcome"), [("4111111111111111", "paid"), (DECLINED, "card_declined")]
)
async def test_an_entry_whose_confirmation_was_lost_ends_as_it_was_entered(
    make_shop: MakeShop, wire: Wire, number: str, outcome: str
) -> None:
    """A declined card is never answered as a booking."""
    shop, distant = await make_shop(), await make_shop(url=wire.url)
    guest = await shop.held()
    wire.lose_answer_to(b"step_settled")
    try:
        ended = (await guest.at(distant).book(DEPOSIT, number=number)).session.state.value
    except Exception as error:
        ended = str(error)
    assert wire.lost == 1
    assert ended == outcome
    assert (await guest.kinds()).count("step_settled") == 2
    assert "late_answer" not in await guest.kinds()
    assert (await guest.calls()).count("book") == 1


async def test_what_was_spooled_goes_once_its_entry_is_found(
    make_shop: MakeShop, wire: Wire
) -> None:
    spool = Paper()
    shop, distant = await make_shop(), await make_shop(url=wire.url, spool=spool)
    guest = await shop.held()
    wire.lose_answer_to(b"step_settled")
    answer = await guest.at(distant).book(DEPOSIT)
    (kept,) = spool.kept
    assert wire.lost == 1
    assert spool.dropped == [kept.step_id]
    assert answer.now > answer.session.created_at


async def test_what_an_entry_leaves_owed_is_paid_back_once_it_is_found(
    make_shop: MakeShop, wire: Wire
) -> None:
    shop, distant = await make_shop(), await make_shop(url=wire.url)
    guest = await shop.selected()
    await shop.simulator.fault("basketadd", "price_differs")
    wire.lose_answer_to(b"step_settled")
    found = await refused(guest.at(distant).hold())
    assert wire.lost == 1
    assert found.refusal.code is RefusalCode.PRICE_CHANGED
    assert await shop.simulator.books() == (0, 0, 0)
    assert ("release", "owed") not in await guest.steps()


@pytest.mark.parametrize("way", [Wire.lose_answer_to, Wire.swallow])
async def test_a_doubt_whose_entry_was_not_confirmed_is_one_doubt(
    make_shop: MakeShop, wire: Wire, way: Callable[[Wire, bytes], None]
) -> None:
    """Whether the entry arrived or was lost, it is entered once."""
    shop, distant = await make_shop(), await make_shop(url=wire.url)
    guest = await shop.held()
    await shop.simulator.fault("book", "http_500_after")
    way(wire, b"step_unknown")
    session = (await guest.at(distant).book(DEPOSIT)).session
    assert wire.lost == 1
    assert session.open_step is not None
    assert (await guest.steps())[-1] == ("book", "unknown")
    assert await guest.tasks() == ["book_unknown"]
    assert (await guest.kinds()).count("step_unknown") == 1


@pytest.mark.parametrize(
    ("endpoint", "begin_with", "ask"),
    [("book", Shop.held, Guest.book), ("basketadd", Shop.selected, Guest.hold)],
)
async def test_an_entry_that_was_lost_is_not_mistaken_for_another(
    make_shop: MakeShop, wire: Wire, endpoint: str, begin_with: Any, ask: Any
) -> None:
    """A worker declares the step abandoned while nothing can be written; the end is entered."""
    shop, distant = await make_shop(), await make_shop(url=wire.url)
    guest = await begin_with(shop)

    async def abandon() -> None:
        distant.pause.meanwhile = None
        await decide(guest, abandoned)

    distant.pause.meanwhile = abandon
    await shop.simulator.fault(endpoint, "session_expired")
    wire.swallow(b"step_settled")
    found = await refused(ask(guest.at(distant)))
    assert wire.lost == 1
    assert found.refusal.code in {RefusalCode.HOLD_LAPSED, RefusalCode.SELECTION_STALE}
    assert (await guest.session()).open_step is None
    settled = [kind for kind in await guest.kinds() if kind in {"step_unknown", "step_settled"}]
    assert settled[-2:] == ["step_unknown", "step_settled"]


async def test_a_claim_that_cannot_be_written_asks_nothing(make_shop: MakeShop, wire: Wire) -> None:
    shop, distant = await make_shop(), await make_shop(url=wire.url)
    guest = await shop.held()
    loaded, request = await guest.loaded(), await guest.request()
    await wire.cut()
    with pytest.raises(StoreUnavailable):
        await distant.engine.book(loaded, request=request, command=a_command())
    assert await shop.simulator.received("book") == 0


async def taken(guest: Guest, endpoint: str, asking: Any) -> "asyncio.Task[Any]":
    """Begin a call, and take its step as a worker does when a lease has ended."""
    step = asyncio.create_task(asking)
    await guest.shop.simulator.has_received(endpoint)
    await guest.shop.rows(
        "UPDATE saga_steps SET fence = fence + 1 WHERE session_id = :id AND status = 'started'"
        " RETURNING 1",
        id=guest.id,
    )
    return step


async def overtaken(guest: Guest, endpoint: str, asking: Any) -> "asyncio.Task[Any]":
    """Begin a call, and find its step abandoned as a worker does."""
    step = await taken(guest, endpoint, asking)
    await decide(guest, abandoned)
    return step


async def decide(guest: Guest, decision: Any) -> None:
    """Commit a decision as another process would."""
    loaded = await guest.loaded()
    at = DecisionContext(now=loaded.now, new_id=uuid4, policy=guest.shop.policy)
    committed = await guest.shop.store.commit(decision(loaded.session, at), origin=ORIGIN)
    assert committed.result.value == "done"


@pytest.mark.parametrize("away", [taken, overtaken])
async def test_a_late_answer_of_book_is_the_truth(shop: Shop, away: Any) -> None:
    """It settles a step that a worker has taken, whatever the fence."""
    guest = await shop.held()
    with kept_back("book"):
        step = await away(guest, "book", guest.book(DEPOSIT))
    assert (await step).session.state is State.PAID
    assert await guest.state() is State.PAID
    assert await shop.simulator.books() == (0, 1, 1)
    assert "conflict" not in await guest.tasks()


@pytest.mark.parametrize("away", [taken, overtaken])
async def test_a_late_hold_is_held(shop: Shop, away: Any) -> None:
    """A worker that finds it in the basket must not find it owed back as well."""
    guest = await shop.selected()
    with kept_back("basketadd"):
        step = await away(guest, "basketadd", guest.hold())
    assert (await step).session.state is State.BASKETED
    assert ("release", "owed") not in await guest.steps()
    assert await shop.simulator.books() == (1, 0, 0)


async def test_a_late_doubt_is_no_second_doubt(shop: Shop) -> None:
    guest = await shop.held()
    await shop.simulator.fault("book", "reset")
    with kept_back("book"):
        step = await overtaken(guest, "book", guest.book(DEPOSIT))
    assert (await step).session.open_step is not None
    assert await guest.tasks() == ["book_unknown"]
    assert (await guest.kinds()).count("step_unknown") == 1
    assert "book" in await guest.calls()


async def test_a_late_answer_against_a_persons_moves_nothing_and_is_shown(shop: Shop) -> None:
    guest = await shop.held()
    with kept_back("book"):
        step = await overtaken(guest, "book", guest.book(DEPOSIT))
        await decide(guest, not_booked)
    await step
    session = await guest.session()
    before = (await guest.waiting()).session
    assert session.state is State.BASKETED
    assert session.open_step is None
    assert sorted(await guest.tasks()) == ["book_unknown", "conflict"]
    assert (await guest.kinds())[-1] == "late_answer"
    assert "book" in await guest.calls()
    assert session.disputed_since is not None
    asked = await shop.simulator.received("book")
    assert (await guest.book(DEPOSIT)).session == before
    assert await shop.simulator.received("book") == asked
    assert len(await guest.steps()) == 2


async def test_a_late_answer_that_no_constraint_lets_in_is_shown(shop: Shop) -> None:
    first, second = await shop.held(), await shop.held()
    with kept_back("book", calls=1):
        step = await overtaken(second, "book", second.book())
        (booked,) = (await shop.simulator.ledger())["bookings"]
        await first.book()
        await another_had_it_already(shop, first, booked["reservation"])
    await step
    assert sorted(await second.tasks()) == ["book_unknown", "conflict"]
    assert (await second.kinds())[-1] == "late_answer"
    assert (await second.kinds()).count("step_unknown") == 1


async def test_a_cabin_held_after_its_step_was_taken_away_is_owed_back(shop: Shop) -> None:
    guest = await shop.selected()
    with kept_back("basketadd"):
        step = await overtaken(guest, "basketadd", guest.hold())
        await decide(guest, recover_as_gone)
    await step
    assert await guest.state() is State.CABIN_SELECTED
    assert ("release", "owed") in await guest.steps()
    assert (await guest.kinds())[-1] == "late_answer"


def recover_as_gone(session: Any, at: DecisionContext) -> Change:
    change = basket_unreadable(session, replace(at, now=session.open_step.since.replace(year=2100)))
    assert change is not None
    return change


async def test_a_release_settled_by_another_changes_nothing_more(shop: Shop) -> None:
    guest = await shop.held()
    with kept_back("basketremove"):
        step = await overtaken(guest, "basketremove", guest.release())
        before = await guest.session()
    assert (await step).session == before
    assert before.state is State.CABIN_SELECTED
    assert "basketremove" in await guest.calls()


class Paper:
    """A spool one can look at."""

    def __init__(self) -> None:
        self.full = False
        self.kept: list[SpooledAnswer] = []
        self.dropped: list[UUID] = []

    async def keep(self, answer: SpooledAnswer) -> bool:
        if self.full:
            return False
        self.kept.append(answer)
        return True

    async def drop(self, step_id: UUID) -> None:
        self.dropped.append(step_id)


async def with_the_database_away(
    make_shop: MakeShop, wire: Wire, *, spool: Paper
) -> tuple[Guest, UUID]:
    """Book while the database is away for a moment, and return the guest and the step."""
    shop, distant = await make_shop(), await make_shop(url=wire.url, spool=spool)
    guest = await shop.held()
    with kept_back("book"):
        booking = asyncio.create_task(guest.at(distant).book(DEPOSIT))
        await shop.simulator.has_received("book")
        step = (await guest.session()).open_step
        assert step is not None
        await wire.cut()
    await distant.pause.begun.wait()
    assert spool.kept, "kept before anything is waited for"
    while len(distant.pause.waits) < 3:  # noqa: ASYNC110 - the pause itself sets the pace
        await asyncio.sleep(0.01)
    await wire.mend()
    await booking
    return guest, step.id


async def test_an_answer_is_spooled_once_while_it_cannot_be_written(
    make_shop: MakeShop, wire: Wire
) -> None:
    spool = Paper()
    guest, step_id = await with_the_database_away(make_shop, wire, spool=spool)
    (kept,) = spool.kept
    made = (await guest.session()).booking
    assert made is not None
    assert (kept.session_id, kept.step_id) == (guest.id, step_id)
    assert kept.answer is not None
    assert kept.answer.reservation == made.reservation
    assert kept.charge is not None
    assert kept.charge.card == made.card
    assert spool.dropped == [step_id]


async def test_a_hold_is_not_spooled(make_shop: MakeShop, wire: Wire) -> None:
    """Only what can never be asked again must survive."""
    spool = Paper()
    shop, distant = await make_shop(), await make_shop(url=wire.url, spool=spool)
    guest = await shop.selected()
    with kept_back("basketadd"):
        holding = asyncio.create_task(guest.at(distant).hold())
        await shop.simulator.has_received("basketadd")
        await wire.cut()
    await distant.pause.begun.wait()
    await wire.mend()
    assert (await holding).session.state is State.BASKETED
    assert (spool.kept, spool.dropped) == ([], [])


async def test_a_booking_without_an_answer_leaves_nothing_to_spool(
    make_shop: MakeShop, wire: Wire
) -> None:
    spool = Paper()
    shop = await make_shop()
    distant = await make_shop(url=wire.url, spool=spool)
    guest = await shop.held()
    await shop.simulator.fault("book", "reset")
    with kept_back("book"):
        booking = asyncio.create_task(guest.at(distant).book(DEPOSIT))
        await shop.simulator.has_received("book")
        await wire.cut()
    await distant.pause.begun.wait()
    await wire.mend()
    assert (await booking).session.open_step is not None
    assert spool.kept == []


class BusyStore(PostgresSessionStore):
    """The real store, in which somebody else is always a moment quicker."""

    rounds = 0

    async def commit(
        self,
        change: Change,
        *,
        origin: Origin,
        calls: Sequence[SupplierCall] = (),
        binding: IdempotencyBinding | None = None,
        audit: AuditEntry | None = None,
    ) -> Committed:
        if self.rounds:
            self.rounds -= 1
            loaded = await self.load(change.before.id)
            assert loaded is not None
            note = begin(loaded.session).record(EventKind.NOTE, reason="quicker")
            await super().commit(note, origin=origin)
        return await super().commit(
            change, origin=origin, calls=calls, binding=binding, audit=audit
        )


def busy(shop: Shop) -> tuple[Shop, BusyStore]:
    """Return the shop with an engine over a store in which others are quicker."""
    store = BusyStore(shop.database, VAULT, "engine-2")
    return shop.over(store), store


@pytest.mark.parametrize("rounds", [1, 15])
async def test_a_lost_race_is_decided_anew(shop: Shop, rounds: int) -> None:
    guest = await shop.opened()
    shop, store = busy(shop)
    store.rounds = rounds
    assert (await guest.at(shop).cancel()).session.state is State.CANCELLED
    assert (await guest.session()).version == rounds + 1


async def test_a_command_for_one_version_is_not_decided_anew(shop: Shop) -> None:
    """It was meant for what its guest had seen, and that has changed."""
    guest = await shop.opened()
    shop, store = busy(shop)
    store.rounds = 1
    seen, command = await guest.loaded(), replace(a_command(), guarded=True)
    found = await refused(shop.engine.cancel(seen, reason=None, command=command))
    assert found.refusal.code is RefusalCode.VERSION_MISMATCH
    assert found.refusal.detail == "The session is at version 1, and created."
    assert await guest.state() is State.CREATED


async def test_a_guest_who_always_loses_is_asked_to_try_again(shop: Shop) -> None:
    guest = await shop.opened()
    shop, store = busy(shop)
    store.rounds = 16
    found = await refused(guest.at(shop).cancel())
    assert found.refusal.code is RefusalCode.IN_PROGRESS
    assert found.refusal.detail == "The session is being changed by others."
    assert (await guest.session()).version == 16


async def test_clocks_that_always_lose_are_left_for_the_next_look(shop: Shop) -> None:
    guest = await shop.opened()
    shop, store = busy(shop)
    await shop.pass_time(2 * 3600 + 1)
    store.rounds = 16
    assert (await guest.at(shop).look()).session.state is State.CREATED
    assert (await guest.at(shop).look()).session.state is State.EXPIRED


async def test_an_answer_that_lost_a_race_is_entered_all_the_same(shop: Shop) -> None:
    guest = await shop.held()
    shop, store = busy(shop)
    with kept_back("book"):
        booking = asyncio.create_task(guest.at(shop).book(DEPOSIT))
        await shop.simulator.has_received("book")
        store.rounds = 3
    assert (await booking).session.state is State.PAID
    assert await shop.simulator.books() == (0, 1, 1)


async def test_an_unwinding_that_lost_a_race_is_ended_by_the_next(shop: Shop) -> None:
    guest = await shop.held()
    await shop.simulator.fault("basketremove", "http_500")
    await guest.cancel()
    shop, store = busy(shop)
    await shop.pass_time(60)
    store.rounds = 1
    session = (await guest.at(shop).cancel()).session
    assert session.state is State.BASKETED
    assert (await guest.at(shop).cancel()).session.state is State.CANCELLED


async def test_an_open_step_of_this_kind_is_started(shop: Shop) -> None:
    """What a worker finds of a process that died between claim and call."""
    guest = await shop.held()
    with kept_back("book"):
        booking = asyncio.create_task(guest.book())
        await shop.simulator.has_received("book")
        step = (await guest.session()).open_step
    assert step is not None
    assert step.status is StepStatus.STARTED
    await booking

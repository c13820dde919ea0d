"""Whatever is in the way of writing an answer down, it is written or kept, and told as it is."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from itertools import product
from typing import Any

import pytest
from _pytest.mark import ParameterSet
from sqlalchemy import text

from booking_flow.errors import RefusalCode
from booking_flow.flow import State
from booking_flow.model.card import PaymentType
from booking_flow.model.session import Session
from booking_flow.model.step import StepName, StepStatus
from booking_flow.policy import PaymentChannel
from booking_flow.ports import StoreUnavailable
from persistence.database import execute, transaction
from tests.integration.engine.conftest import MakeShop
from tests.integration.engine.test_outages import Paper
from tests.support.engine import Guest, Shop, refused
from tests.support.waiting import kept_back

DEPOSIT = PaymentType.DEPOSIT
PASSING = ["0A000", "28000", "3D000", "40001", "53100", "54000", "55000", "57P03", "58030", "XX000"]
"""One SQLSTATE of each class that a database may answer with for a while."""

Begin = Callable[[Shop], Awaitable[Guest]]
Ask = Callable[[Guest], Awaitable[Any]]
Step = tuple[Begin, Ask, State, tuple[int, int, int]]


async def _book(guest: Guest) -> Any:
    return await guest.book(DEPOSIT)


STEPS: dict[str, Step] = {
    "add_to_basket": (Shop.selected, Guest.hold, State.BASKETED, (1, 0, 0)),
    "release": (Shop.held, Guest.release, State.CABIN_SELECTED, (0, 0, 0)),
    "book": (Shop.held, _book, State.PAID, (0, 1, 1)),
    "pay": (Shop.booked, Guest.pay, State.PAID, (0, 1, 1)),
}
"""For each effectful step: where it begins, what is asked, and what it comes to."""


async def fail_settling(shop: Shop, sqlstate: str, *, times: int) -> None:
    """Let the database refuse to settle any step, so many times."""
    settling = "UPDATE ON saga_steps FOR EACH ROW WHEN (OLD.status = 'started')"
    await fail(shop, settling, sqlstate, times=times)


async def fail(shop: Shop, writing: str, sqlstate: str, *, times: int) -> None:
    """Let the database refuse what `writing` says, so many times."""
    for statement in (
        "CREATE SEQUENCE trouble",
        f"""
        CREATE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF nextval('trouble') <= {times} THEN
                RAISE EXCEPTION 'trouble' USING ERRCODE = '{sqlstate}';
            END IF;
            RETURN NEW;
        END $$""",
        f"CREATE TRIGGER trouble BEFORE {writing} EXECUTE FUNCTION trouble()",
    ):
        await execute(shop.database, text(statement))


async def forget_everything(shop: Shop) -> None:
    """Take all sessions away, as a restore of the database from before them does."""
    async with transaction(shop.database) as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(text("TRUNCATE booking_sessions CASCADE"))


async def shop_for(make_shop: MakeShop, step: str, **options: Any) -> Shop:
    channel = PaymentChannel.SUPPLIER_PAYMENT if step == "pay" else PaymentChannel.WITH_BOOKING
    shop: Shop = await make_shop(payment_channel=channel, **options)
    return shop


def _matrix() -> Iterator[ParameterSet]:
    """Each error at each step, with and without room in the spool; usually steps take turns."""
    for (turn, step), (number, sqlstate) in product(enumerate(STEPS), enumerate(PASSING)):
        for full in (False, True):
            usual = (number + full) % len(STEPS) == turn
            name = f"{step}-{sqlstate}-{'full spool' if full else 'spool'}"
            yield pytest.param(
                step, sqlstate, full, id=name, marks=() if usual else pytest.mark.full
            )


@pytest.mark.parametrize(("step", "sqlstate", "full"), list(_matrix()))
async def test_an_answer_outlives_every_error_that_passes(
    make_shop: MakeShop, step: str, sqlstate: str, full: bool
) -> None:
    """It is entered once the database takes it; the supplier was asked once."""
    begin, ask, state, books = STEPS[step]
    spool = Paper()
    spool.full = full
    shop = await shop_for(make_shop, step, spool=spool)
    guest = await begin(shop)
    await fail_settling(shop, sqlstate, times=2)
    answer = await ask(guest)
    assert answer.without_prices.session == (await guest.waiting()).session
    assert answer.session.state is state
    assert await shop.simulator.books() == books
    assert [kind for kind, _ in shop.watch.told] == ["waits"]
    assert len(shop.watch) == 0
    spooled = step in {"book", "pay"} and not full
    assert len(spool.kept) == (1 if spooled else 0)
    assert await guest.tasks() == []


@pytest.mark.parametrize("step", STEPS)
async def test_evidence_that_cannot_be_stored_is_dropped_and_the_outcome_is_not(
    make_shop: MakeShop, step: str
) -> None:
    begin, ask, state, books = STEPS[step]
    shop = await shop_for(make_shop, step)
    guest = await begin(shop)
    before = await guest.calls()
    await fail_settling(shop, "22P05", times=1)
    assert (await ask(guest)).session.state is state
    assert await shop.simulator.books() == books
    assert [name for name in await guest.calls() if name not in {"token", *before}] == []


@pytest.mark.parametrize(("sqlstate", "times"), [("22P05", 2), ("23514", 1)])
async def test_an_outcome_that_cannot_be_stored_becomes_an_unknown_one_with_its_evidence(
    make_shop: MakeShop, sqlstate: str, times: int
) -> None:
    """Staff are shown what the line said; the guest is told that the outcome is open."""
    shop = await make_shop()
    guest = await shop.held()
    await fail_settling(shop, sqlstate, times=times)
    session: Session = (await guest.book(DEPOSIT)).session
    assert session.open_step is not None
    assert session.open_step.status is StepStatus.UNKNOWN
    assert await guest.tasks() == ["book_unknown"]
    (made,) = (await shop.simulator.ledger())["bookings"]
    ((facts,),) = await shop.rows("SELECT facts::text FROM staff_tasks")
    assert made["reservation"] in facts
    assert ("cut", made["reservation"]) in shop.watch.told
    assert shop.watch.cut_steps == {session.open_step.id}


async def test_an_error_nobody_has_foreseen_costs_the_evidence_and_not_the_outcome(
    make_shop: MakeShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as evidence that cannot be written down; it is told once, however often it is tried."""
    shop = await make_shop()
    guest = await shop.held()
    write = type(shop.store).commit

    async def commit(store: Any, change: Any, **given: Any) -> Any:
        if given.get("calls"):
            raise ZeroDivisionError
        return await write(store, change, **given)

    monkeypatch.setattr(type(shop.store), "commit", commit)
    assert (await guest.book(DEPOSIT)).session.state is State.PAID
    assert shop.watch.told == [("waits", "ZeroDivisionError")]
    assert "book" not in await guest.calls()
    assert await shop.simulator.books() == (0, 1, 1)


def fail_commits(shop: Shop, monkeypatch: pytest.MonkeyPatch, *faults: type[Exception]) -> None:
    """Let one commit of a step's end after the other fail so, and then none."""
    write, left = type(shop.store).commit, list(faults)

    async def commit(store: Any, change: Any, **given: Any) -> Any:
        if change.settle is not None and left:
            raise left.pop(0)
        return await write(store, change, **given)

    monkeypatch.setattr(type(shop.store), "commit", commit)


async def test_errors_nobody_has_foreseen_cost_nothing_where_they_pass(
    make_shop: MakeShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = await make_shop()
    guest = await shop.held()
    fail_commits(shop, monkeypatch, ZeroDivisionError, ZeroDivisionError)
    assert (await guest.book(DEPOSIT)).session.state is State.PAID
    assert shop.watch.told == [("waits", "ZeroDivisionError")]
    assert "book" in await guest.calls()


async def test_an_error_nobody_has_foreseen_is_told_after_an_outage_as_well(
    make_shop: MakeShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = await make_shop()
    guest = await shop.held()
    away = (StoreUnavailable, StoreUnavailable)
    fail_commits(shop, monkeypatch, *away, ZeroDivisionError, ZeroDivisionError)
    assert (await guest.book(DEPOSIT)).session.state is State.PAID
    assert shop.watch.told == [("waits", "StoreUnavailable"), ("waits", "ZeroDivisionError")]
    assert "book" in await guest.calls()


async def test_prices_are_shown_though_their_evidence_cannot_be_stored(make_shop: MakeShop) -> None:
    shop = await make_shop()
    guest = await shop.opened()
    await fail(shop, "INSERT ON supplier_calls FOR EACH ROW", "22P05", times=1)
    assert (await guest.price()).session.state is State.PRICED
    assert "cruisecabingrades" not in await guest.calls()
    assert await shop.simulator.received("cruisecabingrades") == 1


async def test_prices_that_cannot_be_stored_are_not_shown(make_shop: MakeShop) -> None:
    shop = await make_shop()
    guest = await shop.opened()
    await fail(shop, "UPDATE ON booking_sessions FOR EACH ROW", "22P05", times=2)
    found = await refused(guest.price())
    assert found.refusal.code is RefusalCode.UNAVAILABLE
    assert await guest.state() is State.CREATED


async def test_a_doubt_sheds_its_evidence_until_it_can_be_stored(make_shop: MakeShop) -> None:
    """Its step is in doubt all the same, and the guest hears so."""
    shop = await make_shop()
    guest = await shop.held()
    await shop.simulator.fault("book", "reset")
    await fail_settling(shop, "23514", times=1)
    session = (await guest.book(DEPOSIT)).session
    assert session.open_step is not None
    assert session.open_step.status is StepStatus.UNKNOWN
    assert await guest.tasks() == ["book_unknown"]


@pytest.mark.parametrize("fault", [None, "reset"])
async def test_what_cannot_be_stored_at_all_is_told_and_left_to_the_worker(
    make_shop: MakeShop, fault: str | None
) -> None:
    shop = await make_shop()
    guest = await shop.held()
    if fault:
        await shop.simulator.fault("book", fault)
    await fail_settling(shop, "23514", times=1_000)
    session = (await guest.book(DEPOSIT)).session
    assert session.open_step is not None
    assert session.open_step.status is StepStatus.STARTED
    (made,) = (await shop.simulator.ledger())["bookings"]
    cut = [said for kind, said in shop.watch.told if kind == "cut"]
    assert cut[-1] == ("" if fault else made["reservation"])
    assert shop.watch.cut_steps == {session.open_step.id}
    assert len(shop.watch) == 0
    assert len(shop.pause.waits) < 5


@pytest.mark.parametrize(("step", "endpoint"), [("book", "book"), ("release", "basketremove")])
async def test_an_answer_for_a_session_that_is_gone_is_told_and_not_tried_for_ever(
    make_shop: MakeShop, step: str, endpoint: str
) -> None:
    spool = Paper()
    shop = await make_shop(spool=spool)
    begin, ask, *_ = STEPS[step]
    guest = await begin(shop)
    with kept_back(endpoint):
        asking = asyncio.ensure_future(ask(guest))
        await shop.simulator.has_received(endpoint)
        await forget_everything(shop)
    await asking
    assert shop.watch.told[-1][0] == "cut"
    assert len(shop.watch) == 0
    assert len(shop.pause.waits) < 10
    assert len(spool.kept) == (1 if step == "book" else 0)
    assert spool.dropped == []


async def test_a_fault_without_end_is_told_once_and_left_to_the_worker(
    make_shop: MakeShop,
) -> None:
    """Neither an endless loop nor a flood of lines; the guest has heard that it is open."""
    spool = Paper()
    shop = await make_shop(spool=spool, haste=0.03, settle_patience=0.2, lease_margin=0.5)
    guest = await shop.held()
    await fail_settling(shop, "XX000", times=1_000_000)
    session = (await guest.book(DEPOSIT)).session
    assert session.open_step is not None
    assert session.open_step.name is StepName.BOOK
    await shop.aside.finished(20.0)
    assert [kind for kind, _ in shop.watch.told].count("waits") == 1
    assert len(shop.watch) == 0
    assert len(spool.kept) == 1
    assert spool.dropped == []
    assert await shop.simulator.books() == (0, 1, 1)


async def test_a_guest_does_not_wait_for_a_database_and_the_answer_is_entered_behind_them(
    make_shop: MakeShop,
) -> None:
    shop = await make_shop(haste=0.03, settle_patience=0.1)
    guest = await shop.held()
    await fail_settling(shop, "57P03", times=80)
    session = (await guest.book(DEPOSIT)).session
    assert session.open_step is not None
    assert session.open_step.status is StepStatus.STARTED
    await shop.aside.finished(20.0)
    assert await guest.state() is State.PAID
    assert await shop.simulator.books() == (0, 1, 1)


async def test_an_undo_that_cannot_be_written_down_does_not_hide_the_outcome(
    make_shop: MakeShop,
) -> None:
    """The guest hears why the cabin is not held, and the worker lets it go."""
    shop = await make_shop()
    guest = await shop.selected()
    await shop.simulator.fault("basketadd", "price_differs")
    for statement in (
        """
        CREATE FUNCTION away() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'away' USING ERRCODE = '57P03'; END $$""",
        """
        CREATE TRIGGER away BEFORE UPDATE ON saga_steps FOR EACH ROW
        WHEN (OLD.status = 'owed') EXECUTE FUNCTION away()""",
    ):
        await execute(shop.database, text(statement))
    found = await refused(guest.hold())
    assert found.refusal.code is RefusalCode.PRICE_CHANGED
    assert ("release", "owed") in await guest.steps()


async def test_a_call_that_never_ends_keeps_no_guest_waiting(
    make_shop: MakeShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own limit may fail it; the step has one, too."""
    shop = await make_shop(haste=0.005, settle_patience=0.1)
    guest = await shop.held()
    heard = asyncio.Event()

    async def never(*_: Any, **__: Any) -> Any:
        await heard.wait()
        raise ZeroDivisionError

    monkeypatch.setattr(type(shop.supplier), "book", never)
    session = (await guest.book(DEPOSIT)).session
    assert session.open_step is not None
    heard.set()
    await shop.aside.finished(5.0)
    after = (await guest.session()).open_step
    assert after is not None
    assert after.status is StepStatus.UNKNOWN
    assert await guest.tasks() == ["book_unknown"]

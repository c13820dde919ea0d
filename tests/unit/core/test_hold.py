"""Holding a cabin and letting it go: every answer and the exact change it makes."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from booking_flow.errors import Refusal, RefusalCode, Refused
from booking_flow.flow import State, Trigger
from booking_flow.model.basket import BasketAnswer
from booking_flow.model.change import Change
from booking_flow.model.history import Event, EventKind
from booking_flow.model.money import Money
from booking_flow.model.pricing import Selection
from booking_flow.model.session import Session, Unwinding, UnwindingReason, basket_of
from booking_flow.model.step import OpenStep, OwedUndo, StepClaim, StepName, StepStatus
from booking_flow.policy import Policy
from booking_flow.steps.hold import (
    HoldResult,
    chosen_of,
    claim_hold,
    reopened,
    settle_hold,
    step_claimed_at,
    supplier_key,
)
from booking_flow.steps.outcomes import Failure
from booking_flow.steps.release import claim_release, settle_release
from booking_flow.supplier_errors import FailureKind, SupplierError
from tests.support.builders import (
    HELD_UNTIL,
    NEW_SUPPLIER,
    NOTHING_HELD,
    NOW,
    OWED,
    STEP_ID,
    STEP_SINCE,
    a_basket,
    a_basket_answer,
    a_move,
    a_refusal,
    a_sailing,
    a_selection,
    a_session,
    a_settlement,
    a_step,
    an_event,
    an_id,
    an_item,
    at,
    holding,
    plain,
    price_is,
    refused_by,
    usd,
)

DONE, UNKNOWN, REFUSED = StepStatus.DONE, StepStatus.UNKNOWN, StepStatus.REFUSED
SENT_AFTER = timedelta(seconds=8)
FRESH = a_selection(result_no="r9")
INTENT: dict[str, Any] = {
    "cabinCode": "2N",
    "cabinNumber": "8001",
    "rateCode": "BEST",
    "price": "3006.56 USD",
}
SELECTED = State.CABIN_SELECTED


def held(answer: BasketAnswer, selection: Selection = FRESH) -> HoldResult:
    return HoldResult(answer=answer, selection=selection, sent_after=SENT_AFTER, session_key="sk-1")


def failed(kind: FailureKind, code: int | None = None, text: str = "") -> Failure:
    return Failure(error=SupplierError(kind, endpoint="basketadd.pl", code=code, text=text))


def settled_event(
    step: StepName, status: StepStatus, state: State = SELECTED, **more: Any
) -> Event:
    return an_event(EventKind.STEP_SETTLED, state, step=step.value, outcome=status.value, **more)


def test_a_hold_is_claimed_before_anything_is_asked() -> None:
    session = a_session(SELECTED)
    step = OpenStep(
        id=an_id(1),
        name=StepName.ADD_TO_BASKET,
        status=StepStatus.STARTED,
        since=NOW,
        fence=1,
        intent=INTENT,
    )
    assert claim_hold(session, at(lease_margin=1)) == Change(
        before=session,
        after=a_session(SELECTED, version=8, open_step=step),
        events=(an_event(EventKind.STEP_CLAIMED, SELECTED, step="add_to_basket", **INTENT),),
        live=True,
        claim=StepClaim(id=an_id(1), name=StepName.ADD_TO_BASKET, lease_seconds=151, intent=INTENT),
    )


@pytest.mark.parametrize(
    ("session", "code"),
    [
        (a_session(State.PRICED), RefusalCode.WRONG_STATE),
        (a_session(State.BASKETED), RefusalCode.WRONG_STATE),
        (holding(), RefusalCode.IN_PROGRESS),
        (a_session(State.EXPIRED), RefusalCode.SESSION_EXPIRED),
        (a_session(SELECTED, sailing=a_sailing(line_id=8)), RefusalCode.LINE_NOT_BOOKABLE),
    ],
)
def test_a_hold_is_claimed_only_where_the_flow_allows(session: Session, code: RefusalCode) -> None:
    assert refused_by(lambda: claim_hold(session, at())).code is code


def test_a_new_supplier_session_is_noted_before_the_hold_in_it() -> None:
    session = a_session(SELECTED, supplier=None)
    assert reopened(session, NEW_SUPPLIER) == Change(
        before=session,
        after=a_session(SELECTED, version=8, supplier=NEW_SUPPLIER),
        events=(an_event(EventKind.NOTE, SELECTED, reason="a new supplier session was opened"),),
    )
    found = refused_by(lambda: reopened(a_session(State.PRICED), NEW_SUPPLIER))
    assert plain(found) == plain(
        a_refusal(RefusalCode.WRONG_STATE, "add_to_basket is not possible while priced.")
    )


def test_a_hold_is_not_claimed_without_a_supplier_session() -> None:
    """Another request used up the one that was opened for it."""
    found = refused_by(lambda: claim_hold(a_session(SELECTED, supplier=None), at()))
    assert plain(found) == plain(
        a_refusal(RefusalCode.IN_PROGRESS, "The session is being changed by others.")
    )


LENGTH = timedelta(minutes=14, seconds=50)


@pytest.mark.parametrize(
    ("length", "lasts", "longest"),
    [(LENGTH, LENGTH, LENGTH), (None, timedelta(minutes=10), timedelta(minutes=30))],
)
def test_a_held_cabin_is_entered(
    length: timedelta | None, lasts: timedelta, longest: timedelta
) -> None:
    """Its hold counts from our sending, less a margin; where none is told, by policy.

    The supplier may hold it for longer than we rely on: counted from its answer, or the longest.
    """
    session = holding()
    change = settle_hold(session, held(a_basket_answer(an_item(hold_length=length))), at())
    until = STEP_SINCE + SENT_AFTER + lasts - timedelta(seconds=30)
    assert change == Change(
        before=session,
        after=a_session(
            State.BASKETED,
            version=9,
            selection=FRESH,
            basket=a_basket(hold_until=until, free_after=NOW + longest),
        ),
        events=(
            settled_event(StepName.ADD_TO_BASKET, DONE),
            a_move(
                Trigger.ADD_TO_BASKET,
                SELECTED,
                State.BASKETED,
                total="3006.56 USD",
                deposit="500.00 USD",
            ),
        ),
        settle=a_settlement(DONE, itemKey="700001", total="3006.56 USD"),
    )


def test_margin_and_default_of_a_hold_are_policies() -> None:
    change = settle_hold(
        holding(),
        held(a_basket_answer(an_item(hold_length=None))),
        at(hold_default=timedelta(minutes=3), hold_margin=timedelta(seconds=5)),
    )
    assert change.after.basket is not None
    assert change.after.basket.hold_until == STEP_SINCE + timedelta(minutes=3, seconds=3)


def test_the_cabin_of_the_answer_is_held_with_its_items_and_dining() -> None:
    item = an_item(item_key="9", items=(), dining=())
    change = settle_hold(
        holding(),
        held(a_basket_answer(item, deposit=usd("31")), a_selection(cabin_number="GUAR")),
        at(),
    )
    basket = change.after.basket
    assert basket is not None
    assert (basket.item_key, basket.items, basket.dining) == ("9", (), ())
    assert (basket.deposit, basket.recheck) == (usd("31"), False)


@pytest.mark.parametrize(
    ("told", "deposit"),
    [
        ("0", "0"),
        ("300.65", "3006.56"),
        ("300.66", "300.66"),
        ("1503.28", "1503.28"),
        ("1503.29", "3006.56"),
        ("999999", "3006.56"),
        ("-1", "3006.56"),
    ],
)
def test_a_deposit_beyond_its_bounds_is_none_and_the_total_is_due(told: str, deposit: str) -> None:
    answer = a_basket_answer(deposit=usd(told))
    moment = at(deposit_least=Decimal(10), deposit_most=Decimal(50))
    change = settle_hold(holding(), held(answer), moment)
    assert change.after.basket is not None
    assert change.after.basket.deposit == usd(deposit)
    assert change.settle is not None
    refused = usd(told) if told != deposit else None
    assert change.settle.evidence.get("depositRefused") == (str(refused) if refused else None)


def test_a_deposit_at_its_least_is_one() -> None:
    policy = Policy(deposit_least=Decimal(10), deposit_most=Decimal(50))
    found = [policy.deposit_fits(usd(told), usd("3000")) for told in ("299.99", "300", "1500")]
    assert found == [False, True, True]


def test_a_hold_is_relied_on_for_no_longer_than_the_longest() -> None:
    """What the supplier tells beyond it is not believed (`HOLD_LONGEST_MINUTES`)."""
    answer = a_basket_answer(an_item(hold_length=timedelta(days=26_000)))
    moment = at(hold_longest=timedelta(minutes=40), hold_margin=timedelta(seconds=5))
    basket = settle_hold(holding(), held(answer), moment).after.basket
    assert basket is not None
    assert basket.hold_until == STEP_SINCE + timedelta(minutes=40, seconds=3)
    assert basket.free_after == NOW + timedelta(minutes=40)


def owed_of(*keys: str) -> tuple[OwedUndo, ...]:
    return tuple(
        OwedUndo(id=an_id(n), session_key="sk-1", item_key=key, hold_until=NOW + LENGTH)
        for n, key in enumerate(keys, start=1)
    )


UNPRICED = a_refusal(
    RefusalCode.BASKET_UNPRICED,
    "The supplier could not price this cabin. Please choose again.",
)


@pytest.mark.parametrize(
    ("answer", "refusal", "owed"),
    [
        (a_basket_answer(total=usd("0")), UNPRICED, owed_of("700001")),
        (
            a_basket_answer(an_item(), an_item(item_key="700002")),
            UNPRICED,
            owed_of("700001", "700002"),
        ),
        (
            a_basket_answer(an_item(cabin_number="8003")),
            a_refusal(RefusalCode.CABIN_GONE, "The supplier would hold another cabin."),
            owed_of("700001"),
        ),
        (
            a_basket_answer(total=usd("3100")),
            price_is(usd("3100"), not_=usd("3006.56")),
            owed_of("700001"),
        ),
    ],
)
def test_a_basket_other_than_shown_is_refused_and_owed_back(
    answer: BasketAnswer, refusal: Refusal, owed: tuple[OwedUndo, ...]
) -> None:
    """The next hold opens a supplier session of its own."""
    session = holding()
    assert settle_hold(session, held(answer), at()) == Change(
        before=session,
        after=a_session(SELECTED, version=8, supplier=None),
        events=(settled_event(StepName.ADD_TO_BASKET, REFUSED, code=refusal.code.value),),
        settle=a_settlement(REFUSED, refusal),
        owed=owed,
    )


def an_unknown_hold(**evidence: Any) -> Change:
    session = holding()
    return Change(
        before=session,
        after=a_session(SELECTED, version=8, open_step=a_step(StepName.ADD_TO_BASKET, UNKNOWN)),
        events=(an_event(EventKind.STEP_UNKNOWN, SELECTED, step="add_to_basket", **evidence),),
        settle=a_settlement(UNKNOWN, **evidence),
    )


def test_a_basket_that_came_back_empty_may_still_hold_the_cabin() -> None:
    found = settle_hold(holding(), held(NOTHING_HELD), at())
    assert found == an_unknown_hold(failure="basketadd answered no item")


@pytest.mark.parametrize(
    "kind",
    [
        FailureKind.TIMEOUT,
        FailureKind.BROKEN,
        FailureKind.ABANDONED,
        FailureKind.OTHER_CURRENCY,
    ],
)
def test_a_hold_that_may_have_happened_stays_open(kind: FailureKind) -> None:
    """Even when the guest wants out meanwhile."""
    failure = f"basketadd.pl: {kind.value}"
    assert settle_hold(holding(), failed(kind), at()) == an_unknown_hold(failure=failure)
    waiting = settle_hold(holding(cancel_requested_at=NOW), failed(kind), at())
    assert waiting.after.open_step == a_step(StepName.ADD_TO_BASKET, UNKNOWN)
    assert waiting.after.state is SELECTED


@pytest.mark.parametrize(
    ("failure", "number", "code", "sent", "over"),
    [
        (failed(FailureKind.REJECTED), "8001", RefusalCode.SUPPLIER_ERROR, True, False),
        (failed(FailureKind.STALE), "8001", RefusalCode.SELECTION_STALE, True, False),
        (failed(FailureKind.SOLD_OUT), "8001", RefusalCode.CABIN_GONE, True, False),
        (failed(FailureKind.SOLD_OUT), "GUAR", RefusalCode.SOLD_OUT, True, False),
        (
            failed(FailureKind.SESSION_EXPIRED),
            "8001",
            RefusalCode.SELECTION_STALE,
            True,
            True,
        ),
        (
            failed(FailureKind.NOT_SENT),
            "8001",
            RefusalCode.SUPPLIER_UNAVAILABLE,
            False,
            False,
        ),
    ],
)
def test_a_hold_that_certainly_failed_leaves_the_choice(
    failure: Failure, number: str, code: RefusalCode, sent: bool, over: bool
) -> None:
    """A supplier session that is over is forgotten, so that the next hold opens one."""
    selection = a_selection(cabin_number=number)
    session = holding(selection=selection)
    refusal = a_refusal(code)
    expected = a_session(SELECTED, version=8, selection=selection)
    if over:
        expected = a_session(SELECTED, version=8, selection=selection, supplier=None)
    assert settle_hold(session, failure, at()) == Change(
        before=session,
        after=expected,
        events=(settled_event(StepName.ADD_TO_BASKET, REFUSED, code=code.value),),
        settle=a_settlement(REFUSED, refusal, sent=sent, failure=str(failure.error)),
    )


def test_a_choice_that_was_gone_before_it_was_asked_for() -> None:
    gone = a_refusal(RefusalCode.RATE_GONE, "This cabin is no longer offered at this rate.")
    change = settle_hold(holding(), Failure(error=Refused(gone)), at())
    assert change.settle == a_settlement(REFUSED, gone, sent=False)
    assert change.after == a_session(SELECTED, version=8)


CANCELLING = {"cancel_requested_at": NOW - timedelta(seconds=5)}
OBEYED = "asked for while a step was open"


def test_a_cancel_that_arrived_meanwhile_gives_the_held_cabin_back() -> None:
    change = settle_hold(holding(**CANCELLING), held(a_basket_answer()), at())
    until = STEP_SINCE + SENT_AFTER + LENGTH - timedelta(seconds=30)
    assert change.after == a_session(
        State.BASKETED,
        version=10,
        selection=FRESH,
        basket=a_basket(hold_until=until, free_after=NOW + LENGTH),
        unwinding=Unwinding(since=NOW, reason=UnwindingReason.CANCEL),
        **CANCELLING,
    )
    assert change.events[-1] == an_event(
        EventKind.UNWINDING, State.BASKETED, trigger=Trigger.CANCEL, reason=OBEYED
    )
    assert change.owed == (
        OwedUndo(id=an_id(1), session_key="sk-1", item_key="700001", hold_until=NOW + LENGTH),
    )


@pytest.mark.parametrize(
    "ended", [failed(FailureKind.NOT_SENT), held(a_basket_answer(total=usd("0")))]
)
def test_a_cancel_that_arrived_meanwhile_ends_a_session_that_holds_nothing(
    ended: HoldResult | Failure,
) -> None:
    change = settle_hold(holding(**CANCELLING), ended, at())
    assert change.after.state is State.CANCELLED
    assert change.events[-1] == a_move(Trigger.CANCEL, SELECTED, State.CANCELLED, OBEYED)


def test_a_release_is_claimed_at_any_time() -> None:
    """Not even an expired deadline may keep a cabin held."""
    session = a_session(State.BASKETED)
    step = OpenStep(
        id=an_id(1),
        name=StepName.RELEASE,
        status=StepStatus.STARTED,
        since=NOW,
        fence=1,
        intent={"itemKey": "700001"},
    )
    assert claim_release(session, at()) == Change(
        before=session,
        after=a_session(State.BASKETED, version=8, open_step=step),
        events=(
            an_event(EventKind.STEP_CLAIMED, State.BASKETED, step="release", itemKey="700001"),
        ),
        live=False,
        claim=StepClaim(
            id=an_id(1),
            name=StepName.RELEASE,
            lease_seconds=35,
            intent={"itemKey": "700001"},
            item_key="700001",
        ),
    )
    assert refused_by(lambda: claim_release(a_session(State.BOOKED), at())) == a_refusal(
        RefusalCode.WRONG_STATE, "release_basket is not possible while booked."
    )


def releasing(**fields: object) -> Session:
    return a_session(State.BASKETED, open_step=a_step(StepName.RELEASE), **fields)


LET_GO = a_move(Trigger.RELEASE_BASKET, State.BASKETED, SELECTED)


@pytest.mark.parametrize(
    "answer",
    [
        NOTHING_HELD,
        a_basket_answer(an_item(item_key="1")),
        failed(FailureKind.NOT_IN_BASKET),
    ],
)
def test_a_confirmed_release_lets_the_cabin_go(answer: BasketAnswer | Failure) -> None:
    """To hear that it was not held at all is as good."""
    session = releasing()
    assert settle_release(session, answer, at()) == Change(
        before=session,
        after=a_session(SELECTED, version=9),
        events=(settled_event(StepName.RELEASE, DONE, State.BASKETED), LET_GO),
        settle=a_settlement(DONE, itemKey="700001"),
    )


STILL = a_refusal(RefusalCode.SUPPLIER_ERROR, "The supplier has not let go yet.")


@pytest.mark.parametrize(
    ("ended", "evidence"),
    [
        (a_basket_answer(), {}),
        (failed(FailureKind.TIMEOUT), {"failure": "basketadd.pl: timeout"}),
        (failed(FailureKind.NOT_SENT), {"failure": "basketadd.pl: not_sent"}),
    ],
)
def test_a_release_not_confirmed_lets_the_guest_go_and_stays_owed(
    ended: BasketAnswer | Failure, evidence: dict[str, Any]
) -> None:
    """The next hold opens a new supplier session: the old basket may still have its item."""
    session = releasing()
    assert settle_release(session, ended, at()) == Change(
        before=session,
        after=a_session(SELECTED, version=9, supplier=None),
        events=(
            settled_event(StepName.RELEASE, REFUSED, State.BASKETED, code="supplier_error"),
            LET_GO,
        ),
        settle=a_settlement(REFUSED, STILL, **evidence),
        owed=(OWED,),
    )


def test_a_cancel_that_arrived_during_the_release_ends_the_session() -> None:
    change = settle_release(releasing(**CANCELLING), NOTHING_HELD, at())
    assert change.after == a_session(
        State.CANCELLED,
        version=10,
        **{
            "quote": releasing().quote,
            "selection": releasing().selection,
            **CANCELLING,
        },
    )
    assert change.events[-1] == a_move(Trigger.CANCEL, SELECTED, State.CANCELLED, OBEYED)


def test_a_session_whose_state_says_it_has_something_must_have_it() -> None:
    """Each is a broken row, not a guest's mistake."""
    for ask, complaint in (
        (lambda: supplier_key(a_session(supplier=None)), "no supplier session is open"),
        (lambda: chosen_of(a_session()), "no cabin is selected"),
        (lambda: basket_of(a_session()), "no cabin is held"),
        (lambda: step_claimed_at(a_session()), "no step is open"),
    ):
        with pytest.raises(LookupError) as caught:
            ask()
        assert str(caught.value) == complaint
    session = holding()
    assert supplier_key(session) == "sk-1"
    assert chosen_of(session) == a_selection()
    assert basket_of(a_session(State.BASKETED)) == a_basket(hold_until=HELD_UNTIL)
    assert step_claimed_at(session) == STEP_SINCE
    assert session.open_step is not None
    assert session.open_step.id == STEP_ID


def test_the_price_of_the_choice_is_the_bound_of_the_hold() -> None:
    """The sailing's lead-in price or a component is never compared."""
    change = settle_hold(
        holding(), held(a_basket_answer(an_item(price=Money(usd("1").amount, "USD")))), at()
    )
    assert change.after.state is State.BASKETED

"""Pricing and choosing: what fresh grades say of what the guest was shown."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from booking_flow.errors import Refusal, RefusalCode, invalid
from booking_flow.flow import State, Trigger
from booking_flow.model.party import Party
from booking_flow.model.pricing import CabinList, Penalty, Quote, RateTerms
from booking_flow.model.session import Session, Unwinding, UnwindingReason
from booking_flow.steps.cabin_choice import (
    CabinChoice,
    Wanted,
    already_held,
    as_chosen,
    choice_of,
    ensure_declared,
    find_cabin,
    find_offer,
    rate_key,
    rate_refusal,
    selected_rate,
    selection_of,
    wanted,
)
from booking_flow.steps.price import quoted, reidentified
from booking_flow.steps.select_cabin import selected
from booking_flow.supplier import RateKey
from tests.support.builders import (
    NEW_SUPPLIER,
    NOW,
    a_basket,
    a_cabin,
    a_grade,
    a_move,
    a_quote,
    a_rate,
    a_refusal,
    a_selection,
    a_session,
    plain,
    price_is,
    refused_by,
    usd,
)

FRESH = a_quote(
    a_grade(
        a_rate(result_no="r9", grade_no="209:BEST:0", refundable=False), a_rate(rate_code="FLEX")
    )
)
DEARER = a_quote(a_grade(a_rate(result_no="r9", grade_no="209:BEST:0", total=usd("3100"))))
ELSEWHERE = a_quote(a_grade(cabin_code="GS"))
TERMS = RateTerms(penalties=(Penalty(starts_on=date(2027, 1, 2), percent=Decimal(50)),))
NO_GRADES = Quote(as_of=NOW, currency="USD", grades=())
KEPT = a_move(Trigger.SELECT_CABIN, State.PRICED, State.CABIN_SELECTED, reason="still offered")


@pytest.mark.parametrize("state", [State.CREATED, State.PRICED])
def test_a_quote_is_entered(state: State) -> None:
    session = a_session(state)
    change = quoted(session, FRESH, NEW_SUPPLIER)
    assert change.before is session
    assert change.after == a_session(State.PRICED, version=8, quote=FRESH, supplier=NEW_SUPPLIER)
    assert change.events == (a_move(Trigger.PRICE, state, State.PRICED),)


def test_a_selection_still_offered_is_kept_under_its_new_identifiers() -> None:
    session = a_session(State.CABIN_SELECTED, basket=a_basket())
    change = quoted(session, FRESH, NEW_SUPPLIER)
    assert change.after == a_session(
        State.CABIN_SELECTED,
        version=9,
        quote=FRESH,
        supplier=NEW_SUPPLIER,
        selection=a_selection(result_no="r9", grade_no="209:BEST:0"),
        basket=a_basket(),
    )
    assert change.events == (a_move(Trigger.PRICE, State.CABIN_SELECTED, State.PRICED), KEPT)


def test_a_selection_kept_at_another_price_drops_the_items_of_the_old_one() -> None:
    change = quoted(a_session(State.CABIN_SELECTED), DEARER, NEW_SUPPLIER)
    assert change.after.selection == a_selection(
        result_no="r9", grade_no="209:BEST:0", price=usd("3100"), items=()
    )


@pytest.mark.parametrize("quote", [ELSEWHERE, a_quote(a_grade(a_rate(rate_code="FLEX")))])
def test_a_selection_no_longer_offered_is_dropped(quote: Quote) -> None:
    change = quoted(a_session(State.CABIN_SELECTED, basket=a_basket()), quote, NEW_SUPPLIER)
    assert change.after == a_session(
        State.PRICED, version=8, quote=quote, supplier=NEW_SUPPLIER, selection=None, basket=None
    )
    assert change.events == (a_move(Trigger.PRICE, State.CABIN_SELECTED, State.PRICED),)


def test_a_selection_left_over_from_before_is_not_taken_up_again() -> None:
    change = quoted(a_session(State.PRICED, selection=a_selection()), FRESH, NEW_SUPPLIER)
    assert change.after.state is State.PRICED
    assert change.after.selection is None
    assert quoted(a_session(State.CABIN_SELECTED, selection=None), FRESH, NEW_SUPPLIER).events == (
        a_move(Trigger.PRICE, State.CABIN_SELECTED, State.PRICED),
    )


def test_no_grades_means_sold_out() -> None:
    found = refused_by(lambda: quoted(a_session(), NO_GRADES, NEW_SUPPLIER))
    detail = "No cabin of this sailing is available for this party."
    assert plain(found) == plain(a_refusal(RefusalCode.SOLD_OUT, detail))


def test_a_held_cabin_is_not_priced_anew() -> None:
    found = refused_by(lambda: quoted(a_session(State.BASKETED), FRESH, NEW_SUPPLIER))
    assert plain(found) == plain(
        a_refusal(RefusalCode.WRONG_STATE, "price is not possible while basketed.")
    )


def test_new_identifiers_leave_the_cabin_as_it_is() -> None:
    offer = FRESH.offer(cabin_code="2N", rate_code="BEST")
    assert offer is not None
    chosen = a_selection(cabin_number="8003")
    assert reidentified(chosen, offer) == a_selection(
        cabin_number="8003", result_no="r9", grade_no="209:BEST:0"
    )


SHOWN = a_quote(a_grade(a_rate(), a_rate(rate_code="FLEX", result_no="r3", total=usd("2999"))))
PRICED = a_session(State.PRICED, quote=SHOWN)
NEVER_PRICED = a_session()
STALE = a_refusal(RefusalCode.SELECTION_STALE, "Prices were refreshed. Please choose again.")


def a_choice(**fields: Any) -> CabinChoice:
    values: dict[str, Any] = {
        "result_no": "r2",
        "grade_no": "201:BEST:1",
        "rate_code": "BEST",
        "cabin_code": None,
        "cabin_number": "8001",
    }
    return CabinChoice(**values | fields)


def want(price: str = "3006.56", **fields: Any) -> Wanted:
    values: dict[str, Any] = {
        "cabin_code": "2N",
        "rate_code": "BEST",
        "price": usd(price),
        "cabin_number": "8001",
    }
    return Wanted(**values | fields)


@pytest.mark.parametrize(
    ("choice", "found"),
    [
        (a_choice(), want()),
        (a_choice(cabin_number=None), want(cabin_number="GUAR")),
        (a_choice(cabin_code="2N", result_no="old", grade_no="old"), want()),
        (
            a_choice(cabin_code="2N", rate_code="FLEX", result_no="old"),
            want("2999", rate_code="FLEX"),
        ),
        (a_choice(result_no="r3", rate_code="FLEX"), want("2999", rate_code="FLEX")),
        (a_choice(expected_price=Decimal(3000)), want("3000")),
        (a_choice(expected_price=Decimal(0)), want("0")),
        (
            a_choice(cabin_code="GS", expected_price=Decimal("1.5")),
            want("1.50", cabin_code="GS"),
        ),
    ],
)
def test_a_choice_is_known_by_what_was_shown(choice: CabinChoice, found: Wanted) -> None:
    """By cabin code and rate, else by its identifiers; the guest's own price is the bound."""
    assert wanted(PRICED, choice) == found


@pytest.mark.parametrize(
    ("session", "choice"),
    [
        (PRICED, a_choice(result_no="old")),
        (PRICED, a_choice(result_no="old", expected_price=Decimal(3000))),
        (PRICED, a_choice(cabin_code="GS")),
        (PRICED, a_choice(cabin_code="2N", rate_code="SENIOR")),
        (NEVER_PRICED, a_choice()),
        (NEVER_PRICED, a_choice(cabin_code="2N")),
    ],
)
def test_a_choice_that_was_never_shown_is_stale(session: Session, choice: CabinChoice) -> None:
    assert plain(refused_by(lambda: wanted(session, choice))) == plain(STALE)


def test_a_cabin_and_price_the_guest_names_need_no_quote() -> None:
    choice = a_choice(cabin_code="2N", expected_price=Decimal("3006.56"))
    assert wanted(NEVER_PRICED, choice) == want()


HELD = a_session(State.BASKETED)
OTHER_HELD = a_refusal(
    RefusalCode.ALREADY_BASKETED,
    "Another cabin is held. Release it to choose a different one.",
)


@pytest.mark.parametrize(
    ("session", "choice", "held"),
    [
        (HELD, a_choice(), True),
        (HELD, a_choice(cabin_code="2N"), True),
        (a_session(State.CABIN_SELECTED), a_choice(), False),
        (a_session(State.BOOKED), a_choice(), False),
        (a_session(State.BASKETED, selection=None), a_choice(), False),
        (
            a_session(State.BASKETED, selection=a_selection(cabin_number="GUAR")),
            a_choice(cabin_number=None),
            True,
        ),
    ],
)
def test_the_held_cabin_chosen_again_is_held(
    session: Session, choice: CabinChoice, held: bool
) -> None:
    assert already_held(session, choice) is held


@pytest.mark.parametrize(
    "choice",
    [
        a_choice(cabin_number="8003"),
        a_choice(cabin_number=None),
        a_choice(cabin_code="GS"),
        a_choice(rate_code="FLEX"),
    ],
)
def test_another_cabin_than_the_held_one_is_refused(choice: CabinChoice) -> None:
    assert plain(refused_by(lambda: already_held(HELD, choice))) == plain(OTHER_HELD)


def test_an_offer_is_found_at_the_price_seen() -> None:
    offer = find_offer(FRESH, want())
    assert offer.grade is FRESH.grades[0]
    assert offer.rate is FRESH.grades[0].rates[0]


def test_an_offer_that_has_become_cheaper_is_taken_at_its_price() -> None:
    offer = find_offer(FRESH, want("3100"))
    chosen = selection_of(offer, a_cabin(), want("3100"))
    assert (chosen.price, chosen.limit) == (usd("3006.56"), usd("3100"))
    assert a_selection().limit == a_selection().price


@pytest.mark.parametrize(
    ("quote", "wish", "refusal"),
    [
        (
            NO_GRADES,
            want(),
            a_refusal(RefusalCode.SOLD_OUT, "No cabin of this sailing is available any more."),
        ),
        (
            ELSEWHERE,
            want(),
            a_refusal(RefusalCode.RATE_GONE, "This cabin is no longer offered at this rate."),
        ),
        (
            FRESH,
            want(rate_code="SENIOR"),
            a_refusal(RefusalCode.RATE_GONE, "This cabin is no longer offered at this rate."),
        ),
        (DEARER, want(), price_is(usd("3100"), not_=usd("3006.56"))),
    ],
)
def test_an_offer_gone_or_at_another_price_is_refused(
    quote: Quote, wish: Wanted, refusal: Refusal
) -> None:
    """A lower price too: the guest agrees to what they see."""
    assert plain(refused_by(lambda: find_offer(quote, wish))) == plain(refusal)


GUARANTEE = a_cabin("GUAR")
CABINS = CabinList(cabins=(a_cabin(), a_cabin("8003", max_guests=2), GUARANTEE))
NUMBERED_ONLY = CabinList(cabins=(a_cabin(),))
TWO = Party(adults=2)


def test_the_chosen_cabin_is_found_by_its_number() -> None:
    found = find_cabin(CABINS, want=want(cabin_number="8003"), party=TWO)
    assert found is CABINS.cabins[1]
    assert find_cabin(CABINS, want=want(cabin_number="GUAR"), party=TWO) is GUARANTEE


@pytest.mark.parametrize(
    ("cabins", "number", "party", "refusal"),
    [
        (
            CABINS,
            "8005",
            TWO,
            a_refusal(RefusalCode.CABIN_GONE, "Cabin 8005 is no longer available."),
        ),
        (
            CabinList(cabins=()),
            "8005",
            TWO,
            a_refusal(RefusalCode.CABIN_GONE, "Cabin 8005 is no longer available."),
        ),
        (
            NUMBERED_ONLY,
            "GUAR",
            TWO,
            a_refusal(RefusalCode.CABIN_REQUIRED, "Choose a cabin: this grade has no guarantee."),
        ),
        (
            CabinList(cabins=()),
            "GUAR",
            TWO,
            a_refusal(RefusalCode.RATE_GONE, "No cabin is left at this rate."),
        ),
        (
            CABINS,
            "8003",
            Party(adults=2, child_ages=(8,)),
            a_refusal(RefusalCode.PARTY_MISMATCH, "This cabin does not take a party of 3."),
        ),
    ],
)
def test_a_cabin_gone_is_never_another_cabin(
    cabins: CabinList, number: str, party: Party, refusal: Refusal
) -> None:
    found = refused_by(lambda: find_cabin(cabins, want=want(cabin_number=number), party=party))
    assert plain(found) == plain(refusal)


def test_the_three_identifiers_travel_together() -> None:
    key = RateKey(result_no="r2", grade_no="201:BEST:1", rate_code="BEST")
    assert rate_key(a_rate()) == key
    assert choice_of(key) == a_choice(cabin_number=None)
    chosen = RateKey(result_no="r1", grade_no="200:BEST:0", rate_code="BEST")
    assert selected_rate(a_selection()) == chosen


def test_what_was_chosen_is_wanted_again_at_its_price() -> None:
    assert as_chosen(a_selection()) == want()


def test_a_selection_is_written_down_under_fresh_identifiers() -> None:
    offer = find_offer(FRESH, want())
    agreed = usd("4000")
    fresh = a_selection(
        result_no="r9",
        grade_no="209:BEST:0",
        items=(),
        agreed=agreed,
        rate_name=offer.rate.name,
        refundable=False,
    )
    assert selection_of(offer, a_cabin(), want("4000")) == fresh
    assert as_chosen(fresh).price == agreed


def test_a_restricted_rate_is_for_who_declares_to_be_of_those() -> None:
    """What was declared is kept and wanted again; what the rate does not ask for is not."""
    senior = a_rate(restricted_to=("senior", "military"), terms=TERMS)
    offer = find_offer(a_quote(a_grade(senior)), want())
    silent = selection_of(offer, a_cabin(), want())
    assert plain(refused_by(lambda: ensure_declared(silent))) == plain(
        invalid("/declared", "this rate is only for: senior, military")
    )
    chosen = selection_of(offer, a_cabin(), replace(want(), declared=("resident", "military")))
    ensure_declared(chosen)
    assert (chosen.declared, as_chosen(chosen).declared) == (("military",), ("military",))
    assert (chosen.restricted_to, chosen.terms) == (("senior", "military"), TERMS)
    assert reidentified(chosen, replace(offer, rate=replace(senior, terms=None))).terms is None


def test_an_accessible_cabin_is_for_who_declares_the_need() -> None:
    """Whether the cabin is kept for that or its whole grade; the need is kept where it is asked."""
    offer = find_offer(FRESH, want())
    of_grade = replace(offer, grade=replace(offer.grade, accessible=True))
    cabin = replace(a_cabin(), accessible=True)
    needing = replace(want(), declared=("accessible_need",))
    for found, place in ((offer, cabin), (of_grade, a_cabin()), (of_grade, GUARANTEE)):
        silent = selection_of(found, place, want())
        assert plain(refused_by(partial(ensure_declared, silent))) == plain(
            invalid("/declared", "this cabin is only for guests with accessible_need")
        )
        chosen = selection_of(found, place, needing)
        ensure_declared(chosen)
        assert (chosen.accessible, chosen.declared) == (True, ("accessible_need",))
    usual = selection_of(offer, a_cabin(), needing)
    assert (usual.accessible, usual.declared) == (False, ())


def test_what_a_guest_declares_with_a_choice_is_wanted() -> None:
    session = a_session(State.PRICED, quote=SHOWN)
    assert wanted(session, a_choice(declared=("senior",))).declared == ("senior",)


def test_a_choice_that_is_kept_is_agreed_to_anew_under_the_terms_of_now() -> None:
    session = a_session(State.CABIN_SELECTED, selection=a_selection(agreed=usd("4000")))
    kept = quoted(session, a_quote(a_grade(a_rate(terms=TERMS))), NEW_SUPPLIER).after.selection
    assert kept is not None
    assert (kept.agreed, kept.terms) == (None, TERMS)


def test_a_guarantee_lies_on_no_deck() -> None:
    offer = find_offer(FRESH, want())
    chosen = selection_of(offer, GUARANTEE, want())
    assert (chosen.cabin_number, chosen.cabin_result) == ("GUAR", "row-GUAR")
    assert chosen.deck is None


@pytest.mark.parametrize("state", [State.PRICED, State.CABIN_SELECTED])
def test_a_choice_is_entered(state: State) -> None:
    """An older hold that lapsed is forgotten with it."""
    session = a_session(state, basket=a_basket())
    chosen = a_selection(result_no="r9")
    change = selected(session, chosen, NEW_SUPPLIER)
    assert change.before is session
    assert change.after == a_session(
        State.CABIN_SELECTED, version=8, selection=chosen, supplier=NEW_SUPPLIER
    )
    assert change.events == (
        a_move(
            Trigger.SELECT_CABIN,
            state,
            State.CABIN_SELECTED,
            cabinCode="2N",
            cabinNumber="8001",
            rateCode="BEST",
            price="3006.56 USD",
        ),
    )


@pytest.mark.parametrize(
    ("session", "code"),
    [
        (a_session(State.CREATED), RefusalCode.WRONG_STATE),
        (a_session(State.BASKETED), RefusalCode.WRONG_STATE),
        (a_session(State.EXPIRED), RefusalCode.SESSION_EXPIRED),
        (
            a_session(State.PRICED, unwinding=Unwinding(since=NOW, reason=UnwindingReason.CANCEL)),
            RefusalCode.WRONG_STATE,
        ),
    ],
)
def test_a_choice_is_entered_only_where_the_flow_allows(
    session: Session, code: RefusalCode
) -> None:
    found = refused_by(lambda: selected(session, a_selection(), NEW_SUPPLIER))
    assert found.code is code


@pytest.mark.parametrize(
    ("number", "code", "named"),
    [
        ("8001", RefusalCode.SOLD_OUT, RefusalCode.CABIN_GONE),
        ("GUAR", RefusalCode.SOLD_OUT, RefusalCode.SOLD_OUT),
        ("8001", RefusalCode.RATE_GONE, RefusalCode.RATE_GONE),
    ],
)
def test_the_chosen_cabin_is_named_when_it_was_the_cabin_that_went(
    number: str, code: RefusalCode, named: RefusalCode
) -> None:
    found = rate_refusal(number, a_refusal(code, "Gone."))
    assert plain(found) == plain(a_refusal(named, "Gone."))

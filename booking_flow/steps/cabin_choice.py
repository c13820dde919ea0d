"""The choice of a cabin: what fresh grades say of what the guest was shown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from booking_flow.errors import Refusal, RefusalCode, Refused, invalid, price_changed, refuse
from booking_flow.flow import State
from booking_flow.model.money import Money
from booking_flow.model.party import Party
from booking_flow.model.pricing import (
    ACCESSIBLE_NEED,
    GUARANTEE,
    Cabin,
    CabinList,
    Offer,
    Quote,
    Rate,
    Selection,
)
from booking_flow.model.session import Session
from booking_flow.supplier import RateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class CabinChoice:
    """What the guest chose; the supplier's identifiers may be those of an older quote."""

    result_no: str
    grade_no: str
    rate_code: str
    cabin_code: str | None = None
    cabin_result: str | None = None
    """A hint only: `cabin_number` decides."""
    cabin_number: str | None = None
    expected_price: Decimal | None = None
    declared: tuple[str, ...] = ()
    """What somebody of the party is said to be, where rate or cabin are for some guests only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A choice resolved against what was shown: the offer, and the price the guest saw."""

    cabin_code: str
    rate_code: str
    price: Money
    cabin_number: str
    declared: tuple[str, ...] = ()


def wanted(session: Session, choice: CabinChoice) -> Wanted:
    """Say which offer a choice means and at which price the guest saw it.

    Raises:
        Refused: `selection_stale` when the choice is in no quote the guest was shown.
    """
    shown = _shown(session.quote, choice)
    cabin_code = choice.cabin_code or (shown.grade.cabin_code if shown else None)
    seen = _seen_price(session, choice, shown)
    if cabin_code is None or seen is None:
        raise refuse(RefusalCode.SELECTION_STALE, "Prices were refreshed. Please choose again.")
    return Wanted(
        cabin_code=cabin_code,
        rate_code=choice.rate_code,
        price=seen,
        cabin_number=choice.cabin_number or GUARANTEE,
        declared=choice.declared,
    )


def _shown(quote: Quote | None, choice: CabinChoice) -> Offer | None:
    if quote is None:
        return None
    if choice.cabin_code is not None:
        return quote.offer(cabin_code=choice.cabin_code, rate_code=choice.rate_code)
    return quote.shown(
        result_no=choice.result_no, grade_no=choice.grade_no, rate_code=choice.rate_code
    )


def _seen_price(session: Session, choice: CabinChoice, shown: Offer | None) -> Money | None:
    if choice.expected_price is not None:
        return Money(choice.expected_price, session.currency)
    return shown.rate.total if shown else None


def already_held(session: Session, choice: CabinChoice) -> bool:
    """Whether the choice is the cabin held now.

    Raises:
        Refused: `already_basketed` when another cabin is held.
    """
    chosen = session.selection
    if session.state is not State.BASKETED or chosen is None:
        return False
    same_cabin = (choice.cabin_number or GUARANTEE) == chosen.cabin_number
    same_grade = choice.cabin_code in (None, chosen.cabin_code)
    if same_cabin and same_grade and choice.rate_code == chosen.rate_code:
        return True
    raise refuse(
        RefusalCode.ALREADY_BASKETED, "Another cabin is held. Release it to choose a different one."
    )


def find_offer(quote: Quote, want: Wanted) -> Offer:
    """Find an offer in fresh grades that costs no more than was agreed to.

    Raises:
        Refused: `sold_out`, `rate_gone` or `price_changed`.
    """
    if not quote.grades:
        raise refuse(RefusalCode.SOLD_OUT, "No cabin of this sailing is available any more.")
    offer = quote.offer(cabin_code=want.cabin_code, rate_code=want.rate_code)
    if offer is None:
        raise refuse(RefusalCode.RATE_GONE, "This cabin is no longer offered at this rate.")
    if offer.rate.total.amount > want.price.amount:
        raise Refused(price_changed(expected=want.price, actual=offer.rate.total))
    return offer


def ensure_declared(selection: Selection) -> None:
    """Refuse what is for some guests only to a party that has not declared to be of them.

    Raises:
        Refused: `validation_failed`.
    """
    asked, declared = selection.restricted_to, set(selection.declared)
    if asked and not set(asked) & declared:
        raise Refused(invalid("/declared", f"this rate is only for: {', '.join(asked)}"))
    if selection.accessible and ACCESSIBLE_NEED not in declared:
        raise Refused(invalid("/declared", f"this cabin is only for guests with {ACCESSIBLE_NEED}"))


def find_cabin(cabins: CabinList, *, want: Wanted, party: Party) -> Cabin:
    """Find the chosen cabin, never another one.

    Raises:
        Refused: `cabin_gone`, `cabin_required` or `party_mismatch`.
    """
    cabin = cabins.numbered(want.cabin_number)
    if cabin is None:
        raise _no_cabin(cabins, want.cabin_number)
    if not cabin.fits(party.size):
        raise refuse(
            RefusalCode.PARTY_MISMATCH, f"This cabin does not take a party of {party.size}."
        )
    return cabin


def _no_cabin(cabins: CabinList, cabin_number: str) -> Refused:
    if cabin_number != GUARANTEE:
        return refuse(RefusalCode.CABIN_GONE, f"Cabin {cabin_number} is no longer available.")
    if cabins.cabins:
        return refuse(RefusalCode.CABIN_REQUIRED, "Choose a cabin: this grade has no guarantee.")
    return refuse(RefusalCode.RATE_GONE, "No cabin is left at this rate.")


def rate_key(rate: Rate) -> RateKey:
    """Return the three identifiers of a rate."""
    return RateKey(result_no=rate.result_no, grade_no=rate.grade_no, rate_code=rate.rate_code)


def selected_rate(chosen: Selection) -> RateKey:
    """Return the three identifiers a selection was made under."""
    return RateKey(result_no=chosen.result_no, grade_no=chosen.grade_no, rate_code=chosen.rate_code)


def choice_of(rate: RateKey) -> CabinChoice:
    """Return the choice of a rate as such, whichever cabin it is for."""
    return CabinChoice(result_no=rate.result_no, grade_no=rate.grade_no, rate_code=rate.rate_code)


def as_chosen(chosen: Selection) -> Wanted:
    """Want again what was chosen, at the price the guest saw."""
    return Wanted(
        cabin_code=chosen.cabin_code,
        rate_code=chosen.rate_code,
        price=chosen.limit,
        cabin_number=chosen.cabin_number,
        declared=chosen.declared,
    )


def selection_of(offer: Offer, cabin: Cabin, want: Wanted) -> Selection:
    """Write down the choice under the identifiers the supplier just gave."""
    accessible = offer.grade.accessible or cabin.accessible
    asked = (*offer.rate.restricted_to, *((ACCESSIBLE_NEED,) if accessible else ()))
    return Selection(
        result_no=offer.rate.result_no,
        grade_no=offer.rate.grade_no,
        rate_code=offer.rate.rate_code,
        cabin_code=offer.grade.cabin_code,
        cabin_name=offer.grade.name,
        category=offer.grade.category,
        cabin_number=cabin.cabin_number,
        cabin_result=cabin.cabin_result,
        deck=None if cabin.guaranteed else cabin.deck_name,
        price=offer.rate.total,
        agreed=want.price,
        rate_name=offer.rate.name,
        refundable=offer.rate.refundable,
        restricted_to=offer.rate.restricted_to,
        declared=tuple(each for each in asked if each in want.declared),
        accessible=accessible,
        terms=offer.rate.terms,
    )


def rate_refusal(cabin_number: str, refusal: Refusal) -> Refusal:
    """Name the chosen cabin, not the grade, when it was the cabin that went."""
    if refusal.code is RefusalCode.SOLD_OUT and cabin_number != GUARANTEE:
        return replace(refusal, code=RefusalCode.CABIN_GONE)
    return refusal

"""Prices and cabins as answers show them; pure functions of what the core knows."""

from __future__ import annotations

from booking_flow.model.pricing import Breakdown, Cabin, CabinGrade, CabinList, Quote, Rate
from booking_http.api import offers as tell
from booking_http.api import rate_terms
from booking_http.api.responses import SessionResponse


def priced(body: SessionResponse, quote: Quote | None) -> tell.PricedSessionResponse:
    """Return a session's body with the grades and rates that are available."""
    cabins = [_grade(grade) for grade in quote.grades if grade.rates] if quote else []
    as_of = quote.as_of if quote else None
    return tell.PricedSessionResponse.model_construct(**dict(body), as_of=as_of, cabins=cabins)


def _grade(grade: CabinGrade) -> tell.GradeResponse:
    return tell.GradeResponse(
        cabin_code=grade.cabin_code,
        name=grade.name,
        category=grade.category,
        description=grade.description,
        image_url=grade.image_url,
        accessible=grade.accessible,
        cheapest=grade.cheapest.total.amount,
        rates=[_rate(rate) for rate in grade.rates],
    )


def _rate(rate: Rate) -> tell.RateResponse:
    return tell.RateResponse(
        result_no=rate.result_no,
        grade_no=rate.grade_no,
        rate_code=rate.rate_code,
        name=rate.name,
        refundable=rate.refundable,
        restricted_to=list(rate.restricted_to),
        terms=rate_terms.penalties_of(rate.terms),
        schedule=rate_terms.schedule_of(rate.terms, rate.total),
        total=rate.total.amount,
        fare=rate.fare and rate.fare.amount,
        taxes=rate.taxes and rate.taxes.amount,
        fees=rate.fees and rate.fees.amount,
        gratuity=rate.gratuity and rate.gratuity.amount,
    )


def cabins(found: CabinList) -> tell.CabinsResponse:
    """Return the cabins of a rate with the decks they lie on."""
    return tell.CabinsResponse(
        cabins=[_cabin(cabin) for cabin in found.cabins],
        decks=[
            tell.DeckResponse(deck_id=deck.deck_id, name=deck.name, image_url=deck.image_url)
            for deck in found.decks
        ],
    )


def _cabin(cabin: Cabin) -> tell.CabinResponse:
    return tell.CabinResponse.model_validate(cabin, from_attributes=True)


def breakdown(found: Breakdown) -> tell.BreakdownResponse:
    """Return the per-guest items of a rate."""
    return tell.BreakdownResponse(
        items=[
            tell.GuestItemResponse(
                category=item.category,
                description=item.description,
                per_guest=[share.amount for share in item.per_guest],
                amount=item.amount.amount,
            )
            for item in found.items
        ],
        total=found.total.amount,
        currency=found.total.currency,
    )

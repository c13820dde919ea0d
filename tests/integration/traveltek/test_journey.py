"""The client against the simulator, over real HTTP: an independent reading of traveltek.md."""

from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from adapters.traveltek import TraveltekClient
from booking_flow.model.basket import BasketAnswer
from booking_flow.model.party import Party
from booking_flow.model.pricing import Offer, Selection
from booking_flow.supplier import BookStatus, CallContext, RateKey, SearchHit
from booking_flow.supplier_errors import FailureKind, SupplierError
from tests.support import traveltek as kit
from tests.support.traveltek_fixtures import Simulator


async def opened(client: TraveltekClient, ctx: CallContext) -> SearchHit:
    hit = await client.search(kit.SAILING, kit.PARTY, "USD", ctx=ctx)
    assert hit is not None
    return hit


async def offered(client: TraveltekClient, session: str, ctx: CallContext) -> Offer:
    quote = await client.grades(session, kit.SAILING, kit.PARTY, "USD", ctx=ctx)
    grade = quote.grades[0]
    return Offer(grade=grade, rate=grade.cheapest)


def key(offer: Offer) -> RateKey:
    rate = offer.rate
    return RateKey(result_no=rate.result_no, grade_no=rate.grade_no, rate_code=rate.rate_code)


async def selected(client: TraveltekClient, session: str, ctx: CallContext) -> Selection:
    offer = await offered(client, session, ctx)
    cabins = await client.cabins(session, kit.SAILING, kit.PARTY, key(offer), ctx=ctx)
    cabin = cabins.cabins[0]
    rate, grade = offer.rate, offer.grade
    return Selection(
        result_no=rate.result_no,
        grade_no=rate.grade_no,
        rate_code=rate.rate_code,
        cabin_code=grade.cabin_code,
        cabin_name=grade.name,
        category=grade.category,
        cabin_number=cabin.cabin_number,
        cabin_result=cabin.cabin_result,
        deck=cabin.deck_name,
        price=rate.total,
    )


async def basketed(client: TraveltekClient, ctx: CallContext) -> tuple[str, BasketAnswer]:
    session = (await opened(client, ctx)).session_key
    selection = await selected(client, session, ctx)
    return session, await client.add_to_basket(session, selection, "USD", ctx=ctx)


async def test_a_guest_books_and_pays_by_card(
    client: TraveltekClient, simulator: Simulator
) -> None:
    """Search, grades, cabins, breakdown, basket, book with a card, then read it at the line."""
    ctx = kit.context()
    hit = await opened(client, ctx)
    assert hit.line_id == kit.SAILING.line_id
    assert not hit.sold_out
    session = hit.session_key

    offer = await offered(client, session, ctx)
    breakdown = await client.breakdown(session, kit.SAILING, key(offer), "USD", ctx=ctx)
    assert breakdown.items
    assert all(len(item.per_guest) == kit.PARTY.size for item in breakdown.items)

    selection = await selected(client, session, ctx)
    added = await client.add_to_basket(session, selection, "USD", ctx=ctx)
    assert added.priced
    assert added.total == selection.price
    (item,) = added.items
    assert item.hold_length is not None
    assert item.dining
    seen = await client.basket(session, "USD", ctx=ctx)
    assert seen.item(item.item_key) is not None

    order = kit.order(
        kit.payment(str(added.total.amount)),
        session_key=session,
        item_key=item.item_key,
        dining=item.dining[0].code,
    )
    booked = await client.book(order, ctx=ctx)
    assert booked.status is BookStatus.BOOKED
    assert booked.reservation
    assert booked.total == added.total
    assert [each.took_money for each in booked.transactions] == [True]

    imported = await client.import_booking(kit.SAILING.line_id, booked.reservation, "USD", ctx=ctx)
    assert imported is not None
    assert imported.lead_surname == "O'Quennell"
    assert imported.price == imported.received == added.total
    assert imported.sailing_date == kit.SAILING.sailing_date
    assert imported.grade_code == selection.cabin_code
    ledger = await simulator.show("ledger")
    assert len(ledger["bookings"]) == len(ledger["charges"]) == 1


async def test_an_unknown_reservation_is_none(client: TraveltekClient) -> None:
    line = kit.SAILING.line_id
    assert await client.import_booking(line, "NOSUCH", "USD", ctx=kit.context()) is None


async def test_a_ship_has_decks(client: TraveltekClient) -> None:
    ship = await client.ship(kit.SAILING.ship_id, ctx=kit.context())
    assert ship.name == kit.SAILING.ship_name
    assert ship.decks
    assert ship.image_url


async def test_a_guest_books_without_a_card(client: TraveltekClient) -> None:
    """It is a real reservation with the whole balance outstanding (traveltek.md, section 7)."""
    ctx = kit.context()
    session, added = await basketed(client, ctx)
    order = kit.order(session_key=session, item_key=added.items[0].item_key)
    booked = await client.book(order, ctx=ctx)
    assert booked.status is BookStatus.BOOKED
    assert booked.outstanding == booked.total == added.total
    assert booked.transactions == ()
    paid = await client.pay(session, kit.details(), kit.payment(str(added.total.amount)), ctx=ctx)
    assert paid.transaction is not None
    assert paid.transaction.took_money


async def test_a_held_cabin_is_released(client: TraveltekClient, simulator: Simulator) -> None:
    ctx = kit.context()
    session, added = await basketed(client, ctx)
    left = await client.remove_from_basket(session, added.items[0].item_key, "USD", ctx=ctx)
    assert left.items == ()
    assert (await simulator.show("ledger"))["holds"] == []


async def test_a_party_that_was_not_searched_for_gets_no_grades(client: TraveltekClient) -> None:
    ctx = kit.context()
    session = (await opened(client, ctx)).session_key
    other = Party(adults=1)
    assert (await client.grades(session, kit.SAILING, other, "USD", ctx=ctx)).grades == ()


async def test_infants_counted_apart_are_still_one_party(simulator: Simulator) -> None:
    party = Party(adults=2, child_ages=(1, 8))
    async with simulator.client() as client:
        ctx = kit.context()
        hit = await client.search(kit.SAILING, party, "USD", ctx=ctx)
        assert hit is not None
        quote = await client.grades(hit.session_key, kit.SAILING, party, "USD", ctx=ctx)
        assert quote.grades


async def test_the_older_identifiers_go_stale(client: TraveltekClient) -> None:
    """105 is a refusal: certainly nothing is held."""
    ctx = kit.context()
    session = (await opened(client, ctx)).session_key
    stale = await selected(client, session, ctx)
    await offered(client, session, ctx)
    with pytest.raises(SupplierError) as caught:
        await client.add_to_basket(session, stale, "USD", ctx=ctx)
    assert (caught.value.kind, caught.value.code) == (FailureKind.STALE, 105)


async def test_a_wrong_sid_is_a_misconfiguration(simulator: Simulator) -> None:
    async with simulator.client(sid="99999") as client:
        with pytest.raises(SupplierError) as caught:
            await opened(client, kit.context())
    assert caught.value.kind is FailureKind.MISCONFIGURED


async def test_a_wrong_password_is_a_misconfiguration(simulator: Simulator) -> None:
    async with simulator.client(password="guessed") as client:
        with pytest.raises(SupplierError) as caught:
            await opened(client, kit.context())
    assert caught.value.kind is FailureKind.MISCONFIGURED
    assert caught.value.endpoint == "token"


@pytest.mark.parametrize("typing", ["mixed", "strings", "numbers"])
async def test_respelled_answers_mean_the_same(simulator: Simulator, typing: str) -> None:
    async with simulator.client() as client:
        for endpoint in ("cruiseresults", "cruisecabingrades", "cruisecabins", "basketadd", "book"):
            await simulator.fault(endpoint, "mixed_types", typing=typing)
        ctx = kit.context()
        session, added = await basketed(client, ctx)
        assert added.priced
        order = kit.order(
            kit.payment(str(added.total.amount)),
            session_key=session,
            item_key=added.items[0].item_key,
        )
        booked = await client.book(order, ctx=ctx)
    assert booked.status is BookStatus.BOOKED
    assert booked.total == added.total
    assert booked.reservation


async def test_a_basket_in_another_currency_names_its_item(
    client: TraveltekClient, simulator: Simulator
) -> None:
    """So that it can be released: it is held all the same."""
    await simulator.fault("basketadd", "other_currency")
    ctx = kit.context()
    session, added = await basketed(client, ctx)
    assert added.total.currency == "GBP"
    with pytest.raises(SupplierError) as caught:
        await client.basket(session, "USD", ctx=ctx)
    assert caught.value.kind is FailureKind.OTHER_CURRENCY
    left = await client.remove_from_basket(session, added.items[0].item_key, "USD", ctx=ctx)
    assert left.items == ()
    assert (await simulator.show("ledger"))["holds"] == []


async def test_grades_in_another_currency_are_refused(
    client: TraveltekClient, simulator: Simulator
) -> None:
    await simulator.fault("cruisecabingrades", "other_currency")
    ctx = kit.context()
    session = (await opened(client, ctx)).session_key
    with pytest.raises(SupplierError) as caught:
        await offered(client, session, ctx)
    assert caught.value.kind is FailureKind.OTHER_CURRENCY


TRANSPORT = {
    "timeout_before": FailureKind.TIMEOUT,
    "timeout_after": FailureKind.TIMEOUT,
    "reset_before": FailureKind.BROKEN,
    "reset": FailureKind.BROKEN,
    "http_500": FailureKind.BROKEN,
    "http_500_after": FailureKind.BROKEN,
    "http_502": FailureKind.BROKEN,
    "http_502_after": FailureKind.BROKEN,
    "http_404": FailureKind.BROKEN,
    "http_429": FailureKind.BROKEN,
    "malformed": FailureKind.BROKEN,
    "truncated": FailureKind.BROKEN,
    "html": FailureKind.BROKEN,
    "html_after": FailureKind.BROKEN,
    "session_expired": FailureKind.SESSION_EXPIRED,
}


@pytest.mark.parametrize("fault", TRANSPORT)
@pytest.mark.parametrize("endpoint", ["basketadd", "basketremove", "book"])
async def test_an_effect_arrives_once_and_its_failure_is_told_apart(
    simulator: Simulator, endpoint: str, fault: str
) -> None:
    """Over real sockets, the supplier being the judge of how often it was asked."""
    ctx = kit.context()
    async with simulator.client() as client:
        call = await ready(client, endpoint, ctx)
        await simulator.fault(endpoint, fault)
        with pytest.raises(SupplierError) as caught:
            await call()
    assert caught.value.kind is TRANSPORT[fault]
    assert await simulator.received(endpoint) == 1


async def ready(
    client: TraveltekClient, endpoint: str, ctx: CallContext
) -> Callable[[], Awaitable[object]]:
    """Come so far that the effect can be called, and return the call."""
    if endpoint == "basketadd":
        session = (await opened(client, ctx)).session_key
        selection = await selected(client, session, ctx)
        return partial(client.add_to_basket, session, selection, "USD", ctx=ctx)
    session, added = await basketed(client, ctx)
    item_key = added.items[0].item_key
    if endpoint == "basketremove":
        return partial(client.remove_from_basket, session, item_key, "USD", ctx=ctx)
    return partial(client.book, kit.order(session_key=session, item_key=item_key), ctx=ctx)


@pytest.mark.parametrize("fault", ["reset", "http_502", "truncated", "html", "http_429"])
async def test_a_read_recovers_from_one_failure(
    client: TraveltekClient, simulator: Simulator, fault: str
) -> None:
    ctx = kit.context()
    await simulator.fault("cruiseresults", fault)
    session = (await opened(client, ctx)).session_key
    await simulator.fault("cruisecabingrades", fault)
    assert (await offered(client, session, ctx)).grade.rates
    assert await simulator.received("cruisecabingrades") == 2


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("failed_yellow", BookStatus.FAILED),
        ("failed_red", BookStatus.FAILED),
        ("failed_with_authcode", BookStatus.FAILED),
        ("booked_without_authcode", BookStatus.BOOKED),
        ("unknown_status", BookStatus.OTHER),
        ("errors_with_bookingid", BookStatus.OTHER),
    ],
)
async def test_what_book_says_is_read_and_not_judged(
    client: TraveltekClient, simulator: Simulator, fault: str, status: BookStatus
) -> None:
    await simulator.fault("book", fault)
    ctx = kit.context()
    session, added = await basketed(client, ctx)
    paid, item_key = kit.payment(str(added.total.amount)), added.items[0].item_key
    booked = await client.book(kit.order(paid, session_key=session, item_key=item_key), ctx=ctx)
    assert booked.status is status
    assert booked.supplier_booking_id
    assert any(each.took_money for each in booked.transactions) == (
        fault in {"failed_with_authcode", "errors_with_bookingid"}
    )
    assert bool(booked.reservation) == (
        fault in {"booked_without_authcode", "errors_with_bookingid"}
    )

"""The client against the simulator, over real HTTP: an independent reading of PROTOCOL."""

from adapters.traveltek import TraveltekClient
from booking_flow.basket import BasketAnswer
from booking_flow.pricing import Offer, Selection
from booking_flow.supplier import (
    BookStatus,
    CallContext,
    RateKey,
    SearchHit,
)
from tests.adapters.traveltek import kit
from tests.adapters.traveltek.conftest import Simulator


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

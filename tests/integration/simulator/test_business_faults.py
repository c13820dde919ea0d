"""traveltek.md, section 11: faults of prices, baskets, bookings, and those built into sailings."""

import pytest

from adapters.simulator.faults import CARD_FAULTS, SURNAME_FAULTS
from adapters.simulator.sailings import DRILLS
from tests.support.agency import VISA, Agency, error, rate_rows
from tests.support.waiting import SILENT


async def test_a_stale_resultno_or_a_missing_rate_at_every_step(agency: Agency) -> None:
    """Cabins and breakdown refuse too; a rate that has gone is N afterwards."""
    await agency.shop(rate="BAR")
    for endpoint, ask in (("cruisecabins.pl", agency.cabins), ("basketadd.pl", agency.add)):
        await agency.fault(endpoint, "stale_resultno")
        assert error(await ask())[0] == 105
    await agency.fault("cruisecabins.pl", "rate_gone")
    assert (await agency.cabins())["results"] == []
    assert (await agency.add())["results"][0]["totalprice"] == 0
    rows = rate_rows(await agency.grades())
    assert ("2N", "BAR") not in {(row["cabincode"], row["ratecode"]) for row in rows}


async def test_a_party_mismatch(agency: Agency) -> None:
    """Zero results, no error."""
    await agency.search()
    await agency.fault("cruisecabingrades.pl", "party_mismatch")
    body = await agency.grades()
    assert (body["errors"], body["results"]) == ([], [])


async def test_baskets_that_look_wrong(agency: Agency) -> None:
    """Unpriced holds nothing; empty and lagging hold what they do not show."""
    await agency.shop()
    await agency.fault("basketadd.pl", "unpriced_basket")
    assert (await agency.add())["results"][0]["basketitems"][0]["paymentoption"] == "none"
    assert (await agency.ledger())["holds"] == []
    await agency.get("basketremove.pl", basketkey=agency.item["itemkey"])
    await agency.fault("basketadd.pl", "empty_basket")
    assert (await agency.add())["results"][0]["basketitems"] == []
    assert len((await agency.ledger())["holds"]) == 1
    await agency.fault("basket.pl", "empty_basket")
    assert (await agency.get("basket.pl"))["results"][0]["basketitems"] == []
    await agency.fault("basketadd.pl", "basket_read_lag", seconds=9)
    assert len((await agency.add())["results"][0]["basketitems"]) == 2
    assert len((await agency.get("basket.pl"))["results"][0]["basketitems"]) == 1
    await agency.control("clock", advanceSeconds=9)
    assert len((await agency.get("basket.pl"))["results"][0]["basketitems"]) == 2


async def test_baskets_with_another_price_or_currency(agency: Agency) -> None:
    """The basket is what counts, and it is not what was shown."""
    await agency.shop()
    await agency.fault("basketadd.pl", "price_differs")
    await agency.add()
    assert float(agency.item["price"]) > agency.row["price"] * 1.05
    await agency.fault("basketadd.pl", "other_currency")
    await agency.add()
    assert agency.item["cruisedetail"]["currency"] == "GBP"
    assert agency.item["cruisedetail"]["perperson"][0]["prices"][0]["currency"] == "GBP"
    await agency.fault("cruisecabingrades.pl", "other_currency")
    assert (await agency.grades())["meta"]["defaultcurrency"]["code"] == "GBP"


async def test_a_hold_without_times_and_one_that_lapses_soon(agency: Agency) -> None:
    """Half a minute by default; at book.pl it has just lapsed."""
    await agency.shop()
    await agency.fault("basketadd.pl", "hold_missing")
    await agency.add()
    assert "holdcabin" not in agency.item["cruisedetail"]["cabin"]
    assert len((await agency.ledger())["holds"]) == 1
    await agency.fault("book.pl", "hold_lapsed")
    assert error(await agency.book())[0] == 152
    assert (await agency.ledger())["holds"] == []
    await agency.fault("basketadd.pl", "hold_lapsed")
    await agency.hold()
    await agency.control("clock", advanceSeconds=30)
    assert (await agency.ledger())["holds"] == []


async def test_sold_out_under_ones_fingers(agency: Agency) -> None:
    """The cabin is gone from the list as well; of a guarantee, the whole grade."""
    await agency.shop(cabin=1)
    await agency.fault("basketadd.pl", "sold_out", times=2)
    assert error(await agency.add())[0] == 138
    rows = (await agency.cabins())["results"]
    assert agency.cabin["cabinno"] not in [one["cabinno"] for one in rows]
    agency.cabin = rows[0]
    assert error(await agency.add())[0] == 138
    assert "2N" not in {row["cabincode"] for row in rate_rows(await agency.grades())}


async def test_a_call_that_arrives_twice(agency: Agency) -> None:
    """Two holds; and two bookings where the supplier's policy allows them."""
    await agency.shop()
    await agency.fault("basketadd.pl", "duplicate_submit")
    assert len((await agency.add())["results"][0]["basketitems"]) == 2
    await agency.hold()
    await agency.control("policy", second_book="duplicate")
    await agency.fault("book.pl", "duplicate_submit")
    await agency.book()
    assert len((await agency.ledger())["bookings"]) == 2


@pytest.mark.parametrize(
    ("fault", "status", "colour", "charges"),
    [
        ("failed_yellow", "Failed", "Yellow", 0),
        ("failed_red", "Failed", "Red", 0),
        ("failed_with_authcode", "Failed", "Green", 1),
        ("unknown_status", "OnRequest", "Green", 0),
        ("booked_without_authcode", "Booked", "Green", 0),
    ],
)
async def test_outcomes_of_book(
    agency: Agency, fault: str, status: str, colour: str, charges: int
) -> None:
    """By control, by surname and by card alike."""
    cards = {name: number for number, name in CARD_FAULTS.items()}
    surnames = {name: surname for surname, name in SURNAME_FAULTS.items()}
    for surname, card in (("Tester", cards[fault]), (surnames[fault].title(), VISA)):
        before = len((await agency.ledger())["charges"])
        await agency.hold()
        body = await agency.book(agency.order(surname=surname, card=card))
        (result,) = body["results"]
        (transaction,) = result["bookingdetails"]["transactions"]
        assert (body["errors"], result["status"]) == ([], status)
        assert transaction["fraudcategory"] == colour
        assert bool(transaction["authcode"]) is bool(charges)
        assert len((await agency.ledger())["charges"]) - before == charges


async def test_payment_can_fail_in_the_same_ways(agency: Agency) -> None:
    """By control and by card."""
    await agency.hold()
    await agency.book()
    assert (await agency.pay(cardnumber="4000000000000002"))["results"][0]["status"] == "Failed"
    await agency.fault("payment.pl", "failed_yellow")
    (result,) = (await agency.pay())["results"]
    assert result["transactions"][0]["fraudcategory"] == "Yellow"
    assert (await agency.ledger())["charges"] == []
    (result,) = (await agency.pay(cardnumber="4000000000005126"))["results"]
    assert (result["status"], bool(result["transactions"][0]["authcode"])) == ("Failed", True)


@pytest.mark.parametrize("fault", ["already_booked", "already_booked_after"])
async def test_an_item_may_be_said_to_be_booked_already(agency: Agency, fault: str) -> None:
    """Nothing is done, or all is; the caller is told the same, and no booking id."""
    acts = fault == "already_booked_after"
    await agency.shop()
    await agency.fault("basketadd.pl", fault)
    assert error(await agency.add())[0] == 152
    assert len((await agency.ledger())["holds"]) == int(acts)
    await agency.hold()
    before = len((await agency.ledger())["holds"])
    await agency.fault("basketremove.pl", fault)
    body = await agency.get("basketremove.pl", basketkey=agency.item["itemkey"])
    assert (error(body)[0], body["results"]) == (152, [])
    assert before - len((await agency.ledger())["holds"]) == int(acts)
    await agency.hold()
    await agency.fault("book.pl", fault)
    body = await agency.book(agency.order(card=VISA))
    assert (error(body)[0], body["results"]) == (152, [])
    ledger = await agency.ledger()
    assert len(ledger["bookings"]) == len(ledger["charges"]) == int(acts)


async def test_a_basket_may_be_refused_as_booked_already(agency: Agency) -> None:
    """Though nothing is booked, and the next look shows the held cabin."""
    await agency.hold()
    await agency.fault("basket.pl", "already_booked")
    assert error(await agency.get("basket.pl"))[0] == 152
    assert (await agency.get("basket.pl"))["results"][0]["basketitems"] == [agency.item]
    assert (await agency.ledger())["bookings"] == []


async def test_errors_beside_a_booking_id(agency: Agency) -> None:
    """The booking is real, whatever the errors say."""
    await agency.hold()
    body = await agency.book(agency.order(surname="Errors-With-Bookingid"))
    assert body["errors"]
    assert body["results"][0]["bookingid"]
    assert [one["status"] for one in (await agency.ledger())["bookings"]] == ["Booked"]


async def test_a_booking_with_another_price_or_currency(agency: Agency) -> None:
    """Booked, but not as agreed; the ledger has what the line has."""
    await agency.hold()
    body = await agency.book(agency.order(surname="Pricediffers", card=VISA))
    details = body["results"][0]["bookingdetails"]
    assert details["totalprice"] > agency.basket["totalprice"] * 1.05
    await agency.hold()
    body = await agency.book(agency.order(surname="Othercurrency"))
    assert body["results"][0]["bookingdetails"]["bookingitems"][0]["currency"] == "GBP"
    assert [one["currency"] for one in (await agency.ledger())["bookings"]] == ["USD", "GBP"]


@pytest.mark.parametrize("cruise_id", [n for n, (_, fault) in DRILLS.items() if fault != "slow"])
async def test_sailings_with_a_built_in_fault(agency: Agency, cruise_id: int) -> None:
    """Each shows its fault, every time, at its endpoint alone."""
    agency.cruise_id = cruise_id
    endpoint, fault = DRILLS[cruise_id]
    codes = {3: "08", 22: "2N"}
    await agency.search()
    if endpoint == "cruisecabingrades.pl":
        await agency.raw("cruisecabingrades.pl", {"codetocruiseid": cruise_id, "adults": 2})
    else:
        row = next(
            row for row in rate_rows(await agency.grades()) if row["cabincode"] in codes.values()
        )
        agency.row = row
        agency.cabin = (await agency.cabins())["results"][0]
        names = ("resultno", "gradeno", "ratecode")
        chosen = {name: row[name] for name in names} | {"cabinresult": agency.cabin["resultno"]}
        calling = agency.raw("basketadd.pl", chosen)
        if fault in SILENT:
            await agency.unanswered("basketadd.pl", calling)
        else:
            await calling
        if endpoint == "basket.pl":
            await agency.raw("basket.pl", {})
    told = await (await agency.http.get("/_control/calls")).json()
    assert [one["fault"] for one in told["calls"] if one["fault"]] == [fault]
    assert told["calls"][-1]["endpoint"] == endpoint

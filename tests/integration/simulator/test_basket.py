"""traveltek.md, section 6: healthy and unpriced baskets, money, the hold, and removal."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from tests.integration.simulator.conftest import NOON, Start
from tests.support.agency import SAILINGS, TODAY, Agency, Json, error, guest_total


def assert_unpriced(body: Json) -> None:
    """No error, no price, no hold: the failure that says nothing."""
    (result,) = body["results"]
    (item,) = result["basketitems"]
    assert body["errors"] == []
    assert (item["paymentoption"], item["price"]) == ("none", 0)
    assert (result["totalprice"], result["totaldeposit"]) == (0, 0)
    assert item["cruisedetail"]["breakdown"] == item["cruisedetail"]["perperson"] == []
    assert "holdcabin" not in item["cruisedetail"]["cabin"]
    assert item["searchprice"] > 0


async def test_a_healthy_basket(agency: Agency) -> None:
    """The total is the sum of the guests' prices; the breakdown leaves a charge out."""
    await agency.hold()
    item, detail = agency.item, agency.item["cruisedetail"]
    assert item["paymentoption"] == "online"
    assert item["itemkey"].isdecimal()
    assert isinstance(item["price"], str)
    assert isinstance(agency.basket["totalprice"], float)
    assert guest_total(item) == Decimal(item["price"]) == Decimal(str(agency.basket["totalprice"]))
    assert sum(Decimal(str(row["totalcost"])) for row in detail["breakdown"]) < guest_total(item)
    assert Decimal(str(item["searchprice"])) != guest_total(item)
    assert {one["code"] for one in detail["dining"]["seatings"]} == {"2", "O", "1"}
    assert detail["dining"]["smoking"] == "N"
    assert detail["dining"]["tablesizes"]


async def test_the_deposit_is_everything_near_the_sailing(agency: Agency) -> None:
    """250 a guest months before, the total within 75 days."""
    await agency.hold()
    assert agency.basket["totaldeposit"] == 500
    near = next(
        n
        for n, one in SAILINGS.items()
        if one.line_id == 22 and 0 < (one.sail_date - TODAY).days < 75
    )
    agency.cruise_id = near
    await agency.hold()
    assert agency.basket["totaldeposit"] == agency.basket["totalprice"]


async def test_hold_times_name_no_zone_and_are_not_utc(agency: Agency) -> None:
    """14 min 50 s, in a local time; the difference is what can be relied on."""
    await agency.hold()
    hold = agency.item["cruisedetail"]["cabin"]["holdcabin"]
    taken, lapses = (datetime.fromisoformat(hold[name]) for name in ("holdtime", "releasetime"))
    assert lapses - taken == timedelta(minutes=14, seconds=50)
    assert taken == NOON.replace(tzinfo=None) - timedelta(hours=5)


async def test_the_hold_may_not_be_told(start: Start) -> None:
    """Whether holdcabin is there is a policy."""
    agency = Agency(await start(hold_shown=False))
    await agency.hold()
    assert "holdcabin" not in agency.item["cruisedetail"]["cabin"]


async def test_without_a_cabinresult_the_basket_is_unpriced(agency: Agency) -> None:
    """Needed even for a guarantee; nothing is held and nothing can be booked."""
    await agency.shop()
    assert_unpriced(await agency.add(cabinresult=""))
    assert (await agency.ledger())["holds"] == []
    assert error(await agency.book())[0] == 152


async def test_cabins_shown_before_the_latest_prices_count_for_nothing(agency: Agency) -> None:
    """Working order: grades, cabins, basketadd, all of the newest list."""
    await agency.shop()
    agency.choose(await agency.grades(), "2N")
    assert_unpriced(await agency.add())


@pytest.mark.parametrize("policy", ["105", "137", "unpriced"])
async def test_a_stale_resultno(start: Start, policy: str) -> None:
    """Two codes or the unpriced basket, by policy."""
    agency = Agency(await start(stale_resultno=policy))
    await agency.shop()
    await agency.grades()
    body = await agency.add()
    if policy == "unpriced":
        assert_unpriced(body)
    else:
        assert error(body)[0] == int(policy)


async def test_identifiers_never_issued_or_ill_matched(agency: Agency) -> None:
    """An unknown `resultno` is 137; a rate of another grade number has no price."""
    await agency.shop()
    assert error(await agency.add(resultno="212_9.1"))[0] == 137
    assert_unpriced(await agency.add(ratecode="ZZZ"))


async def test_a_cabin_number_must_be_that_of_the_cabinresult(agency: Agency) -> None:
    """It may be left out."""
    await agency.shop(cabin=1)
    assert error(await agency.add(cabinno="1"))[0] == 111
    assert (await agency.add(cabinno=agency.cabin["cabinno"]))["errors"] == []
    assert agency.item["cruisedetail"]["cabin"]["cabinno"] == agency.cabin["cabinno"]


async def test_the_basket_can_be_read_again(agency: Agency) -> None:
    """basket.pl has the same shape; after a lapse the row is still there, without a price."""
    await agency.hold()
    again = (await agency.get("basket.pl", resultkey="default"))["results"][0]
    assert again["basketitems"] == [agency.item]
    await agency.control("clock", advanceSeconds=890)
    assert_unpriced(await agency.get("basket.pl"))


async def test_the_basket_may_be_empty_right_after_an_add(start: Start) -> None:
    """The read lag is a policy."""
    agency = Agency(await start(basket_read_lag=3.0))
    await agency.hold()
    assert (await agency.get("basket.pl"))["results"][0]["basketitems"] == []
    await agency.control("clock", advanceSeconds=3)
    assert len((await agency.get("basket.pl"))["results"][0]["basketitems"]) == 1


@pytest.mark.parametrize("frees", [True, False])
async def test_removing_empties_the_basket_and_frees_the_hold_by_policy(
    start: Start, frees: bool
) -> None:
    """It may clear only the basket row and not the line's hold."""
    agency = Agency(await start(remove_frees_hold=frees))
    await agency.hold()
    body = await agency.get("basketremove.pl", basketkey=agency.item["itemkey"])
    assert (body["results"][0]["basketitems"], body["results"][0]["totalprice"]) == ([], 0)
    assert (
        (await agency.ledger())["holds"] == [] if frees else len((await agency.ledger())["holds"])
    )
    assert error(await agency.get("basketremove.pl", basketkey=agency.item["itemkey"]))[0] == 152


async def test_a_second_add_makes_a_second_row(agency: Agency) -> None:
    """Nothing replaces anything; book.pl would book both."""
    await agency.hold()
    body = await agency.add()
    assert len(body["results"][0]["basketitems"]) == 2
    assert len((await agency.ledger())["holds"]) == 2
    await agency.book()
    statuses = [one["status"] for one in (await agency.ledger())["bookings"]]
    assert statuses == ["Booked", "Booked"]

"""traveltek.md, sections 3 and 4: the search that binds a session, and live prices."""

from datetime import timedelta
from decimal import Decimal

import pytest

from adapters.simulator.sailings import CARNIVAL_SAILING, SOLD_OUT_SAILING
from tests.integration.simulator.conftest import Start
from tests.support.agency import SAILINGS, TODAY, Agency, error, rate_rows


async def test_a_search_opens_a_session_and_lists_sailings(agency: Agency) -> None:
    """Ids are numbers, prices are strings; departed sailings and other lines are left out."""
    body = await agency.search(lineid="22,3")
    item = next(one for one in body["results"] if one["codetocruiseid"] == 2190294)
    assert item["line"]["id"] == 22
    assert item["nights"] == 7
    assert isinstance(item["price"], str)
    assert {one["line"]["id"] for one in body["results"]} == {22, 3}
    assert body["meta"]["rows"] == len(body["results"])
    assert agency.session.count("k") == 1


async def test_departed_sailings_are_not_found(agency: Agency) -> None:
    """They are known by their number alone; grades has nothing for them."""
    agency.cruise_id = 2190001
    assert all(one["codetocruiseid"] != 2190001 for one in (await agency.search())["results"])
    assert (await agency.grades())["results"] == []


async def test_the_window_must_contain_the_sailing(agency: Agency) -> None:
    """Prices of a sailing outside the search are an empty list."""
    far = TODAY + timedelta(days=700)
    await agency.search(startdate=far, enddate=far)
    assert (await agency.grades())["results"] == []


async def test_another_party_gets_zero_results_and_no_error(agency: Agency) -> None:
    """Adults, children and birth dates of the search bind the session."""
    agency.births = ["2018-05-04"]
    await agency.search()
    assert (await agency.grades())["results"]
    for other in ({"adults": 3}, {"children": 2}, {"dob-3": "2017-05-04"}):
        body = await agency.grades(**other)
        assert (body["errors"], body["results"]) == ([], [])


async def test_the_currency_of_the_search_sticks(agency: Agency) -> None:
    """Pounds when none was given; what grades asks for changes nothing."""
    await agency.search(currency="")
    body = await agency.grades(currency="USD")
    assert body["meta"]["defaultcurrency"]["code"] == "GBP"
    assert (
        error(
            await agency.get(
                "cruiseresults.pl", currency="XXX", adults=2, startdate=TODAY, enddate=TODAY
            )
        )[0]
        == 111
    )


async def test_prices_are_totals_that_their_parts_do_not_add_up_to(agency: Agency) -> None:
    """The row's price is for all guests."""
    await agency.search()
    body = await agency.grades()
    for row in rate_rows(body):
        parts = sum(
            Decimal(str(row.get(name, 0))) for name in ("fare", "taxes", "fees", "gratuity")
        )
        assert parts != Decimal(str(row["price"]))
    agency.adults = 3
    await agency.search()
    dearer = agency.choose(await agency.grades(), "2N", "BAR")["price"]
    assert dearer > agency.choose(body, "2N", "BAR")["price"]


async def test_grades_repeat_and_rows_may_lack_a_resultno(agency: Agency) -> None:
    """Some grades have one row per rate; rows without `resultno` use the parent's."""
    await agency.search()
    results = (await agency.grades())["results"]
    codes = [grade["cabincode"] for grade in results]
    assert codes.count("2D") > 1
    assert codes.count("2N") == 1
    own = {
        grade["codtype"]: [cell for cell in grade["gridpricing"] if "resultno" in cell]
        for grade in results
        if grade["gridpricing"][0]["available"] == "Y"
    }
    assert own["suite"]
    assert not own["outside"]


async def test_rates_no_longer_sold_carry_only_their_code(agency: Agency) -> None:
    """Rows with available N have no price and no grade number."""
    await agency.search()
    cells = [cell for grade in (await agency.grades())["results"] for cell in grade["gridpricing"]]
    assert {"available": "N", "ratecode": "QS5"} in cells


@pytest.mark.parametrize("cruise_id", [2190294, 2190295])
async def test_rate_codes_stand_in_one_of_two_places(agency: Agency, cruise_id: int) -> None:
    """So does the cheapest price; both alternate by sailing."""
    agency.cruise_id = cruise_id
    await agency.search()
    body = await agency.grades()
    meta, even = body["meta"], cruise_id % 2 == 0
    assert ("ratecodes" in meta) is even
    assert ("ratecodes" in meta["criteria"]) is not even
    priced = [grade for grade in body["results"] if "gradeno" in grade]
    assert all(("price" if even else "cheapestprice") in grade for grade in priced)


async def test_the_flag_for_non_refundable_is_unreliable(agency: Agency) -> None:
    """The name says it where the flag does not; restricted fares are shown to everyone."""
    await agency.search()
    body = await agency.grades()
    codes = {one["code"]: one for one in body["meta"]["ratecodes"]}
    assert codes["NRD"]["nonrefundable"] == 0
    assert "NON-REFUNDABLE" in codes["NRD"]["name"]
    assert (codes["KM1"]["military"], codes["SEN"]["senior"], codes["CAS"]["pastpassenger"]) == (
        1,
        1,
        1,
    )
    assert {"KM1", "SEN", "CAS"} <= {row["ratecode"] for row in rate_rows(body)}
    assert "&#39;" in codes["QS5"]["name"]


async def test_every_price_list_has_new_identifiers(agency: Agency) -> None:
    """No identifier of one list returns in the next."""
    await agency.search()
    first, second = rate_rows(await agency.grades()), rate_rows(await agency.grades())
    for name in ("resultno", "gradeno"):
        assert not {row[name] for row in first} & {row[name] for row in second}


async def test_a_ship_may_be_sold_in_another_currency(agency: Agency) -> None:
    """`price` is in the currency asked for, `sprice` in the supplier's."""
    agency.cruise_id = next(n for n, one in SAILINGS.items() if one.ship.currency == "CAD")
    await agency.search()
    row = agency.choose(await agency.grades(), "08")
    assert row["scurrency"] == "CAD"
    assert row["sprice"] > row["price"]


async def test_a_line_that_is_not_sold_live_is_known_to_the_search_only(start: Start) -> None:
    """Carnival is found; its prices are refused unless the account may sell it live."""
    agency = Agency(await start(), cruise_id=CARNIVAL_SAILING)
    found = [one for one in (await agency.search())["results"] if one["line"]["id"] == 8]
    assert found[0]["sourcelive"] == 0
    assert error(await agency.grades())[0] is None
    await agency.control("policy", live_lines=[22, 3, 8])
    assert (await agency.grades())["results"]


async def test_a_sold_out_sailing_has_no_open_rate(agency: Agency) -> None:
    """It is listed as sold out, and every rate is N."""
    agency.cruise_id = SOLD_OUT_SAILING
    item = next(
        one
        for one in (await agency.search())["results"]
        if one["codetocruiseid"] == SOLD_OUT_SAILING
    )
    assert item["soldout"] == "1"
    assert rate_rows(await agency.grades()) == []

"""traveltek.md, section 5: cabins with their boxes, guarantees, and the breakdown per guest."""

from decimal import Decimal

from tests.support.agency import BASE, Agency, error, guest_total


async def test_cabins_answer_to_get_and_to_a_form(agency: Agency) -> None:
    """Both verbs show the guarantee and the specific cabins."""
    await agency.search()
    row = agency.choose(await agency.grades(), "2N")
    by_query = await agency.cabins()
    form = {name: row[name] for name in ("resultno", "gradeno", "ratecode")}
    form |= {"requestid": agency.token, "sid": "10001", "sessionkey": agency.session}
    form |= {"selectedgrade": row["gradeno"], "codetocruiseid": "2190294"}
    by_form = await (await agency.http.post(BASE + "cruisecabins.pl", data=form)).json()
    assert by_form["results"] == by_query["results"]
    guarantee, first = by_query["results"][:2]
    assert (guarantee["cabinno"], guarantee["guaranteed"]) == ("GUAR", "Y")
    assert "maxguests" not in guarantee
    assert first["guaranteed"] == "N"
    assert first["resultno"].startswith(row["gradeno"])


async def test_cabins_lie_on_deck_plans_that_can_be_fetched(agency: Agency) -> None:
    """Each cabin names its deck; the box is sometimes missing, and otherwise drawn on the plan."""
    await agency.shop()
    body = await agency.cabins()
    cabins, (deck,) = body["results"][1:], body["meta"]["decks"]
    assert {one["deckid"] for one in cabins} == {str(deck["deckid"])}
    assert any("x1" not in one for one in cabins)
    assert any(one["obstructed"] == "Y" for one in cabins)
    assert any(one["modified"] == 1 for one in cabins)
    plan = await agency.http.session.get(deck["imageurl"])
    assert plan.content_type == "image/svg+xml"
    boxed = next(one for one in cabins if "x1" in one)
    assert f">{boxed['cabinno']}<" in await plan.text()
    assert len((await agency.cabins(showalldecks=1))["meta"]["decks"]) > 1


async def test_pictures_of_grades_and_ships_can_be_fetched(agency: Agency) -> None:
    """Image addresses are absolute, to the host that was asked; others are 404."""
    found = await agency.search()
    row = (await agency.grades())["results"][0]
    for address in (row["imageurl"], found["results"][0]["ship"]["imageurl"]):
        assert (await agency.http.session.get(address)).status == 200
    for wrong in ("ships/1", "decks/1/6", "cabins/attic", "decks/x/6"):
        assert (await agency.http.get(f"/images/{wrong}.svg")).status == 404


async def test_cabins_too_small_for_the_party_are_left_out(agency: Agency) -> None:
    """The guarantee stays."""
    agency.adults = 4
    await agency.shop()
    cabins = (await agency.cabins())["results"]
    assert all(one["maxguests"] >= 4 for one in cabins[1:])


async def test_a_guarantee_grade_has_no_specific_cabins(agency: Agency) -> None:
    """Its one row still has the `resultno` that basketadd needs."""
    await agency.shop("ZI")
    (row,) = (await agency.cabins())["results"]
    assert (row["cabinno"], bool(row["resultno"])) == ("GUAR", True)


async def test_incomplete_questions_for_cabins(agency: Agency) -> None:
    """711 without `selectedgrade`; no rows without a rate code or for another party."""
    await agency.shop()
    assert error(await agency.cabins(selectedgrade=""))[0] == 711
    for other in ({"ratecode": ""}, {"adults": 3}, {"codetocruiseid": 2190295}):
        body = await agency.cabins(**other)
        assert (body["errors"], body["results"]) == ([], [])


async def test_the_breakdown_lists_each_guest_and_differs_from_the_basket(agency: Agency) -> None:
    """Discounts are negative; gratuities are listed though nobody pays them yet."""
    await agency.shop(rate="NRD")
    row = agency.row
    body = await agency.get(
        "cruisecabingradebreakdown.pl",
        chosencruise=row["resultno"],
        chosencabingrade=row["gradeno"],
        chosenfarecode=row["ratecode"],
        cid=agency.cruise_id,
    )
    prices = {one["description"]: [p["price"] for p in one["prices"]] for one in body["results"]}
    assert prices["Promo"] == [-50, -50]
    assert {one["category"] for one in body["results"]} == {"fare", "tax", "discount", "gratuity"}
    total = sum(Decimal(str(price)) for each in prices.values() for price in each)
    await agency.add()
    assert total > guest_total(agency.item) == Decimal(str(row["price"]))


async def test_a_breakdown_of_identifiers_that_do_not_fit_is_empty(agency: Agency) -> None:
    """A grade number of one rate with the code of another names nothing."""
    await agency.shop()
    body = await agency.get(
        "cruisecabingradebreakdown.pl",
        chosencruise=agency.row["resultno"],
        chosencabingrade=agency.row["gradeno"],
        chosenfarecode="ZZZ",
        cid=agency.cruise_id,
    )
    assert (body["errors"], body["results"]) == ([], [])

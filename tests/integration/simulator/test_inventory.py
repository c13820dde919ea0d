"""Real inventory: no two guests hold one cabin, and holds lapse by the supplier's clock."""

import asyncio

from tests.integration.simulator.conftest import Start
from tests.support.agency import Agency, error, rate_rows


async def two_guests(start: Start) -> tuple[Agency, Agency]:
    http = await start()
    return Agency(http), Agency(http)


async def test_a_held_cabin_disappears_for_others(start: Start) -> None:
    """The second guest, who has still seen it, is told it is sold out."""
    first, second = await two_guests(start)
    await first.shop(cabin=1)
    await second.shop(cabin=1)
    assert first.cabin["cabinno"] == second.cabin["cabinno"]
    assert (await first.add())["errors"] == []
    code, text = error(await second.add())
    assert (code, "sold out" in text) == (138, True)
    assert first.cabin["cabinno"] not in [
        one["cabinno"] for one in (await second.cabins())["results"]
    ]


async def test_two_guests_cannot_hold_the_last_cabin(start: Start) -> None:
    """Of many asking at once for the last guarantee, one gets it."""
    http = await start()
    guests = [Agency(http) for _ in range(6)]
    await guests[0].control("inventory", cruiseId=2190294, cabinCode="GS", remaining=1)
    for guest in guests:
        await guest.shop("GS")
    answers = await asyncio.gather(*(guest.add() for guest in guests))
    assert sorted(bool(body["errors"]) for body in answers) == [False] + [True] * 5
    assert len((await guests[0].ledger())["holds"]) == 1


async def test_a_sold_out_grade_has_no_open_rate_until_the_hold_lapses(start: Start) -> None:
    """A lapsed hold gives the cabin back."""
    first, second = await two_guests(start)
    await first.control("inventory", cruiseId=2190294, cabinCode="GS", remaining=1)
    await first.hold("GS")
    await second.search()
    assert "GS" not in {row["cabincode"] for row in rate_rows(await second.grades())}
    await first.control("clock", advanceSeconds=889)
    assert len((await first.ledger())["holds"]) == 1
    await first.control("clock", advanceSeconds=1)
    assert (await first.ledger())["holds"] == []
    second.choose(await second.grades(), "GS")


async def test_a_booked_cabin_stays_sold_and_a_cancelled_one_returns(start: Start) -> None:
    """No clock gives it back, the line does."""
    first, second = await two_guests(start)
    await first.hold(cabin=1)
    body = await first.book()
    reservation = body["results"][0]["bookingdetails"]["bookingitems"][0]["cruisedetail"][
        "reservation"
    ]
    await first.control("clock", advanceSeconds=5000)
    await second.shop()
    assert first.cabin["cabinno"] not in [
        one["cabinno"] for one in (await second.cabins())["results"]
    ]
    await first.control("cancel", reservation=reservation)
    assert first.cabin["cabinno"] in [one["cabinno"] for one in (await second.cabins())["results"]]


async def test_a_lapsed_hold_cannot_be_booked_when_the_cabin_has_gone(start: Start) -> None:
    """Not even under the policy that books after the release."""
    first, second = await two_guests(start)
    await first.control("policy", book_after_release="success")
    await first.control("inventory", cruiseId=2190294, cabinCode="GS", remaining=1)
    await first.hold("GS")
    await first.control("clock", advanceSeconds=890)
    await second.hold("GS")
    assert error(await first.book())[0] == 152


async def test_grades_can_be_given_plenty_of_cabins(start: Start) -> None:
    """For load tests, one setting outweighs the seed."""
    guest = Agency(await start(cabins_per_grade=5000))
    told = await guest.control("inventory", cruiseId="2190294", cabinCode="GS", remaining=3)
    assert told == {"remaining": 3}
    assert len((await guest.http.get("/_control/sailings")).headers) > 0
    await guest.hold("J3")
    await guest.control("reset")
    assert (await guest.ledger())["holds"] == []

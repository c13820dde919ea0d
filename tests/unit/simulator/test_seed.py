"""The seed: enough sailings, on the right lines, always in the future."""

from datetime import date, timedelta
from decimal import Decimal

from adapters.simulator.inventory import cabins_on_plan
from adapters.simulator.pricing import Party, quote
from adapters.simulator.reference_data import GRADES, RATES
from adapters.simulator.sailings import (
    CARNIVAL_SAILING,
    DRILLS,
    EXAMPLE_SAILING,
    MISFILED_SAILING,
    seeded_sailings,
)
from tests.support.agency import TODAY


def test_there_are_enough_sailings_on_every_line() -> None:
    """Sixty that guests can book within a year, and drills besides; two have left."""
    sailings = seeded_sailings(TODAY)
    coming = [one for one in sailings if one.sail_date > TODAY]
    offered = [one for one in coming if one.line_id in {22, 3} and one.drill_fault is None]
    assert len([one for one in offered if not one.sold_out]) == 60
    assert max(one.sail_date for one in coming) < TODAY + timedelta(days=366)
    assert len(sailings) - len(coming) == 2
    assert {one.line_id for one in coming} == {22, 3, 8}
    assert len({one.codetocruiseid for one in sailings}) == len(sailings)


def test_the_examples_of_the_documents_exist() -> None:
    """2190294 sails with Royal Caribbean months from now, 2161250 with Carnival."""
    sailings = {one.codetocruiseid: one for one in seeded_sailings(TODAY)}
    example = sailings[EXAMPLE_SAILING]
    assert (example.line_id, example.nights) == (22, 7)
    assert example.name.startswith("7 Night ")
    assert example.sail_date - TODAY > timedelta(days=90)
    assert sailings[CARNIVAL_SAILING].line_id == 8
    assert sailings[MISFILED_SAILING].line_id == 22
    assert set(DRILLS) <= set(sailings)


def test_a_route_has_every_day_once_and_ends_on_the_last() -> None:
    for sailing in seeded_sailings(TODAY):
        assert [stop.day for stop in sailing.stops] == list(range(1, sailing.nights + 2))
        assert sailing.ports == tuple(stop.port for stop in sailing.stops if stop.port)
        assert sailing.stops[0].depart
        assert sailing.stops[-1].arrive


def test_the_same_day_gives_the_same_seed() -> None:
    """Only the dates move with the day."""
    one, other = seeded_sailings(TODAY)[4], seeded_sailings(date(2030, 1, 1))[4]
    assert seeded_sailings(TODAY)[4] == one
    assert (one.codetocruiseid, one.from_price) == (other.codetocruiseid, other.from_price)
    assert other.sail_date > date(2030, 1, 1)


def test_every_cabin_of_a_line_has_a_number_and_a_place_of_its_own() -> None:
    """Grades on one deck do not overlap on its plan."""
    for line_id, grades in GRADES.items():
        cabins = [
            one
            for grade in grades
            if not grade.guarantee_only
            for one in cabins_on_plan(line_id, grade)
        ]
        assert len({one.number for one in cabins}) == len(cabins)
        boxes = [(one.deck, one.box) for one in cabins if one.box]
        assert len(set(boxes)) == len(boxes)
        assert len(grades) >= 4
        assert len(RATES[line_id]) >= 4


def test_the_advertised_price_is_near_the_cheapest_cabin() -> None:
    """The lead-in is within a third of what a guest of two pays at the best rate."""
    party = Party(adults=2, children=0, infants=0)
    for sailing in seeded_sailings(TODAY):
        grade, rate = GRADES[sailing.line_id][0], RATES[sailing.line_id][0]
        each = quote(sailing, grade, rate, party, currency="USD").total / 2
        assert Decimal("0.66") < sailing.from_price / each < Decimal("1.34")

"""The party: counted, aged on the sailing date, and the same people as were priced."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking_flow.errors import Refusal, RefusalCode
from booking_flow.model.party import (
    AgeBands,
    Details,
    Party,
    PartyRules,
    Passenger,
    PassengerType,
    check_party,
    check_passengers,
    type_for,
)
from tests.support.builders import SAILS, a_contact, a_passenger, plain, with_faults

RULES = PartyRules()
ADULT, CHILD, INFANT = PassengerType.ADULT, PassengerType.CHILD, PassengerType.INFANT

NO_ADULT = ("/passengerCount/adults", "one adult must travel")
NEGATIVE = ("/passengerCount/children", "cannot be negative")
TOO_MANY = ("/passengerCount", "at most 8 guests share a booking")
AGES = ("/passengerCount/childAges", "one age is needed per child")


def bad_age(index: int) -> tuple[str, str]:
    return (
        f"/passengerCount/childAges/{index}",
        "a child is 0 to 17 years old on the sailing date",
    )


@pytest.mark.parametrize(
    ("adults", "child_ages"),
    [(1, ()), (8, ()), (2, (0,)), (1, (17,)), (1, (0, 1, 2, 3, 4, 5, 17))],
)
def test_a_sound_party(adults: int, child_ages: tuple[int, ...]) -> None:
    party = check_party(adults=adults, children=len(child_ages), child_ages=child_ages, rules=RULES)
    assert party == Party(adults=adults, child_ages=child_ages)
    assert party.size == adults + len(child_ages)


@pytest.mark.parametrize(
    ("adults", "children", "child_ages", "faults"),
    [
        (0, 0, (), [NO_ADULT]),
        (-1, 0, (), [NO_ADULT]),
        (0, 1, (5,), [NO_ADULT]),
        (9, 0, (), [TOO_MANY]),
        (8, 1, (5,), [TOO_MANY]),
        (2, -1, (), [NEGATIVE]),
        (2, -1, (5,), [NEGATIVE, AGES]),
        (2, 1, (), [AGES]),
        (2, 0, (5,), [AGES]),
        (2, 1, (5, 6), [AGES]),
        (2, 1, (-1,), [bad_age(0)]),
        (2, 1, (18,), [bad_age(0)]),
        (2, 2, (17, 18), [bad_age(1)]),
        (0, 9, (18,), [NO_ADULT, TOO_MANY, bad_age(0), AGES]),
    ],
)
def test_every_fault_of_a_party_is_named_at_its_place(
    adults: int, children: int, child_ages: tuple[int, ...], faults: list[tuple[str, str]]
) -> None:
    found = check_party(adults=adults, children=children, child_ages=child_ages, rules=RULES)
    assert found == with_faults(RefusalCode.PARTY_INVALID, *faults)


def test_how_many_share_a_booking_is_the_lines_rule() -> None:
    found = check_party(adults=3, children=0, child_ages=(), rules=PartyRules(max_guests=2))
    detail = "at most 2 guests share a booking"
    assert found == with_faults(RefusalCode.PARTY_INVALID, ("/passengerCount", detail))


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        (date(2009, 3, 7), SAILS, 18),
        (date(2009, 3, 8), SAILS, 17),
        (date(2009, 4, 1), SAILS, 17),
        (date(2009, 2, 28), SAILS, 18),
        (date(2027, 3, 7), SAILS, 0),
        (date(2027, 3, 8), SAILS, -1),
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
        (date(2008, 2, 29), date(2028, 2, 29), 20),
        (date(2008, 2, 29), date(2028, 2, 28), 19),
    ],
)
def test_age_is_completed_years_on_the_day(born: date, day: date, age: int) -> None:
    """Who was born on 29 February is a year older on 1 March of other years."""
    assert a_passenger(born).age_on(day) == age


@given(st.dates(min_value=date(1920, 1, 1), max_value=SAILS))
def test_a_birthday_makes_a_year(born: date) -> None:
    passenger = a_passenger(born)
    if (born.month, born.day) != (2, 29):
        for years in (1, 17, 18):
            birthday = born.replace(year=born.year + years)
            assert passenger.age_on(birthday) == years
            assert passenger.age_on(date.fromordinal(birthday.toordinal() - 1)) == years - 1


@pytest.mark.parametrize(
    ("age", "kind"),
    [(0, INFANT), (2, INFANT), (3, CHILD), (17, CHILD), (18, ADULT), (80, ADULT)],
)
def test_the_class_of_a_traveller_follows_from_the_age(age: int, kind: PassengerType) -> None:
    assert type_for(age, rules=RULES) is kind


def test_the_infants_band_is_the_lines_rule() -> None:
    assert type_for(1, rules=PartyRules(max_infant_age=0)) is CHILD
    assert type_for(0, rules=PartyRules(max_infant_age=0)) is INFANT


def child(born: date, kind: PassengerType = CHILD) -> Passenger:
    return a_passenger(born, passenger_type=kind)


GROWN = a_passenger()
EIGHT = child(date(2019, 1, 1))
TEN = child(date(2017, 1, 1))
BABY = child(date(2026, 1, 1), INFANT)
LEAD = ("/passengers/0/dateOfBirth", "the first traveller leads the booking and is 18 or older")


def unborn(index: int) -> tuple[str, str]:
    return f"/passengers/{index}/dateOfBirth", "a traveller is born before the sailing date"


def misfit(index: int) -> tuple[str, str]:
    return (
        f"/passengers/{index}/passengerType",
        "does not fit the date of birth on the sailing date",
    )


def headcount(priced: int, given_count: int) -> tuple[str, str]:
    return "/passengers", f"{priced} travellers were priced, {given_count} are given"


@pytest.mark.parametrize(
    ("party", "passengers"),
    [
        (Party(adults=1), (GROWN,)),
        (Party(adults=2), (GROWN, GROWN)),
        (Party(adults=1, child_ages=(8, 10)), (GROWN, TEN, EIGHT)),
        (Party(adults=1, child_ages=(1, 8)), (GROWN, EIGHT, BABY)),
        (Party(adults=1, child_ages=(0,)), (GROWN, child(SAILS, INFANT))),
        (Party(adults=1), (a_passenger(date(2009, 3, 7)),)),
    ],
)
def test_the_people_who_were_priced_may_travel(
    party: Party, passengers: tuple[Passenger, ...]
) -> None:
    """In any order, so long as an adult leads."""
    assert check_passengers(passengers, party=party, sailing_date=SAILS, rules=RULES) is None


@pytest.mark.parametrize(
    ("party", "passengers", "faults"),
    [
        (Party(adults=2), (GROWN,), [headcount(2, 1)]),
        (Party(adults=1), (GROWN, GROWN), [headcount(1, 2)]),
        (Party(adults=1), (), [headcount(1, 0)]),
        (Party(adults=1, child_ages=(8,)), (EIGHT, GROWN), [LEAD]),
        (
            Party(adults=1),
            (a_passenger(date(2009, 3, 8), passenger_type=CHILD),),
            [LEAD],
        ),
        (
            Party(adults=1, child_ages=(0,)),
            (GROWN, child(date(2027, 3, 8), INFANT)),
            [unborn(1)],
        ),
        (Party(adults=2), (GROWN, a_passenger(passenger_type=CHILD)), [misfit(1)]),
        (Party(adults=1, child_ages=(1,)), (GROWN, child(date(2026, 1, 1))), [misfit(1)]),
        (
            Party(adults=3),
            (child(date(2027, 4, 1)), GROWN),
            [headcount(3, 2), unborn(0), LEAD, misfit(0)],
        ),
        (
            Party(adults=1, child_ages=(10, 8)),
            (GROWN, EIGHT, EIGHT),
            [
                (
                    "/passengers",
                    "the price is for children aged 8, 10, the birth dates give 8, 8",
                )
            ],
        ),
        (
            Party(adults=2),
            (GROWN, EIGHT),
            [("/passengers", "the price is for children aged none, the birth dates give 8")],
        ),
        (
            Party(adults=1, child_ages=(8,)),
            (GROWN, GROWN),
            [("/passengers", "the price is for children aged 8, the birth dates give none")],
        ),
        (
            Party(adults=1, child_ages=(17,)),
            (GROWN, a_passenger(date(2009, 3, 7))),
            [("/passengers", "the price is for children aged 17, the birth dates give none")],
        ),
    ],
)
def test_other_people_than_were_priced_are_refused(
    party: Party, passengers: tuple[Passenger, ...], faults: list[tuple[str, str]]
) -> None:
    found = check_passengers(passengers, party=party, sailing_date=SAILS, rules=RULES)
    assert plain(found) == plain(with_faults(RefusalCode.PARTY_MISMATCH, *faults))


BIRTHS = st.dates(min_value=date(1940, 1, 1), max_value=SAILS)


@given(st.lists(BIRTHS, min_size=1, max_size=8))
def test_a_party_told_from_its_birth_dates_fits_them(births: list[date]) -> None:
    """Whoever is counted by age on the sailing date is let on board under the same dates."""
    people = [a_passenger(born) for born in births]
    ages = [person.age_on(SAILS) for person in people]
    people = [
        a_passenger(born, passenger_type=type_for(age, rules=RULES))
        for born, age in zip(births, ages, strict=True)
    ]
    young = tuple(age for age in ages if age < 18)
    party = check_party(
        adults=len(people) - len(young), children=len(young), child_ages=young, rules=RULES
    )
    if ages[0] < 18:
        people.sort(key=lambda person: person.date_of_birth)
    if isinstance(party, Party):
        passengers = tuple(people)
        assert check_passengers(passengers, party=party, sailing_date=SAILS, rules=RULES) is None
    else:
        assert max(ages) < 18


def test_details_are_replaced_field_by_field() -> None:
    before = Details(dining="1", special_requests="A cot")
    after = before.with_changes(dining=None, contact=a_contact())
    assert after == Details(contact=a_contact(), special_requests="A cot")
    with pytest.raises(TypeError):
        before.with_changes(surname="Quillfeather")


TEENS_ARE_ADULTS = PartyRules(lines={3: AgeBands(max_infant_age=1, max_child_age=12)})


def test_each_line_has_its_bands_and_the_others_the_usual_ones() -> None:
    assert TEENS_ARE_ADULTS.of_line(22) == TEENS_ARE_ADULTS
    ours = TEENS_ARE_ADULTS.of_line(3)
    kinds = [type_for(age, rules=ours) for age in (1, 2, 12, 13)]
    assert kinds == [INFANT, CHILD, CHILD, PassengerType.ADULT]
    found = check_party(adults=1, children=1, child_ages=(13,), rules=ours)
    assert isinstance(found, Refusal)
    assert found.errors[0].detail == "a child is 0 to 12 years old on the sailing date"
    assert isinstance(check_party(adults=1, children=1, child_ages=(12,), rules=ours), Party)


def test_who_is_a_child_at_the_most_is_one_of_those_priced() -> None:
    party = Party(adults=1, child_ages=(17,))
    child = a_passenger(date(SAILS.year - 17, 1, 1), passenger_type=CHILD)
    people = (a_passenger(date(1980, 1, 1)), child)
    assert check_passengers(people, party=party, sailing_date=SAILS, rules=RULES) is None

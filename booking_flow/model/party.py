"""The travelling party: how many, how old, and who they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

from booking_flow.errors import Fault, Refusal, RefusalCode

ADULT_AGE: Final = 18
MAX_CHILD_AGE: Final = ADULT_AGE - 1


class PassengerType(StrEnum):
    """How the supplier classes a passenger; the bands are the line's (traveltek.md, section 7)."""

    ADULT = "adult"
    CHILD = "child"
    INFANT = "infant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Who a price is for; `child_ages` are whole years on the sailing date."""

    adults: int
    child_ages: tuple[int, ...] = ()

    @property
    def size(self) -> int:
        """How many people travel."""
        return self.adults + len(self.child_ages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passenger:
    """One traveller as on their passport."""

    title: str
    first_name: str
    last_name: str
    date_of_birth: date
    gender: str
    nationality: str
    passenger_type: PassengerType
    printed_first_name: str | None = None
    printed_last_name: str | None = None
    """As the line prints them; None where they were typed before this was noted."""

    def age_on(self, day: date) -> int:
        """Return completed years of age on `day`."""
        born = self.date_of_birth
        return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Who the agency and the line write to."""

    title: str
    first_name: str
    last_name: str
    email: str
    phone: str
    address: str
    city: str
    state: str | None
    postal_code: str
    """Empty in countries that have none."""
    country: str
    address2: str | None = None
    phone_e164: str | None = None
    """The telephone as it is dialled from anywhere (ITU-T E.164), beside what was typed."""


class CorrectionStatus(StrEnum):
    """How far a correction has come."""

    REQUESTED = "requested"
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A field that was typed wrong, and what it should say."""

    pointer: str
    """The field in the body's `details` (RFC 6901), such as `/contact/email`."""
    value: str | None
    requested_at: datetime
    status: CorrectionStatus
    seq: int
    """The number of the event in the session's history by which it was asked for."""
    told: str | None = None
    """The e-mail address before it, which is told of a change of the contact."""
    printed: str | None = None
    """A name as the line prints it."""
    task_id: UUID | None = None
    """The task of whoever asks the line for it."""
    reason: str | None = None
    """Why, in the guest's words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What the guest has typed so far; personal data, kept encrypted at rest."""

    contact: Contact | None = None
    passengers: tuple[Passenger, ...] = ()
    dining: str | None = None
    special_requests: str | None = None
    cancel_reason: str | None = None
    """Why the guest cancelled, in their words; the history says only that a reason was given."""
    corrections: tuple[Correction, ...] = ()
    """What was put right, or is to be, since the booking; the oldest first."""
    erasure_requested_at: datetime | None = None
    """When the guest asked that all of this is erased."""

    def with_changes(self, **changes: object) -> Details:
        """Return a copy with the given fields replaced."""
        return replace(self, **changes)  # type: ignore[arg-type]  # names are checked by replace


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeBands:
    """The oldest infant and the oldest child of a cruise line, in years on the sailing date."""

    max_infant_age: int
    max_child_age: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyRules:
    """What a line accepts; the bands differ per line (traveltek.md, section 7)."""

    max_guests: int = 8
    max_infant_age: int = 2
    max_child_age: int = MAX_CHILD_AGE
    lines: Mapping[int, AgeBands] = field(default_factory=lambda: MappingProxyType({}))
    """Bands of cruise lines that have others, by the line's id."""

    def of_line(self, line_id: int) -> PartyRules:
        """Return the rules of one cruise line."""
        bands = self.lines.get(line_id)
        if bands is None:
            return self
        return replace(self, max_infant_age=bands.max_infant_age, max_child_age=bands.max_child_age)


def check_party(
    *, adults: int, children: int, child_ages: tuple[int, ...], rules: PartyRules
) -> Party | Refusal:
    """Make a party of the guest's counts, or say every way in which they do not make one."""
    faults = [*_count_faults(adults, children, rules), *_age_faults(children, child_ages, rules)]
    if faults:
        return Refusal(code=RefusalCode.PARTY_INVALID, errors=tuple(faults))
    return Party(adults=adults, child_ages=child_ages)


def _count_faults(adults: int, children: int, rules: PartyRules) -> list[Fault]:
    faults = []
    if adults < 1:
        faults.append(Fault(pointer="/passengerCount/adults", detail="one adult must travel"))
    if children < 0:
        faults.append(Fault(pointer="/passengerCount/children", detail="cannot be negative"))
    if adults + children > rules.max_guests:
        most = f"at most {rules.max_guests} guests share a booking"
        faults.append(Fault(pointer="/passengerCount", detail=most))
    return faults


def _age_faults(children: int, child_ages: tuple[int, ...], rules: PartyRules) -> list[Fault]:
    faults = [
        Fault(
            pointer=f"/passengerCount/childAges/{index}",
            detail=f"a child is 0 to {rules.max_child_age} years old on the sailing date",
        )
        for index, age in enumerate(child_ages)
        if not 0 <= age <= rules.max_child_age
    ]
    if len(child_ages) != max(children, 0):
        faults.append(
            Fault(pointer="/passengerCount/childAges", detail="one age is needed per child")
        )
    return faults


def check_passengers(
    passengers: tuple[Passenger, ...], *, party: Party, sailing_date: date, rules: PartyRules
) -> Refusal | None:
    """Refuse travellers who are not the party that was priced."""
    faults = [
        *_headcount_faults(passengers, party),
        *_birth_faults(passengers, sailing_date),
        *_type_faults(passengers, sailing_date, rules),
    ]
    if not faults:
        faults = _priced_age_faults(passengers, party, sailing_date, rules)
    return Refusal(code=RefusalCode.PARTY_MISMATCH, errors=tuple(faults)) if faults else None


def _headcount_faults(passengers: tuple[Passenger, ...], party: Party) -> list[Fault]:
    if len(passengers) == party.size:
        return []
    detail = f"{party.size} travellers were priced, {len(passengers)} are given"
    return [Fault(pointer="/passengers", detail=detail)]


def _birth_faults(passengers: tuple[Passenger, ...], sailing_date: date) -> list[Fault]:
    faults = [
        Fault(
            pointer=f"/passengers/{index}/dateOfBirth",
            detail="a traveller is born before the sailing date",
        )
        for index, passenger in enumerate(passengers)
        if passenger.date_of_birth > sailing_date
    ]
    if passengers and passengers[0].age_on(sailing_date) < ADULT_AGE:
        faults.append(
            Fault(
                pointer="/passengers/0/dateOfBirth",
                detail=f"the first traveller leads the booking and is {ADULT_AGE} or older",
            )
        )
    return faults


def _type_faults(
    passengers: tuple[Passenger, ...], sailing_date: date, rules: PartyRules
) -> list[Fault]:
    return [
        Fault(
            pointer=f"/passengers/{index}/passengerType",
            detail="does not fit the date of birth on the sailing date",
        )
        for index, passenger in enumerate(passengers)
        if passenger.passenger_type is not type_for(passenger.age_on(sailing_date), rules=rules)
    ]


def type_for(age: int, *, rules: PartyRules) -> PassengerType:
    """Return the class of a traveller of `age` years on the sailing date."""
    if age > rules.max_child_age:
        return PassengerType.ADULT
    return PassengerType.INFANT if age <= rules.max_infant_age else PassengerType.CHILD


def _priced_age_faults(
    passengers: tuple[Passenger, ...], party: Party, sailing_date: date, rules: PartyRules
) -> list[Fault]:
    ages = [passenger.age_on(sailing_date) for passenger in passengers]
    young = sorted(age for age in ages if age <= rules.max_child_age)
    if young == sorted(party.child_ages):
        return []
    priced = ", ".join(map(str, sorted(party.child_ages))) or "none"
    given = ", ".join(map(str, young)) or "none"
    detail = f"the price is for children aged {priced}, the birth dates give {given}"
    return [Fault(pointer="/passengers", detail=detail)]

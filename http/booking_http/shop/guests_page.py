"""Who travels and whom the line calls: as in the passports, asked once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from aiohttp import web

from booking_flow.errors import Refused
from booking_flow.model.party import ADULT_AGE, PartyRules, type_for
from booking_flow.ports import StoreUnavailable
from booking_http.api.endpoints import sessions
from booking_http.api.guest_request import GuestRequest
from booking_http.api.requests import DetailsRequest
from booking_http.shop.field_words import GENDERS, TITLES, asked_for, faults_of
from booking_http.shop.forms import Fields, ShopForm, Wrong, ask, read_form
from booking_http.shop.guest_cookies import guest_of
from booking_http.shop.pages import (
    Body,
    body_of,
    go_to,
    language_of,
    problem_of,
    refuse,
    render,
    subject_body,
    told,
)
from booking_http.shop.places import book_path, can, elsewhere
from booking_http.shop.texts import N_, locale_of
from booking_http.web.problems import Problem
from booking_http.web.request_io import service_of

PASSENGER: Final = ("title", "firstName", "lastName", "dateOfBirth", "gender", "nationality")
CONTACT: Final = (
    *("title", "firstName", "lastName", "email", "phone"),
    *("country", "address", "city", "state", "postalCode"),
)
OPTIONAL: Final = frozenset({"state"})
DAY_PARTS: Final = ("day", "month", "year")
AGE_DIFFERS: Final = N_(
    "%(name)s would be %(age)s on the day you sail; the price is for a child of %(priced)s. "
    "Change the birth date or get a new price."
)
NOT_ADULT: Final = N_(
    "%(name)s would be %(age)s on the day you sail; the price is for an adult. "
    "Change the birth date or get a new price."
)
NO_DAY: Final = N_("Enter the birth date as three numbers: day, month and year.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Traveller:
    """One place of the party, as it was priced."""

    number: int
    age: int | None
    """A child's age on the sailing date; None for an adult."""

    @property
    def prefix(self) -> str:
        """Return what the names of their fields begin with."""
        return f"passengers-{self.number}-"


def travellers_of(body: Body) -> list[Traveller]:
    """Return the places of the party: adults first, the lead guest foremost."""
    party = body["passengerCount"]
    ages = [*([None] * party["adults"]), *party["childAges"]]
    return [Traveller(number=number, age=age) for number, age in enumerate(ages)]


async def show_guests(request: web.Request) -> web.Response:
    """Ask who travels."""
    guest = await guest_of(request)
    body = body_of(await sessions.show(guest))
    if not can(body, "book"):
        return elsewhere(guest, body)
    return render(request, "guests.html", **_facts(request, body), form=ShopForm(typed=kept(body)))


def _facts(request: web.Request, body: Body) -> dict[str, Any]:
    return {
        "body": body,
        "travellers": travellers_of(body),
        "titles": TITLES,
        "genders": GENDERS,
        "countries": countries(language_of(request)),
        "adult_age": ADULT_AGE,
    }


def countries(language: str) -> list[tuple[str, str]]:
    """Return the countries by their names, those with two letters as passports have them."""
    names = locale_of(language).territories
    known = [(code, name) for code, name in names.items() if len(code) == 2 and code.isalpha()]
    unwanted = {"ZZ", "EU", "EZ", "UN", "XA", "XB", "QO", "CP", "CQ", "DG", "EA", "IC", "TA", "AC"}
    return sorted(((c, n) for c, n in known if c not in unwanted), key=lambda each: each[1])


def kept(body: Body) -> dict[str, str]:
    """Return what was typed so far, as the fields of the form."""
    details = body["details"]
    typed = {
        f"contact-{name}": value
        for name, value in (details["contact"] or {}).items()
        if name in CONTACT
    }
    for number, passenger in enumerate(details["passengers"]):
        typed |= {f"passengers-{number}-{name}": passenger[name] for name in PASSENGER}
        year, month, day = passenger["dateOfBirth"].split("-")
        prefix = f"passengers-{number}-dateOfBirth-"
        typed |= {prefix + "day": day, prefix + "month": month, prefix + "year": year}
    return {name: value for name, value in typed.items() if value is not None}


async def keep_guests(request: web.Request) -> web.Response:
    """Keep who travels, if nothing is missing, and lead on."""
    guest = await guest_of(request)
    fields = await read_form(request)
    body = body_of(await sessions.show(guest))
    if not can(body, "book"):
        return elsewhere(guest, body)
    rules = service_of(request).settings.policy().party
    if faults := dict(checked(fields, body, rules)):
        facts = _facts(request, body) | {"form": ShopForm(typed=fields, faults=faults)}
        return render(request, "guests.html", status=422, **facts)
    try:
        await sessions.edit(guest, ask(DetailsRequest, draft(fields, body, rules)))
    except (Problem, Refused, StoreUnavailable) as error:
        return await _refused(request, fields, problem_of(error))
    return go_to(book_path(body["reference"], "extras"))


async def _refused(request: web.Request, fields: Fields, found: Problem) -> web.Response:
    body = await subject_body(request)
    assert body is not None  # noqa: S101 - the session was shown a moment ago
    facts = _facts(request, body)
    faults = faults_of(found.errors)
    return refuse(request, found, "guests.html", faults=faults, typed=fields, **facts)


def draft(fields: Fields, body: Body, rules: PartyRules) -> dict[str, object]:
    """Return what is typed completely: the contact, and the first travellers without a gap."""
    passengers: list[dict[str, object]] = []
    for traveller in travellers_of(body):
        found = _passenger(fields, traveller, body, rules)
        if found is None:
            break
        passengers.append(found)
    contact = {name: fields.get(f"contact-{name}") for name in CONTACT}
    whole = all(contact[name] for name in CONTACT if name not in OPTIONAL)
    return {
        **({"passengers": passengers} if passengers else {}),
        **({"contact": contact} if whole else {}),
    }


def _passenger(
    fields: Fields, traveller: Traveller, body: Body, rules: PartyRules
) -> dict[str, object] | None:
    typed = {name: fields.get(traveller.prefix + name) for name in PASSENGER}
    born = birth_date(fields, traveller)
    named = {name: value for name, value in typed.items() if name != "dateOfBirth"}
    if born is None or not all(named.values()):
        return None
    age = age_on(born, date.fromisoformat(body["cruise"]["sailingDate"]))
    kind = type_for(age, rules=rules)
    return {**named, "dateOfBirth": born.isoformat(), "passengerType": kind}


def birth_date(fields: Fields, traveller: Traveller) -> date | None:
    """Read the three fields of a birth date; None when they are no day."""
    parts = [fields.get(f"{traveller.prefix}dateOfBirth-{part}", "") for part in DAY_PARTS]
    if not all(part.isascii() and part.isdecimal() and len(part) <= 4 for part in parts):
        return None
    day, month, year = map(int, parts)
    try:
        return date(year, month, day)
    except ValueError:
        return None


def age_on(born: date, day: date) -> int:
    """Return completed years of age on a day."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def checked(fields: Fields, body: Body, rules: PartyRules) -> Iterator[tuple[str, Wrong]]:
    """Yield what is missing or does not fit, in the order of the page."""
    del rules
    sailing = date.fromisoformat(body["cruise"]["sailingDate"])
    for traveller in travellers_of(body):
        for name in PASSENGER:
            if name == "dateOfBirth":
                yield from _birth_fault(fields, traveller, sailing)
            elif traveller.prefix + name not in fields:
                yield traveller.prefix + name, asked_for(name)
    for name in CONTACT:
        if name not in OPTIONAL and f"contact-{name}" not in fields:
            yield f"contact-{name}", asked_for(name)


def _birth_fault(
    fields: Fields, traveller: Traveller, sailing: date
) -> Iterator[tuple[str, Wrong]]:
    field, born = f"{traveller.prefix}dateOfBirth-day", birth_date(fields, traveller)
    if born is None:
        yield field, Wrong(words=NO_DAY)
        return
    age = age_on(born, sailing)
    name = fields.get(f"{traveller.prefix}firstName", "")
    if traveller.age is None and age < ADULT_AGE:
        yield field, Wrong(words=NOT_ADULT, facts={"name": name, "age": age})
    elif traveller.age is not None and age != traveller.age:
        facts = {"name": name, "age": age, "priced": traveller.age}
        yield field, Wrong(words=AGE_DIFFERS, facts=facts)


async def keep_draft(request: web.Request) -> web.Response:
    """Keep what is complete of a form that is still being filled in; a script sends it.

    Birth dates that are typed whole and do not fit the price are told at once.
    """
    guest = await guest_of(request)
    fields = await read_form(request)
    body = body_of(await sessions.show(guest))
    rules = service_of(request).settings.policy().party
    kept_now = can(body, "book") and await _keep(guest, draft(fields, body, rules))
    faults = {name: told(request, wrong) for name, wrong in _unfit(fields, body)}
    answer = {"saved": kept_now, "faults": faults}
    return web.json_response(answer, headers={"Cache-Control": "no-store"})


async def _keep(guest: GuestRequest, found: dict[str, object]) -> bool:
    if not found:
        return False
    try:
        await sessions.edit(guest, ask(DetailsRequest, found))
    except (Problem, Refused):
        # What cannot be kept yet is said when the form is sent.
        return False
    return True


def _unfit(fields: Fields, body: Body) -> Iterator[tuple[str, Wrong]]:
    sailing = date.fromisoformat(body["cruise"]["sailingDate"])
    for traveller in travellers_of(body):
        parts = [f"{traveller.prefix}dateOfBirth-{part}" for part in DAY_PARTS]
        if all(part in fields for part in parts):
            yield from _birth_fault(fields, traveller, sailing)

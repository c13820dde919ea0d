"""Which cabin of the grade: the line chooses its number, or the guest does; then it is held."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from booking_flow.errors import RefusalCode, Refused
from booking_flow.model.pricing import ACCESSIBLE_NEED
from booking_flow.ports import StoreUnavailable
from booking_http.api.endpoints import cabins, sessions
from booking_http.api.guest_request import FORM_KEY, GuestRequest
from booking_http.api.requests import NothingRequest, SelectCabinRequest
from booking_http.shop.deck_plan import plan_of
from booking_http.shop.forms import Fields, ShopForm, Wrong, ask, read_form
from booking_http.shop.guest_cookies import guest_of
from booking_http.shop.late_parts import answer_late
from booking_http.shop.pages import Body, body_of, go_to, problem_of, refuse, render, subject_body
from booking_http.shop.places import book_path, chooses, place_of
from booking_http.shop.price_changes import is_old
from booking_http.shop.prices_page import SEPARATOR, chosen_rate, query_of, remembered
from booking_http.shop.texts import N_
from booking_http.web.problems import Problem, problem

GUARANTEE: Final = "GUAR"
NO_CABIN: Final = N_("Choose a cabin, or let the line choose one.")
NOT_DECLARED: Final = N_("Tick who of you this price is for, or choose another one.")
NEED_NOT_DECLARED: Final = N_(
    "This cabin is kept for guests who need it. Tick that one of you does, or choose another one."
)
STEPS: Final = ("guests", "extras", "pay")
"""Steps at which a cabin is held."""
_SHOWN: Final = 60
"""Cabins of a grade that are listed; more than that nobody compares."""


async def show_cabins(request: web.Request) -> web.StreamResponse:
    """Show both ways to a cabin of the rate in the address."""
    guest = await guest_of(request)
    body = body_of(await sessions.show(guest))
    if not chooses(body):
        return go_to(place_of(body))
    priced = remembered(guest, body)
    found = chosen_rate(priced, request.query.get("rate", ""))
    if found is None:
        return go_to(book_path(body["reference"]))
    grade, rate = found

    async def part() -> dict[str, Any]:
        return cabin_facts(body_of(await cabins.list_cabins(guest, query_of(rate))), body)

    old = is_old(priced, body["serverTime"])
    facts = {"body": body, "grade": grade, "rate": rate, "old": old}
    return await answer_late(request, "cabin.html", "parts/cabins.html", part, **facts)


def cabin_facts(found: Body, body: Body) -> dict[str, Any]:
    """Return the cabins that take the party, the one to recommend first, and the decks' plans."""
    people = body["passengerCount"]["adults"] + body["passengerCount"]["children"]
    fitting = [each for each in found["cabins"] if _is_cabin(each) and _takes(each, people)]
    listed = sorted(fitting, key=_worth)[:_SHOWN]
    return {
        "cabins": listed,
        "recommended": next((each for each in listed if not each["accessible"]), None),
        "plans": [plan_of(deck, listed) for deck in found["decks"]],
        "deck_names": {deck["deckId"]: deck["name"] for deck in found["decks"]},
    }


def _is_cabin(cabin: Body) -> bool:
    return str(cabin["cabinNumber"]).upper() != GUARANTEE


def _takes(cabin: Body, people: int) -> bool:
    most, least = cabin["maxGuests"], cabin["minGuests"]
    return (most is None or people <= most) and (least is None or people >= least)


def _worth(cabin: Body) -> tuple[bool, bool, bool, str]:
    """Put cabins in the order of a clear view, the middle of the ship, and their numbers."""
    middle = (cabin["position"] or "").lower().startswith("m")
    return cabin["obstructed"], cabin["accessible"], not middle, str(cabin["cabinNumber"])


async def hold_cabin(request: web.Request) -> web.Response:
    """Hold what was chosen and lead on to the guests."""
    guest = await guest_of(request)
    fields = await read_form(request)
    body = body_of(await sessions.show(guest))
    if faults := _missing(guest, body, fields):
        return await _asked_again(request, guest, body, fields, faults)
    try:
        held = body_of(await cabins.choose_cabin(guest, asked(guest, body, fields)))
    except (Problem, Refused, StoreUnavailable) as error:
        found = problem_of(error)
        if any(fault.pointer == "/declared" for fault in found.errors):
            faults = {f"need-{_way(fields)}": Wrong(words=NEED_NOT_DECLARED)}
            return await _asked_again(request, guest, body, fields, faults)
        return await _refused(request, guest, fields, found)
    return go_to(place_of(held) if held["pending"] else book_path(held["reference"], "guests"))


def _missing(guest: GuestRequest, body: Body, fields: Fields) -> dict[str, Wrong]:
    """Return what the form leaves open: the cabin, or who a rate for some guests only is for."""
    if "cabin" not in fields:
        return {"cabin": Wrong(words=NO_CABIN)}
    found = chosen_rate(remembered(guest, body), fields.get("rate", ""))
    if found is None or not found[1]["restrictedTo"] or _declared(found[1], fields):
        return {}
    return {f"declared-{_way(fields)}": Wrong(words=NOT_DECLARED)}


def _way(fields: Fields) -> str:
    """Return which of the two ways a form is of: the line's choice, or the guest's own."""
    return "line" if fields["cabin"] == GUARANTEE else "own"


def _declared(rate: Body, fields: Fields) -> list[str]:
    return [name for name in rate["restrictedTo"] if f"declared-{name}" in fields]


def asked(guest: GuestRequest, body: Body, fields: Fields) -> SelectCabinRequest:
    """Return what the API is asked for.

    Raises:
        Problem: `rate_gone`.
    """
    found = chosen_rate(remembered(guest, body), fields.get("rate", ""))
    if found is None:
        raise problem(RefusalCode.RATE_GONE)
    grade, rate = found
    number, _, result = fields["cabin"].partition("/")
    cabin = {} if number == GUARANTEE else {"cabinNumber": number, "cabinResult": result}
    price = {"expectedPrice": fields["price"]} if "price" in fields else {}
    wish: Mapping[str, object] = {
        "resultNo": rate["resultNo"],
        "gradeNo": rate["gradeNo"],
        "rateCode": rate["rateCode"],
        "cabinCode": grade["cabinCode"],
        **{name: value for name, value in cabin.items() if value},
        **price,
        "declared": [
            *_declared(rate, fields),
            *([ACCESSIBLE_NEED] if f"declared-{ACCESSIBLE_NEED}" in fields else []),
        ],
    }
    return ask(SelectCabinRequest, wish)


async def _asked_again(
    request: web.Request,
    guest: GuestRequest,
    body: Body,
    fields: Fields,
    faults: Mapping[str, Wrong],
) -> web.Response:
    """Show the cabins once more, and say what is missing."""
    priced = remembered(guest, body)
    found = chosen_rate(priced, fields.get("rate", ""))
    if found is None:
        return go_to(book_path(body["reference"]))
    old = is_old(priced, body["serverTime"])
    listed = cabin_facts(body_of(await cabins.list_cabins(guest, query_of(found[1]))), body)
    facts: dict[str, Any] = {"body": body, "grade": found[0], "rate": found[1], "old": old}
    form = ShopForm(typed=fields, faults=faults)
    shown = facts | listed | {"form": form, "late": "parts/cabins.html"}
    return render(request, "cabin.html", status=422, **shown)


async def _refused(
    request: web.Request, guest: GuestRequest, fields: Fields, found: Problem
) -> web.Response:
    """Say what happened, with the choice at hand so that a new price can be accepted."""
    body = await subject_body(request)
    if body and body["state"] == "basketed" and found.code == RefusalCode.IN_PROGRESS:
        return go_to(place_of(body))
    number = fields["cabin"].partition("/")[0]
    found.facts = {**found.facts, "cabinNumber": number}
    like = await _like(guest, body, fields) if found.code == RefusalCode.CABIN_GONE else None
    return refuse(request, found, "problem.html", body=body, choice=fields, like=like)


async def _like(guest: GuestRequest, body: Body | None, fields: Fields) -> Body | None:
    """Return a cabin to take instead of one that went: of the same grade, at the same price."""
    found = chosen_rate(remembered(guest, body), fields.get("rate", "")) if body else None
    if body is None or found is None:
        return None
    try:
        listed = body_of(await cabins.list_cabins(guest, query_of(found[1])))
    except (Problem, Refused, StoreUnavailable):
        return None
    gone = fields["cabin"].partition("/")[0]
    left = [each for each in listed["cabins"] if each["cabinNumber"] != gone]
    recommended: Body | None = cabin_facts(listed | {"cabins": left}, body)["recommended"]
    return recommended


async def release(request: web.Request) -> web.Response:
    """Let the held cabin go and show the prices again."""
    guest = await guest_of(request)
    await read_form(request)
    body = body_of(await cabins.release_held(guest))
    return go_to(place_of(body))


async def ask_release(request: web.Request) -> web.Response:
    """Say what letting go means before it is done."""
    guest = await guest_of(request)
    body = body_of(await sessions.show(guest))
    if body["state"] != "basketed":
        return go_to(place_of(body))
    return render(request, "release.html", body=body)


async def hold_again(request: web.Request) -> web.Response:
    """Hold the cabin that is or was held, at the same price or not at all."""
    guest = await guest_of(request)
    fields = await read_form(request)
    try:
        guest = await _let_go_of(guest, fields)
        held = body_of(await cabins.hold(guest, NothingRequest()))
    except (Problem, Refused, StoreUnavailable) as error:
        body, found = await subject_body(request), problem_of(error)
        return refuse(request, found, "problem.html", body=body, choice=_choice_of(body))
    step = fields.get("step")
    return go_to(book_path(held["reference"], step) if step in STEPS else place_of(held))


def _choice_of(body: Body | None) -> Fields | None:
    """Return what a session has chosen, as the form of the cabins sends it."""
    chosen = body["selection"] if body else None
    if chosen is None:
        return None
    rate = f"{chosen['cabinCode']}{SEPARATOR}{chosen['rateCode']}"
    number = GUARANTEE if chosen["guaranteed"] else chosen["cabinNumber"]
    declared = {f"declared-{name}": "yes" for name in chosen["declared"]}
    return {"rate": rate, "cabin": number, **declared}


async def _let_go_of(guest: GuestRequest, fields: Fields) -> GuestRequest:
    """Let go of the hold that the form was about; one that another form made anew is kept."""
    held = body_of(await sessions.show(guest))["hold"]
    if held is None or held["expiresAt"] != fields.get("held"):
        return guest
    # The form's key belongs to the hold; letting go happens once by the hold it names.
    attempt = guest.request.pop(FORM_KEY, None)
    await cabins.release_held(guest)
    guest.request[FORM_KEY] = attempt
    return await guest_of(guest.request)

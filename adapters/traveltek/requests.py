"""Building what the supplier is asked, exactly as traveltek.md, sections 3 to 8 say."""

from __future__ import annotations

from datetime import date, timedelta

from adapters.traveltek.settings import TraveltekSettings
from booking_flow.model.party import Party, PassengerType, type_for
from booking_flow.model.pricing import Selection
from booking_flow.model.sailing import Sailing
from booking_flow.supplier import RateKey

Params = dict[str, str]


def birthday(age: int, sailing_date: date) -> date:
    """Return a date of birth that makes somebody `age` years old on the sailing date."""
    year = sailing_date.year - age
    leapless = sailing_date.day if (sailing_date.month, sailing_date.day) != (2, 29) else 28
    return date(year, sailing_date.month, leapless) - timedelta(days=1)


def _infants(party: Party, sailing: Sailing, settings: TraveltekSettings) -> tuple[int, ...]:
    """Return the ages of infants by the bands of the sailing's line."""
    rules = settings.party.of_line(sailing.line_id)
    return tuple(
        age for age in party.child_ages if type_for(age, rules=rules) is PassengerType.INFANT
    )


def _heads(party: Party, sailing: Sailing, settings: TraveltekSettings) -> Params:
    infants = len(_infants(party, sailing, settings))
    children = len(party.child_ages) - infants
    return {"adults": str(party.adults), "children": str(children), "infants": str(infants)}


def search(sailing: Sailing, party: Party, currency: str, *, settings: TraveltekSettings) -> Params:
    """Ask for one sailing within a window around its date (traveltek.md, section 3)."""
    window = timedelta(days=settings.window_days)
    births = [birthday(age, sailing.sailing_date).isoformat() for age in party.child_ages]
    return {
        "startdate": (sailing.sailing_date - window).isoformat(),
        "enddate": (sailing.sailing_date + window).isoformat(),
        **_heads(party, sailing, settings),
        **({"childdob": ",".join(births)} if births else {}),
        "currency": currency,
        "language": settings.language,
        "lineid": ",".join(map(str, sorted({*settings.line_ids, sailing.line_id}))),
        "codetocruiseid": sailing.cruise_id,
        "resultkey": "default",
    }


def grades(
    session_key: str,
    sailing: Sailing,
    party: Party,
    currency: str,
    *,
    settings: TraveltekSettings,
) -> Params:
    """Ask for live prices with the very party of the search (traveltek.md, sections 3 and 4)."""
    young = enumerate(party.child_ages, start=party.adults + 1)
    infants = _infants(party, sailing, settings)
    ages: Params = {}
    for number, age in young:
        ages[f"paxtype-{number}"] = "infant" if age in infants else "child"
        ages[f"dob-{number}"] = birthday(age, sailing.sailing_date).isoformat()
    heads = _heads(party, sailing, settings)
    if not infants:
        del heads["infants"]
    return {
        "sessionkey": session_key,
        "type": "cruise",
        "codetocruiseid": sailing.cruise_id,
        **heads,
        **ages,
        "currency": currency,
    }


def cabins(session_key: str, sailing: Sailing, party: Party, rate: RateKey) -> Params:
    """Ask for the cabins of a rate; the chosen grade is named twice (traveltek.md, section 5)."""
    return {
        "sessionkey": session_key,
        "codetocruiseid": sailing.cruise_id,
        "adults": str(party.adults),
        "gradeno": rate.grade_no,
        "ratecode": rate.rate_code,
        "resultno": rate.result_no,
        "selectedgrade": rate.grade_no,
        "resultkey": "default",
        "showalldecks": "1",
    }


def breakdown(session_key: str, sailing: Sailing, rate: RateKey) -> Params:
    """Ask for the per-guest items of a rate (traveltek.md, section 5)."""
    return {
        "sessionkey": session_key,
        "chosencruise": rate.result_no,
        "chosencabingrade": rate.grade_no,
        "chosenfarecode": rate.rate_code,
        "cid": sailing.cruise_id,
    }


def basket_add(session_key: str, selection: Selection, currency: str) -> Params:
    """Ask to hold the selected cabin (traveltek.md, section 6)."""
    number = {} if selection.guaranteed else {"cabinno": selection.cabin_number}
    return {
        "sessionkey": session_key,
        "type": "cruise",
        "resultkey": "default",
        "resultno": selection.result_no,
        "gradeno": selection.grade_no,
        "ratecode": selection.rate_code,
        "cabinresult": selection.cabin_result,
        **number,
        "currency": currency,
    }


def basket(session_key: str) -> Params:
    """Ask for the basket."""
    return {"sessionkey": session_key, "resultkey": "default"}


def basket_remove(session_key: str, item_key: str) -> Params:
    """Ask to take an item out of the basket."""
    return {"sessionkey": session_key, "basketkey": item_key}


def import_booking(
    line_id: int, reservation: str, currency: str, *, settings: TraveltekSettings
) -> Params:
    """Ask what the line knows under a reservation (traveltek.md, section 8)."""
    return {
        "lineid": str(line_id),
        "bookingreference": reservation,
        "viewonly": "1",
        "currency": currency,
        "language": settings.language,
    }


def ship(ship_id: int, *, settings: TraveltekSettings) -> Params:
    """Ask for a ship."""
    return {"shipid": str(ship_id), "language": settings.language}

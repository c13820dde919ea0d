"""Finding a booking again: its reference and e-mail address, and a link comes by mail."""

from __future__ import annotations

from aiohttp import web

from booking_http.api.endpoints.lookup import note_lookup
from booking_http.api.lookup_models import LookupRequest
from booking_http.shop.field_words import asked_for
from booking_http.shop.forms import Fields, ShopForm, Wrong, ask, read_form
from booking_http.shop.pages import go_to, render
from booking_http.shop.texts import N_
from booking_http.web.problems import Problem

SENT = "/booking?sent"
_NAMES = ("reference", "email")
NO_REFERENCE = N_("Enter the reference, such as BF-7K3Q9X2M.")
NO_EMAIL = N_("This is no e-mail address such as ada@example.com.")


async def show_lookup(request: web.Request) -> web.Response:
    """Ask for the reference and the e-mail address."""
    return render(request, "lookup.html", sent="sent" in request.query)


async def ask_lookup(request: web.Request) -> web.Response:
    """Let the link be mailed; the same is said whether there is such a booking or not."""
    fields = await read_form(request)
    faults = _missing(fields)
    if not faults:
        try:
            wish = ask(LookupRequest, {name: fields[name] for name in _NAMES})
        except Problem:
            faults = {"email": Wrong(words=NO_EMAIL)}
        else:
            await note_lookup(request, wish)
            return go_to(SENT)
    form = ShopForm(typed=fields, faults=faults)
    return render(request, "lookup.html", status=422, form=form, sent=False)


def _missing(fields: Fields) -> dict[str, Wrong]:
    words = {"reference": Wrong(words=NO_REFERENCE), "email": asked_for("email")}
    return {name: words[name] for name in _NAMES if name not in fields}

"""Paying for what is booked: a balance, or what was due with the booking.

Where it was booked the browser's cookie is enough; who came by a mailed link types a code, too.
"""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from booking_flow.errors import RefusalCode, Refused
from booking_flow.ports import StoreUnavailable
from booking_http.api.endpoints import bookings, with_code
from booking_http.api.endpoints.with_code import Holder
from booking_http.api.lookup_models import CodeRequest
from booking_http.api.requests import PaymentRequest
from booking_http.shop.card_fields import DEPOSIT, FULL, missing_in_card, payment_in, without_card
from booking_http.shop.field_words import faults_of
from booking_http.shop.forms import Fields, ShopForm, Wrong, ask, read_form
from booking_http.shop.guest_cookies import holder_of
from booking_http.shop.holders import NO_CODE, body_for
from booking_http.shop.pages import Body, go_to, problem_of, refuse, render
from booking_http.shop.places import awaits_line, booking_path, can, manage_path, place_of
from booking_http.web.problems import EdgeCode, Problem

ACT: Final = "pay"


async def show_balance(request: web.Request) -> web.Response:
    """Show what is due when, and the card's fields."""
    holder = await holder_of(request)
    body = body_for(holder)
    if not can(body, ACT):
        return go_to(_back(holder, body))
    return render(request, "balance.html", **_facts(request, holder, body))


def _back(holder: Holder, body: Body) -> str:
    """Return where a booking is shown to whoever holds it."""
    return manage_path(body["reference"]) if holder.guest is None else place_of(body)


def _facts(request: web.Request, holder: Holder, body: Body) -> dict[str, Any]:
    by_link = holder.guest is None
    return {
        "body": body,
        "by_link": by_link,
        "sent": "sent" in request.query,
        "back": manage_path(body["reference"]) if by_link else booking_path(body["reference"]),
    }


async def pay_balance(request: web.Request) -> web.Response:
    """Pay with the card that was typed, or say what is missing."""
    holder = await holder_of(request)
    fields, body = await read_form(request), body_for(holder)
    # A form that comes a second time is answered by what became of the first.
    if not can(body, ACT):
        return go_to(_back(holder, body))
    if faults := _missing(holder, fields):
        form = ShopForm(typed=without_card(fields), faults=faults)
        facts = _facts(request, holder, body) | {"form": form}
        return render(request, "balance.html", status=422, **facts)
    try:
        await _carry_out(holder, body, fields)
    except (Problem, Refused, StoreUnavailable) as error:
        return await _refused(request, fields, problem_of(error))
    return go_to(_back(holder, await _present(request)))


def _missing(holder: Holder, fields: Fields) -> dict[str, Wrong]:
    faults = dict(missing_in_card(fields))
    if holder.guest is None and "code" not in fields:
        faults["code"] = Wrong(words=NO_CODE)
    return faults


async def _carry_out(holder: Holder, body: Body, fields: Fields) -> None:
    wish = ask(PaymentRequest, payment_in(fields, amounts_of(body)))
    if holder.guest is not None:
        await bookings.pay_booked(holder.guest, wish)
    else:
        code = ask(CodeRequest, {"code": fields["code"]}).code
        await with_code.pay_for(holder, wish, code=code)


def amounts_of(body: Body) -> dict[str, object]:
    """Return what can be paid now: all that is left, or a deposit that is still due."""
    deposits = [part for part in body["schedule"] if part["kind"] == "deposit" and not part["paid"]]
    due = {DEPOSIT: deposits[0]["amount"]} if deposits else {}
    return {FULL: body["booking"]["outstanding"], **due}


async def _present(request: web.Request) -> Body:
    return body_for(await holder_of(request))


async def _refused(request: web.Request, fields: Fields, found: Problem) -> web.Response:
    """Say what is wrong; a payment that is under way or was made meanwhile is shown instead."""
    holder = await holder_of(request)
    body = body_for(holder)
    if found.code == RefusalCode.IN_PROGRESS or awaits_line(body):
        return go_to(_back(holder, body))
    if not can(body, ACT):
        return refuse(request, found, "problem.html", body=body)
    wrong = {"code": Wrong(words=NO_CODE)} if found.code == EdgeCode.CODE_WRONG else None
    faults = wrong or faults_of(found.errors)
    typed = {name: text for name, text in without_card(fields).items() if name != "code"}
    facts = _facts(request, holder, body)
    return refuse(request, found, "balance.html", faults=faults, typed=typed, **facts)

"""What a guest does with a booking afterwards: each on a page of its own, with a mailed code."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from aiohttp import web

from booking_flow.errors import RefusalCode, Refused
from booking_flow.ports import StoreUnavailable
from booking_http.api.corrections import CorrectionRequest
from booking_http.api.endpoints import with_code
from booking_http.api.endpoints.with_code import Holder
from booking_http.api.lookup_models import CodeRequest, GuestCancelRequest
from booking_http.shop.booking_page import wait_facts
from booking_http.shop.field_words import faults_of
from booking_http.shop.forms import Fields, ShopForm, Wrong, ask, read_form
from booking_http.shop.guest_cookies import holder_of
from booking_http.shop.guests_page import countries
from booking_http.shop.holders import NO_CODE, body_for
from booking_http.shop.pages import HEADERS, Body, go_to, language_of, problem_of, refuse, render
from booking_http.shop.places import awaits_line, booking_path, can, manage_path
from booking_http.shop.texts import N_
from booking_http.web.problems import EdgeCode, Problem, problem

Act = Callable[[Holder, Fields], Awaitable[Any]]
_WORDS: Final = {"code": NO_CODE, "pointer": N_("Choose whose name is wrong.")}
_ADDRESS: Final = ("country", "address", "address2", "city", "state", "postalCode")


async def show_manage(request: web.Request) -> web.Response:
    """Show a booking with what can be done about it."""
    holder = await holder_of(request)
    body = body_for(holder)
    waits = awaits_line(body)
    return render(
        request,
        "manage.html",
        body=body,
        done=request.query.get("done"),
        can_pay=can(body, "pay"),
        by_link=holder.guest is None,
        awaits_line=waits,
        **(wait_facts(request, holder.loaded.session, body) if waits else {}),
    )


async def show_change(request: web.Request) -> web.Response:
    """Ask for what one act needs, the code of the mail with it."""
    holder, _ = await holder_of(request), _act(request)
    body = body_for(holder)
    contact = body["details"]["contact"] or {}
    form = ShopForm(typed={name: text for name, text in contact.items() if text})
    return render(request, "change.html", form=form, **_facts(request, body))


async def mail_code(request: web.Request) -> web.Response:
    """Have a code mailed, and go on to where it is typed."""
    holder, _ = await holder_of(request), _act(request)
    reference = holder.loaded.session.reference
    return await code_mailed(request, holder, manage_path(reference, request.match_info["act"]))


async def code_mailed(request: web.Request, holder: Holder, path: str) -> web.Response:
    """Have a code mailed, and go on to the page at which it is typed."""
    await read_form(request)
    await with_code.have_code_mailed(holder)
    return go_to(f"{path}?sent")


async def mail_code_to_pay(request: web.Request) -> web.Response:
    """Have a code mailed with which a booking is paid."""
    holder = await holder_of(request)
    return await code_mailed(
        request, holder, f"{booking_path(holder.loaded.session.reference)}/pay"
    )


async def change(request: web.Request) -> web.Response:
    """Do what is asked; what was typed comes back with the reason why it was not done."""
    holder, carry_out = await holder_of(request), _act(request)
    fields = await read_form(request)
    try:
        _ensure_typed(fields)
        done = await carry_out(holder, fields)
    except (Problem, Refused, StoreUnavailable) as error:
        return _refused(request, holder, fields, problem_of(error))
    if isinstance(done, web.Response):
        return done
    act = request.match_info["act"]
    return go_to(f"{manage_path(holder.loaded.session.reference)}?done={act}")


def _refused(request: web.Request, holder: Holder, fields: Fields, found: Problem) -> web.Response:
    typed = {name: text for name, text in fields.items() if name != "code"}
    facts = _facts(request, body_for(holder))
    faults = _faults(found, fields, request.match_info["act"])
    return refuse(request, found, "change.html", faults=faults, typed=typed, **facts)


def _faults(found: Problem, fields: Fields, act: str) -> dict[str, Wrong]:
    """Return what is wrong, by the fields of the page."""
    if found.code == EdgeCode.CODE_WRONG or "code" not in fields:
        return {"code": Wrong(words=NO_CODE)}
    told = faults_of(replace(fault, pointer=_place(fault.pointer, act)) for fault in found.errors)
    return {name: Wrong(words=_WORDS[name]) if name in _WORDS else told[name] for name in told}


def _place(pointer: str, act: str) -> str:
    """Return where on the page that is which the API calls the value."""
    if pointer == "/value" and act in ("email", "phone"):
        return f"/{act}"
    return pointer.replace("/value/", "/")


def _ensure_typed(fields: Fields) -> None:
    if "code" not in fields:
        raise problem(RefusalCode.VALIDATION_FAILED)


def _facts(request: web.Request, body: Body) -> dict[str, Any]:
    return {
        "act": request.match_info["act"],
        "countries": countries(language_of(request)),
        "sent": "sent" in request.query,
        "body": body,
    }


async def _email(holder: Holder, fields: Fields) -> None:
    await _correct(holder, fields, "/contact/email", fields.get("email", ""))


async def _phone(holder: Holder, fields: Fields) -> None:
    await _correct(holder, fields, "/contact/phone", fields.get("phone", ""))


async def _address(holder: Holder, fields: Fields) -> None:
    address = {name: fields[name] for name in _ADDRESS if name in fields}
    await _correct(holder, fields, "/contact", address)


async def _name(holder: Holder, fields: Fields) -> None:
    await _correct(holder, fields, fields.get("pointer", ""), fields.get("value", ""))


async def _correct(holder: Holder, fields: Fields, pointer: str, value: object) -> None:
    wish = ask(CorrectionRequest, {"pointer": pointer, "value": value})
    code = ask(CodeRequest, {"code": fields["code"]}).code
    await with_code.correct_for(holder, wish, code=code)


async def _cancel(holder: Holder, fields: Fields) -> None:
    named: Body = {name: fields[name] for name in ("code", "reason") if name in fields}
    wish = ask(GuestCancelRequest, named)
    await with_code.cancel_for(holder, reason=wish.reason, code=wish.code)


async def _data(holder: Holder, fields: Fields) -> web.Response:
    copy = await with_code.copy_for(holder, code=ask(CodeRequest, {"code": fields["code"]}).code)
    name = f"{holder.loaded.session.reference}.json"
    return web.Response(
        text=copy.model_dump_json(by_alias=True, indent=1),
        content_type="application/json",
        charset="utf-8",
        headers={**HEADERS, "Content-Disposition": f'attachment; filename="{name}"'},
    )


async def _erasure(holder: Holder, fields: Fields) -> None:
    code = ask(CodeRequest, {"code": fields["code"]}).code
    await with_code.ask_erasure_for(holder, code=code)


ACTS: Final[Mapping[str, Act]] = MappingProxyType(
    {
        "email": _email,
        "phone": _phone,
        "address": _address,
        "name": _name,
        "cancel": _cancel,
        "data": _data,
        "erasure": _erasure,
    }
)
"""What can be done, by the last part of its page's address."""


def _act(request: web.Request) -> Act:
    act = ACTS.get(request.match_info["act"])
    if act is None:
        raise problem(RefusalCode.NOT_FOUND)
    return act

"""Being mailed once when a silent line answers, and coming back by that mail in any browser."""

from __future__ import annotations

from aiohttp import web

from booking_http.api.endpoints import line_notices, sessions
from booking_http.api.lookup_models import LineNoticeRequest
from booking_http.shop import guest_cookies
from booking_http.shop.field_words import asked_for
from booking_http.shop.forms import ShopForm, Wrong, ask, read_form
from booking_http.shop.guest_cookies import guest_of
from booking_http.shop.lookup_page import NO_EMAIL
from booking_http.shop.pages import Body, body_of, go_to, render
from booking_http.shop.places import book_path, chooses, place_of
from booking_http.web.problems import Problem


async def show_notice(request: web.Request) -> web.Response:
    """Ask whom to mail, or say that it is noted."""
    guest = await guest_of(request)
    body = body_of(await sessions.show(guest))
    if not (chooses(body) and line_notices.mails(guest.service)):
        return go_to(place_of(body))
    contact = body["details"]["contact"] or {}
    form = ShopForm(typed={"email": contact.get("email", "")})
    return render(request, "notice.html", body=body, form=form, sent="sent" in request.query)


async def keep_notice(request: web.Request) -> web.Response:
    """Keep whom to mail."""
    guest = await guest_of(request)
    fields = await read_form(request)
    body = body_of(await sessions.show(guest))
    if "email" not in fields:
        return _again(request, body, "", asked_for("email"))
    try:
        wish = ask(LineNoticeRequest, {"email": fields["email"]})
    except Problem:
        return _again(request, body, fields["email"], Wrong(words=NO_EMAIL))
    await line_notices.note(guest, wish)
    return go_to(book_path(body["reference"], "notice?sent"))


def _again(request: web.Request, body: Body, typed: str, wrong: Wrong) -> web.Response:
    form = ShopForm(typed={"email": typed}, faults={"email": wrong})
    return render(request, "notice.html", status=422, body=body, form=form, sent=False)


async def show_return(request: web.Request) -> web.Response:
    """Show the button that opens the session; programs that follow links press none."""
    return render(request, "return.html")


async def come_back(request: web.Request) -> web.Response:
    """Let this browser open the session of a mailed link, and lead to where it is."""
    await read_form(request)
    body = body_of(await sessions.show(await line_notices.guest_of_token(request)))
    response = go_to(place_of(body))
    guest_cookies.keep_session(request, response, body)
    return response

"""Being mailed once, when a line that is silent answers again; and coming back by that mail."""

from __future__ import annotations

from aiohttp import web

from booking_flow.errors import RefusalCode
from booking_flow.flow import BEFORE_HOLD
from booking_http.api.endpoints import sessions
from booking_http.api.endpoints.lookup import LINK_TOKEN
from booking_http.api.guest_request import GuestRequest, authenticate, open_with
from booking_http.api.lookup_models import LineNoticeRequest, LookupResponse
from booking_http.service import Service
from booking_http.web.problems import problem
from booking_http.web.request_io import json_response, read_body, service_of


async def ask_line_notice(request: web.Request) -> web.Response:
    """Keep whom to mail when the line answers."""
    guest = await authenticate(request)
    await note(guest, await read_body(request, LineNoticeRequest))
    return json_response(LookupResponse(status="accepted"), status=202)


async def note(guest: GuestRequest, ask: LineNoticeRequest) -> None:
    """Keep whom to mail when the line answers, in the place of whoever was to be before.

    Raises:
        Problem: `wrong_state`, nobody waits for prices or no mail is sent; `rate_limited`.
    """
    session = guest.loaded.session
    if session.state not in BEFORE_HOLD or not mails(guest.service):
        raise problem(RefusalCode.WRONG_STATE, "Nobody can be mailed about this session.")
    kept = await guest.service.notices.ask(session.id, email=ask.email, opens=guest.key.text)
    if not kept:
        raise problem(RefusalCode.RATE_LIMITED, "Too many mails were asked for. Try later.")


def mails(service: Service) -> bool:
    """Whether a link can be mailed: there is a mail server, and an address of ours."""
    return service.settings.smtp_url is not None and service.settings.public_url is not None


async def redeem_line_notice(request: web.Request) -> web.Response:
    """Show the session of a mailed link, with what opens it."""
    return await sessions.show(await guest_of_token(request))


async def guest_of_token(request: web.Request) -> GuestRequest:
    """Return the guest whose session a mailed link opens.

    Raises:
        Problem: `session_not_found`.
    """
    token = request.match_info["token"]
    known = LINK_TOKEN.fullmatch(token)
    notice = await service_of(request).notices.redeem(token) if known else None
    if notice is None:
        raise problem(RefusalCode.SESSION_NOT_FOUND, "This link is too old, or none of ours.")
    return await open_with(request, notice.opens)

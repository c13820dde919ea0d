"""What a guest may do with a code that is mailed at that moment.

Who asks holds the session's secret or a mailed link that was opened; the code shows that they read
the mail of the booking.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from booking_flow.context import DecisionContext
from booking_flow.engine import Command
from booking_flow.errors import RefusalCode
from booking_flow.flow import Trigger
from booking_flow.lifecycle import cancellation
from booking_flow.lifecycle.cancellation import REASON_GIVEN
from booking_flow.lifecycle.correct import contact_of, correct_contact, correctable, request_name
from booking_flow.lifecycle.request_erasure import request_erasure
from booking_flow.model.change import Change
from booking_flow.model.party import Details
from booking_flow.model.session import Loaded, Session
from booking_flow.steps.pay import claim_pay
from booking_flow.unit_of_work import Decision
from booking_http.api.action_links import BASE
from booking_http.api.attempt_limits import cap_cards
from booking_http.api.conversions import payment_of
from booking_http.api.corrections import CorrectionRequest, contact_with, name_wish
from booking_http.api.guest_request import GuestRequest, authenticate, ensure_match, origin_of
from booking_http.api.lookup_models import (
    CodeRequest,
    DataCopyResponse,
    GuestCancelRequest,
    GuestCorrectionRequest,
    GuestPaymentRequest,
    KeptCorrectionResponse,
    LookupResponse,
)
from booking_http.api.requests import PaymentRequest
from booking_http.api.responses import ActionResponse, SessionResponse
from booking_http.api.session_replies import session_body, tag
from booking_http.api.session_response import render
from booking_http.notifications.settings import CODE
from booking_http.service import Service
from booking_http.web.problems import EdgeCode, problem
from booking_http.web.request_context import SUBJECT, RequestSubject
from booking_http.web.request_io import json_response, read_body, service_of

_NOBODY: Final = "No e-mail address is kept that a code could be mailed to."
_NO_MAIL: Final = "No mail is sent from here: SMTP_URL is not set."


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds a session's secret, or a mailed link that was opened and shows it."""

    request: web.Request
    service: Service
    loaded: Loaded
    guest: GuestRequest | None = None
    token: str = ""
    """Of the link, where it is no guest who holds the secret."""

    def body(self, loaded: Loaded) -> SessionResponse:
        """Return the session as this holder may see it."""
        if self.guest is not None:
            return session_body(self.service, loaded, self.guest.key)
        return read_only(self.service, loaded, token=self.token)

    def answer(self, loaded: Loaded, *, status: int = 200) -> web.Response:
        """Answer with the session."""
        return json_response(self.body(loaded), status=status, headers=tag(loaded.session))


def read_only(service: Service, loaded: Loaded, *, token: str) -> SessionResponse:
    """Return a session without its secret, and with what can be done by its link and a code."""
    session = loaded.session
    body = render(session, now=loaded.now, session_id=str(session.id), allowed=lambda _: ())
    allowed = with_code(session, token=token, pays=Trigger.PAY in service.allowed(session))
    return body.model_copy(update={"allowed_actions": allowed})


def with_code(session: Session, *, token: str, pays: bool) -> list[ActionResponse]:
    """Return what may be done by a link and a code."""
    possible = {
        "pay": ("payment", pays),
        "correct": ("corrections", correctable(session)),
        "cancel": ("cancel", cancellation.may_cancel(session)),
        "copy_data": ("data-copy", True),
        "request_erasure": ("erasure-request", session.details.erasure_requested_at is None),
    }
    paths = {name: path for name, (path, may) in possible.items() if may}
    if session.details.contact is None:
        return []
    return [
        ActionResponse(name=name, method="POST", href=f"{BASE}/lookup/{token}/{path}")
        for name, path in {"mail_code": "code", **paths}.items()
    ]


async def holder_of(request: web.Request) -> Holder:
    """Find the session that the path's secret or link opens.

    Raises:
        Problem: `session_not_found`; a link has to be opened first.
    """
    if "token" not in request.match_info:
        guest = await authenticate(request)
        return Holder(request=request, service=guest.service, loaded=guest.loaded, guest=guest)
    return await link_holder(request, request.match_info["token"])


async def link_holder(request: web.Request, token: str) -> Holder:
    """Find the session that an opened link shows.

    Raises:
        Problem: `session_not_found`.
    """
    service = service_of(request)
    session_id = await service.lookups.opened(token)
    loaded = await service.store.load(session_id) if session_id else None
    if loaded is None:
        raise problem(RefusalCode.SESSION_NOT_FOUND, "This link is too old, or was not opened.")
    request[SUBJECT] = RequestSubject(session=loaded.session, session_id=None)
    return Holder(request=request, service=service, loaded=loaded, token=token)


async def mail_code(request: web.Request) -> web.Response:
    """Have a code mailed to the guest's address."""
    await have_code_mailed(await holder_of(request))
    return json_response(LookupResponse(status="accepted"), status=202)


async def have_code_mailed(holder: Holder) -> None:
    """Have a code mailed, unless nobody could read it or too many were asked for.

    Raises:
        Problem: `wrong_state` or `rate_limited`.
    """
    session = holder.loaded.session
    if session.details.contact is None or holder.service.settings.smtp_url is None:
        why = _NOBODY if session.details.contact is None else _NO_MAIL
        raise problem(RefusalCode.WRONG_STATE, why)
    if not await holder.service.codes.ask(session.id, channel=CODE):
        raise problem(RefusalCode.RATE_LIMITED, "Too many codes were asked for. Try later.")


async def correct(request: web.Request) -> web.Response:
    """Put right what was typed wrong."""
    holder, ask = await holder_of(request), await read_body(request, GuestCorrectionRequest)
    return holder.answer(await correct_for(holder, ask, code=ask.code))


async def correct_for(holder: Holder, ask: CorrectionRequest, *, code: str) -> Loaded:
    """Put right what a guest has typed wrong."""
    wish = name_wish(ask)
    reason = REASON_GIVEN if ask.reason else None

    def decision(session: Session, at: DecisionContext) -> Change | None:
        if wish is not None:
            return request_name(session, wish, at, reason=reason)
        contact = contact_with(contact_of(session), ask)
        return correct_contact(session, contact, at, reason=reason)

    return await _decide(holder, decision, code=code)


async def cancel(request: web.Request) -> web.Response:
    """Cancel; what a person or an open step must end first is accepted and shown as requested."""
    holder, ask = await holder_of(request), await read_body(request, GuestCancelRequest)
    loaded = await cancel_for(holder, reason=ask.reason, code=ask.code)
    return holder.answer(loaded, status=200 if loaded.session.ended else 202)


async def cancel_for(holder: Holder, *, reason: str | None, code: str) -> Loaded:
    """Cancel a guest's session."""

    def decision(session: Session, at: DecisionContext) -> Change | None:
        return cancellation.cancel_by_guest(session, words=reason, at=at)

    command = await _shown_code(holder, decision, code)
    return await holder.service.engine.cancel(holder.loaded, reason=reason, command=command)


async def pay(request: web.Request) -> web.Response:
    """Pay what is due for a booking."""
    holder, ask = await holder_of(request), await read_body(request, GuestPaymentRequest)
    loaded = await pay_for(holder, ask, code=ask.code)
    return holder.answer(loaded, status=202 if loaded.session.open_step else 200)


async def pay_for(holder: Holder, ask: PaymentRequest, *, code: str) -> Loaded:
    """Pay what is due for what a guest has booked."""
    payment = payment_of(ask, currency=holder.loaded.session.currency)

    def decision(session: Session, at: DecisionContext) -> Change:
        return claim_pay(session, payment, at)

    await cap_cards(holder.request, holder.loaded.session.id)
    command = await _shown_code(holder, decision, code)
    return await holder.service.engine.pay(holder.loaded, payment=payment, command=command)


async def copy_data(request: web.Request) -> web.Response:
    """Show all that is kept of the guest."""
    holder, ask = await holder_of(request), await read_body(request, CodeRequest)
    return json_response(await copy_for(holder, code=ask.code))


async def copy_for(holder: Holder, *, code: str) -> DataCopyResponse:
    """Return all that is kept of a guest."""
    await _spend(holder, code)
    loaded = holder.loaded
    details = loaded.session.details
    return DataCopyResponse(
        made_at=loaded.now,
        session=holder.body(loaded),
        cancel_reason=details.cancel_reason,
        corrections=_kept(details),
    )


def _kept(details: Details) -> list[KeptCorrectionResponse]:
    return [
        KeptCorrectionResponse(
            pointer=each.pointer,
            requested_at=each.requested_at,
            status=each.status,
            value=each.value,
            reason=each.reason,
        )
        for each in details.corrections
    ]


async def ask_erasure(request: web.Request) -> web.Response:
    """Ask that what the guest typed is erased; a person does it once that is possible."""
    holder, ask = await holder_of(request), await read_body(request, CodeRequest)
    return holder.answer(await ask_erasure_for(holder, code=ask.code), status=202)


async def ask_erasure_for(holder: Holder, *, code: str) -> Loaded:
    """Have a person erase a guest once that is possible."""
    return await _decide(holder, request_erasure, code=code)


async def _decide(holder: Holder, decision: Decision, *, code: str) -> Loaded:
    command = await _shown_code(holder, decision, code)
    return await holder.service.engine.unit_of_work.decide(holder.loaded, decision, command=command)


async def _shown_code(holder: Holder, decision: Decision, code: str) -> Command:
    """Use a code up, but only for what can be decided as things stand; return the command."""
    guarded = holder.guest is not None and ensure_match(holder.guest)
    decision(holder.loaded.session, holder.service.engine.unit_of_work.at(holder.loaded))
    await _spend(holder, code)
    return Command(origin=origin_of(holder.request), guarded=guarded)


async def _spend(holder: Holder, code: str) -> None:
    if not await holder.service.codes.spend(holder.loaded.session.id, code):
        raise problem(EdgeCode.CODE_WRONG, "Ask for another if you cannot find it.")

"""Opening, reading, editing, cancelling and restarting sessions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

from aiohttp import web

from booking_flow.engine import Command, OpenSession
from booking_flow.model.session import Loaded, Session
from booking_http.api.attempt_limits import cap_openings
from booking_http.api.conversions import changes_of
from booking_http.api.guest_request import (
    GuestRequest,
    ScopeOf,
    address_of,
    authenticate,
    binding_of,
    carry_out,
    ensure_match,
    idempotency_key_of,
    idempotent,
    origin_of,
)
from booking_http.api.guest_token import GuestToken, derived_token, new_uuid, random_token
from booking_http.api.idempotency import KeyedHashes, read_key, read_secret_key
from booking_http.api.requests import (
    CancelRequest,
    DetailsRequest,
    NothingRequest,
    OpenSessionRequest,
)
from booking_http.api.responses import SessionResponse
from booking_http.api.session_replies import session_body, tell_session
from booking_http.web.models import RequestModel
from booking_http.web.request_context import SUBJECT, RequestSubject
from booking_http.web.request_io import read_body, service_of

Begin = Callable[[GuestToken, Command], Awaitable[Loaded]]


async def open_session(request: web.Request) -> web.Response:
    """Open a session for a sailing and a party."""
    return await begin_session(request, await read_body(request, OpenSessionRequest))


async def begin_session(request: web.Request, ask: OpenSessionRequest) -> web.Response:
    """Open a session for whoever sends the request."""
    read_secret_key(idempotency_key_of(request))
    service, party = service_of(request), ask.passenger_count

    async def begin(key: GuestToken, command: Command) -> Loaded:
        wish = OpenSession(
            session_id=key.uuid,
            secret_hash=key.secret_hash,
            cruise_id=ask.cruise_id,
            adults=party.adults,
            children=party.children,
            child_ages=party.child_ages,
        )
        await cap_openings(request)
        return await service.engine.open_session(wish, command=command)

    def scope_of(hashes: KeyedHashes) -> str:
        return f"address:{hashes.address(address_of(request)).hex()}"

    return await _begin_new(request, begin, scope_of=scope_of, ask=ask)


async def restart(request: web.Request) -> web.Response:
    """Open a new session with the party and details of one that has ended."""
    guest = await authenticate(request)
    return await begin_again(guest, await read_body(request, NothingRequest, optional=True))


async def begin_again(guest: GuestRequest, ask: NothingRequest) -> web.Response:
    """Open a new session for the party of one that has ended."""

    async def begin(key: GuestToken, command: Command) -> Loaded:
        await cap_openings(guest.request)
        ensure_match(guest)
        return await guest.service.engine.restart(
            guest.loaded, session_id=key.uuid, secret_hash=key.secret_hash, command=command
        )

    return await _begin_new(guest.request, begin, scope_of=lambda _: str(guest.key.uuid), ask=ask)


async def _begin_new(
    request: web.Request, begin: Begin, *, scope_of: ScopeOf, ask: RequestModel
) -> web.Response:
    """Open a session; with an Idempotency-Key its secret is one that a replay can make again."""
    service, idempotency_key = service_of(request), read_key(idempotency_key_of(request))

    def key_of(uuid: UUID, hashes: KeyedHashes) -> GuestToken:
        return derived_token(uuid, idempotency_key=idempotency_key or "", hashes=hashes)

    key = key_of(new_uuid(), service.hashes) if idempotency_key else random_token()

    def answer_with(answer: Loaded) -> web.Response:
        request[SUBJECT] = RequestSubject(session=answer.session, session_id=key.text)
        return tell_session(service, answer, key, status=201)

    return await idempotent(
        request,
        binding_of(request, scope_of=scope_of, ask=ask, success=201),
        lambda command: begin(key, command),
        key_of=key_of,
        answer_with=answer_with,
    )


async def read_session(request: web.Request) -> web.Response:
    """Show a session as it is now."""
    return await show(await authenticate(request))


async def show(guest: GuestRequest) -> web.Response:
    """Show a guest's session as it is now."""
    command = Command(origin=origin_of(guest.request))
    answer = await guest.service.engine.look(guest.loaded, command=command)
    return tell_session(guest.service, answer, guest.key)


def model_of(guest: GuestRequest) -> SessionResponse:
    """Return the body of a guest's session as it was loaded."""
    return session_body(guest.service, guest.loaded, guest.key)


async def edit_session(request: web.Request) -> web.Response:
    """Keep draft details."""
    guest = await authenticate(request)
    return await edit(guest, await read_body(request, DetailsRequest))


async def edit(guest: GuestRequest, ask: DetailsRequest) -> web.Response:
    """Keep what a guest has typed so far."""

    def act(command: Command) -> Awaitable[Loaded]:
        return guest.service.engine.edit(guest.loaded, changes=changes_of(ask), command=command)

    return await carry_out(guest, act, ask=ask, settled=_always)


async def cancel(request: web.Request) -> web.Response:
    """Cancel; what a person or an open step must end first is accepted and shown as requested."""
    guest = await authenticate(request)
    return await cancel_session(guest, await read_body(request, CancelRequest, optional=True))


async def cancel_session(guest: GuestRequest, ask: CancelRequest) -> web.Response:
    """Cancel a guest's session."""

    def act(command: Command) -> Awaitable[Loaded]:
        return guest.service.engine.cancel(guest.loaded, reason=ask.reason, command=command)

    return await carry_out(guest, act, ask=ask, settled=_ended)


def _always(_: Session) -> bool:
    return True


def _ended(session: Session) -> bool:
    return session.ended

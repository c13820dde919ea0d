"""A visit: one request of a guest about their session, and how it is carried out once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from aiohttp import web

from booking_flow.engine import AlreadyBound, Command
from booking_flow.errors import RefusalCode
from booking_flow.model.change import IdempotencyBinding
from booking_flow.model.history import ActorKind, Origin
from booking_flow.model.session import Loaded, Session
from booking_flow.model.step import StepName, StepStatus
from booking_flow.ports import Replay
from booking_flow.unit_of_work import changed_to
from booking_http.api.guest_token import GuestToken, parse
from booking_http.api.idempotency import KeyedHashes, bind, read_key, same_request
from booking_http.api.session_replies import tell_session
from booking_http.service import Service
from booking_http.web.client_address import counted_as, is_exempt
from booking_http.web.models import RequestModel
from booking_http.web.problems import from_refusal, problem
from booking_http.web.request_context import CALLER, REQUEST_ID, SUBJECT, RequestSubject
from booking_http.web.request_io import expected_versions, service_of

FORM_KEY: Final = web.RequestKey("form_idempotency_key", str)
REPLAYED: Final = {"Idempotent-Replayed": "true"}
Act = Callable[[Command], Awaitable[Loaded]]
KeyOf = Callable[[UUID, KeyedHashes], GuestToken]
ScopeOf = Callable[[KeyedHashes], str]
Settled = Callable[[Session], bool]


def no_step_open(session: Session) -> bool:
    """Whether everything that was asked of the supplier is known."""
    return session.open_step is None and session.disputed_since is None


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestRequest:
    """A request about a session whose secret the caller knows."""

    request: web.Request
    service: Service
    key: GuestToken
    loaded: Loaded


async def authenticate(request: web.Request) -> GuestRequest:
    """Find the session the path names; a wrong secret is as unknown as a wrong id."""
    return await open_with(request, request.match_info["session_id"])


async def open_with(request: web.Request, session_id: str) -> GuestRequest:
    """Find the session that this `sessionId` opens."""
    service, key = service_of(request), parse(session_id)
    if key is None:
        raise problem(RefusalCode.SESSION_NOT_FOUND)
    loaded = await service.store.load_for_guest(key.uuid, key.secret_hash)
    if loaded is None:
        raise problem(RefusalCode.SESSION_NOT_FOUND)
    request[SUBJECT] = RequestSubject(session=loaded.session, session_id=key.text)
    guest = GuestRequest(request=request, service=service, key=key, loaded=loaded)
    if request.method in ("GET", "HEAD"):
        ensure_match(guest)
    return guest


def without_prices(guest: GuestRequest) -> GuestRequest:
    """Return a request that may wait for long without the prices that its guest was shown."""
    loaded = guest.loaded.without_prices
    guest.request[SUBJECT] = RequestSubject(session=loaded.session, session_id=guest.key.text)
    return replace(guest, loaded=loaded)


def ensure_match(guest: GuestRequest) -> bool:
    """Refuse a request for another version than the present one; say whether it names any."""
    versions, session = expected_versions(guest.request), guest.loaded.session
    if versions is not None and session.version not in versions:
        raise from_refusal(changed_to(session), session=session)
    return versions is not None


def origin_of(request: web.Request) -> Origin:
    """Return what the history notes of a guest's request."""
    return Origin(actor=ActorKind.GUEST, request_id=request[REQUEST_ID])


def route_of(request: web.Request) -> str:
    """Return the method and the template of the path; never the path, which holds a secret."""
    resource = request.match_info.route.resource
    return f"{request.method} {resource.canonical if resource else '-'}"


def address_of(request: web.Request) -> str:
    """Return the caller's address."""
    return request[CALLER].address


def counted_caller(request: web.Request) -> str | None:
    """Return what the caller is counted by; None of one whom no cap binds."""
    address = address_of(request)
    if is_exempt(address, service_of(request).settings.caps_exempt):
        return None
    return counted_as(address)


def counted_hash(request: web.Request) -> bytes:
    """Return the keyed hash that caps count a caller by."""
    return service_of(request).hashes.address(counted_as(address_of(request)))


def idempotency_key_of(request: web.Request) -> str | None:
    """Return the request's Idempotency-Key; a form carries its own as a field."""
    return request.get(FORM_KEY) or request.headers.get("Idempotency-Key")


def binding_of(
    request: web.Request, *, scope_of: ScopeOf, ask: RequestModel | None, success: int
) -> IdempotencyBinding | None:
    """Return what the request's Idempotency-Key is to be bound to, if it has one."""
    key = read_key(idempotency_key_of(request))
    if key is None:
        return None
    body, route = ask.for_fingerprint() if ask else None, route_of(request)
    current, *earlier = (
        bind(
            key,
            scope=scope_of(hashes),
            route=route,
            body=body,
            success_status=success,
            hashes=hashes,
        )
        for hashes in service_of(request).hashes.accepted
    )
    return replace(current, earlier=tuple(earlier))


async def carry_out(
    guest: GuestRequest,
    act: Act,
    *,
    ask: RequestModel | None = None,
    success: int = 200,
    settled: Settled = no_step_open,
) -> web.Response:
    """Do what a guest asks of their session, once per Idempotency-Key; 202 until it is settled."""
    binding = binding_of(
        guest.request, scope_of=lambda _: str(guest.key.uuid), ask=ask, success=success
    )

    async def matched(command: Command) -> Loaded:
        return await act(replace(command, guarded=ensure_match(guest)))

    def answer_with(answer: Loaded) -> web.Response:
        status = success if settled(answer.session) else 202
        return tell_session(guest.service, answer, guest.key, status=status)

    return await idempotent(
        guest.request,
        binding,
        matched,
        key_of=lambda _, __: guest.key,
        answer_with=answer_with,
        settled=settled,
    )


async def idempotent(
    request: web.Request,
    binding: IdempotencyBinding | None,
    act: Act,
    *,
    key_of: KeyOf,
    answer_with: Callable[[Loaded], web.Response],
    settled: Settled = no_step_open,
) -> web.Response:
    """Act, or show what the same request has already done."""

    async def replayed_answer() -> web.Response | None:
        if binding is None:
            return None
        return await replay(request, binding, key_of=key_of, settled=settled)

    if replayed := await replayed_answer():
        return replayed
    try:
        return answer_with(await act(Command(origin=origin_of(request), binding=binding)))
    except AlreadyBound:
        if replayed := await replayed_answer():
            return replayed
        raise problem(RefusalCode.IN_PROGRESS) from None


async def replay(
    request: web.Request, binding: IdempotencyBinding, *, key_of: KeyOf, settled: Settled
) -> web.Response | None:
    """Show the present outcome of what a key is bound to; None when it is bound to nothing."""
    service = service_of(request)
    bindings = (binding, *binding.earlier)
    for each, hashes in zip(bindings, service.hashes.accepted, strict=True):
        found = await service.store.replay(
            scope=each.scope, route=each.route, key_hash=each.key_hash
        )
        if found is None:
            continue
        if not same_request(found.fingerprint, each):
            raise problem(RefusalCode.IDEMPOTENCY_KEY_REUSED)
        return await _present(request, found, key_of(found.session_id, hashes), settled)
    return None


async def _present(
    request: web.Request, found: Replay, key: GuestToken, settled: Settled
) -> web.Response:
    service = service_of(request)
    loaded = await service.store.load(found.session_id)
    if loaded is None:
        raise problem(RefusalCode.SESSION_NOT_FOUND)
    request[SUBJECT] = RequestSubject(session=loaded.session, session_id=key.text)
    if found.step and found.step.status is StepStatus.REFUSED and found.step.refusal:
        refused = from_refusal(found.step.refusal, session=loaded.session)
        refused.headers = REPLAYED
        raise refused
    answer = await service.engine.look(loaded, command=Command(origin=origin_of(request)))
    known = _known(found, answer.session, settled)
    status = found.success_status if known else 202
    return tell_session(service, answer, key, status=status, headers=REPLAYED)


def _known(found: Replay, session: Session, settled: Settled) -> bool:
    """Whether the end of what was asked is known: of its step, and of a card sent with it."""
    if found.step is None:
        return settled(session)
    if found.step.status in (StepStatus.STARTED, StepStatus.UNKNOWN):
        return False
    card_is_open = session.open_step is not None and session.open_step.name is StepName.PAY
    return not (found.step.name is StepName.BOOK and card_is_open)

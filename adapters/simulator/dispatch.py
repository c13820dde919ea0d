"""Takes a call from the wire through gate, latency, fault and endpoint."""

import asyncio
import base64
import binascii
from collections import deque

from aiohttp import web

from adapters.simulator.authentication import (
    check_account,
    check_parameters,
    check_token,
    expired_session,
    find_session,
)
from adapters.simulator.call import Call, read_call, sailing_of
from adapters.simulator.contradictions import contradicted
from adapters.simulator.endpoints import COLD_GRADES_LATENCY, TABLE, Endpoint
from adapters.simulator.odd_texts import ODD_TEXTS, with_odd_member, with_odd_texts
from adapters.simulator.spelling import respelled
from adapters.simulator.supplier import ReceivedCall, Supplier
from adapters.simulator.transport import (
    json_answer,
    keeps_from_acting,
    plain_error,
    send,
    spoil_before,
)
from adapters.simulator.triggers import choose_fault
from adapters.simulator.wire import (
    Json,
    NotThereError,
    RefusalError,
    already_booked,
    refusal_envelope,
    timing,
)

SUPPLIER = web.AppKey("supplier", Supplier)
RECENT = web.AppKey("recent", deque[float])


async def answer_call(request: web.Request) -> web.StreamResponse:
    """Answer one call to `/2.1/json/<name>.pl`."""
    supplier, name = request.app[SUPPLIER], request.match_info["name"]
    endpoint = TABLE.get(name)
    if endpoint is None or request.method not in endpoint.verbs:
        return plain_error(404)
    call = await read_call(request, supplier, name)
    supplier.pass_time()
    refused = _admit(request, call)
    _note(call)
    if refused is not None:
        supplier.save()
        return refused
    await asyncio.sleep(_latency(call, endpoint) * supplier.latency_scale)
    return await _carry_out(request, call, endpoint)


def _admit(request: web.Request, call: Call) -> web.Response | None:
    """Let the call pass the gate and learn its fault, or answer at once."""
    if _too_many(request, call):
        return plain_error(429)
    try:
        _pass_gate(request, call)
        call.rule = choose_fault(call)
        _expire_by_fault(call)
    except NotThereError:
        return plain_error(404)
    except RefusalError as refusal:
        return _refused(call, refusal)
    return None


def _pass_gate(request: web.Request, call: Call) -> None:
    """Check account, token, parameters and session, in the supplier's order."""
    check_account(call)
    if call.endpoint == "token.pl":
        _check_password(request, call)
        return
    check_token(call)
    check_parameters(call)
    find_session(call)


def _check_password(request: web.Request, call: Call) -> None:
    """Refuse a token to anyone without the account's user and password."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    try:
        given = base64.b64decode(secret, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        given = ""
    settings = call.supplier.settings
    if scheme.lower() != "basic" or given != f"{settings.user}:{settings.password}":
        raise RefusalError(None, "Authentication error - user or password", status=401)


def _expire_by_fault(call: Call) -> None:
    """Let token or session run out now, for good."""
    if call.meets("session_expired"):
        raise expired_session(call, call.session)
    for fault, status in (("token_expired_200", 200), ("token_expired_401", 401)):
        if call.meets(fault) and call.request_id:
            call.supplier.state.tokens[call.request_id] = call.supplier.clock.now()
            raise RefusalError(3002, "Token expired", status=status)


def _too_many(request: web.Request, call: Call) -> bool:
    """Say whether more calls came within a second than the policy allows; 0 is no limit."""
    limit, recent = call.supplier.settings.rate_limit, request.app[RECENT]
    now = asyncio.get_running_loop().time()
    while recent and recent[0] <= now - 1:
        recent.popleft()
    if limit and len(recent) >= limit:
        return True
    recent.append(now)
    return False


def _note(call: Call) -> None:
    """Remember the call without its token, names or card."""
    call.supplier.note(
        ReceivedCall(
            endpoint=call.endpoint,
            session_key=call.found_session.key if call.found_session else None,
            cruise_id=sailing_of(call),
            fault=call.rule.fault if call.rule else None,
            at=call.supplier.clock.now(),
        )
    )


def _latency(call: Call, endpoint: Endpoint) -> float:
    """Return how long the real one takes; the first price list of a sailing is cold."""
    cruise_id = sailing_of(call)
    if (
        call.endpoint == "cruisecabingrades.pl"
        and cruise_id is not None
        and cruise_id not in call.supplier.warm
    ):
        call.supplier.warm.add(cruise_id)
        return COLD_GRADES_LATENCY
    return endpoint.latency


async def _carry_out(request: web.Request, call: Call, endpoint: Endpoint) -> web.StreamResponse:
    """Act, unless the fault forbids it, and send what came of it once it is written down."""
    if keeps_from_acting(call):
        call.supplier.save()
        return await spoil_before(request, call)
    answer = _act(call, endpoint)
    if call.meets("duplicate_submit"):
        answer = _later_basket(call, answer, _act(call, endpoint))
    call.supplier.save()
    return await send(request, call, answer)


def _later_basket(call: Call, first: web.Response, second: web.Response) -> web.Response:
    """Choose the answer that returns of two: the fuller basket, otherwise the first."""
    grown = call.endpoint == "basketadd.pl" and '"errors": []' in (second.text or "")
    return second if grown else first


def _act(call: Call, endpoint: Endpoint) -> web.Response:
    """Carry the call out and spell the answer."""
    try:
        body = _result(call, endpoint)
    except RefusalError as refusal:
        return _refused(call, refusal)
    if call.endpoint == "token.pl":
        return json_answer(body)
    body["timing"] = timing(_shown_seconds(call, endpoint))
    return _spelled(call, body)


def _result(call: Call, endpoint: Endpoint) -> Json:
    """Return what the endpoint answers, unless the fault claims that the item is booked already."""
    if call.meets("already_booked"):
        raise already_booked()
    body = endpoint.answer(call)
    if call.rule is not None:
        body = contradicted(body, call.rule.fault)
    if call.meets("already_booked_after"):
        raise already_booked()
    return body


def _shown_seconds(call: Call, endpoint: Endpoint) -> float:
    """Return the time the answer claims to have taken."""
    return endpoint.latency * call.supplier.latency_scale


def _spelled(call: Call, body: Json) -> web.Response:
    """Spell the answer, with the types, texts and members that a fault asks for."""
    rule = call.rule
    if rule is None:
        return json_answer(body)
    if rule.fault == "mixed_types":
        body = respelled(body, rule.typing)
    if rule.fault in ODD_TEXTS:
        body = with_odd_texts(body, rule.fault, rule.field)
    answer = json_answer(body)
    answer.text = with_odd_member(answer.text or "", rule.fault)
    return answer


def _refused(call: Call, refusal: RefusalError) -> web.Response:
    """Answer a business failure in the envelope."""
    body = refusal_envelope(refusal, criteria=call.criteria(sid=call.params.get("sid")))
    return json_answer(body, status=refusal.status)

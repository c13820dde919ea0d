"""How answers travel, and every way in which they do not arrive as sent."""

import asyncio
import itertools
import json
import socket
import struct

from aiohttp import web

from adapters.simulator.call import Call
from adapters.simulator.gateway import GATEWAY_STATUSES, gateway_answer
from adapters.simulator.wire import Json

NEVER_SECONDS = 300.0
SLOW_SECONDS = 30.0
STOPPING = web.AppKey("stopping", asyncio.Event)
MAINTENANCE = "<html><body><h1>We&#39;ll be right back</h1></body></html>"
_BEFORE = ("timeout_before", "reset_before", "html")
_STATUSES = {
    "http_404": 404,
    "http_429": 429,
    "http_500": 500,
    "http_502": 502,
    "http_500_after": 500,
    "http_502_after": 502,
}


def json_answer(body: Json, *, status: int = 200) -> web.Response:
    """Answer with JSON as the supplier labels it."""
    return web.Response(
        text=json.dumps(body), status=status, content_type="application/json", charset="utf-8"
    )


def plain_error(status: int) -> web.Response:
    """Answer with a bare HTTP error, not in the envelope."""
    headers = {"Retry-After": "1"} if status == 429 else {}
    return web.Response(
        text=f"<h1>{status}</h1>", status=status, content_type="text/html", headers=headers
    )


def keeps_from_acting(call: Call) -> bool:
    """Say whether the call meets a fault before the supplier has acted."""
    fault = call.rule.fault if call.rule else ""
    only_a_status = fault in _STATUSES or fault in GATEWAY_STATUSES
    return fault in _BEFORE or (only_a_status and not fault.endswith("_after"))


async def spoil_before(request: web.Request, call: Call) -> web.StreamResponse:
    """Meet a fault that keeps the supplier from acting."""
    if call.meets("timeout_before"):
        return await _never_answer(request, call)
    if call.meets("reset_before"):
        return cut_connection(request, plain_error(500))
    return _status_answer(call) or _maintenance()


def _maintenance() -> web.Response:
    """Answer with a page for people, at HTTP 200."""
    return web.Response(text=MAINTENANCE, content_type="text/html")


def _status_answer(call: Call) -> web.Response | None:
    """Return the answer of a fault that is a status and no envelope."""
    fault = call.rule.fault if call.rule else ""
    if fault in GATEWAY_STATUSES:
        return gateway_answer(GATEWAY_STATUSES[fault])
    return plain_error(_STATUSES[fault]) if fault in _STATUSES else None


async def send(request: web.Request, call: Call, answer: web.Response) -> web.StreamResponse:
    """Send the answer, or meet the faults that spoil it after the supplier has acted."""
    fault = call.rule.fault if call.rule else ""
    if fault == "timeout_after":
        return await _never_answer(request, call)
    if fault == "reset":
        return await _reset_half_way(request, answer)
    if fault == "slow":
        await asyncio.sleep(call.fault_seconds(SLOW_SECONDS * call.supplier.latency_scale))
    return _status_answer(call) or _spoiled(fault, answer)


def _spoiled(fault: str, answer: web.Response) -> web.Response:
    """Return the answer with the body the fault makes of it."""
    text = answer.text or ""
    if fault == "html_after":
        return _maintenance()
    if fault == "truncated":
        answer.text = text[: len(text) // 2]
    if fault == "malformed":
        answer.text = (
            "Software error: not a HASH reference at FusionAPI.pm line 212.\n"
            + text[: len(text) // 3]
        )
    return answer


async def _never_answer(request: web.Request, call: Call) -> web.StreamResponse:
    """Keep silent until the caller hangs up, the time is over or the simulator stops."""
    gone = asyncio.create_task(_hang_up(request))
    stopped = asyncio.create_task(request.app[STOPPING].wait())
    seconds = call.fault_seconds(NEVER_SECONDS)
    _, waiting = await asyncio.wait(
        {gone, stopped}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
    )
    for task in waiting:
        task.cancel()
    return cut_connection(request, plain_error(504))


async def _hang_up(request: web.Request) -> None:
    """Wait until the caller has gone; the framework has no event for it."""
    for _ in itertools.count():
        if request.transport is None or request.transport.is_closing():
            return
        await asyncio.sleep(0.05)


async def _reset_half_way(request: web.Request, answer: web.Response) -> web.StreamResponse:
    """Send half of the body and then reset the connection."""
    body = (answer.text or "").encode()
    half = web.StreamResponse(
        headers={"Content-Type": "application/json", "Content-Length": str(len(body))}
    )
    await half.prepare(request)
    await half.write(body[: len(body) // 2])
    await asyncio.sleep(0.01)
    return cut_connection(request, half)


def cut_connection(request: web.Request, unsent: web.StreamResponse) -> web.StreamResponse:
    """Reset the connection; the response returned goes nowhere."""
    transport = request.transport
    if transport is not None:
        wire: socket.socket | None = transport.get_extra_info("socket")
        if wire is not None:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return unsent

"""The control API: what tests, the demo and its readers ask of the simulator and do to it."""

import json
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from adapters.simulator.clock import zulu
from adapters.simulator.dispatch import SUPPLIER
from adapters.simulator.fault_rules import BadFaultRuleError, FaultRule, fault_rule
from adapters.simulator.faults import CARD_FAULTS, FAULTS, SURNAME_FAULTS
from adapters.simulator.ledger import ledger
from adapters.simulator.reference_data import GRADES
from adapters.simulator.sailings import SeededSailing
from adapters.simulator.settings import UnknownPolicyError, policy_names
from adapters.simulator.supplier import Supplier
from adapters.simulator.wire import Json

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost", ""})


class BadControlError(ValueError):
    """A control call makes no sense; the message says why."""


@web.middleware
async def guard_control(request: web.Request, handler: Any) -> web.StreamResponse:
    """Keep the control API to this machine and turn its mistakes into clear answers."""
    if not request.path.startswith("/_control"):
        return await _plain(handler, request)
    if (why := _foreign(request)) is not None:
        return web.json_response({"error": why}, status=403)
    try:
        return await _plain(handler, request)
    except (BadControlError, BadFaultRuleError, UnknownPolicyError) as mistake:
        return web.json_response({"error": str(mistake)}, status=400)


def _foreign(request: web.Request) -> str | None:
    """Say why a request comes from elsewhere, if it does.

    A page of another site can make a browser on this machine send requests, under its own origin,
    and under its own name as the host once that name leads to this machine.
    """
    origin = request.headers.get("Origin")
    if origin is not None and _host(origin) != _host(f"http://{request.host}"):
        return "the control API answers to no other site"
    if request.app[SUPPLIER].settings.allow_remote_control:
        return None
    if (request.remote or "") in LOOPBACK and _host(f"http://{request.host}")[0] in LOOPBACK:
        return None
    return "the control API answers on loopback only"


def _host(address: str) -> tuple[str, int | None]:
    """Return host and port of an address; one that cannot be read is nobody's."""
    try:
        parts = urlsplit(address)
        found = parts.hostname or "nowhere", parts.port
    except ValueError:
        found = "nowhere", None
    return found


async def _plain(handler: Any, request: web.Request) -> web.StreamResponse:
    """Call the handler, whose type the framework leaves open."""
    response: web.StreamResponse = await handler(request)
    return response


async def show_ledger(request: web.Request) -> web.Response:
    """Tell which cabins are held, what is booked and what was charged."""
    supplier = request.app[SUPPLIER]
    supplier.pass_time()
    supplier.save()
    return web.json_response(ledger(supplier))


async def show_faults(request: web.Request) -> web.Response:
    """Tell which faults exist, what sets them off, and which are armed."""
    known = [
        {"fault": one.name, "meaning": one.meaning, "endpoints": sorted(one.endpoints)}
        for one in FAULTS.values()
    ]
    armed = [_rule(rule) for rule in request.app[SUPPLIER].faults.rules]
    triggers = {"surnames": dict(SURNAME_FAULTS), "cards": dict(CARD_FAULTS)}
    return web.json_response({"known": known, "armed": armed, "triggers": triggers})


async def arm_fault(request: web.Request) -> web.Response:
    """Arm a fault."""
    rule = fault_rule(await control_body(request))
    supplier = request.app[SUPPLIER]
    if rule.cruise_id is not None:
        _sailing(supplier, rule.cruise_id)
    supplier.faults.arm(rule)
    return web.json_response({"armed": [_rule(one) for one in supplier.faults.rules]}, status=201)


async def clear_faults(request: web.Request) -> web.Response:
    """Disarm all faults; those built into surnames, cards and sailings stay."""
    request.app[SUPPLIER].faults.clear()
    return web.json_response({"armed": []})


async def advance_clock(request: web.Request) -> web.Response:
    """Move the supplier's clock forward, and nobody else's."""
    supplier, body = request.app[SUPPLIER], await control_body(request)
    supplier.clock.advance(_number(body, "advanceSeconds"))
    supplier.pass_time()
    supplier.save()
    return web.json_response(
        {"now": zulu(supplier.clock.now()), "offsetSeconds": supplier.clock.offset_seconds}
    )


async def set_latency(request: web.Request) -> web.Response:
    """Scale the latency; 0 turns it off."""
    supplier = request.app[SUPPLIER]
    supplier.latency_scale = _number(await control_body(request), "scale")
    return web.json_response({"scale": supplier.latency_scale})


async def show_policies(request: web.Request) -> web.Response:
    """Tell the policies in force."""
    return web.json_response(_policies(request.app[SUPPLIER]))


async def change_policies(request: web.Request) -> web.Response:
    """Change policies by name."""
    supplier = request.app[SUPPLIER]
    supplier.change_policies(await control_body(request))
    return web.json_response(_policies(supplier))


async def reset(request: web.Request) -> web.Response:
    """Forget sessions, holds, bookings, faults, policies and the clock's offset."""
    request.app[SUPPLIER].reset()
    return web.json_response(ledger(request.app[SUPPLIER]))


async def show_calls(request: web.Request) -> web.Response:
    """Tell which calls came in, per endpoint and one by one."""
    supplier = request.app[SUPPLIER]
    calls = [
        {
            "endpoint": one.endpoint,
            "sessionKey": one.session_key,
            "cruiseId": one.cruise_id,
            "fault": one.fault,
            "at": zulu(one.at),
        }
        for one in supplier.calls
    ]
    return web.json_response({"counts": dict(supplier.received), "calls": calls})


async def forget_calls(request: web.Request) -> web.Response:
    """Start counting calls anew."""
    supplier = request.app[SUPPLIER]
    supplier.calls.clear()
    supplier.received.clear()
    return web.json_response({"counts": {}, "calls": []})


async def set_inventory(request: web.Request) -> web.Response:
    """Set how many cabins of a grade are left to sell."""
    supplier, body = request.app[SUPPLIER], await control_body(request)
    sailing = _sailing(supplier, body.get("cruiseId"))
    grade = next(
        (one for one in GRADES[sailing.line_id] if one.code == body.get("cabinCode")), None
    )
    if grade is None:
        raise BadControlError(
            f"cabinCode is one of {[one.code for one in GRADES[sailing.line_id]]}"
        )
    supplier.inventory.leave(sailing, grade, int(_number(body, "remaining")), supplier.clock.now())
    supplier.save()
    return web.json_response(
        {"remaining": supplier.inventory.remaining(sailing, grade, supplier.clock.now())}
    )


async def cancel_at_line(request: web.Request) -> web.Response:
    """Cancel a booking as the cruise line's people do when somebody rings them."""
    supplier, body = request.app[SUPPLIER], await control_body(request)
    for booking in supplier.state.bookings:
        if booking.reservation and booking.reservation == body.get("reservation"):
            supplier.cancel(booking)
            supplier.save()
            return web.json_response(ledger(supplier))
    raise BadControlError("no booking has this reservation")


async def show_sailings(request: web.Request) -> web.Response:
    """Tell which sailings are seeded, with the dates in force."""
    return web.json_response(
        {"sailings": [_seeded(one) for one in request.app[SUPPLIER].sailings.values()]}
    )


def _rule(rule: FaultRule) -> Json:
    """Spell an armed fault."""
    return {
        "endpoint": rule.endpoint,
        "fault": rule.fault,
        "times": rule.times,
        "surname": rule.surname,
        "cruiseId": rule.cruise_id,
        "seconds": rule.seconds,
        "typing": rule.typing,
        "field": rule.field,
    }


def _policies(supplier: Supplier) -> Json:
    """Spell the policies in force."""
    return {name: getattr(supplier.settings, name) for name in policy_names()}


def _seeded(sailing: SeededSailing) -> Json:
    """Spell a seeded sailing."""
    return {
        "cruiseId": sailing.codetocruiseid,
        "name": sailing.name,
        "lineId": sailing.line_id,
        "shipName": sailing.ship_name,
        "sailingDate": sailing.sail_date.isoformat(),
        "nights": sailing.nights,
        "fromPrice": str(sailing.from_price),
        "drill": sailing.drill_fault,
    }


def _sailing(supplier: Supplier, number: Any) -> SeededSailing:
    """Return the sailing named, as a number or its digits."""
    sailing = supplier.sailings.get(int(number)) if str(number).isdecimal() else None
    if sailing is None:
        raise BadControlError(f"no sailing has cruiseId {number!r}")
    return sailing


async def control_body(request: web.Request) -> dict[str, Any]:
    """Return the JSON object sent."""
    try:
        body = json.loads(await request.read() or b"{}")
    except ValueError:
        raise BadControlError("the body is not JSON") from None
    if not isinstance(body, dict):
        raise BadControlError("the body is not a JSON object")
    return body


def _number(body: dict[str, Any], name: str) -> float:
    """Return a number of zero or more from the body."""
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise BadControlError(f"{name} is a number of 0 or more")
    return float(value)

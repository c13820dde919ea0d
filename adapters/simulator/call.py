"""One call to the supplier, as the endpoints see it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from aiohttp import web

from adapters.simulator.fault_rules import FaultRule
from adapters.simulator.state import SupplierSession
from adapters.simulator.supplier import Supplier
from adapters.simulator.wire import Json, RefusalError


@dataclass(kw_only=True)
class Call:
    """What came in, the session it belongs to, and the fault it is going to meet."""

    supplier: Supplier
    endpoint: str
    origin: str
    params: Mapping[str, str]
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)
    request_id: str | None = field(default=None, repr=False)
    found_session: SupplierSession | None = None
    rule: FaultRule | None = None

    @property
    def session(self) -> SupplierSession:
        """Return the session; endpoints that need one are only reached with one."""
        if self.found_session is None:
            raise RefusalError(110, "Missing parameter: sessionkey")
        return self.found_session

    @property
    def pictures(self) -> str:
        """Return the address below which pictures are."""
        return self.supplier.settings.pictures or f"{self.origin}/images"

    def meets(self, fault: str) -> bool:
        """Say whether this call meets the fault."""
        return self.rule is not None and self.rule.fault == fault

    def fault_seconds(self, default: float) -> float:
        """Return the fault's length, or the usual one."""
        return default if self.rule is None or self.rule.seconds is None else self.rule.seconds

    def need(self, name: str) -> str:
        """Return a parameter that must be there."""
        value = self.params.get(name, "")
        if not value:
            raise RefusalError(110, f"Missing parameter: {name}")
        return value

    def whole(self, name: str, default: int | None = None) -> int:
        """Return a parameter that must be a whole number."""
        value = self.params.get(name) or ("" if default is None else str(default))
        if not value:
            raise RefusalError(110, f"Missing parameter: {name}")
        if not (value.isascii() and value.isdecimal() and len(value) < 10):
            raise RefusalError(111, f"Invalid value for parameter: {name}")
        return int(value)

    def criteria(self, *names: str, sid: str | None = None) -> Json:
        """Echo parameters as the supplier does."""
        echo: Json = {name: self.params[name] for name in names if name in self.params}
        return echo | {
            "sid": sid,
            "sessionkey": self.found_session.key if self.found_session else None,
        }


async def read_call(request: web.Request, supplier: Supplier, endpoint: str) -> Call:
    """Read a request: query for GET, body for a form, header and body for JSON."""
    call = Call(supplier=supplier, endpoint=endpoint, origin=str(request.url.origin()), params={})
    if request.method == "GET":
        call.params = dict(request.query)
        call.request_id = call.params.get("requestid")
    elif endpoint == "book.pl":
        await _read_json(request, call)
    else:
        call.params = {name: str(value) for name, value in (await request.post()).items()}
        call.request_id = call.params.get("requestid")
    return call


async def _read_json(request: web.Request, call: Call) -> None:
    """Read book.pl's body; its token travels in a header."""
    call.request_id = request.headers.get("requestid")
    try:
        body = json.loads(await request.read(), parse_float=Decimal)
    except ValueError:
        body = None
    if isinstance(body, dict):
        call.body = body
        call.params = {name: str(body[name]) for name in ("sid", "sessionkey") if body.get(name)}


def lead_surname(call: Call) -> str:
    """Return the lead passenger's surname, or the contact's."""
    passengers = call.body.get("passengers")
    lead = passengers.get("1") if isinstance(passengers, dict) else None
    for person in (lead, call.body.get("contact")):
        if isinstance(person, dict) and person.get("lastname"):
            return str(person["lastname"])
    return ""


def card_number(call: Call) -> str:
    """Return the digits of the card sent, for choosing a trigger; never kept."""
    card = call.body.get("ccard")
    raw = card.get("cardnumber") if isinstance(card, dict) else call.params.get("cardnumber")
    return "".join(digit for digit in str(raw or "") if digit.isdecimal())


def sailing_of(call: Call) -> int | None:
    """Find out which sailing a call is about, as far as it says so."""
    named = call.params.get("codetocruiseid") or call.params.get("cid") or ""
    if named.isascii() and named.isdecimal():
        return int(named)
    session = call.found_session
    if session is None:
        return None
    for quoted in session.quotes:
        if quoted.resultno == call.params.get("resultno"):
            return quoted.sailing
    items = call.supplier.basket(session)
    return items[-1].sailing if items else None

"""cruiseresults.pl: the search that opens a session and binds party and currency to it."""

from datetime import date, timedelta
from decimal import Decimal

from adapters.simulator.call import Call
from adapters.simulator.pricing import PER_USD, lead_in
from adapters.simulator.reference_data import LINES
from adapters.simulator.sailings import SeededSailing
from adapters.simulator.state import SupplierSession, opaque_key
from adapters.simulator.wire import Json, RefusalError, envelope, text

DEFAULT_CURRENCY = "GBP"
_KINDS = {
    "cruiseinside": "1",
    "cruiseoutside": "1.24",
    "cruisebalcony": "1.62",
    "cruisesuite": "2.35",
}


def search(call: Call) -> Json:
    """Open a session and list the sailings in the window."""
    session = _open_session(call)
    sailings = found_sailings(call, session)
    _forget_old_sessions(call)
    call.supplier.state.sessions[session.key] = session
    call.found_session = session
    criteria = call.criteria(
        "adults",
        "children",
        "infants",
        "childdob",
        "currency",
        "language",
        "startdate",
        "enddate",
        "lineid",
        "codetocruiseid",
        sid=call.supplier.settings.echoed_sid,
    ) | {"type": "cruise"}
    items = [_item(call, session, sailing, n) for n, sailing in enumerate(sailings)]
    return envelope(items, criteria=criteria, currency=session.currency, rows=len(items))


def found_sailings(call: Call, session: SupplierSession) -> list[SeededSailing]:
    """Return the sailings that fit the search and have not left."""
    today = call.supplier.clock.today()
    wanted = {
        name: call.params[name] for name in ("codetocruiseid", "shipid") if call.params.get(name)
    }
    return [
        sailing
        for sailing in call.supplier.sailings.values()
        if in_window(session, sailing)
        and sailing.sail_date > today
        and wanted.get("codetocruiseid", str(sailing.codetocruiseid)) == str(sailing.codetocruiseid)
        and wanted.get("shipid", str(sailing.ship_id)) == str(sailing.ship_id)
    ]


def in_window(session: SupplierSession, sailing: SeededSailing) -> bool:
    """Say whether the session's search covers the sailing."""
    return session.window_start <= sailing.sail_date <= session.window_end and (
        not session.line_ids or sailing.line_id in session.line_ids
    )


def _open_session(call: Call) -> SupplierSession:
    """Make the session from the search; its party and currency stay for good."""
    now = call.supplier.clock.now()
    adults = call.whole("adults")
    start, end = _day(call, "startdate"), _day(call, "enddate")
    if adults < 1 or end < start:
        raise RefusalError(
            111, "Invalid value for parameter: adults" if adults < 1 else "Invalid value: enddate"
        )
    return SupplierSession(
        key=opaque_key(letter_after=1),
        currency=_currency(call),
        adults=adults,
        children=call.whole("children", 0),
        infants=call.whole("infants", 0),
        birth_dates=_birth_dates(call),
        window_start=start,
        window_end=end,
        line_ids=_line_ids(call),
        opened_at=now,
        used_at=now,
    )


def _currency(call: Call) -> str:
    """Return the currency asked for, pounds when none was."""
    currency = call.params.get("currency") or DEFAULT_CURRENCY
    if currency not in PER_USD:
        raise RefusalError(111, "Invalid value for parameter: currency")
    return currency


def _day(call: Call, name: str) -> date:
    """Return a date parameter."""
    try:
        return date.fromisoformat(call.need(name))
    except ValueError:
        raise RefusalError(111, f"Invalid value for parameter: {name}") from None


def _birth_dates(call: Call) -> tuple[str, ...]:
    """Return the children's birth dates in order."""
    return tuple(sorted(day for day in call.params.get("childdob", "").split(",") if day))


def _line_ids(call: Call) -> tuple[int, ...]:
    """Return the lines searched, all of them when none is named."""
    raw = call.params.get("lineid", "")
    return tuple(int(part) for part in raw.split(",") if part.strip().isdecimal())


def _forget_old_sessions(call: Call) -> None:
    """Drop sessions long over that never had anything in the basket."""
    supplier = call.supplier
    if len(supplier.state.sessions) % 500 != 499:
        return
    limit = supplier.clock.now() - timedelta(seconds=2 * supplier.settings.session_seconds)
    needed = {item.session for item in supplier.state.items.values()}
    old = [
        key
        for key, one in supplier.state.sessions.items()
        if one.used_at < limit and key not in needed
    ]
    for key in old:
        del supplier.state.sessions[key]


def _item(call: Call, session: SupplierSession, sailing: SeededSailing, n: int) -> Json:
    """Spell one sailing of the search."""
    day, back = sailing.sail_date.isoformat(), sailing.end_date.isoformat()
    line = LINES[sailing.line_id]
    prices = {
        name: text(
            lead_in(sailing, session.party, currency=session.currency, factor=Decimal(factor))
        )
        for name, factor in _KINDS.items()
    }
    return prices | {
        "codetocruiseid": sailing.codetocruiseid,
        "cruiseid": sailing.itinerary_id,
        "resultno": f"302_{n}.0",
        "name": sailing.name.replace("&", "&amp;"),
        "line": {"id": line.id, "name": line.name, "engine": line.engine},
        "linename": line.name,
        "ship": ship_block(call, sailing),
        "shipname": sailing.ship_name,
        "saildate": day,
        "startdate": day,
        "enddate": back,
        "returndate": back,
        "nights": sailing.nights,
        "sailnights": sailing.nights,
        "startport": sailing.ports[0],
        "endport": sailing.ports[-1],
        "portnames": list(sailing.ports),
        "regionname": [sailing.region],
        "price": prices["cruiseinside"],
        "soldout": "1" if sailing.sold_out else "0",
        "sourcelive": int(sailing.line_id in call.supplier.settings.live_lines),
        "type": "cruise",
    }


def ship_block(call: Call, sailing: SeededSailing) -> Json:
    """Spell a sailing's ship with its picture."""
    image = f"{call.pictures}/ships/{sailing.ship_id}.svg"
    return {
        "id": sailing.ship_id,
        "name": sailing.ship_name,
        "imageurl": image,
        "imagecaption": sailing.ship_name,
    }

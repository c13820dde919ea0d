"""How a basket is spelled: rows, prices per guest, dining and the hold."""

from datetime import timedelta
from decimal import Decimal

from adapters.simulator.call import Call
from adapters.simulator.clock import zoneless
from adapters.simulator.endpoints.breakdown import guest_rows
from adapters.simulator.endpoints.cabins import cabin_id
from adapters.simulator.endpoints.search import ship_block
from adapters.simulator.pricing import Party, PriceLine, Quote, lead_in
from adapters.simulator.sailings import SeededSailing
from adapters.simulator.state import GUARANTEE, BasketItem
from adapters.simulator.wire import Json, envelope, number, text

SEATINGS = (
    ("2", "Late Dining", "available"),
    ("O", "Your Time 5:30-9:00", "available"),
    ("1", "Early Dining", "waitlist"),
)
TABLE_SIZES = [0, 2, 4, 6, 8, 10]


def basket_body(call: Call, items: list[BasketItem], *, with_hold: bool = True) -> Json:
    """Wrap the rows with the totals of those that have a price."""
    live = [item for item in items if is_priced(call, item)]
    result: Json = {
        "basketitems": [_item(call, item, with_hold=with_hold) for item in items],
        "itinerarycode": call.session.key[-6:],
        "totalprice": number(sum((item.total for item in live), Decimal(0))),
    }
    if items:
        result["totaldeposit"] = number(sum((item.deposit for item in live), Decimal(0)))
    criteria = call.criteria("resultkey", sid=call.params.get("sid")) | {"type": "basket"}
    return envelope([result], criteria=criteria, currency=call.session.currency, rows=1)


def is_priced(call: Call, item: BasketItem) -> bool:
    """Say whether the row still shows its price: it has one and its hold has not lapsed."""
    return item.priced and item.until > call.supplier.clock.now()


def _item(call: Call, item: BasketItem, *, with_hold: bool) -> Json:
    """Spell a row; one without a price says so by `none` and zero alone."""
    sailing = call.supplier.sailings[item.sailing]
    price = call.supplier.priced(item) if is_priced(call, item) else None
    return {
        "itemkey": item.key,
        "type": "cruise",
        "paymentoption": "online" if price else "none",
        "price": text(price.total) if price else 0,
        "searchprice": _search_price(sailing, item, call.session.party),
        "startdate": f"{sailing.sail_date.isoformat()}T00:00:00",
        "enginename": sailing.line_name,
        "selectedextras": [],
        "optionalextras": [],
        "cruisedetail": _detail(call, item, price, with_hold=with_hold),
    }


def _search_price(sailing: SeededSailing, item: BasketItem, party: Party) -> int | float:
    """Return the sailing's lead-in price, which is never this cabin's."""
    lead = lead_in(sailing, party, currency=item.currency)
    return number(lead + 7 if lead == item.total else lead)


def _detail(call: Call, item: BasketItem, price: Quote | None, *, with_hold: bool) -> Json:
    """Spell the sailing, the cabin, the prices and the dining of a row."""
    sailing, party = call.supplier.sailings[item.sailing], call.session.party
    detail: Json = {
        "codetocruiseid": sailing.codetocruiseid,
        "cruiseid": sailing.itinerary_id,
        "name": sailing.name,
        "adults": party.adults,
        "children": party.children,
        "infants": party.infants,
        "nights": sailing.nights,
        "saildate": sailing.sail_date.isoformat(),
        "enddate": sailing.end_date.isoformat(),
        "itinerary": itinerary(sailing),
        "portnames": list(sailing.ports),
        "regionname": [sailing.region],
        "ship": ship_block(call, sailing) | {"code": sailing.ship_code},
        "pricecode": item.rate,
        "resultno": item.resultno,
        "soldout": "0",
        "cabin": _cabin(call, item, with_hold=with_hold and price is not None),
        "dining": {
            "seatings": [
                {"code": code, "description": name, "status": status}
                for code, name, status in SEATINGS
            ],
            "smoking": "N",
            "tablesizes": TABLE_SIZES,
        },
        "currency": item.currency,
        "scurrency": sailing.ship.currency,
    }
    return detail | (_prices(price) if price else _no_prices(sailing, item, party))


def _prices(price: Quote) -> Json:
    """Spell the prices; `breakdown` leaves the non-commissionable fare out."""
    return {
        "price": number(price.total),
        "sprice": number(price.supplier_total),
        "grossprice": number(price.part("Cruise Fare")),
        "nettprice": number(price.total),
        "breakdown": [
            _breakdown_row(line, price)
            for line in price.lines
            if "Non-Comm" not in line.description
        ],
        "perperson": [
            guest_rows(line, price.currency, price.supplier_currency) for line in price.lines
        ],
    }


def _no_prices(sailing: SeededSailing, item: BasketItem, party: Party) -> Json:
    """Spell a row without a price: the lead-in price stands where the cabin's should."""
    return {
        "price": _search_price(sailing, item, party),
        "sprice": number(sailing.from_price * party.size),
        "breakdown": [],
        "perperson": [],
    }


def _breakdown_row(line: PriceLine, price: Quote) -> Json:
    """Spell one charge for all guests."""
    return {
        "category": line.category,
        "description": line.description,
        "commissionable": int(line.commissionable),
        "quantity": len(line.asked),
        "itemprice": number(line.asked[0]),
        "totalcost": number(sum(line.asked, Decimal(0))),
        "sprice": number(sum(line.supplier, Decimal(0))),
        "currency": price.currency,
        "scurrency": price.supplier_currency,
    }


def _cabin(call: Call, item: BasketItem, *, with_hold: bool) -> Json:
    """Spell the cabin and, when it is held, how long, in a local time that names no zone."""
    grade = call.supplier.grade(item.sailing, item.grade)
    guaranteed = item.cabin_number == GUARANTEE
    cabin: Json = {
        "cabinno": item.cabin_number,
        "cabinid": cabin_id(grade),
        "cabingrade": grade.code,
        "name": f"{grade.name} (Guaranteed)" if guaranteed else grade.name,
        "deckname": "To Be Assigned" if guaranteed else f"Deck {grade.deck}",
        "location": "TO BE ASSIGNED" if guaranteed else "MIDSHIP",
        "farecode": item.rate,
        "guaranteed": "Y" if guaranteed else "N",
        "minguests": 1,
        "maxguests": grade.max_guests,
        "modified": int(grade.accessible),
        "bedconfig": [],
        "resultno": item.cabinresult,
    }
    if with_hold and call.supplier.settings.hold_shown:
        hours = call.supplier.settings.hold_utc_offset_hours
        times = {"holdtime": item.held_at, "releasetime": item.until}
        cabin["holdcabin"] = {
            name: zoneless(at, utc_offset_hours=hours) for name, at in times.items()
        }
    return cabin


def itinerary(sailing: SeededSailing) -> list[Json]:
    """Spell the days of the itinerary."""
    return [
        {
            "day": day + 1,
            "arrivedate": (sailing.sail_date + timedelta(days=day)).isoformat(),
            "arrivetime": "09:00" if day else "",
            "departtime": "17:00",
            "itineraryname": port.replace("'", "&#39;"),
        }
        for day, port in enumerate(sailing.ports)
    ]

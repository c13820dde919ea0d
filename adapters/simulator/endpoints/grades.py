"""cruisecabingrades.pl: live prices; each call makes the older `resultno` stale."""

from dataclasses import dataclass, field
from zlib import crc32

from adapters.simulator.call import Call
from adapters.simulator.endpoints.search import in_window
from adapters.simulator.inventory import place
from adapters.simulator.pricing import Quote, quote, terms
from adapters.simulator.reference_data import GRADES, RATES, Grade, Rate
from adapters.simulator.sailings import SeededSailing
from adapters.simulator.state import QuotedRate, SupplierSession
from adapters.simulator.wire import Json, RefusalError, envelope, number

_STALE_KEPT = 200


def show_grades(call: Call) -> Json:
    """Answer with a new price list, or with nothing at all when the party is another."""
    session = call.session
    sailing = call.supplier.sailings.get(call.whole("codetocruiseid"))
    if sailing is None:
        raise RefusalError(111, "Invalid value for parameter: codetocruiseid")
    if sailing.line_id not in call.supplier.settings.live_lines:
        raise RefusalError(None, f"{sailing.line_name} is not available for live pricing")
    fits = (
        same_party(call, session)
        and in_window(session, sailing)
        and not call.meets("party_mismatch")
    )
    on_sale = call.supplier.sailing_on_sale(sailing.codetocruiseid) is not None
    rows = _new_price_list(call, sailing) if fits and on_sale else []
    return _answer(call, sailing, rows)


def same_party(call: Call, session: SupplierSession) -> bool:
    """Say whether the call names the party that the search bound to the session."""
    children, infants = call.whole("children", 0), call.params.get("infants")
    young = {children} if infants is None else {children + int(infants or 0)}
    allowed = {session.children + session.infants} | (
        {session.children} if infants is None else set()
    )
    births = sorted(value for name, value in call.params.items() if name.startswith("dob-"))
    same_births = not session.birth_dates or births == list(session.birth_dates)
    return call.whole("adults") == session.adults and bool(young & allowed) and same_births


def asked_currency(call: Call, session: SupplierSession) -> str:
    """Return the session's currency, whatever this call asks; another one only by fault."""
    if call.meets("other_currency"):
        return "EUR" if session.currency == "GBP" else "GBP"
    return session.currency


@dataclass(frozen=True, kw_only=True)
class _Sheet:
    """The price list being written: for which sailing, and the number its identifiers carry."""

    call: Call
    sailing: SeededSailing
    search_no: int
    quotes: list[QuotedRate] = field(default_factory=list)


def _new_price_list(call: Call, sailing: SeededSailing) -> list[Json]:
    """Issue new identifiers for every row; what was issued before is stale."""
    session = call.session
    session.searches += 1
    older = sorted({one.resultno for one in session.quotes})
    session.stale_resultnos = (*session.stale_resultnos, *older)[-_STALE_KEPT:]
    search_no = 1_064_000_000 + call.supplier.state.number()
    sheet = _Sheet(call=call, sailing=sailing, search_no=search_no)
    grades = enumerate(GRADES[sailing.line_id])
    rows = [row for index, grade in grades for row in _grade_rows(sheet, grade, index)]
    session.quotes, session.cabins = tuple(sheet.quotes), {}
    return rows


def _grade_rows(sheet: _Sheet, grade: Grade, index: int) -> list[Json]:
    """Spell a grade: one row with all its rates, or, above the ocean views, one row per rate."""
    supplier = sheet.call.supplier
    left = supplier.inventory.remaining(sheet.sailing, grade, supplier.clock.now())
    cells = [
        _rate_cell(sheet, grade, rate, index)
        if left and rate_on_sale(sheet.call, sheet.sailing, grade, rate)
        else {"available": "N", "ratecode": rate.code}
        for rate in RATES[sheet.sailing.line_id]
    ]
    groups = [[cell] for cell in cells] if grade.category in ("balcony", "suite") else [cells]
    return [_row(sheet, grade, group) for group in groups]


def _rate_cell(sheet: _Sheet, grade: Grade, rate: Rate, index: int) -> Json:
    """Spell one rate of a grade and quote it to the session."""
    session = sheet.call.session
    own = grade.category == "suite"
    number = f"{index}.{sheet.search_no + index}" if own else f"0.{sheet.search_no}"
    quoted = QuotedRate(
        sailing=sheet.sailing.codetocruiseid,
        grade=grade.code,
        rate=rate.code,
        resultno=f"212_{number}",
        gradeno=f"{211 + session.searches}:{rate.code}:{index}",
    )
    sheet.quotes.append(quoted)
    currency = asked_currency(sheet.call, session)
    price = quote(sheet.sailing, grade, rate, session.party, currency=currency)
    return _cell(quoted, price, own_result=own) | _terms(sheet, rate, price)


def _terms(sheet: _Sheet, rate: Rate, price: Quote) -> Json:
    """Spell what is due when and what a cancellation costs, in the member of the policy."""
    supplier = sheet.call.supplier
    member = supplier.settings.terms_member
    if not member or rate.military:
        return {}
    party, today = sheet.call.session.party, supplier.clock.now().date()
    return {member: terms(sheet.sailing, rate, price, party, today=today)}


def _cell(quoted: QuotedRate, price: Quote, *, own_result: bool) -> Json:
    """Spell a priced rate; its components do not add up to its price."""
    cell: Json = {
        "available": "Y",
        "ratecode": quoted.rate,
        "gradeno": quoted.gradeno,
        "price": number(price.total),
        "fare": number(price.part("Cruise Fare")),
        "taxes": number(price.part("Taxes & Fees")),
        "sprice": number(price.supplier_total),
        "scurrency": price.supplier_currency,
    }
    if quoted.rate.startswith("N"):
        cell |= {"fees": 0, "gratuity": 0}
    return cell | ({"resultno": quoted.resultno} if own_result else {})


def rate_on_sale(call: Call, sailing: SeededSailing, grade: Grade, rate: Rate) -> bool:
    """Say whether a rate can be had: still sold, offered for this grade, and not withdrawn."""
    key = f"{place(sailing.codetocruiseid, grade.code)}:{rate.code}"
    offered = not rate.restricted or crc32(key.encode()) % 4 != 0
    return rate.on_sale and offered and key not in call.supplier.state.rates_gone


def _row(sheet: _Sheet, grade: Grade, cells: list[Json]) -> Json:
    """Spell the row around its rates; its price stands under one of two names."""
    open_cells = [cell for cell in cells if cell["available"] == "Y"]
    row: Json = {
        "cabincode": grade.code,
        "codtype": grade.category,
        "name": grade.name,
        "description": f"{grade.name} on deck {grade.deck}. It&#39;s all yours.",
        "imageurl": f"{sheet.call.pictures}/cabins/{grade.category}.svg",
        "resultno": f"212_0.{sheet.search_no}",
        "modified": int(grade.accessible),
        "gridpricing": cells,
    }
    if not open_cells:
        return row | {"ratecode": cells[0]["ratecode"]}
    cheapest = min(open_cells, key=lambda cell: float(cell["price"]))
    price_name = "price" if sheet.sailing.codetocruiseid % 2 == 0 else "cheapestprice"
    row[price_name] = cheapest["price"]
    return row | {name: cheapest[name] for name in ("ratecode", "gradeno")}


def _answer(call: Call, sailing: SeededSailing, rows: list[Json]) -> Json:
    """Wrap the rows; the rate codes stand in one of the two places the supplier uses."""
    criteria = call.criteria("adults", "children", "codetocruiseid", sid=call.params.get("sid"))
    codes = [_rate_code(sailing, rate) for rate in RATES[sailing.line_id]] if rows else []
    currency = asked_currency(call, call.session)
    if sailing.codetocruiseid % 2 == 0:
        return envelope(rows, criteria=criteria, currency=currency, rows=len(rows), ratecodes=codes)
    return envelope(
        rows, criteria=criteria | {"ratecodes": codes}, currency=currency, rows=len(rows)
    )


def _rate_code(sailing: SeededSailing, rate: Rate) -> Json:
    """Spell a rate code; its flag for non-refundable is right only on every other sailing."""
    honest = sailing.codetocruiseid % 2 == 1
    return {
        "code": rate.code,
        "name": f"{rate.name} valid from 01/01/2026 to 31/12/2099",
        "faretype": "gross",
        "nonrefundable": int(not rate.refundable) if honest else 0,
        "military": int(rate.military),
        "senior": int(rate.senior),
        "pastpassenger": int(rate.past_guest),
        "nett": 0,
        "ratestart": "2026-01-01",
        "rateend": "2099-12-31",
    }

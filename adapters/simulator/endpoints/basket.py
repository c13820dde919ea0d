"""basketadd.pl, basket.pl and basketremove.pl: the basket and the line's hold behind it."""

from datetime import timedelta
from decimal import Decimal

from adapters.simulator.call import Call
from adapters.simulator.endpoints.basket_body import basket_body
from adapters.simulator.endpoints.grades import asked_currency
from adapters.simulator.endpoints.quoted import quoted_rate
from adapters.simulator.pricing import deposit
from adapters.simulator.state import BasketItem, OfferedCabin, QuotedRate, lapse_time
from adapters.simulator.wire import Json, RefusalError

SOLD_OUT_CODE = 138
SHORT_HOLD_SECONDS = 30
READ_LAG_SECONDS = 5
UPLIFT = Decimal("1.1")


def add_to_basket(call: Call) -> Json:
    """Hold a cabin, or quietly add a row without a price when rate or cabin are not right."""
    gradeno, ratecode = call.need("gradeno"), call.need("ratecode")
    resultno = call.need("resultno")
    quoted = quoted_rate(call, resultno=resultno, gradeno=gradeno, ratecode=ratecode)
    cabin = _chosen_cabin(call, gradeno)
    unpriced = quoted is None or cabin is None or call.meets("unpriced_basket")
    named = quoted or _any_quote(call, resultno, gradeno, ratecode)
    if not unpriced and cabin is not None:
        _refuse_sold(call, named, cabin.cabin_number)
    item = _item(call, named, cabin, priced=not unpriced)
    _keep(call, item)
    shown = [] if call.meets("empty_basket") else call.supplier.basket(call.session)
    return basket_body(call, shown, with_hold=not call.meets("hold_missing"))


def show_basket(call: Call) -> Json:
    """Answer with the rows; one just added may not be visible yet."""
    now = call.supplier.clock.now()
    rows = [item for item in call.supplier.basket(call.session) if item.visible_from <= now]
    return basket_body(call, [] if call.meets("empty_basket") else rows)


def remove_from_basket(call: Call) -> Json:
    """Drop a row; whether the line's hold goes with it is a policy."""
    key, session = call.need("basketkey"), call.session
    if key not in session.basket:
        raise RefusalError(152, "Item not in basket")
    session.drop(key)
    if call.supplier.settings.remove_frees_hold:
        call.supplier.state.items[key].freed = True
    return basket_body(call, call.supplier.basket(session))


def _chosen_cabin(call: Call, gradeno: str) -> OfferedCabin | None:
    """Return the cabin row chosen, if it was shown for this grade since the latest prices."""
    cabin = call.session.cabins.get(call.params.get("cabinresult", ""))
    if cabin is None or cabin.gradeno != gradeno:
        return None
    wanted = call.params.get("cabinno")
    if wanted and wanted != cabin.cabin_number:
        raise RefusalError(111, "Invalid value for parameter: cabinno")
    return cabin


def _any_quote(call: Call, resultno: str, gradeno: str, ratecode: str) -> QuotedRate:
    """Return the nearest quote, to name the unpriced row by."""
    same_grade = [one for one in call.session.quotes if gradeno in ("", one.gradeno)]
    nearest = next(iter(same_grade or call.session.quotes), None)
    if nearest is None:
        raise RefusalError(137, "Information for the selected cruise was not found")
    return QuotedRate(
        sailing=nearest.sailing,
        grade=nearest.grade,
        rate=nearest.rate,
        resultno=resultno,
        gradeno=gradeno or ratecode,
    )


def _refuse_sold(call: Call, quoted: QuotedRate, cabin_number: str) -> None:
    """Refuse a cabin that somebody else keeps, or has just taken by fault."""
    supplier, now = call.supplier, call.supplier.clock.now()
    sailing, grade = supplier.sailings[quoted.sailing], supplier.grade(quoted.sailing, quoted.grade)
    if call.meets("sold_out"):
        supplier.inventory.sell_elsewhere(sailing, grade, cabin_number, now)
    if not supplier.inventory.can_sell(sailing, grade, cabin_number, now):
        raise RefusalError(SOLD_OUT_CODE, "The selected cabin is no longer available (sold out)")


def _item(
    call: Call, quoted: QuotedRate, cabin: OfferedCabin | None, *, priced: bool
) -> BasketItem:
    """Make the row; an unpriced one holds nothing."""
    supplier, session, now = call.supplier, call.session, call.supplier.clock.now()
    lag = (
        call.fault_seconds(READ_LAG_SECONDS)
        if call.meets("basket_read_lag")
        else supplier.settings.basket_read_lag
    )
    seconds = (
        call.fault_seconds(SHORT_HOLD_SECONDS)
        if call.meets("hold_lapsed")
        else supplier.settings.hold_seconds
    )
    item = BasketItem(
        key=str(1_050_000_000 + supplier.state.number()),
        session=session.key,
        sailing=quoted.sailing,
        grade=quoted.grade,
        rate=quoted.rate,
        gradeno=quoted.gradeno,
        resultno=quoted.resultno,
        cabinresult=call.params.get("cabinresult", ""),
        cabin_number=cabin.cabin_number if cabin else "GUAR",
        currency=asked_currency(call, session),
        priced=priced,
        uplift=UPLIFT if call.meets("price_differs") else Decimal(1),
        total=Decimal(0),
        deposit=Decimal(0),
        held_at=now,
        until=lapse_time(now, seconds),
        visible_from=now + timedelta(seconds=lag),
    )
    return _with_price(call, item) if priced else item


def _with_price(call: Call, item: BasketItem) -> BasketItem:
    """Write the price and what is due now into the row."""
    supplier, sailing = call.supplier, call.supplier.sailings[item.sailing]
    item.total = supplier.priced(item).total
    item.deposit = deposit(
        sailing,
        item.total,
        call.session.party,
        currency=item.currency,
        today=supplier.clock.today(),
    )
    return item


def _keep(call: Call, item: BasketItem) -> None:
    """Put the row in the session's basket and take the cabin off the market."""
    call.supplier.state.items[item.key] = item
    call.session.basket += (item.key,)
    call.supplier.inventory.keep(item)

"""cruisecabingradebreakdown.pl: what each guest pays for what."""

from adapters.simulator.call import Call
from adapters.simulator.endpoints.quoted import quoted_rate
from adapters.simulator.pricing import PriceLine, gratuities, quote
from adapters.simulator.wire import Json, envelope, number


def show_breakdown(call: Call) -> Json:
    """Answer with rows per kind of charge; gratuities too, so the sum is not the basket's."""
    quoted = quoted_rate(
        call,
        resultno=call.need("chosencruise"),
        gradeno=call.need("chosencabingrade"),
        ratecode=call.need("chosenfarecode"),
    )
    criteria = call.criteria(
        "chosencruise", "chosencabingrade", "chosenfarecode", "cid", sid=call.params.get("sid")
    )
    if quoted is None or quoted.sailing != call.whole("cid"):
        return envelope([], criteria=criteria)
    supplier, session = call.supplier, call.session
    sailing = supplier.sailings[quoted.sailing]
    grade, rate = (
        supplier.grade(quoted.sailing, quoted.grade),
        supplier.rate(quoted.sailing, quoted.rate),
    )
    price = quote(sailing, grade, rate, session.party, currency=session.currency)
    lines = [*price.lines, gratuities(sailing, session.party, currency=session.currency)]
    rows = [guest_rows(line, session.currency, price.supplier_currency) for line in lines]
    return envelope(rows, criteria=criteria)


def guest_rows(line: PriceLine, currency: str, supplier_currency: str) -> Json:
    """Spell one kind of charge with a price per guest; discounts are negative."""
    return {
        "category": line.category,
        "description": line.description,
        "commissionable": int(line.commissionable),
        "prices": [
            {
                "guestno": n,
                "price": number(asked),
                "sprice": number(own),
                "currency": currency,
                "scurrency": supplier_currency,
                "currencysymbol": "$",
            }
            for n, (asked, own) in enumerate(zip(line.asked, line.supplier, strict=True), start=1)
        ],
    }

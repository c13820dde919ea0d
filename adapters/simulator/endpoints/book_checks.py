"""What book.pl refuses before it does anything: persons, items, amounts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from adapters.simulator.call import Call
from adapters.simulator.pricing import CENT
from adapters.simulator.state import BasketItem
from adapters.simulator.wire import RefusalError

CARD_FIELDS = (
    "passthroughitem",
    "amount",
    "nameoncard",
    "cardtype",
    "cardnumber",
    "expirymonth",
    "expiryyear",
)
CARD_PATTERNS = {"VIS": "4", "MSC": "52", "AMX": "3"}


@dataclass(frozen=True, kw_only=True)
class Payment:
    """What a card is to pay, and whether it can be a real one; never the card itself."""

    item_key: str
    amount: Decimal
    plausible: bool = True
    verified: bool = field(default=True)


def check_people(call: Call) -> list[dict[str, str]]:
    """Refuse incomplete people; return the passengers to be remembered."""
    contact = call.body.get("contact")
    if not isinstance(contact, dict) or not contact.get("title"):
        raise RefusalError(201, "Lead passenger title must be selected")
    passengers = call.body.get("passengers")
    if not isinstance(passengers, dict):
        raise RefusalError(111, "Invalid value for parameter: passengers")
    if len(passengers) != call.session.party.size:
        raise RefusalError(111, "Number of passengers does not match the search")
    return [_passenger(call, name, person) for name, person in sorted(passengers.items())]


def _passenger(call: Call, name: str, person: Any) -> dict[str, str]:
    """Check one passenger for what the line wants to know."""
    if not isinstance(person, dict):
        raise RefusalError(111, "Invalid value for parameter: passengers")
    for wanted in call.supplier.settings.required_passenger_fields:
        if not person.get(wanted):
            raise RefusalError(None, f"Passenger {name}: {wanted} must be given")
    kept = ("paxno", "paxtype", "title", "firstname", "lastname", "dob", "gender", "nationality")
    return {key: str(person.get(key) or "") for key in kept}


def check_allocation(call: Call) -> None:
    """Refuse dining given for something never in this basket, or without the smoking answer."""
    allocation = call.body.get("allocation")
    if not isinstance(allocation, dict) or not allocation:
        raise RefusalError(110, "Missing parameter: allocation")
    for key, choice in allocation.items():
        item = call.supplier.state.items.get(str(key))
        if item is None or item.session != call.session.key:
            raise RefusalError(152, "Item not in basket")
        dining = choice.get("dining") if isinstance(choice, dict) else None
        if not isinstance(dining, dict) or not dining.get("smoking"):
            raise RefusalError(None, "Dining: smoking preference must be given")


def check_items(call: Call) -> list[BasketItem]:
    """Return the rows to book: all of the basket, whatever the allocation names."""
    items = call.supplier.basket(call.session)
    if not items or any(key not in call.session.basket for key in call.body["allocation"]):
        raise RefusalError(152, "Item not in basket")
    if any(not item.priced for item in items):
        raise RefusalError(152, "Item has no price and cannot be booked")
    return items


def card_payment(call: Call) -> Payment | None:
    """Return what the card is to pay, if one was sent and it is complete."""
    card = call.body.get("ccard")
    if not card:
        return None
    if not isinstance(card, dict):
        raise RefusalError(111, "Invalid value for parameter: ccard")
    missing = next((name for name in CARD_FIELDS if not card.get(name)), None)
    if missing:
        raise RefusalError(110, f"Missing parameter: ccard.{missing}")
    return Payment(
        item_key=str(card["passthroughitem"]),
        amount=money(card["amount"], "ccard.amount"),
        plausible=plausible_card(card, call),
    )


def check_amount(call: Call, payment: Payment, items: list[BasketItem]) -> None:
    """Refuse an amount other than what depositbooking asks for."""
    item = next((one for one in items if one.key == payment.item_key), None)
    if item is None:
        raise RefusalError(152, "Item not in basket")
    wants_deposit = str(call.body.get("depositbooking", 0)) == "1"
    if payment.amount != (item.deposit if wants_deposit else item.total):
        raise RefusalError(111, "Invalid value for parameter: ccard.amount")


def money(value: Any, name: str) -> Decimal:
    """Read an amount, a number or its text."""
    try:
        amount = Decimal(str(value)).quantize(CENT)
    except InvalidOperation:
        raise RefusalError(111, f"Invalid value for parameter: {name}") from None
    if amount <= 0:
        raise RefusalError(111, f"Invalid value for parameter: {name}")
    return amount


def plausible_card(card: Mapping[str, Any], call: Call) -> bool:
    """Say whether the number fits its check digit and its brand, and the card has not expired."""
    digits = "".join(digit for digit in str(card.get("cardnumber")) if digit.isdecimal())
    month, year = str(card.get("expirymonth")), str(card.get("expiryyear"))
    if not (month.isdecimal() and year.isdecimal()):
        return False
    today = call.supplier.clock.today()
    expires = (int(year) + (2000 if len(year) == 2 else 0), int(month))
    brand_fits = digits[:1] in CARD_PATTERNS.get(str(card.get("cardtype")), digits[:1] or "-")
    return luhn(digits) and brand_fits and expires >= (today.year, today.month)


def luhn(digits: str) -> bool:
    """Say whether the check digit is right."""
    doubled = [int(one) * (2 if n % 2 else 1) for n, one in enumerate(reversed(digits))]
    return (
        len(digits) >= 12 and sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0
    )

"""The fields of the card component, `templates/parts/card.html`: what is missing, and the payment.

A hosted field can take its place; nothing else knows what the fields are called.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from booking_http.shop.field_words import asked_for
from booking_http.shop.forms import Fields, Wrong
from booking_http.shop.texts import N_

CARD: Final = ("cardNumber", "expiry", "cvv", "cardholderName")
"""The fields of the component; `payment-` stands before each."""
FULL, DEPOSIT = "full_payment", "deposit"
_PREFIX: Final = "payment-"
_EXPIRY: Final = re.compile(r"(\d{1,2})\s*[/.-]?\s*(\d{4}|\d{2})")
NO_EXPIRY: Final = N_("Enter the expiry date as on the card, such as 09/29.")


def missing_in_card(fields: Fields) -> Iterator[tuple[str, Wrong]]:
    """Yield what is not typed: the amount to pay, and the fields of the card."""
    if "paymentType" not in fields:
        yield "paymentType", asked_for("amount")
    for name in CARD:
        typed = fields.get(_PREFIX + name)
        if typed is None:
            yield _PREFIX + name, asked_for(name)
        elif name == "expiry" and not _EXPIRY.fullmatch(typed):
            yield _PREFIX + name, Wrong(words=NO_EXPIRY)


def payment_in(fields: Fields, amounts: Mapping[str, object]) -> dict[str, object]:
    """Return the payment as the API takes it.

    The guest consents to the amount that the page showed; `amounts` are the present ones, by the
    type of payment.
    """
    expiry = _EXPIRY.fullmatch(fields["payment-expiry"])
    month, year = expiry.groups() if expiry else ("", "")
    kind = fields["paymentType"]
    return {
        "cardNumber": fields["payment-cardNumber"],
        "expiryMonth": month,
        "expiryYear": year,
        "cvv": fields["payment-cvv"],
        "cardholderName": fields["payment-cardholderName"],
        "amount": fields.get(f"amount-{kind}", str(amounts.get(kind, ""))),
        "paymentType": kind,
    }


def without_card(fields: Fields) -> Fields:
    """Return what was typed without the card."""
    return {name: value for name, value in fields.items() if not name.startswith(_PREFIX)}

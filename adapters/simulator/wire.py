"""The supplier's envelope and its spelling of numbers and flags."""

from decimal import Decimal
from typing import Any

from adapters.simulator.pricing import SYMBOLS

Json = dict[str, Any]


class RefusalError(Exception):
    """A business failure, which travels as HTTP 200 with a non-empty `errors`."""

    def __init__(self, code: int | None, text: str, *, status: int = 200) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.status = status


def already_booked() -> RefusalError:
    """Refuse an item that has a reservation, or is said to have one."""
    return RefusalError(152, "Item not in basket (already booked)")


class NotThereError(Exception):
    """HTTP 404: wrong sid, wrong endpoint name or wrong verb."""


def number(amount: Decimal) -> int | float:
    """Spell an amount as a JSON number, whole ones without a point."""
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def text(amount: Decimal) -> str:
    """Spell an amount as a string with two places."""
    return f"{amount:.2f}"


def currency_block(currency: str) -> Json:
    """Spell the default currency of an answer."""
    return {"code": currency, "symbol": SYMBOLS[currency]}


def envelope(
    results: list[Any],
    *,
    criteria: Json,
    currency: str | None = None,
    rows: int | None = None,
    **more_meta: Any,
) -> Json:
    """Wrap results as every endpoint but token.pl does."""
    meta: Json = {
        "criteria": criteria,
        "defaultcurrency": currency_block(currency) if currency else {},
    }
    meta |= more_meta
    if rows is not None:
        meta["rows"] = rows
    return {"errors": [], "meta": meta, "results": results, "timing": timing(0.05), "warnings": []}


def refusal_envelope(refusal: RefusalError, *, criteria: Json) -> Json:
    """Wrap a business failure; the words stand under `text`."""
    body = envelope([], criteria=criteria)
    return body | {"errors": [{"code": refusal.code, "text": refusal.text}]}


def timing(total: float) -> Json:
    """Spell the timing block, whose times are strings of seconds."""
    items = [("Initiate Endpoint", 0.00001), ("Auth Check Pass", 0.029009)]
    return {
        "items": [{"description": name, "time": f"{seconds:.6f}"} for name, seconds in items],
        "total": f"{max(total, 0.029019):.6f}",
    }

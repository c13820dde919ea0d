"""Reading single values of a loosely typed answer (traveltek.md, section 1).

The same quantity is a string here and a number there; flags come in six spellings; missing,
null, blank and `{}` all mean absent, and so does a leaked Perl reference.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias, TypeVar

from booking_flow.model.money import Money

Node: TypeAlias = Mapping[str, object]
T = TypeVar("T")

_LEAK = re.compile(r"(?:[\w:]+=)?(?:ARRAY|HASH|SCALAR|CODE|REF|GLOB)\(0x[0-9a-fA-F.]+\)")
_AMOUNT = re.compile(r"[-+]?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d*)?|[-+]?\.\d+")
_SYMBOLS = str.maketrans("", "", "$£€ \u00a0")
_YES = frozenset({"y", "yes", "t", "true", "1"})
_NO = frozenset({"n", "no", "f", "false", "0"})
_LARGEST = Decimal(10) ** 10
LONGEST_TEXT = 4_000
"""Characters of a text that are read; the longest known are cabin descriptions."""


class Unreadable(Exception):  # noqa: N818 - says what the answer is
    """The answer lacks something without which it means nothing; names it, never quotes it."""


class OtherCurrency(Exception):  # noqa: N818 - says what the answer is
    """The answer is priced in a currency that was not asked for."""


def text(value: object) -> str | None:
    """Return words or an identifier as text, unescaped; None when absent."""
    match value:
        case bool():
            return None
        case int():
            return str(value)
        case Decimal() if value.is_finite() and abs(value) < _LARGEST:
            return str(int(value)) if value == value.to_integral_value() else str(value)
        case str():
            words = html.unescape(value[:LONGEST_TEXT]).strip()
            return words if words and not ("(0x" in words and _LEAK.fullmatch(words)) else None
        case _:
            return None


def amount(value: object) -> Decimal | None:
    """Return an amount, from a number or from `"1,485.24"`; None when absent or no amount."""
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        number = Decimal(value)
    else:
        words = (text(value) or "").translate(_SYMBOLS)
        if not _AMOUNT.fullmatch(words):
            return None
        number = Decimal(words.replace(",", ""))
    return number if number.is_finite() and abs(number) < _LARGEST else None


def money(value: object, currency: str) -> Money | None:
    """Return an amount of `currency`; None when absent."""
    number = amount(value)
    return None if number is None else Money(number, currency)


def flag(value: object) -> bool | None:
    """Return a flag in any of its spellings; None when absent."""
    if isinstance(value, bool):
        return value
    words = (text(value) or "").lower()
    return True if words in _YES else False if words in _NO else None


def whole(value: object) -> int | None:
    """Return a whole number; None when absent or not whole."""
    number = amount(value)
    return None if number is None or number != int(number) else int(number)


def currency_code(value: object) -> str | None:
    """Return a currency code; None when absent."""
    words = (text(value) or "").upper()
    return words if len(words) == 3 and words.isascii() and words.isalpha() else None


def day(value: object) -> date | None:
    """Return the day of a date or of a date and time; None when absent."""
    with suppress(ValueError):
        return date.fromisoformat((text(value) or "")[:10])
    return None


def moment(value: object) -> datetime | None:
    """Return a date and time, with a zone only if the supplier gave one; None when absent."""
    with suppress(ValueError):
        return datetime.fromisoformat(text(value) or "")
    return None


def node(value: object) -> Node:
    """Return the object here, or the first of a list of them; empty when absent."""
    if isinstance(value, Mapping):
        return value
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return next((item for item in value if isinstance(item, Mapping)), {})
    return {}


def nodes(value: object) -> list[Node]:
    """Return the objects here: of a list, of an object keyed by numbers, or the one object.

    Raises:
        Unreadable: a list stands within the list, so that nobody knows what is in it.
    """
    if isinstance(value, Mapping):
        numbered = bool(value) and all(str(key).isdecimal() for key in value)
        value = list(value.values()) if numbered else [value]
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        return []
    if any(isinstance(item, list) and item for item in value):
        raise Unreadable("a list within a list")
    return [item for item in value if isinstance(item, Mapping) and item]


def side_nodes(value: object) -> list[Node]:
    """Return the objects here, or none where they cannot be read: nothing depends on them."""
    with suppress(Unreadable):
        return nodes(value)
    return []


def first(source: Node, *keys: str) -> str | None:
    """Return the first of these keys that holds words."""
    return next((words for key in keys if (words := text(source.get(key)))), None)


def required(value: T | None, name: str) -> T:
    """Return `value`, or give the answer up as unreadable."""
    if value is None:
        raise Unreadable(name)
    return value


def usable(rows: Sequence[Node], read: Callable[[Node], T], name: str) -> tuple[T, ...]:
    """Read each row and skip those that cannot be used; rows of which none can are unreadable."""
    found = []
    for row in rows:
        with suppress(Unreadable):
            found.append(read(row))
    if rows and not found:
        raise Unreadable(name)
    return tuple(found)

"""Values of a catalogue read from text, tolerantly: what cannot be read is None."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final, TypeVar

T = TypeVar("T")
_WHOLE: Final = re.compile(r"(\d{1,9})(?:\.0*)?")
_ENDLESS: Final = Decimal(10) ** 10
_GROUPED: Final = re.compile(r"(?<=\d),(?=\d{3}\b)")


class UnreadableValue(ValueError):  # noqa: N818 - names what was found
    """A value that had to be there is missing or makes no sense."""


def needed(value: T | None) -> T:
    """Return a value that must be there.

    Raises:
        UnreadableValue: it is not.
    """
    if value is None:
        raise UnreadableValue
    return value


def words(value: str | None) -> str | None:
    """Read a text without blanks around it; an empty one is none."""
    return (value.strip() or None) if value else None


def identifier(value: str | None) -> str | None:
    """Read an identifier as a string, also from a column that counts."""
    found = words(value)
    return re.sub(r"\.0*$", "", found) if found and _WHOLE.fullmatch(found) else found


def number(value: str | None) -> int | None:
    """Read a whole number that is not negative."""
    found = _WHOLE.fullmatch(value.strip()) if value else None
    return int(found[1]) if found else None


def day(value: str | None) -> date | None:
    """Read a day, also from a moment."""
    try:
        return date.fromisoformat(value.strip()[:10]) if value else None
    except ValueError:
        return None


def money(value: str | None) -> Decimal | None:
    """Read an amount in hundredths, with or without commas; nothing below zero is a price."""
    try:
        found = Decimal(_GROUPED.sub("", value.strip())) if value else None
    except InvalidOperation:
        return None
    if found is None or not found.is_finite() or not 0 <= found < _ENDLESS:
        return None
    return found.quantize(Decimal("0.01"))


def names(value: str | None) -> tuple[str, ...]:
    """Read names from a JSON list, or from text with commas."""
    if not value:
        return ()
    try:
        listed = json.loads(value)
    except ValueError:
        listed = value.split(",")
    found = listed if isinstance(listed, list) else []
    return tuple(name.strip() for name in found if isinstance(name, str) and name.strip())

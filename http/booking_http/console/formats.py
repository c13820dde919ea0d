"""How the console writes times, amounts and what the machine calls by its own names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from booking_http.notifications.booking_facts import day

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def clock(at: datetime) -> str:
    """Write a time of day in UTC."""
    return f"{at.astimezone(UTC):%H:%M:%S}"


def thousandths(at: datetime) -> str:
    """Write what follows the second."""
    return f".{at.microsecond // 1000:03d}"


def minute(at: datetime) -> str:
    """Write a day and a time without seconds."""
    return f"{at.astimezone(UTC):%-d %b %H:%M}"


def said(value: str) -> str:
    """Write a fact; one that is a moment reads as moments do everywhere in the console."""
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return value
    return f"{at.astimezone(UTC):%-d %b %H:%M:%S} UTC" if at.tzinfo else value


def field_time(at: datetime | None) -> str:
    """Write a moment as a form's field holds it."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M}" if at else ""


def span(seconds: float) -> str:
    """Write a length of time in at most two units, exact where it is short."""
    if seconds < 10:
        return f"{seconds:.3f} s" if seconds < 1 else f"{seconds:.2f} s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return _two(whole, _MINUTE, "min", 1, "s")
    if whole < _DAY:
        return _two(whole, _HOUR, "h", _MINUTE, "min")
    return _two(whole, _DAY, "d", _HOUR, "h")


def _two(whole: int, big: int, name: str, small: int, rest: str) -> str:
    left = whole % big // small
    return f"{whole // big} {name} {left} {rest}" if left else f"{whole // big} {name}"


def from_now(at: datetime, now: datetime) -> str:
    """Write how long ago something was, or how long it is until then."""
    seconds = (at - now).total_seconds()
    rough = span(_rough(abs(seconds)))
    return f"in {rough}" if seconds > 0 else f"{rough} ago"


def ago(seconds: int) -> str:
    """Write how long ago something was."""
    return f"{age(seconds)} ago"


def age(seconds: int) -> str:
    """Write an age."""
    return span(_rough(seconds))


def count(number: int) -> str:
    """Write how many there are."""
    return f"{number:,}"


def percent(share: float) -> str:
    """Write a share, with a digit after the point where it says something."""
    return f"{share:.1%}" if 0 < share < 0.1 else f"{share:.0%}"


def _rough(seconds: float) -> float:
    """Drop what nobody needs to know of a deadline: seconds, once there are minutes."""
    return max(seconds, 10.0) if seconds < _MINUTE else seconds // _MINUTE * _MINUTE


def money(amount: Decimal, currency: str) -> str:
    """Write an amount with its currency."""
    return f"{currency} {amount:,.2f}"


def humanize(name: str) -> str:
    """Write a name of the machine as words."""
    words = name.replace("_", " ").replace("-", " ")
    return words[:1].upper() + words[1:]


def priced(said: str) -> str:
    """Write an amount as tasks keep it, such as 1614.96 USD."""
    amount, _, currency = said.partition(" ")
    return money(Decimal(amount), currency) if currency else said


def sailing_day(said: str) -> str:
    """Write a day as tasks keep it, such as 2027-03-07."""
    return day(date.fromisoformat(said))


def plain(amount: Decimal) -> str:
    """Write an amount whose currency stands beside it."""
    return f"{amount:,.2f}"


def camel(name: str) -> str:
    """Write a name of a program, such as itemKey, as words."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return humanize(apart.lower())


def short(text: str, most: int = 12) -> str:
    """Write the beginning of an id."""
    return text if len(text) <= most else f"{text[:most]}…"


FILTERS: Final[Mapping[str, Callable[..., object]]] = MappingProxyType(
    {
        "age": age,
        "ago": ago,
        "camel": camel,
        "clock": clock,
        "count_of": count,
        "field_time": field_time,
        "from_now": from_now,
        "minute": minute,
        "money": money,
        "on_day": day,
        "percent": percent,
        "plain": plain,
        "priced": priced,
        "sailing_day": sailing_day,
        "short": short,
        "span": span,
        "spoken": humanize,
        "thousandths": thousandths,
    }
)
"""What templates write with."""

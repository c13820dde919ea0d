"""Dates, moments and amounts as a guest reads them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import ROUND_UP, Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_time, get_timezone
from babel.numbers import format_decimal, format_percent, get_currency_precision

ZONES: Final = "UTC"
_LONG: Final = {"en": "EEE d MMMM y", "de": "EEE d. MMMM y"}
_SHORT: Final = {"en": "EEE d MMM", "de": "EEE d. MMM"}
_MOMENT: Final = {"en": "HH:mm 'on' EEE d MMMM", "de": "HH:mm 'am' EEE d. MMMM"}
_VALID: Final = re.compile(r"\s+valid from \d\d/\d\d/\d{4} to \d\d/\d\d/\d{4}$", re.IGNORECASE)
_CENT: Final = Decimal("0.01")
_MONTH: Final = "LLLL y"


def day_of(value: str | date) -> date:
    """Read a date of a body."""
    return value if isinstance(value, date) else date.fromisoformat(value)


def moment_of(value: str | datetime) -> datetime:
    """Read a moment of a body."""
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


def money(amount: str | Decimal | None, currency: str, *, locale: Locale) -> str:
    """Return an amount with the code of its currency, such as "USD 3,006.56"."""
    if amount is None:
        return ""
    value = Decimal(amount)
    sign = "\N{MINUS SIGN}" if value < 0 else ""
    written = format_decimal(abs(value), format=_pattern(currency), locale=locale)
    return f"{sign}{currency}\N{NO-BREAK SPACE}{written}"


def per_guest(total: str, people: int) -> Decimal:
    """Return one guest's share of a total, rounded up to a cent so that it promises nothing."""
    return (Decimal(total) / people).quantize(_CENT, rounding=ROUND_UP)


def share(total: str, percent: str) -> Decimal:
    """Return so many percent of a total, rounded up to a cent so that it promises nothing."""
    return (Decimal(total) * Decimal(percent) / 100).quantize(_CENT, rounding=ROUND_UP)


def plain_name(name: str) -> str:
    """Return a rate's name without its dates of validity, and not in capitals."""
    short = _VALID.sub("", name).strip()
    return short.capitalize() if short.isupper() else short


def minus(total: str, part: str) -> Decimal:
    """Return what is left of an amount."""
    return Decimal(total) - Decimal(part)


def pairs(values: Iterable[str]) -> list[tuple[str, str]]:
    """Return options that are called what they are."""
    return [(value, value) for value in values]


def _pattern(currency: str) -> str:
    """Return the form of a number: the digits after the point are the currency's own."""
    places = get_currency_precision(currency)
    return "#,##0" + ("." + "0" * places if places else "")


def within(moment: str, now: str, seconds: int) -> bool:
    """Whether a moment comes no later than so many seconds from now."""
    return (moment_of(moment) - moment_of(now)).total_seconds() <= seconds


class Formats:
    """The filters of one language."""

    def __init__(self, locale: Locale) -> None:
        """Write as people of this locale do."""
        self._locale = locale

    @property
    def filters(self) -> Mapping[str, Any]:
        """Return the filters by the names that templates know."""
        return {
            "money": self.money,
            "day": self.day,
            "short_day": self.short_day,
            "month": self.month,
            "moment": self.moment,
            "clock": self.clock,
            "country": self.country,
            "per_guest": per_guest,
            "minus": minus,
            "share": share,
            "within": within,
            "percent": self.percent,
            "pairs": pairs,
            "plain_name": plain_name,
        }

    def money(self, amount: str | Decimal | None, currency: str) -> str:
        """Return an amount with the code of its currency."""
        return money(amount, currency, locale=self._locale)

    def percent(self, value: str) -> str:
        """Return such as "25%"."""
        return format_percent(Decimal(value) / 100, locale=self._locale)

    def day(self, value: str | date) -> str:
        """Return such as "Sun 7 March 2027"."""
        return self._date(value, _LONG)

    def short_day(self, value: str | date) -> str:
        """Return such as "Sun 7 Mar"."""
        return self._date(value, _SHORT)

    def month(self, value: str) -> str:
        """Return such as "March 2027" for 2027-03."""
        return format_date(day_of(f"{value}-01"), _MONTH, locale=self._locale)

    def moment(self, value: str | datetime, zone: str = ZONES) -> str:
        """Return such as "14:32 on Sun 7 March UTC"."""
        named = moment_of(value)
        form = _MOMENT.get(self._locale.language, _MOMENT["en"])
        written = format_datetime(named, form, tzinfo=get_timezone(zone), locale=self._locale)
        return f"{written} {named.astimezone(ZoneInfo(zone)).tzname()}"

    def clock(self, value: str | datetime, zone: str = ZONES) -> str:
        """Return such as "14:32 UTC"."""
        named = moment_of(value)
        written = format_time(named, "HH:mm", tzinfo=get_timezone(zone), locale=self._locale)
        return f"{written} {named.astimezone(ZoneInfo(zone)).tzname()}"

    def country(self, code: str) -> str:
        """Return a country's name."""
        return str(self._locale.territories.get(code, code))

    def _date(self, value: str | date, forms: Mapping[str, str]) -> str:
        form = forms.get(self._locale.language, forms["en"])
        return format_date(day_of(value), form, locale=self._locale)

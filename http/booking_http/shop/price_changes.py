"""What is different in a price list from the one that a guest saw before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final

from booking_http.shop.formats import moment_of
from booking_http.shop.pages import Body

_Rates = dict[tuple[str, str], tuple[Body, Body]]
"""Grade and rate by the codes of both."""
AGES_AFTER: Final = timedelta(minutes=10)
"""After this a price list is called old."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedRate:
    """A rate that is sold at another total than before, or not sold any more (`total` is None)."""

    grade: str
    rate: str | None
    """None where the grade is not sold at any rate."""
    before: str
    total: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceChanges:
    """How a price list differs from one that was shown at `since`."""

    since: str
    changed: Sequence[ChangedRate]
    more: int
    """How many rates are sold now that were not before."""


def changes_of(before: Body, now: Body) -> PriceChanges | None:
    """Return what changed between two priced sessions.

    None where there was no price list before, or a recent one that is the same.
    """
    if before["asOf"] is None:
        return None
    old, new = _rates(before), _rates(now)
    found = PriceChanges(
        since=before["asOf"], changed=list(_changed(old, new)), more=len(new.keys() - old.keys())
    )
    return found if found.changed or found.more or is_old(before, now["serverTime"]) else None


def is_old(priced: Body, now: str) -> bool:
    """Whether a price list was asked for so long ago that it is called old."""
    return moment_of(now) - moment_of(priced["asOf"]) >= AGES_AFTER


def _rates(priced: Body) -> _Rates:
    return {
        (grade["cabinCode"], rate["rateCode"]): (grade, rate)
        for grade in priced["cabins"]
        for rate in grade["rates"]
    }


def _changed(old: _Rates, new: _Rates) -> Iterator[ChangedRate]:
    """Yield what changed; a grade of which nothing is sold any more is told as one."""
    sold = {cabin for cabin, _ in new}
    gone: set[str] = set()
    for (cabin, code), (grade, rate) in old.items():
        total = new[cabin, code][1]["total"] if (cabin, code) in new else None
        if cabin not in sold and cabin not in gone:
            gone.add(cabin)
            yield ChangedRate(grade=grade["name"], rate=None, before=rate["total"], total=None)
        elif cabin in sold and (total is None or Decimal(total) != Decimal(rate["total"])):
            yield ChangedRate(
                grade=grade["name"], rate=rate["name"], before=rate["total"], total=total
            )

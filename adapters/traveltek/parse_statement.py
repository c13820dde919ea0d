"""Reading what an answer says it is about (traveltek.md, section 6); what it leaves out is None."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import TypeVar

from adapters.traveltek.parse_values import Node, day, node, side_nodes, text, whole
from booking_flow.model.agreement import Statement

T = TypeVar("T")


class Heard:
    """Reads members, and remembers those that are there and cannot be read."""

    def __init__(self) -> None:
        self.unread: list[str] = []

    def first(
        self, levels: Sequence[Node], keys: Sequence[str], read: Callable[[object], T | None]
    ) -> T | None:
        """Return the first of these members that can be read, by key and then by level."""
        for key in keys:
            for level in levels:
                found = self._member(level, key, read)
                if found is not None:
                    return found
        return None

    def _member(self, level: Node, key: str, read: Callable[[object], T | None]) -> T | None:
        value = level.get(key)
        found = read(value)
        if found is None and _says_something(value):
            self.unread.append(key)
        return found


def _says_something(value: object) -> bool:
    """Whether a member is there; null, blank and empty ones are not."""
    return bool(value.strip()) if isinstance(value, str) else value not in (None, {}, [])


def state_sailing(
    *levels: Node, travellers: object = None, currency: str | None = None
) -> Statement:
    """Return what an answer says of its sailing, party and cabin; the first level counts most."""
    heard = Heard()
    ship = [node(level.get("ship")) for level in levels]
    cabin = [node(level.get("cabin")) for level in levels]
    return Statement(
        cruise_id=heard.first(levels, ("codetocruiseid",), text),
        sailing_date=heard.first(levels, ("saildate", "startdate"), _day),
        ship_id=heard.first(ship, ("id",), _number) or heard.first(levels, ("shipid",), _number),
        nights=heard.first(levels, ("sailnights", "nights"), _number),
        currency=currency,
        guests=_guests(levels, travellers, heard),
        cabin_code=heard.first((*cabin, *levels), ("cabingrade", "cabincode"), text),
        cabin_number=heard.first((*cabin, *levels), ("cabinno", "number"), text),
        unread=tuple(heard.unread),
    )


def state_prices(criteria: Node) -> Statement:
    """Return what prices say they are for: an echo, whose dates are those of the search."""
    heard = Heard()
    told = criteria.get("infants") not in (None, "", {})
    return Statement(
        cruise_id=heard.first((criteria,), ("codetocruiseid",), text),
        guests=_guests((criteria,), None, heard) if told else None,
        unread=tuple(heard.unread),
    )


def _day(value: object) -> date | None:
    return day(value)


def _number(value: object) -> int | None:
    """Return a number above nought: a negative one is no length and no id."""
    found = whole(value)
    return found if found is not None and found > 0 else None


def _count(value: object) -> int | None:
    found = whole(value)
    return found if found is not None and found >= 0 else None


def _guests(levels: Sequence[Node], travellers: object, heard: Heard) -> int | None:
    """Return how many travel: those who are listed, or those who are counted."""
    if listed := side_nodes(travellers):
        return len(listed)
    adults = heard.first(levels, ("adults",), _number)
    children = heard.first(levels, ("children",), _count)
    if adults is None or children is None:
        return None
    return adults + children + (heard.first(levels, ("infants",), _count) or 0)

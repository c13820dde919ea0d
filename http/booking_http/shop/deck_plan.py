"""A deck drawn from the places of its free cabins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from booking_http.shop.pages import Body

_MARGIN, _EDGE, _BOW = 28, 8, 110
"""Room around the cabins of a plan: at the sides, at the hull, and before the bow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanBox:
    """A cabin's place on a plan, in the plan's own units."""

    cabin: Body
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeckPlan:
    """A deck drawn from the places of its free cabins, the bow on the left."""

    name: str
    boxes: Sequence[PlanBox]
    width: int
    height: int

    @property
    def view(self) -> str:
        """Return the `viewBox` of the drawing; empty where the line tells no places."""
        return f"0 0 {self.width} {self.height}" if self.boxes else ""

    @property
    def hull(self) -> str:
        """Return the outline of the ship around them."""
        bow, stern, low, high = _BOW, self.width - _EDGE, _EDGE, self.height - _EDGE
        middle = self.height // 2
        return (
            f"M{stern} {low}H{bow}Q{bow // 3} {low} {_EDGE} {middle}"
            f"Q{bow // 3} {high} {bow} {high}H{stern}Q{stern + _EDGE - 2} {middle} {stern} {low}Z"
        )


def plan_of(deck: Body, listed: Sequence[Body]) -> DeckPlan:
    """Return the plan of a deck with the places that the line tells of these cabins."""
    placed = [each for each in listed if each["deckId"] == deck["deckId"] and each["box"]]
    found = {each["cabinNumber"]: _lengthwise(each["box"], placed) for each in placed}
    if not found:
        return DeckPlan(name=deck["name"], boxes=(), width=0, height=0)
    left, top = (min(box[side] for box in found.values()) for side in (0, 1))
    right, bottom = (max(box[side] for box in found.values()) for side in (2, 3))
    boxes = [
        PlanBox(
            cabin=each,
            x=box[0] - left + _BOW,
            y=box[1] - top + _MARGIN,
            width=box[2] - box[0],
            height=box[3] - box[1],
        )
        for each in placed
        for box in (found[each["cabinNumber"]],)
    ]
    width, height = right - left + _BOW + _MARGIN, bottom - top + 2 * _MARGIN
    return DeckPlan(name=deck["name"], boxes=boxes, width=width, height=height)


def _lengthwise(box: Sequence[int], placed: Sequence[Body]) -> tuple[int, ...]:
    """Turn a plan that stands upright, as most lines draw it, onto its side."""
    wide = max(each["box"][2] for each in placed) - min(each["box"][0] for each in placed)
    tall = max(each["box"][3] for each in placed) - min(each["box"][1] for each in placed)
    x1, y1, x2, y2 = box
    return (y1, x1, y2, x2) if tall > wide else (x1, y1, x2, y2)

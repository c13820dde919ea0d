"""Reading a drawing: what it calls its pieces, and where they are."""

from __future__ import annotations

import re
from typing import Final
from xml.etree import ElementTree

SVG: Final = "http://www.w3.org/2000/svg"
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")

Box = tuple[float, float, float, float]
"""The edges of a piece: left, top, right, bottom."""


def parse(drawing: str) -> ElementTree.Element:
    """Return a drawing of ours as elements."""
    ElementTree.register_namespace("", SVG)
    return ElementTree.fromstring(drawing)  # noqa: S314 - it is our own drawing


def title_of(group: ElementTree.Element) -> str:
    """Return what the drawing calls a piece of it."""
    named = group.find(f"{{{SVG}}}title")
    return (named.text or "") if named is not None else ""


def box_of(group: ElementTree.Element) -> Box:
    """Return the edges of a box."""
    drawn = next(each for each in group.iter(f"{{{SVG}}}path"))
    numbers = [float(number) for number in _NUMBER.findall(drawn.get("d", ""))]
    xs, ys = numbers[::2], numbers[1::2]
    return min(xs), min(ys), max(xs), max(ys)

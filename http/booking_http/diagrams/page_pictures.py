"""The pictures as they stand in pages of the console: without what the page says in its own words.

They are drawn when the code is built and shipped as files, so that the service needs no program
that draws.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from xml.etree import ElementTree

from booking_flow.model.step import StepKind
from booking_flow.saga import SAGA
from booking_http.diagrams import dot, flow_picture, saga_picture
from booking_http.diagrams.svg import SVG, parse, title_of

_DROPPED: Final = re.compile(r"(heading|notes|key\d+|key\d+->key\d+)$")
_FLOW_HEADING, _SAGA_HEADING = 60, 70
"""How much of the top is left empty by a heading that the page has said already."""


def flow_svg() -> str:
    """Draw the flow without its heading and its key."""
    root = parse(flow_picture.svg())
    canvas = root.find(f"{{{SVG}}}g")
    if canvas is None:
        raise AssertionError("a drawing has a canvas")
    for group in list(canvas):
        if _dropped(group):
            canvas.remove(group)
    return _fitted(root, heading=_FLOW_HEADING)


def saga_svg() -> str:
    """Draw the saga, each box with a class that says what it takes to take it back."""
    root = parse(dot.to_svg(saga_picture.dot()))
    for canvas, group in list(_said(root)):
        canvas.remove(group)
    for group in root.iter(f"{{{SVG}}}g"):
        if kind := _kind(group.get("id", "")):
            group.set("class", f"{group.get('class', '')} {kind}")
    return _fitted(root, heading=_SAGA_HEADING)


def _fitted(root: ElementTree.Element, *, heading: float) -> str:
    """Let the page decide how large it is, and take the empty top away."""
    for name in ("width", "height"):
        root.attrib.pop(name)
    left, _, width, height = (float(each) for each in root.attrib["viewBox"].split())
    root.set("viewBox", f"{left:g} {heading} {width:g} {height - heading:g}")
    return ElementTree.tostring(root, "unicode") + "\n"


def _dropped(group: ElementTree.Element) -> bool:
    return group.get("id", "").startswith("a_graph") or bool(_DROPPED.match(title_of(group)))


def _said(root: ElementTree.Element) -> Iterator[tuple[ElementTree.Element, ElementTree.Element]]:
    """Return what the page has in its own words, and the paper, each with where it hangs."""
    for canvas in root.findall(f"{{{SVG}}}g"):
        for group in canvas:
            if group.get("id", "").startswith("a_graph") or title_of(group) == "heading":
                yield canvas, group


def _kind(box: str) -> str:
    """Return what sort of step a box shows; a person's undo looks as grave as its step."""
    name = box.removeprefix("step-").removesuffix("_undo")
    step = next((each for each in SAGA if each.name == name), None)
    if step is None or not box.startswith("step-"):
        return ""
    if step.kind is StepKind.READ and box.endswith("_undo"):
        return "nothing"
    return step.kind.name.lower()

"""The pictures of `diagrams/` as they stand in a page, in the colours of the page."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final
from xml.etree import ElementTree

from markupsafe import Markup

from booking_flow.saga import SAGA, StepKind
from booking_http.console.chart import SVG, laid_out, title_of
from booking_http.diagrams import dot
from booking_http.diagrams.saga_picture import dot as saga_dot

_HEADING: Final = 70
"""How much of the top is left empty by a heading that the page has said already."""


@lru_cache(maxsize=1)
def flow_picture() -> Markup:
    """Return the flow to stand in a page."""
    root = ElementTree.fromstring(laid_out())  # noqa: S314 - it is our own drawing
    return _markup(root, "flow", "The states of a booking session and what moves it between them")


@lru_cache(maxsize=1)
def saga_picture() -> Markup:
    """Return the saga to stand in a page, each box by what it takes to take it back."""
    ElementTree.register_namespace("", SVG)
    root = ElementTree.fromstring(dot.to_svg(saga_dot()))  # noqa: S314 - it is our own drawing
    for canvas, group in list(_said(root)):
        canvas.remove(group)
    for group in root.iter(f"{{{SVG}}}g"):
        if kind := _kind(group.get("id", "")):
            group.set("class", f"{group.get('class', '')} {kind}")
    left, _, width, height = (float(each) for each in root.attrib["viewBox"].split())
    root.set("viewBox", f"{left:g} {_HEADING} {width:g} {height - _HEADING:g}")
    for name in ("width", "height"):
        root.attrib.pop(name)
    return _markup(root, "flow saga", "Each step of a booking beside its undo")


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


def _markup(root: ElementTree.Element, classes: str, says: str) -> Markup:
    root.attrib.update({"class": classes, "role": "img", "aria-label": says})
    return Markup(ElementTree.tostring(root, "unicode"))  # noqa: S704 - nothing in it was typed

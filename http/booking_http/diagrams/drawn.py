"""The pictures of the flow and the saga as they stand in pages, in the colours of the page."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from markupsafe import Markup

from booking_http.diagrams.svg import parse

DRAWN: Final = Path(__file__).with_name("drawn")
"""What `booking-flow diagrams` has drawn for pages."""


@lru_cache(maxsize=2)
def drawing(name: str) -> str:
    """Return a picture as it was drawn."""
    return (DRAWN / f"{name}.svg").read_text("utf-8")


@lru_cache(maxsize=1)
def flow_picture() -> Markup:
    """Return the flow to stand in a page."""
    says = "The states of a booking session and what moves it between them"
    return _markup("flow", classes="flow", says=says)


@lru_cache(maxsize=1)
def saga_picture() -> Markup:
    """Return the saga to stand in a page, each box by what it takes to take it back."""
    return _markup("saga", classes="flow saga", says="Each step of a booking beside its undo")


def _markup(name: str, *, classes: str, says: str) -> Markup:
    root = parse(drawing(name))
    root.attrib.update({"class": classes, "role": "img", "aria-label": says})
    return Markup(ElementTree.tostring(root, "unicode"))  # noqa: S704 - nothing in it was typed

"""The flow as a heat map: each state with who stands in it, each arrow with what is open on it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import urlencode
from xml.etree import ElementTree

from markupsafe import Markup

from booking_http.console.formats import age, count
from booking_http.diagrams.drawn import drawing
from booking_http.diagrams.model import TRIGGER_OF, arrows
from booking_http.diagrams.svg import SVG, parse, title_of
from booking_http.staff.overview_responses import (
    OpenStepsResponse,
    OverviewResponse,
    StandingResponse,
)

LIST: Final = "/console"
HEATS: Final = 5
"""How many shades there are; each stands for several times as many sessions as the one before."""
KNOWN: Final = {"started": "under way", "unknown": "unknown", "owed": "owed"}
"""What is known of an open step, in a word."""
_APART: Final = 3.5
"""How much further apart a number stands from its label than a state's code."""
_SAYS: Final = "The flow, with how many sessions stand in each state and how many steps are open"


def list_href(search: Mapping[str, str | bool]) -> str:
    """Return the page that lists what a number counts."""
    said = {
        name: value if isinstance(value, str) else str(value).lower()
        for name, value in search.items()
    }
    return f"{LIST}?{urlencode(said)}"


def draw(told: OverviewResponse) -> Markup:
    """Return the map as SVG to stand in a page."""
    root = parse(drawing("flow"))
    root.attrib.update({"class": "flow heat", "role": "group", "aria-label": _SAYS})
    hottest = max((each.count for each in told.states if not each.within_window), default=0)
    states = {f"state-{each.state}": each for each in told.states}
    words = dict(_words(told.steps))
    for group in list(root.iter(f"{{{SVG}}}g")):
        if each := states.get(group.get("id", "")):
            _shade(group, heat(each.count, hottest) if not each.within_window else 0)
            _fill_in(group, each, window=told.window)
        elif (name := title_of(group)).startswith("words"):
            _say(group, words.get(name, ()))
    return Markup(ElementTree.tostring(root, "unicode"))  # noqa: S704 - nothing in it was typed


def heat(number: int, hottest: int) -> int:
    """Return how warm a state is, from 0 to `HEATS`, so that few beside many still show."""
    if number == 0:
        return 0
    # A quotient of equal logarithms may come out a little above one.
    return min(max(math.ceil(HEATS * math.log1p(number) / math.log1p(hottest)), 1), HEATS)


def _shade(group: ElementTree.Element, warmth: int) -> None:
    group.set("class", f"{group.get('class', '')} heat-{warmth}")


def _fill_in(group: ElementTree.Element, told: StandingResponse, *, window: str) -> None:
    """Put the number where the state's code stands, and make the box lead to the list."""
    label, figure = group.iter(f"{{{SVG}}}text")
    for text, further in ((label, -_APART), (figure, _APART)):
        text.set("y", f"{float(text.attrib['y']) + further:g}")
    figure.text, after = count(told.count), ""
    if told.within_window:
        after = f" in {window}"
    elif told.oldest is not None:
        after = f" · oldest {age(told.oldest.age_seconds)}"
    figure.set("class", "figure")
    ElementTree.SubElement(figure, f"{{{SVG}}}tspan", {"class": "aside"}).text = after
    for link in group.iter(f"{{{SVG}}}a"):
        link.attrib.clear()
        link.attrib.update({"href": list_href(told.search)})


def _words(steps: Sequence[OpenStepsResponse]) -> Iterator[tuple[str, list[OpenStepsResponse]]]:
    """Return the open steps of each arrow, by the name of the words that stand beside it."""
    for number, arrow in enumerate(arrows()):
        own = [each for each in steps if TRIGGER_OF.get(each.step) is arrow.row.trigger]
        if own:
            yield f"words{number}", own


def _say(group: ElementTree.Element, steps: Sequence[OpenStepsResponse]) -> None:
    """Keep the arrow's label, and put what is open in the place of its further lines."""
    _, *further = list(group.iter(f"{{{SVG}}}text"))
    for text in further[1:]:
        group.remove(text)
    for text in further[:1]:
        text.text = ""
        text.set("class", "open-steps")
        for place, each in enumerate(steps):
            text.append(_step(each, first=place == 0))


def _step(told: OpenStepsResponse, *, first: bool) -> ElementTree.Element:
    link = ElementTree.Element(
        f"{{{SVG}}}a", {"href": list_href(told.search), "class": told.status}
    )
    words = f"{count(told.count)} {KNOWN[told.status]}"
    link.text = words if first else f" · {words}"
    return link

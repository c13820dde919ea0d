"""The flow with one session's way through it: the picture reviewers know, marked by classes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from xml.etree import ElementTree

from markupsafe import Markup

from booking_flow.flow import ENDS, MEANING, State, StateMeaning, Trigger
from booking_flow.saga import StepName
from booking_http.diagrams import dot, flow_picture
from booking_http.diagrams.model import PATH, Frame, arrows
from booking_http.schemas.support import HappeningTell, StoryTell

SVG: Final = "http://www.w3.org/2000/svg"
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")
_DROPPED: Final = re.compile(r"(heading|notes|key\d+|key\d+->key\d+)$")
_MOVING: Final = ("transition", "override")
_TRIGGER_OF: Final = {
    StepName.ADD_TO_BASKET: Trigger.ADD_TO_BASKET,
    StepName.RELEASE: Trigger.RELEASE_BASKET,
    StepName.BOOK: Trigger.BOOK,
    StepName.PAY: Trigger.PAY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """What is marked: by the ids of the picture."""

    been: frozenset[str]
    now: str
    open: str | None
    by_staff: frozenset[str]
    jumps: tuple[tuple[str, str], ...]
    """Moves past the flow, which has no arrow for them."""


def path_of(story: StoryTell) -> Path:
    """Return the way a session has gone, where it is, and what is being asked."""
    moves = [each for each in story.timeline if each.kind == "event" and each.what in _MOVING]
    marks = [(mark, each) for each in moves for mark in _marks(each)]
    pending = story.session.pending
    trigger = _TRIGGER_OF.get(pending.step) if pending else None
    return Path(
        been=frozenset({f"state-{State.CREATED}", *(mark for mark, _ in marks)}),
        now=f"state-{story.session.state}",
        open=_arrow_id(story.session.state, trigger) if trigger else None,
        by_staff=frozenset(mark for mark, each in marks if each.actor == "staff"),
        jumps=tuple(
            (str(each.from_state), str(each.to_state)) for each in moves if each.what == "override"
        ),
    )


def _marks(move: HappeningTell) -> Iterator[str]:
    yield f"state-{move.to_state}"
    if move.trigger and move.from_state and move.what == "transition":
        yield _arrow_id(move.from_state, Trigger(move.trigger))


@lru_cache(maxsize=256)
def _arrow_id(state: State, trigger: Trigger) -> str:
    """Return the arrow for a trigger, which may leave the frame that a state lies in."""
    for arrow in arrows():
        source = arrow.source
        inside = source.states if isinstance(source, Frame) else (source,)
        if arrow.row.trigger is trigger and state in inside:
            return f"{source.name if isinstance(source, Frame) else source}-{trigger}"
    return f"{state}-{trigger}"


@lru_cache(maxsize=512)
def draw(path: Path) -> Markup:
    """Return the picture as SVG to stand in a page."""
    root = ElementTree.fromstring(laid_out())  # noqa: S314 - it is our own drawing
    root.set("aria-label", "The flow, with the way this session has gone")
    boxes = {}
    for group in root.iter(f"{{{SVG}}}g"):
        name = group.get("id", "")
        if name.startswith("state-"):
            boxes[name] = _box(group)
        if classes := _classes(name, path):
            group.set("class", f"{group.get('class', '')} {classes}")
    canvas = root.find(f"{{{SVG}}}g")
    if canvas is not None:
        canvas.extend(_additions(path, boxes))
    return Markup(ElementTree.tostring(root, "unicode"))  # noqa: S704 - nothing in it was typed


def _classes(name: str, path: Path) -> str:
    found = [
        ("been", name in path.been),
        ("now", name == path.now),
        ("open", name == path.open),
        ("by-staff", name in path.by_staff),
    ]
    return " ".join(word for word, true in found if true)


Box = tuple[float, float, float, float]


def _box(group: ElementTree.Element) -> Box:
    """Return the edges of a state: left, top, right, bottom."""
    drawn = next(each for each in group.iter(f"{{{SVG}}}path"))
    numbers = [float(number) for number in _NUMBER.findall(drawn.get("d", ""))]
    xs, ys = numbers[::2], numbers[1::2]
    return min(xs), min(ys), max(xs), max(ys)


def _additions(path: Path, boxes: Mapping[str, Box]) -> Iterator[ElementTree.Element]:
    for name in sorted(path.by_staff & set(boxes)):
        _, top, right, _ = boxes[name]
        yield _text("staff", "staff", right - 4, top - 5)
    for source, target in path.jumps:
        start, end = boxes[f"state-{source}"], boxes[f"state-{target}"]
        yield _jump(start, end)
        yield _text("jump", "override", end[0] - 8, (end[1] + end[3]) / 2 - 8)


def _jump(start: Box, end: Box) -> ElementTree.Element:
    """Bow out to the left of both states, where the flow has no arrows of its own."""
    (x, y), (to_x, to_y) = ((box[0], (box[1] + box[3]) / 2) for box in (start, end))
    bow = min(x, to_x) - 60
    curve = f"M{x},{y} C{bow},{y} {bow},{to_y} {to_x - 7},{to_y}"
    head = f"M{to_x},{to_y} l-9,-4 v8 z"
    return ElementTree.Element(f"{{{SVG}}}path", {"class": "jump", "d": f"{curve} {head}"})


def _text(kind: str, words: str, x: float, y: float) -> ElementTree.Element:
    place = {"class": f"touch {kind}", "x": f"{x:g}", "y": f"{y:g}", "text-anchor": "end"}
    made = ElementTree.Element(f"{{{SVG}}}text", place)
    made.text = words
    return made


@lru_cache(maxsize=1)
def laid_out() -> str:
    """Lay the flow out once, and leave out what pages say in their own words."""
    ElementTree.register_namespace("", SVG)
    drawn = dot.to_svg(flow_picture.dot())
    root = ElementTree.fromstring(drawn)  # noqa: S314 - it is our own drawing
    canvas = root.find(f"{{{SVG}}}g")
    if canvas is None:
        raise AssertionError("a drawing has a canvas")
    for group in list(canvas):
        if _dropped(group):
            canvas.remove(group)
    for group in canvas:
        _anchor(group)
    for name in ("width", "height"):
        root.attrib.pop(name)
    left, _, width, height = (float(each) for each in root.attrib["viewBox"].split())
    root.set("viewBox", f"{left:g} 60 {width:g} {height - 60:g}")
    root.attrib.update({"class": "flow", "role": "img"})
    return ElementTree.tostring(root, "unicode")


def _dropped(group: ElementTree.Element) -> bool:
    return group.get("id", "").startswith("a_graph") or bool(_DROPPED.match(title_of(group)))


def title_of(group: ElementTree.Element) -> str:
    """Return what the drawing calls a piece of it."""
    named = group.find(f"{{{SVG}}}title")
    return (named.text or "") if named is not None else ""


def _anchor(group: ElementTree.Element) -> None:
    """Tie words to the edge or middle they were set to, whatever the width of this page's font."""
    edge = _edges().get(title_of(group))
    if group.get("id", "").startswith("state-"):
        left, _, right, _ = _box(group)
        edge = ((left + right) / 2, "middle")
    if edge is not None:
        for words in group.iter(f"{{{SVG}}}text"):
            words.attrib.update({"x": f"{edge[0]:g}", "text-anchor": edge[1]})


@lru_cache(maxsize=1)
def _edges() -> Mapping[str, tuple[float, str]]:
    return {name: (place, "end") for name, place, side in flow_picture.margins() if side == "right"}


def stations(path: Path) -> Sequence[tuple[StateMeaning, str]]:
    """Return the usual way and the end it came to: each state been at, present, or ahead."""
    last = [state for state in ENDS if path.now == f"state-{state}"]
    return [(MEANING[state], _standing(state, path)) for state in (*PATH, *last)]


def _standing(state: State, path: Path) -> str:
    if path.now == f"state-{state}":
        return "now"
    return "been" if f"state-{state}" in path.been else "ahead"

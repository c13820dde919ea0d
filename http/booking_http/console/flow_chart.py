"""The flow with one session's way through it: the picture reviewers know, marked by classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from xml.etree import ElementTree

from markupsafe import Markup

from booking_flow.flow import ENDS, MEANING, State, StateMeaning, Trigger
from booking_http.diagrams.drawn import drawing
from booking_http.diagrams.model import PATH, TRIGGER_OF, Frame, arrows
from booking_http.diagrams.svg import SVG, Box, box_of, parse
from booking_http.staff.responses import HappeningResponse, StoryResponse

_MOVING: Final = ("transition", "override")


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """What is marked: by the ids of the picture."""

    been: frozenset[str]
    now: str
    open: str | None
    by_staff: frozenset[str]
    jumps: tuple[tuple[str, str], ...]
    """Moves past the flow, which has no arrow for them."""


def path_of(story: StoryResponse) -> Path:
    """Return the way a session has gone, where it is, and what is being asked."""
    moves = [each for each in story.timeline if each.kind == "event" and each.what in _MOVING]
    marks = [(mark, each) for each in moves for mark in _marks(each)]
    pending = story.session.pending
    trigger = TRIGGER_OF.get(pending.step) if pending else None
    return Path(
        been=frozenset({f"state-{State.CREATED}", *(mark for mark, _ in marks)}),
        now=f"state-{story.session.state}",
        open=_arrow_id(story.session.state, trigger) if trigger else None,
        by_staff=frozenset(mark for mark, each in marks if each.actor == "staff"),
        jumps=tuple(
            (str(each.from_state), str(each.to_state)) for each in moves if each.what == "override"
        ),
    )


def _marks(move: HappeningResponse) -> Iterator[str]:
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
    root = parse(drawing("flow"))
    says = "The flow, with the way this session has gone"
    root.attrib.update({"class": "flow", "role": "img", "aria-label": says})
    boxes = {}
    for group in root.iter(f"{{{SVG}}}g"):
        name = group.get("id", "")
        if name.startswith("state-"):
            boxes[name] = box_of(group)
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


def stations(path: Path) -> Sequence[tuple[StateMeaning, str]]:
    """Return the usual way and the end it came to: each state been at, present, or ahead."""
    last = [state for state in ENDS if path.now == f"state-{state}"]
    return [(MEANING[state], _standing(state, path)) for state in (*PATH, *last)]


def _standing(state: State, path: Path) -> str:
    if path.now == f"state-{state}":
        return "now"
    return "been" if f"state-{state}" in path.been else "ahead"

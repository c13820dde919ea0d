"""The flow as a picture: the path downwards, the clock's end on the left, people's on the right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from textwrap import wrap
from xml.etree import ElementTree

from booking_flow.flow import ENDS, FLOW_VERSION, MEANING, STATES, TABLE, State
from booking_http.diagrams import dot as draw
from booking_http.diagrams.model import (
    PATH,
    Arrow,
    Frame,
    Shortcut,
    arrows,
    frames,
    movers,
    shortcuts,
    timed_end,
)
from booking_http.diagrams.svg import SVG, box_of, parse, title_of

_MIDDLE, _TOP, _PITCH, _FRAME_GAP = 520.0, 62.0, 110.0, 84.0
_WIDTH, _HEIGHT, _LANE = 156.0, 46.0, 34.0
_SIDE, _FRAME_HALF, _COLUMN = 436.0, 250.0, 170.0
_GAP = 9.0
_FILLS = {
    "open": ("#e8f0fa", "#3f6ea6"),
    "good": ("#e3f1e7", "#2f7d4f"),
    "end": ("#eef1f5", "#5b6b80"),
}

Drawn = tuple[list[draw.Point], draw.Point, str]
"""The points of an arrow, where its words stand, and how they are aligned."""


def dot() -> str:
    """Return the flow as DOT."""
    return draw.graph("flow", "The states of a booking session", _items())


def _items() -> Iterator[str]:
    yield from (_frame(frame) for frame in frames())
    yield from _heading()
    yield from _start()
    yield from (_state(row.state) for row in STATES)
    for number, arrow in enumerate(arrows()):
        yield from _arrow(arrow, f"words{number}")
    for number, shortcut in enumerate(shortcuts()):
        yield from _shortcut(shortcut, f"shortcut{number}")
    yield from _legend()


def _y(state: State) -> float:
    """Return how far down a state stands; ends stand beside the end of the first frame."""
    place = PATH.index(frames()[0].states[-1] if state in ENDS else state)
    gaps = sum(PATH.index(frame.states[0]) in range(1, place + 1) for frame in frames())
    return _TOP + 60 + place * _PITCH + gaps * _FRAME_GAP


def _x(state: State) -> float:
    return _MIDDLE + _side(state) * _SIDE


def _side(state: State) -> int:
    if state not in ENDS:
        return 0
    return -1 if timed_end(state) else 1


def _edge(state: State, direction: int) -> float:
    """Return where a state's box ends above (-1) or below (1), its double border included."""
    return _y(state) + direction * (_HEIGHT / 2 + (4 if MEANING[state].final else 0))


def _state(state: State) -> str:
    row = MEANING[state]
    fill, line = _FILLS["end" if state in ENDS else "good" if row.final else "open"]
    name = draw.styled(state, colour=draw.GREY)
    return draw.box(
        state,
        f"{draw.styled(row.label, size=15, tag='b')}<br/>{name}",
        at=(_x(state), _y(state)),
        size=(_WIDTH, _HEIGHT),
        fillcolor=fill,
        color=line,
        peripheries="2" if row.final else "1",
        id=f"state-{state}",
        tooltip=row.meaning,
    )


def _frame(frame: Frame) -> str:
    top, bottom = _y(frame.states[0]) - 56, _y(frame.states[-1]) + 44
    words = draw.styled(frame.title, size=13, colour=draw.GREY, tag="i")
    return draw.box(
        frame.name,
        f'<table border="0" width="{2 * _FRAME_HALF - 30:g}" height="{bottom - top - 16:g}"><tr>'
        f'<td align="left" valign="top">{words}</td></tr></table>',
        at=(_MIDDLE, (top + bottom) / 2),
        size=(2 * _FRAME_HALF, bottom - top),
        style="rounded,dashed,filled",
        fillcolor="#fafbfd",
        color=draw.PALE,
    )


def _arrow(arrow: Arrow, name: str) -> Iterator[str]:
    points, place, align = _shape(arrow)
    yield draw.text(name, _words(arrow), at=place, width=_COLUMN, align=align)
    source = arrow.source.name if isinstance(arrow.source, Frame) else arrow.source
    yield draw.path(
        source,
        arrow.row.target,
        points,
        color=draw.CLOCK if arrow.timed else draw.PERSON,
        style="dashed" if arrow.timed else "solid",
        id=f"{source}-{arrow.row.trigger}",
        edgetooltip=arrow.row.meaning,
    )


def _shortcut(shortcut: Shortcut, name: str) -> Iterator[str]:
    """Draw what one call does at once: from state to state past the one between them."""
    words = _told(
        " and ".join(row.label.lower() for row in shortcut.rows).capitalize(),
        ", ".join(row.trigger for row in shortcut.rows),
        by=movers(shortcut.rows[0]),
        needs=wrap(f"[{shortcut.says}]", 24),
    )
    edge = _MIDDLE + _WIDTH / 2
    bow = edge + 34
    leave, arrive = _y(shortcut.source) + 8, _y(shortcut.target)
    points = [(edge, leave), (bow, leave), (bow, arrive), (edge + 4, arrive)]
    place = (bow + _GAP + _COLUMN / 2, _y(shortcut.rows[0].target) + 34)
    yield draw.text(name, words, at=place, width=_COLUMN)
    yield draw.path(
        shortcut.source, shortcut.target, points, color=draw.PERSON, id=f"{shortcut.source}-{name}"
    )


def margins() -> Iterator[tuple[str, float, str]]:
    """Return the words beside each arrow by name, the edge they keep to, and which side it is."""
    for number, arrow in enumerate(arrows()):
        _, place, align = _shape(arrow)
        yield (
            f"words{number}",
            place[0] + (_COLUMN / 2 if align == "right" else -_COLUMN / 2),
            align,
        )


def svg() -> str:
    """Return the flow as SVG, its words tied to their edges whatever the width of the font."""
    root = parse(draw.to_svg(dot()))
    for group in root.iter(f"{{{SVG}}}g"):
        _anchor(group)
    return ElementTree.tostring(root, "unicode") + "\n"


def _anchor(group: ElementTree.Element) -> None:
    """Tie words to the edge or middle they were set to."""
    edge = _edges().get(title_of(group))
    if group.get("id", "").startswith("state-"):
        left, _, right, _ = box_of(group)
        edge = ((left + right) / 2, "middle")
    if edge is not None:
        for words in group.iter(f"{{{SVG}}}text"):
            words.attrib.update({"x": f"{edge[0]:g}", "text-anchor": edge[1]})


@lru_cache(maxsize=1)
def _edges() -> Mapping[str, tuple[float, str]]:
    return {name: (place, "end") for name, place, side in margins() if side == "right"}


def _words(arrow: Arrow) -> list[str]:
    row = arrow.row
    lines = wrap(f"[{row.guard.says}]", 26 if row.target in ENDS else 40) if row.guard else []
    colour = draw.CLOCK if arrow.timed else draw.INK
    return _told(row.label, row.trigger, by=movers(row), needs=lines, colour=colour)


def _told(
    label: str, triggers: str, *, by: str, needs: Sequence[str], colour: str = draw.INK
) -> list[str]:
    """Return what stands beside an arrow: its label, its triggers, who moves, what is needed."""
    return [
        draw.styled(label, size=13, colour=colour, tag="b"),
        draw.styled(triggers, size=12, colour=draw.GREY),
        draw.styled(f"by {by}", size=12, colour=colour),
        *(draw.styled(line, size=12, colour=draw.GREY, tag="i") for line in needs),
    ]


def _shape(arrow: Arrow) -> Drawn:
    source, target = arrow.source, arrow.row.target
    if isinstance(source, Frame) or target in ENDS:
        return _to_end(source, target)
    distance = PATH.index(target) - PATH.index(source)
    if abs(distance) == 1:
        return _neighbours(source, target, distance)
    return _around(source, target)


def _neighbours(source: State, target: State, direction: int) -> Drawn:
    """Go straight down on the left of the way back, or up on its right."""
    both = any(start is target and row.target is source for (start, _), row in TABLE.items())
    x = _MIDDLE - direction * _LANE * both
    points = [(x, _edge(source, direction)), (x, _edge(target, -direction))]
    place = (x - direction * (_COLUMN / 2 + _GAP), (points[0][1] + points[1][1]) / 2)
    return points, place, "right" if direction > 0 else "left"


def _around(source: State, target: State) -> Drawn:
    """Leave on the right and come back on the right."""
    edge = _MIDDLE + _WIDTH / 2
    bow = edge + (34 if source is target else 110)
    leave, arrive = _y(source) + 10, _y(target) - 10
    points = [(edge, leave), (bow, leave), (bow, arrive), (edge, arrive)]
    return points, (bow + _GAP + _COLUMN / 2, (leave + arrive) / 2), "left"


def _to_end(source: State | Frame, end: State) -> Drawn:
    """Leave sideways and turn towards the end, the words standing inside the corner."""
    side, x = _side(end), _x(end)
    inside = source.states if isinstance(source, Frame) else (source,)
    y = (_y(inside[0]) + _y(inside[-1])) / 2
    edge = _MIDDLE + side * (_FRAME_HALF if isinstance(source, Frame) else _WIDTH / 2)
    below = 1 if y > _y(end) else -1
    points = [(edge, y), (x, y), (x, _edge(end, below))]
    place = (x - side * (_GAP + _COLUMN / 2), (y + points[-1][1]) / 2)
    return points, place, "left" if side < 0 else "right"


def _start() -> Iterator[str]:
    top, first = (_MIDDLE, _TOP - 34), (_MIDDLE, _edge(PATH[0], -1))
    ink = {"fillcolor": draw.INK, "color": draw.INK}
    yield draw.box("start", "", at=top, size=(16, 16), shape="circle", style="filled", **ink)
    yield draw.path("start", PATH[0], [(top[0], top[1] + 8), first], color=draw.PERSON)


def _heading() -> Iterator[str]:
    source = f"Flow version {FLOW_VERSION}, drawn from booking_flow/flow.py"
    lines = [draw.styled("The states of a booking session", size=20, tag="b")]
    lines.append(draw.styled(source, colour=draw.GREY))
    yield draw.text("heading", lines, at=(180, _TOP - 28), width=330)


_KEY = (
    ("a person: guest or staff", {"color": draw.PERSON}),
    ("the clock, when a time has passed", {"color": draw.CLOCK, "style": "dashed"}),
)


def _legend() -> Iterator[str]:
    left, top = _MIDDLE + _FRAME_HALF + 26, _TOP - 34
    for row, (words, look) in enumerate(_KEY):
        y = top + row * 22
        yield draw.text(f"key{row}", [draw.styled(words)], at=(left + 148, y), width=200)
        yield draw.path(f"key{row}", f"key{row}", [(left, y), (left + 38, y)], **look)
    notes = [
        "[condition]: needed as well",
        "dashed frame: from any state inside",
        "double border: an end",
    ]
    lines = [draw.styled(note) for note in notes]
    yield draw.text("notes", lines, at=(left + 124, top + 66), width=248)

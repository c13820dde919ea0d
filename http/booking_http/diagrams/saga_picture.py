"""The saga as a picture: each step on the left, its undo beside it on the right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from booking_flow.model.step import StepKind
from booking_flow.saga import SAGA, STEPS
from booking_flow.steps.step import Step
from booking_http.diagrams import dot as draw

_TOP, _PITCH, _BORDER = 150.0, 94.0, 36.0
_STEP_X, _STEP_WIDTH, _UNDO_X, _UNDO_WIDTH, _HEIGHT = 250.0, 420.0, 750.0, 390.0, 72.0
_NAME_WIDTH, _CALLS_WIDTH = 190, 205
_RED, _GREEN = "#b42323", "#2f7d4f"
_STEP_LOOKS = {
    StepKind.READ: {"fillcolor": "#eef3f8", "color": "#5b6b80"},
    StepKind.REVERSIBLE: {"fillcolor": "#e3f1e7", "color": _GREEN},
    StepKind.UNDO: {"fillcolor": "#ffffff", "color": _GREEN, "style": "rounded,filled,dashed"},
    StepKind.IRREVERSIBLE: {"fillcolor": "#fdeaea", "color": _RED, "penwidth": "3"},
}
_NOTHING = {"fillcolor": "#ffffff", "color": "#d5dce5"}
_PERSON = {"fillcolor": "#ffffff", "color": _RED, "style": "rounded,filled,dashed", "penwidth": "2"}

FORWARD = tuple(step for step in SAGA if step.kind is not StepKind.UNDO)
"""The steps a booking takes; the others undo them."""


def dot() -> str:
    """Return the saga as DOT."""
    return draw.graph("saga", "The steps of a booking and their undoes", _items())


def _items() -> Iterator[str]:
    yield from _heading()
    for before, step in zip((None, *FORWARD), FORWARD, strict=False):
        yield _step(step)
        yield _undo(step)
        yield _undo_arrow(step)
        if before is not None:
            yield _next_arrow(before, step)
    yield from _border()
    yield _note()


def _border_row() -> int:
    kinds = [step.kind for step in FORWARD]
    return kinds.index(StepKind.IRREVERSIBLE) if StepKind.IRREVERSIBLE in kinds else len(kinds)


def _y(step: Step) -> float:
    row = FORWARD.index(step)
    return _TOP + row * _PITCH + (_BORDER if row >= _border_row() else 0)


def _step(step: Step) -> str:
    name = draw.styled(step.name, size=16, tag="b")
    kind = draw.styled(step.kind, size=12, colour=draw.GREY)
    claimed = draw.styled("claimed first", size=12, colour=draw.GREY, tag="i")
    left = f"{name}<br/>{kind}<br/>{claimed}" if step.effectful else f"{name}<br/>{kind}"
    label = (
        '<table border="0" cellborder="0" cellspacing="0" cellpadding="0"><tr>'
        f"{_cell(left, _NAME_WIDTH)}{_cell(_lines(step.endpoints), _CALLS_WIDTH)}</tr></table>"
    )
    return _box(
        step.name, label, at=(_STEP_X, _y(step)), width=_STEP_WIDTH, look=_STEP_LOOKS[step.kind]
    )


def _undo(step: Step) -> str:
    meaning = _lines(wrap(step.undo_meaning, 46))
    look = _PERSON if step.kind is StepKind.IRREVERSIBLE else _NOTHING
    if step.undo is not None:
        meaning = f"{draw.styled(step.undo, size=16, tag='b')}<br/>{meaning}"
        look = _STEP_LOOKS[STEPS[step.undo].kind]
    cells = f'<table border="0" cellspacing="0"><tr>{_cell(meaning, 360)}</tr></table>'
    return _box(f"{step.name}_undo", cells, at=(_UNDO_X, _y(step)), width=_UNDO_WIDTH, look=look)


def _box(name: str, label: str, *, at: draw.Point, width: float, look: dict[str, str]) -> str:
    return draw.box(name, label, at=at, size=(width, _HEIGHT), id=f"step-{name}", **look)


def _cell(words: str, width: int) -> str:
    return f'<td align="left" balign="left" width="{width}">{words}</td>'


def _lines(words: Sequence[str]) -> str:
    return "<br/>".join(draw.styled(line, size=13) for line in words)


def _undo_arrow(step: Step) -> str:
    y, name = _y(step), f"{step.name}_undo"
    points = [(_STEP_X + _STEP_WIDTH / 2, y), (_UNDO_X - _UNDO_WIDTH / 2, y)]
    if step.kind is StepKind.READ:
        return draw.line(step.name, name, points, color=_NOTHING["color"])
    colour = _RED if step.kind is StepKind.IRREVERSIBLE else _GREEN
    return draw.path(step.name, name, points, color=colour, style="dashed")


def _next_arrow(before: Step, step: Step) -> str:
    x = _STEP_X - _STEP_WIDTH / 2 + 60
    points = [(x, _y(before) + _HEIGHT / 2), (x, _y(step) - _HEIGHT / 2)]
    return draw.path(before.name, step.name, points, color=draw.PERSON)


def _border() -> Iterator[str]:
    """Draw the line behind which no machine can undo anything, if there is one."""
    if _border_row() == len(FORWARD):
        return
    y = _y(FORWARD[_border_row()]) - (_PITCH + _BORDER) / 2
    left, right = _STEP_X - _STEP_WIDTH / 2, _UNDO_X + _UNDO_WIDTH / 2
    words = draw.styled("From here on only people can take it back", size=13, colour=_RED, tag="b")
    yield draw.text("border", [words], at=(_UNDO_X, y - 12), width=_UNDO_WIDTH)
    yield draw.line("border", "border", [(left, y), (right, y)], color=_RED, style="dashed")


def _heading() -> Iterator[str]:
    lines = [draw.styled("Each step of a booking and how it is undone", size=20, tag="b")]
    lines.append(draw.styled("Drawn from booking_flow/saga.py", colour=draw.GREY))
    yield draw.text("heading", lines, at=(_STEP_X + 40, 36), width=_STEP_WIDTH + 80)
    left = _STEP_X - _STEP_WIDTH / 2
    columns = (
        ("Step", 12, _NAME_WIDTH),
        ("What it asks the supplier", 12 + _NAME_WIDTH, _CALLS_WIDTH),
    )
    for number, (words, offset, width) in enumerate(columns):
        yield _column(number, words, left + offset, width)
    yield _column(2, "Its undo", _UNDO_X - _UNDO_WIDTH / 2 + 12, 200)


def _column(number: int, words: str, left: float, width: float) -> str:
    line = draw.styled(words, size=13, colour=draw.GREY, tag="b")
    return draw.text(f"column{number}", [line], at=(left + width / 2, _TOP - 56), width=width)


def _note() -> str:
    words = (
        "claimed first: the intent is committed before the supplier is asked, and outlives a crash"
    )
    y = _y(FORWARD[-1]) + 66
    left = _STEP_X - _STEP_WIDTH / 2
    return draw.text("note", [draw.styled(words, colour=draw.GREY)], at=(left + 300, y), width=600)

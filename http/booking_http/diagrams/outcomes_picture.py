"""What can go wrong as a picture: what follows where a step is done, refused or unknown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from booking_flow.policy import Policy
from booking_flow.saga import EFFECTS
from booking_flow.steps.step import EffectStep
from booking_http.diagrams import dot as draw

_TOP, _PITCH, _HEIGHT = 168.0, 152.0, 134.0
_STEP_X, _STEP_WIDTH = 106.0, 170.0
_END_WIDTH, _GAP = 288.0, 18.0
_ENDS = (
    ("Done", {"fillcolor": "#e3f1e7", "color": "#2f7d4f"}),
    ("Refused: certainly not done", {"fillcolor": "#eef1f5", "color": "#5b6b80"}),
    ("Unknown: no answer proves it", {"fillcolor": "#fdf3e3", "color": "#b45309"}),
)
_LINE = 38


def dot() -> str:
    """Return the ends of every step that changes anything at the supplier, as DOT."""
    return draw.graph("outcomes", "What follows from each end of a step", _items())


def asked(step: EffectStep[object, object]) -> str:
    """Return the task by which people are asked, and how soon it is due; empty where none is."""
    if step.ends.question is None:
        return "No task: the worker finds out"
    hours = Policy().task_time.total_seconds() / 3600
    return f"Task {step.ends.question}, due in {hours:g} hours"


def _items() -> Iterator[str]:
    yield from _heading()
    for row, step in enumerate(EFFECTS.values()):
        y = _TOP + row * _PITCH
        yield _step(step, y)
        for column, words in enumerate((step.ends.done, step.ends.refused, step.ends.unknown)):
            lines = [draw.styled(line, size=13) for line in wrap(words, _LINE)]
            if column == len(_ENDS) - 1:
                lines += [draw.styled(line, size=13, tag="b") for line in wrap(asked(step), _LINE)]
            yield _end(step, column, lines, y)


def _step(step: EffectStep[object, object], y: float) -> str:
    lines = (
        draw.styled(step.label, size=15, tag="b"),
        draw.styled(step.name, size=12, colour=draw.GREY),
    )
    look = {"fillcolor": "#eef3f8", "color": "#3f6ea6"}
    return _box(f"{step.name}", lines, x=_STEP_X, y=y, width=_STEP_WIDTH, look=look)


def _end(step: EffectStep[object, object], column: int, lines: Sequence[str], y: float) -> str:
    name = f"{step.name}_{column}"
    return _box(name, lines, x=_end_x(column), y=y, width=_END_WIDTH, look=_ENDS[column][1])


def _end_x(column: int) -> float:
    first = _STEP_X + _STEP_WIDTH / 2 + _GAP + _END_WIDTH / 2
    return first + column * (_END_WIDTH + _GAP)


def _box(
    name: str, lines: Sequence[str], *, x: float, y: float, width: float, look: dict[str, str]
) -> str:
    label = draw.column(lines, width=width - 24)
    return draw.box(name, label, at=(x, y), size=(width, _HEIGHT), id=f"end-{name}", **look)


def _heading() -> Iterator[str]:
    left = _STEP_X - _STEP_WIDTH / 2
    lines = [
        draw.styled("What follows from each end of a step", size=20, tag="b"),
        draw.styled("Drawn from booking_flow/steps/", colour=draw.GREY),
    ]
    yield draw.text("heading", lines, at=(left + 260, 36), width=520)
    y = _TOP - _HEIGHT / 2 - 16
    columns = [("Step", left)]
    columns += [(words, _end_x(n) - _END_WIDTH / 2) for n, (words, _) in enumerate(_ENDS)]
    for number, (words, start) in enumerate(columns):
        line = draw.styled(words, size=13, colour=draw.GREY, tag="b")
        width = _END_WIDTH if number else _STEP_WIDTH
        yield draw.text(f"column{number}", [line], at=(start + width / 2, y), width=width)

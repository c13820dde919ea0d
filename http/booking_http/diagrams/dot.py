"""A little DOT: pinned boxes, texts and paths, and the program that turns them into SVG.

Every box is placed by us, in points with y downwards, so that the picture is the same on every
machine and stays readable when the flow grows.
"""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from collections.abc import Iterable, Sequence
from html import escape
from itertools import pairwise
from math import hypot
from pathlib import Path

from booking_http.runtime.process import CannotRun

Point = tuple[float, float]

INK, GREY, PALE, PERSON, CLOCK = "#1e293b", "#5b6b80", "#94a3b8", "#475569", "#b45309"
_ARROW_LENGTH = 9.0
_CORNER = 14.0


def graph(name: str, title: str, items: Iterable[str]) -> str:
    """Return a drawing of pinned items, those first in the order lying undermost."""
    head = f'digraph {name} {{\n  graph [tooltip={quote(title)}, bgcolor="#ffffff", pad=0.25'
    return (
        head + ", outputorder=nodesfirst, splines=true]\n"
        '  node [fontname="Helvetica", fontsize=14, fixedsize=true, penwidth=1.4]\n'
        "  edge [arrowsize=0.9, penwidth=1.4]\n" + "".join(f"  {item}\n" for item in items) + "}\n"
    )


def box(name: str, label: str, *, at: Point, size: Point, **attributes: str) -> str:
    """Return a box of a fixed size, centred on a point."""
    width, height = (f"{side / 72:.4f}" for side in size)
    merged = {"shape": "box", "style": "rounded,filled"} | attributes
    return f"{name} [{_pin(at)}, width={width}, height={height}, label=<{label}>{_listed(merged)}]"


def text(name: str, lines: Sequence[str], *, at: Point, width: float, align: str = "left") -> str:
    """Return lines of text, aligned in a column of a width that is centred on a point."""
    label = column(lines, width=width, align=align)
    return f"{name} [{_pin(at)}, shape=plain, fixedsize=false, fontsize=11, label=<{label}>]"


def column(lines: Sequence[str], *, width: float, align: str = "left") -> str:
    """Return lines of text below each other, as a label."""
    cell = f'<td align="{align}" width="{width:g}">'
    rows = "".join(f"<tr>{cell}{line}</td></tr>" for line in lines)
    return f'<table border="0" cellborder="0" cellspacing="0" cellpadding="1">{rows}</table>'


def path(tail: str, head: str, points: Sequence[Point], **attributes: str) -> str:
    """Return an arrow along `points`, rounded where it turns."""
    end = points[-1]
    bend = [*points[:-1], _towards(end, points[-2], _ARROW_LENGTH)]
    return f'{tail} -> {head} [pos="e,{_at(end)} {_spline(bend)}"{_listed(attributes)}]'


def line(tail: str, head: str, points: Sequence[Point], **attributes: str) -> str:
    """Return a line along `points`, without an arrow's head."""
    return f'{tail} -> {head} [pos="{_spline(points)}", arrowhead=none{_listed(attributes)}]'


def styled(words: str, *, size: int = 12, colour: str = INK, tag: str = "") -> str:
    """Return words in a size, a colour and perhaps a tag such as `b`."""
    inner = f"<{tag}>{escape(words)}</{tag}>" if tag else escape(words)
    return f'<font point-size="{size}" color="{colour}">{inner}</font>'


def quote(words: str) -> str:
    """Return a DOT string."""
    return '"' + words.replace("\\", "\\\\").replace('"', '\\"') + '"'


def to_svg(source: str) -> str:
    """Return the SVG of a drawing made of pinned items.

    Raises:
        CannotRun: the program that draws is not installed.
    """
    command = [_program(), "-Kneato", "-n2", "-Tsvg"]
    done = subprocess.run(command, input=source, capture_output=True, text=True, check=True)
    return done.stdout


def _program() -> str:
    beside = Path(sysconfig.get_path("scripts")) / "graphviz-pure"
    found = str(beside) if beside.exists() else shutil.which("graphviz-pure")
    if found is None:
        raise CannotRun("drawing needs what `pip install 'booking-flow[diagrams]'` installs")
    return found


def _pin(at: Point) -> str:
    return f'pos="{_at(at)}"'


def _at(point: Point) -> str:
    return f"{point[0]:g},{-point[1]:g}"


def _listed(attributes: dict[str, str]) -> str:
    return "".join(f", {name}={quote(value)}" for name, value in attributes.items())


def _spline(points: Sequence[Point]) -> str:
    return " ".join(_at(point) for point in _curve(points))


def _curve(points: Sequence[Point]) -> list[Point]:
    """Return the control points of cubic pieces that follow `points` with rounded corners."""
    stops = [(points[0], points[0])]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        stops.append((_towards(corner, before, _CORNER), _towards(corner, after, _CORNER)))
    stops.append((points[-1], points[-1]))
    corners = [*points[1:-1], points[-1]]
    curve = [points[0]]
    for ((_, start), (entry, leave)), corner in zip(pairwise(stops), corners, strict=True):
        curve += [start, entry, entry]
        if entry != leave:
            curve += [corner, corner, leave]
    return curve


def _towards(start: Point, goal: Point, length: float) -> Point:
    """Return the point at `length` from `start` in the direction of `goal`, or halfway."""
    distance = hypot(goal[0] - start[0], goal[1] - start[1])
    share = min(length / distance, 0.5) if distance else 0.0
    x, y = (a + (b - a) * share for a, b in zip(start, goal, strict=True))
    return round(x, 2), round(y, 2)

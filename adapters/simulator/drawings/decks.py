"""Deck plans from above, on which every cabin lies where its box says."""

from adapters.simulator.drawings.shapes import gradient, line, path, picture, rect, words
from adapters.simulator.inventory import Cabin, cabins_on_plan
from adapters.simulator.reference_data import GRADES, Ship

WIDTH, HEIGHT = 400, 1120
COLOURS = {"inside": "#d9d2c3", "outside": "#b5d3ee", "balcony": "#b4dfc6", "suite": "#f0d79f"}
_EDGES = {"inside": "#a1967f", "outside": "#6c9cc8", "balcony": "#6fae8a", "suite": "#c39d49"}


def deck(ship: Ship, number: int) -> str:
    """Return the plan of a deck, its bow above."""
    grades = [
        grade for grade in GRADES[ship.line.id] if grade.deck == number and not grade.guarantee_only
    ]
    boxes = [
        _box(cabin, grade.category)
        for grade in grades
        for cabin in cabins_on_plan(ship.line.id, grade)
    ]
    hull = (
        "M8 150 C30 60 120 8 200 4 C280 8 370 60 392 150 "
        "V1080 Q392 1112 360 1112 H40 Q8 1112 8 1080 Z"
    )
    shapes = [
        f"<defs>{gradient('planks', '#fbfaf6', '#f3efe6')}</defs>",
        path(hull, "url(#planks)", 'stroke="#20456b" stroke-width="4"'),
        line("M200 12 V40 M176 46 H224", "#20456b", 3, 'opacity=".5"'),
        words(200, 74, ship.name, size=17, fill="#20456b"),
        words(200, 100, f"Deck {number}", size=22, fill="#0f172a"),
        *(_corridor(block) for block in range(max(1, len(grades)))),
        *boxes,
        *(_lounge() if len(grades) < 2 else ()),
        words(200, 1098, "AFT", size=14, fill="#64748b"),
    ]
    return picture(WIDTH, HEIGHT, shapes, title=f"Deck {number} of {ship.name}, its bow above")


def _lounge() -> list[str]:
    """Fill the side without cabins."""
    return [
        rect(212, 120, 160, 944, "#eef3f5", radius=14),
        words(292, 600, "Lounges", size=18, fill="#64748b"),
    ]


def _corridor(block: int) -> str:
    return rect(20 + block * 180 + 66, 116, 12, 960, "#e8e1d2", radius=4)


def _box(cabin: Cabin, category: str) -> str:
    """Draw a cabin where its box says; a cabin without a box is not drawn."""
    if cabin.box is None:
        return ""
    x1, y1, x2, y2 = cabin.box
    fill, edge = COLOURS[category], _EDGES[category]
    shape = (
        f'<rect x="{x1 + 1}" y="{y1 + 1}" width="{x2 - x1 - 2}" height="{y2 - y1 - 2}" rx="7" '
        f'fill="{fill}" stroke="{edge}" stroke-width="1.5"/>'
    )
    number = words((x1 + x2) // 2, (y1 + y2) // 2 + 6, cabin.number, size=17, fill="#1f2937")
    mark = words(x2 - 11, y1 + 17, "♿", size=12) if cabin.accessible else ""
    return shape + number + mark

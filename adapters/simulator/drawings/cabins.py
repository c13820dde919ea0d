"""Cabins from within, one picture for each category, 800 wide and 500 high."""

from collections.abc import Callable

from adapters.simulator.drawings.shapes import circle, gradient, line, path, picture, rect

WIDTH, HEIGHT = 800, 500
_FLOOR = 372


def cabin(category: str) -> str | None:
    """Return the picture of a category of cabins, or None where there is no such category."""
    found = _ROOMS.get(category)
    if found is None:
        return None
    title, wall, room = found
    defs = (
        gradient("wall", *wall)
        + gradient("dusk", "#f6b98a", "#fbe3c0", "#7fb7d4")
        + gradient("water", "#4fb3cf", "#1f7ea6")
    )
    shapes = [
        f"<defs>{defs}</defs>",
        rect(0, 0, WIDTH, _FLOOR, "url(#wall)"),
        rect(0, _FLOOR, WIDTH, HEIGHT - _FLOOR, "#b58a63"),
        path(f"M0 {_FLOOR} H{WIDTH} V{_FLOOR + 10} H0 Z", "#f4ece0"),
        *room(),
    ]
    return picture(WIDTH, HEIGHT, shapes, title=title)


def _bed(x: int, *, width: int = 270, blanket: str = "#2f6690") -> list[str]:
    y = _FLOOR - 66
    return [
        rect(x - 16, y - 74, width + 32, 140, "#6b4a32", radius=10),
        rect(x, y, width, 120, "#ffffff", radius=10),
        rect(x + 18, y - 30, width / 2 - 28, 44, "#ffffff", radius=12),
        rect(x + width / 2 + 10, y - 30, width / 2 - 28, 44, "#ffffff", radius=12),
        rect(x + 34, y - 14, 54, 34, "#f0b35f", radius=8),
        rect(x + width - 88, y - 14, 54, 34, "#f0b35f", radius=8),
        path(
            f"M{x} {y + 46} Q{x + width / 2} {y + 30} {x + width} {y + 46} V{y + 120} "
            f"Q{x + width / 2} {y + 132} {x} {y + 120} Z",
            blanket,
        ),
        rect(x + 8, y + 120, 14, 16, "#4a3322"),
        rect(x + width - 22, y + 120, 14, 16, "#4a3322"),
    ]


def _lamp(x: int, y: int) -> list[str]:
    return [
        circle(x, y, 64, "#fff3cf", 'opacity=".35"'),
        path(f"M{x - 24} {y + 14} L{x - 14} {y - 18} H{x + 14} L{x + 24} {y + 14} Z", "#fbe6b0"),
        line(f"M{x} {y + 14} V{y + 46}", "#7a5c3e", 5),
    ]


def _table(x: int) -> list[str]:
    y = _FLOOR - 44
    return [rect(x, y, 70, 62, "#7d5a3c", radius=5), rect(x + 8, y + 16, 54, 4, "#5f4129")]


def _sea(x: int, y: int, width: int, height: int) -> list[str]:
    horizon = y + height * 0.56
    middle = x + width * 0.62
    glints = "".join(
        f"M{middle - 30 + n * 7} {horizon + 14 + n * 16} h{60 - n * 10} " for n in range(3)
    )
    return [
        rect(x, y, width, height, "url(#dusk)"),
        circle(middle, horizon - 16, 24, "#fff2c9"),
        rect(x, horizon, width, y + height - horizon, "url(#water)"),
        line(glints, "#fff2c9", 4, 'opacity=".8"'),
    ]


def _frame(x: int, y: int, width: int, height: int) -> str:
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="8" fill="none" '
        'stroke="#f7f2e8" stroke-width="14"/>'
    )


def _curtain(x: int, y: int, height: int, *, right: bool = False) -> str:
    bend = -1 if right else 1
    return path(
        f"M{x} {y} h{52 * bend} q{-14 * bend} {height / 2:g} {-4 * bend} {height} h{-48 * bend} Z",
        "#e7d6bf",
    )


def _inside() -> list[str]:
    return [
        rect(90, 90, 180, 128, "#f7f2e8", radius=6),
        *_sea(102, 102, 156, 104),
        rect(560, 70, 150, 236, "#cfdbe3", radius=8),
        path("M572 290 L640 84 H676 L608 296 Z", "#e6eef3"),
        *_bed(250, blanket="#4a6f8f"),
        *_table(150),
        *_lamp(185, 282),
        *_table(566),
        *_lamp(601, 282),
    ]


def _outside() -> list[str]:
    return [
        *_sea(270, 66, 260, 176),
        _frame(270, 66, 260, 176),
        _curtain(244, 52, 226),
        _curtain(556, 52, 226, right=True),
        *_bed(264, blanket="#2a7f9e"),
        *_table(166),
        *_lamp(201, 282),
        *_table(574),
        *_lamp(609, 282),
    ]


def _balcony() -> list[str]:
    chairs = [
        path(f"M{x} 330 l-16 -62 h10 l14 44 h42 v18 Z", "#8a6a4a")
        + line(f"M{x + 2} 330 v34 M{x + 46} 330 v34", "#6b4f35", 5)
        for x in (520, 660)
    ]
    return [
        *_sea(440, 50, 310, 322),
        line("M440 300 H750 M440 322 H750 M440 344 H750", "#e8eef2", 4, 'opacity=".9"'),
        line("M470 286 V372 M540 286 V372 M610 286 V372 M680 286 V372", "#e8eef2", 3),
        *chairs,
        rect(596, 318, 44, 6, "#6b4f35", radius=3),
        _frame(440, 50, 310, 322),
        line("M596 50 V372", "#f7f2e8", 10),
        _curtain(420, 36, 340),
        *_bed(96, blanket="#2f8f83"),
        *_table(12),
        *_lamp(47, 282),
    ]


def _suite() -> list[str]:
    sofa = [
        rect(76, 268, 250, 92, "#c8b08f", radius=18),
        rect(60, 306, 280, 78, "#d9c4a5", radius=16),
        rect(92, 290, 70, 48, "#2f6690", radius=10),
        rect(240, 290, 70, 48, "#e8a552", radius=10),
        rect(78, 384, 14, 20, "#5f4129"),
        rect(308, 384, 14, 20, "#5f4129"),
    ]
    light = [
        line("M200 0 V56", "#b99b5f", 4),
        *(circle(200 + dx, 74 + abs(dx) * 0.18, 13, "#fff0c2") for dx in (-54, -27, 0, 27, 54)),
        line("M140 74 Q200 44 260 74", "#b99b5f", 4),
    ]
    return [
        *_sea(370, 36, 400, 336),
        line("M370 306 H770 M370 330 H770", "#e8eef2", 4, 'opacity=".9"'),
        _frame(370, 36, 400, 336),
        line("M503 36 V372 M637 36 V372", "#f7f2e8", 10),
        _curtain(350, 24, 356),
        _curtain(790, 24, 356, right=True),
        *light,
        *sofa,
        rect(150, 410, 170, 12, "#5f4129", radius=6),
        line("M176 422 V462 M294 422 V462", "#5f4129", 7),
        path("M226 410 v-24 q-16 -22 -4 -34 q14 10 12 34 v24 Z", "#3f8f68"),
        *_bed(476, width=230, blanket="#7a4f7d"),
    ]


_Room = Callable[[], list[str]]
_ROOMS: dict[str, tuple[str, tuple[str, ...], _Room]] = {
    "inside": (
        "An inside cabin: a bed, a mirror and a picture of the sea",
        ("#d8c9b4", "#e8dcc9"),
        _inside,
    ),
    "outside": (
        "An outside cabin: a bed below a window to the sea",
        ("#cfe0e6", "#e6f0f2"),
        _outside,
    ),
    "balcony": (
        "A balcony cabin: a bed, and two chairs behind a glass door",
        ("#d5e5dd", "#eaf3ee"),
        _balcony,
    ),
    "suite": (
        "A suite: a sofa, a bed and a wall of glass to the sea",
        ("#e7d9c2", "#f4ead8"),
        _suite,
    ),
}

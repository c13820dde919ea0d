"""Where ships sail: sky, shore and sea of each region, 1200 wide and 675 high."""

from collections.abc import Callable

from adapters.simulator.drawings.shapes import circle, gradient, group, line, path, rect

HEIGHT = 675
HORIZON = 430


def place(region: str) -> tuple[str, list[str], list[str]]:
    """Return what a region's picture defines, what lies behind a ship, and what before it."""
    sky, sea, shore = _PLACES.get(region, _PLACES["Caribbean"])
    defs = gradient("sky", *sky) + gradient("sea", *sea)
    behind = [
        rect(0, 0, 1200, HORIZON, "url(#sky)"),
        *shore(),
        rect(0, HORIZON, 1200, HEIGHT - HORIZON, "url(#sea)"),
    ]
    return defs, behind, _waves()


def _waves() -> list[str]:
    rows = []
    for y, opacity, shift in ((540, 0.22, 0), (580, 0.28, 90), (622, 0.34, 30), (656, 0.2, 120)):
        steps = "".join(f"M{x + shift} {y} q26 -9 52 0 t52 0 " for x in range(-120, 1200, 190))
        rows.append(line(steps, "#ffffff", 3, f'opacity="{opacity}"'))
    return rows


def _clouds(*places: tuple[int, int, float]) -> list[str]:
    shape = "M0 40 Q4 14 34 18 Q46 -10 80 0 Q104 4 108 20 Q140 18 144 40 Z"
    return [
        group([path(shape, "#ffffff", 'opacity=".85"')], f"translate({x} {y}) scale({size})")
        for x, y, size in places
    ]


def _palm(x: int, y: int, size: float) -> str:
    leaves = (
        "M0 -96 Q-46 -122 -74 -84 Q-36 -100 0 -90 Z",
        "M0 -96 Q-30 -140 -70 -128 Q-24 -122 2 -92 Z",
        "M0 -96 Q40 -128 74 -92 Q36 -104 0 -90 Z",
        "M0 -96 Q26 -142 66 -134 Q26 -122 -2 -92 Z",
        "M0 -96 Q-4 -60 -44 -44 Q-12 -70 -4 -96 Z",
        "M0 -96 Q14 -62 48 -52 Q16 -72 6 -96 Z",
    )
    trunk = line("M0 0 Q-10 -50 0 -94", "#8a5a33", 9)
    return group(
        [trunk, *(path(leaf, "#1f8a5b") for leaf in leaves)], f"translate({x} {y}) scale({size})"
    )


def _caribbean() -> list[str]:
    return [
        circle(960, 120, 52, "#fff3c4"),
        *_clouds((120, 90, 1.2), (560, 60, 0.8), (1010, 210, 0.7)),
        path("M0 430 Q120 330 270 372 Q360 320 470 430 Z", "#4aa583"),
        path("M180 430 Q320 352 520 430 Z", "#2f8a68"),
        path("M0 436 Q200 404 560 436 Z", "#f6e3b4"),
        _palm(70, 424, 1.1),
        _palm(132, 426, 0.8),
        _palm(330, 430, 0.7),
    ]


def _bahamas() -> list[str]:
    stripes = [
        rect(-14 + n * 0.6, -120 + n * 24, 28 - n * 1.2 + n * 2.4, 12, "#d8434e") for n in range(5)
    ]
    tower = [
        path("M-16 0 L-11 -124 H11 L16 0 Z", "#ffffff"),
        *stripes,
        rect(-13, -140, 26, 16, "#334155", radius=2),
        path("M-15 -140 L0 -156 L15 -140 Z", "#d8434e"),
    ]
    return [
        circle(240, 110, 46, "#fff6d6"),
        *_clouds((420, 80, 1.1), (840, 120, 0.9)),
        path("M820 434 Q930 396 1200 404 V440 H820 Z", "#f8ead0"),
        path("M930 412 Q1010 376 1200 384 V420 Z", "#58b08d"),
        group(tower, "translate(1006 408)"),
        _palm(1104, 404, 0.9),
        _palm(1162, 402, 0.7),
        path("M0 436 Q140 416 300 436 Z", "#f8ead0"),
    ]


def _houses(colours: tuple[str, ...], roofs: str, *, left: int, base: int, rise: int) -> list[str]:
    shapes = []
    for n in range(11):
        x, y = left + n * 34, base - (n % 4) * rise - (rise if n % 3 == 0 else 0)
        shapes.append(rect(x, y - 34, 32, base - y + 40, colours[n % len(colours)]))
        shapes.append(path(f"M{x - 3} {y - 34} L{x + 16} {y - 50} L{x + 35} {y - 34} Z", roofs))
        shapes.append(rect(x + 7, y - 24, 6, 9, "#475569"))
        shapes.append(rect(x + 19, y - 24, 6, 9, "#475569"))
    return shapes


def _mediterranean() -> list[str]:
    cypresses = [
        path(f"M{x} 424 q-9 -46 0 -74 q9 28 0 74 Z", "#2c5a45") for x in (30, 52, 436, 462)
    ]
    return [
        circle(930, 300, 66, "#ffd27a"),
        *_clouds((640, 90, 1.0), (180, 120, 0.8)),
        path("M0 430 Q150 250 330 330 Q470 280 640 430 Z", "#8d9c6c"),
        path("M700 430 Q880 350 1200 392 V430 Z", "#a3a37a"),
        *_houses(
            ("#f3d9b1", "#e9b48a", "#f7e7cf", "#d98f6a"), "#b5543a", left=60, base=424, rise=16
        ),
        *cypresses,
        rect(0, 420, 560, 14, "#c9b48d"),
    ]


def _greek() -> list[str]:
    domes = [
        circle(x, y, 20, "#2f6fc4") + rect(x - 20, y, 40, 30, "#ffffff")
        for x, y in ((150, 330), (276, 352), (404, 366))
    ]
    return [
        circle(980, 130, 50, "#fff3d0"),
        *_clouds((600, 100, 0.8)),
        path("M0 430 V290 Q210 270 330 340 Q460 360 600 430 Z", "#b98f6b"),
        *_houses(("#ffffff", "#f4f7fb", "#ffffff"), "#ffffff", left=70, base=392, rise=14),
        *domes,
        path("M860 430 Q980 376 1200 400 V430 Z", "#a9886b"),
    ]


def _pines(places: tuple[tuple[int, int, float], ...]) -> list[str]:
    tree = path("M0 -70 L20 -30 H12 L28 0 H-28 L-12 -30 H-20 Z", "#1d4f46")
    return [group([tree], f"translate({x} {y}) scale({size})") for x, y, size in places]


def _alaska() -> list[str]:
    return [
        *_clouds((120, 60, 0.9), (900, 80, 1.1)),
        path("M0 430 L170 150 L290 300 L420 120 L600 430 Z", "#6f8fb0"),
        path(
            "M170 150 L120 232 L160 216 L186 244 L214 206 Z "
            "M420 120 L362 206 L404 190 L436 226 L476 214 Z",
            "#ffffff",
        ),
        path("M520 430 L740 210 L850 320 L980 170 L1200 400 V430 Z", "#5a7a9d"),
        path(
            "M740 210 L684 268 L730 256 L762 288 L800 270 Z "
            "M980 170 L916 248 L962 236 L1004 268 L1064 254 Z",
            "#ffffff",
        ),
        path("M520 430 Q640 330 700 430 Z", "#d8f0f7"),
        path(
            "M560 430 L590 380 M620 430 L634 372 M660 430 L664 388",
            "none",
            'stroke="#9fd3e3" stroke-width="4"',
        ),
        *_pines(tuple((40 + n * 44, 436, 0.8 + n % 3 * 0.15) for n in range(8))),
        *_pines(tuple((940 + n * 40, 436, 0.8 + n % 2 * 0.2) for n in range(7))),
    ]


def _bermuda() -> list[str]:
    return [
        circle(220, 130, 50, "#fff0d6"),
        *_clouds((520, 80, 1.0), (930, 130, 0.8)),
        path("M640 430 Q860 330 1200 372 V430 Z", "#6bb089"),
        *_houses(
            ("#f7a8b8", "#ffd3a5", "#a7d8de", "#f9e08e"), "#ffffff", left=760, base=414, rise=10
        ),
        path("M580 438 Q800 412 1200 414 V440 Z", "#f9d6d2"),
        _palm(1150, 412, 0.9),
        _palm(700, 422, 0.7),
    ]


def _fjords() -> list[str]:
    return [
        *_clouds((480, 50, 1.2), (700, 120, 0.7)),
        path("M0 430 V70 Q120 120 190 60 Q300 190 340 300 L420 430 Z", "#4f6f63"),
        path("M0 430 V200 Q140 260 210 230 L330 430 Z", "#3d5b50"),
        path("M1200 430 V40 Q1070 110 1010 80 Q900 220 860 310 L780 430 Z", "#587a6c"),
        path("M1200 430 V220 Q1080 240 1010 300 L930 430 Z", "#44655a"),
        path(
            "M150 74 Q190 60 214 96 Q180 92 150 74 Z M1010 80 Q1060 104 1100 92 Q1060 70 1010 80 Z",
            "#ffffff",
        ),
        line("M304 220 Q312 300 306 428", "#e8f6fb", 9),
        line("M912 222 Q902 310 908 428", "#e8f6fb", 7),
        *_pines(
            (
                (60, 434, 0.7),
                (110, 436, 0.8),
                (170, 434, 0.7),
                (1040, 434, 0.8),
                (1100, 436, 0.9),
                (1160, 434, 0.7),
            )
        ),
    ]


_Shore = Callable[[], list[str]]
_PLACES: dict[str, tuple[tuple[str, ...], tuple[str, ...], _Shore]] = {
    "Caribbean": (("#5cb8e6", "#bfe7f5", "#fdf3dc"), ("#29b3c4", "#0f7fa3", "#0b5d86"), _caribbean),
    "Bahamas": (("#6cc5f0", "#d3f0fa"), ("#5fd8d3", "#22a6bd", "#127b9f"), _bahamas),
    "Mediterranean": (
        ("#f6a56b", "#fbd7a0", "#fdeccd"),
        ("#5b8fb0", "#2f6690", "#1f4e78"),
        _mediterranean,
    ),
    "Greek Isles": (("#4aa0de", "#b6ddf5", "#fbefdc"), ("#2f86c9", "#1766a8", "#0e4d86"), _greek),
    "Alaska": (("#9cc3dd", "#dbeaf2"), ("#6ba7b8", "#3b7c92", "#27606f"), _alaska),
    "Bermuda": (("#79c7ea", "#fbe9dd"), ("#45c6c9", "#1b95b0", "#10748f"), _bermuda),
    "Norwegian Fjords": (("#8fb8d6", "#dfeaf0"), ("#4d8798", "#2c6275", "#1c4a5c"), _fjords),
}
REGIONS = tuple(_PLACES)

"""Ships from the side, drawn from what tells them apart: length, decks, funnels, colours."""

from dataclasses import dataclass

from adapters.simulator.drawings.shapes import circle, gradient, line, path, rect

WATERLINE = 500
_RIGHT = 1040


@dataclass(frozen=True, kw_only=True)
class ShipLook:
    """What a ship looks like; lengths are in units of a picture 1200 wide."""

    length: int
    decks: int
    funnels: int = 1
    hull: str = "#f8fafc"
    stripe: str = "#1d4ed8"
    funnel: str = "#f8fafc"
    accent: str = "#38bdf8"
    dome: bool = False
    slide: bool = False
    lift: bool = False


LOOKS = {
    "WN": ShipLook(length=900, decks=9, funnels=2, slide=True),
    "HM": ShipLook(length=880, decks=8, funnels=2, slide=True, accent="#f59e0b"),
    "SY": ShipLook(length=890, decks=8, funnels=2, slide=True, accent="#10b981"),
    "AN": ShipLook(length=820, decks=8, dome=True, accent="#22d3ee"),
    "IC": ShipLook(length=920, decks=10, funnels=2, dome=True, slide=True, accent="#f43f5e"),
    "EG": ShipLook(length=780, decks=7, hull="#16233f", stripe="#e2e8f0", lift=True),
    "BY": ShipLook(length=830, decks=8, hull="#16233f", stripe="#e2e8f0", lift=True),
    "SM": ShipLook(length=730, decks=6, hull="#16233f", stripe="#d4af37", accent="#a5b4fc"),
    "BR": ShipLook(length=790, decks=8, funnel="#c0262d", stripe="#1e3a8a", slide=True),
    "MD": ShipLook(length=850, decks=9, funnel="#c0262d", hull="#1e3a8a", stripe="#f8fafc"),
}

DEFS = "".join(
    (
        gradient("house", "#ffffff", "#e6edf5"),
        gradient("glass", "#5b84ad", "#27496d"),
        '<pattern id="cabins" width="18" height="22" patternUnits="userSpaceOnUse">'
        '<rect x="2" y="5" width="14" height="12" rx="1.5" fill="#3d6288"/>'
        '<rect x="2" y="5" width="6.5" height="12" rx="1.5" fill="#577da3"/>'
        '<rect x="0" y="17" width="18" height="2.2" fill="#c8d5e3"/></pattern>',
    )
)


def ship(look: ShipLook) -> list[str]:
    """Return a ship that sails to the right on the line of the water."""
    left = _RIGHT - look.length
    return [
        *_shadow(left, look),
        *_house(left, look),
        *_top(left, look),
        *_hull(left, look),
    ]


def _hull(left: int, look: ShipLook) -> list[str]:
    right, top = _RIGHT, WATERLINE - 72
    shape = (
        f"M{left} {top} H{right + 44} Q{right + 8} {top + 34} {right - 34} {WATERLINE} "
        f"H{left + 26} Q{left + 2} {top + 42} {left} {top} Z"
    )
    ports = "".join(circle(x, top + 30, 3.4, "#7f9ab8") for x in range(left + 70, right - 70, 26))
    return [
        path(shape, look.hull),
        line(f"M{left + 4} {top + 14} H{right + 26}", look.stripe, 6),
        ports,
        path(
            f"M{left + 17} {WATERLINE - 12} H{right - 23} L{right - 34} {WATERLINE} H{left + 26} Z",
            "#b4303a",
        ),
        *_bow_wave(left),
    ]


def _house(left: int, look: ShipLook) -> list[str]:
    """Return the decks above the hull, each a little shorter than the one below."""
    shapes = []
    base = WATERLINE - 72
    for deck in range(look.decks):
        y = base - 22 * (deck + 1)
        start = left + 16 + deck * 4
        end = _RIGHT - 40 - deck * 13
        shapes.append(rect(start, y, end - start, 22, "url(#house)", radius=3))
        shapes.append(rect(start + 12, y, end - start - 60, 22, "url(#cabins)"))
    boats = range(left + 90, _RIGHT - 190, 64)
    shapes += [rect(x, base - 17, 44, 13, "#f97316", radius=6) for x in boats]
    bridge = base - 22 * (look.decks - 1)
    end = _RIGHT - 40 - (look.decks - 2) * 13
    shapes.append(
        path(
            f"M{end - 66} {bridge} H{end + 4} L{end - 4} {bridge + 15} H{end - 66} Z", "url(#glass)"
        )
    )
    return shapes


def _top(left: int, look: ShipLook) -> list[str]:
    deck = WATERLINE - 72 - 22 * look.decks
    middle = left + look.length // 2
    shapes = [line(f"M{left + 70} {deck - 7} H{middle + 150}", "#94a3b8", 1.6)]
    shapes += _funnels(left, deck, look)
    shapes += _mast(middle + 190, deck)
    if look.slide:
        x = left + look.length // 4 - 40
        shapes.append(
            line(
                f"M{x} {deck} C{x - 6} {deck - 70} {x + 70} {deck - 74} {x + 58} {deck - 34} "
                f"S{x - 24} {deck - 26} {x + 96} {deck - 2}",
                look.accent,
                7,
            )
        )
    if look.dome:
        x = middle + 90
        shapes.append(path(f"M{x - 62} {deck} A62 48 0 0 1 {x + 62} {deck} Z", "#bfe3f5"))
        shapes.append(
            line(
                f"M{x - 42} {deck} Q{x - 34} {deck - 34} {x} {deck - 47} "
                f"M{x + 42} {deck} Q{x + 34} {deck - 34} {x} {deck - 47} M{x} {deck} V{deck - 47}",
                "#ffffff",
                1.6,
            )
        )
    if look.lift:
        shapes.append(rect(middle - 30, WATERLINE - 150, 84, 12, "#f97316", radius=3))
        shapes.append(rect(middle - 24, WATERLINE - 190, 72, 40, "#dbeafe", radius=3))
    return shapes


def _funnels(left: int, deck: int, look: ShipLook) -> list[str]:
    shapes = []
    for number in range(look.funnels):
        x = left + look.length * (0.30 if look.funnels == 1 else 0.36) + number * 96
        shapes.append(
            path(f"M{x} {deck} L{x - 14} {deck - 62} H{x + 44} L{x + 66} {deck} Z", look.funnel)
        )
        shapes.append(
            path(
                f"M{x - 10} {deck - 44} L{x - 14} {deck - 62} H{x + 44} L{x + 50} {deck - 44} Z",
                look.stripe if look.funnel == "#f8fafc" else "#1e293b",
            )
        )
        shapes.append(
            path(
                f"M{x + 2} {deck - 66} q-26 -20 -66 -16 q30 -22 74 -6 Z", "#ffffff", 'opacity=".55"'
            )
        )
    return shapes


def _mast(x: int, deck: int) -> list[str]:
    return [
        line(
            f"M{x} {deck} L{x + 8} {deck - 52} M{x + 20} {deck} L{x + 8} {deck - 52}", "#cbd5e1", 4
        ),
        line(f"M{x - 8} {deck - 30} H{x + 26}", "#94a3b8", 3),
        circle(x - 26, deck - 9, 10, "#f1f5f9"),
        circle(x + 44, deck - 8, 9, "#f1f5f9"),
    ]


def _shadow(left: int, look: ShipLook) -> list[str]:
    middle = left + look.length / 2
    return [
        f'<ellipse cx="{middle:g}" cy="{WATERLINE + 6}" rx="{look.length / 2:g}" ry="16" '
        'fill="#0b2545" opacity=".35"/>'
    ]


def _bow_wave(left: int) -> list[str]:
    y = WATERLINE
    return [
        path(
            f"M{_RIGHT - 60} {y + 4} Q{_RIGHT - 20} {y - 16} {_RIGHT + 6} {y - 2} "
            f"Q{_RIGHT + 30} {y + 8} {_RIGHT + 70} {y + 8} H{_RIGHT - 60} Z",
            "#ffffff",
            'opacity=".85"',
        ),
        line(f"M{left - 60} {y + 10} H{left + 120}", "#ffffff", 4, 'opacity=".6"'),
    ]

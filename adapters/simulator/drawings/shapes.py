"""Shapes that drawings are made of, as SVG text."""

from collections.abc import Iterable
from html import escape

FONT = "font-family=\"'Avenir Next', 'Segoe UI', system-ui, sans-serif\""


def picture(width: int, height: int, content: Iterable[str], *, title: str) -> str:
    """Return a whole picture with the words that are read out for it."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img"><title>{escape(title)}</title>'
        f"{''.join(content)}</svg>"
    )


def rect(x: float, y: float, width: float, height: float, fill: str, *, radius: float = 0) -> str:
    """Return a rectangle."""
    rounded = f' rx="{radius:g}"' if radius else ""
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" fill="{fill}"{rounded}/>'
    )


def path(steps: str, fill: str, more: str = "") -> str:
    """Return a filled path."""
    return f'<path d="{steps}" fill="{fill}"{" " + more if more else ""}/>'


def line(steps: str, stroke: str, width: float = 2, more: str = "") -> str:
    """Return a drawn line with round ends."""
    return (
        f'<path d="{steps}" fill="none" stroke="{stroke}" stroke-width="{width:g}" '
        f'stroke-linecap="round" stroke-linejoin="round"{" " + more if more else ""}/>'
    )


def circle(x: float, y: float, radius: float, fill: str, more: str = "") -> str:
    """Return a circle."""
    return (
        f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}" fill="{fill}"{" " + more if more else ""}/>'
    )


def group(content: Iterable[str], transform: str) -> str:
    """Return shapes moved or scaled together."""
    return f'<g transform="{transform}">{"".join(content)}</g>'


def gradient(name: str, *stops: str, across: bool = False) -> str:
    """Return a gradient of evenly spaced colours, from above or from the left."""
    last = max(1, len(stops) - 1)
    shades = "".join(
        f'<stop offset="{100 * n / last:g}%" stop-color="{colour}"/>'
        for n, colour in enumerate(stops)
    )
    way = 'x1="0" y1="0" x2="1" y2="0"' if across else 'x1="0" y1="0" x2="0" y2="1"'
    return f'<linearGradient id="{name}" {way}>{shades}</linearGradient>'


def words(x: float, y: float, text: str, *, size: float = 16, fill: str = "#334155") -> str:
    """Return centred words."""
    return (
        f'<text x="{x:g}" y="{y:g}" {FONT} font-size="{size:g}" text-anchor="middle" '
        f'fill="{fill}">{escape(text)}</text>'
    )

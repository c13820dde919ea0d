"""Pictures the answers point to: ships, cabins, and deck plans that fit the cabins' boxes."""

from html import escape

from aiohttp import web

from adapters.simulator.inventory import Cabin, cabins_on_plan
from adapters.simulator.reference_data import GRADES, SHIPS_BY_ID, Ship

PLAN_WIDTH, PLAN_HEIGHT = 400, 1120
_COLOURS = {"inside": "#c9c4b8", "outside": "#a9c7e8", "balcony": "#a8d5ba", "suite": "#e8cfa0"}


async def ship_image(request: web.Request) -> web.Response:
    """Draw a ship."""
    ship = _ship(request)
    hull = '<path d="M40 210 H560 L520 270 H90 Z" fill="#20456b"/>'
    decks = '<path d="M110 210 V150 H500 V210 Z" fill="#fff"/>'
    sea = '<rect width="600" height="320" fill="#dcecf7"/>'
    return _svg(600, 320, sea + hull + decks + _label(300, 300, ship.name))


async def cabin_image(request: web.Request) -> web.Response:
    """Draw a kind of cabin."""
    colour = _COLOURS.get(request.match_info["category"])
    if colour is None:
        raise web.HTTPNotFound
    bed = '<rect x="60" y="90" width="180" height="70" rx="8" fill="#fff"/>'
    return _svg(300, 200, f'<rect width="300" height="200" fill="{colour}"/>{bed}')


async def deck_image(request: web.Request) -> web.Response:
    """Draw a deck plan."""
    ship, deck = _ship(request), request.match_info["deck"]
    shape = "M10 140 Q200 -40 390 140 V1110 H10 Z"
    outline = f'<path d="{shape}" fill="#fbfaf6" stroke="#20456b" stroke-width="3"/>'
    boxes = "".join(
        _box(cabin, _COLOURS[grade.category])
        for grade in GRADES[ship.line.id]
        if str(grade.deck) == deck and not grade.guarantee_only
        for cabin in cabins_on_plan(ship.line.id, grade)
    )
    return _svg(PLAN_WIDTH, PLAN_HEIGHT, outline + _label(200, 90, f"Deck {deck}") + boxes)


def _ship(request: web.Request) -> Ship:
    """Return the ship in the path."""
    number = request.match_info["ship"]
    ship = SHIPS_BY_ID.get(int(number)) if number.isdecimal() else None
    if ship is None:
        raise web.HTTPNotFound
    return ship


def _box(cabin: Cabin, colour: str) -> str:
    """Draw a cabin where its box says; a cabin without a box is not drawn."""
    if cabin.box is None:
        return ""
    x1, y1, x2, y2 = cabin.box
    place = f'x="{x1}" y="{y1}" width="{x2 - x1}" height="{y2 - y1}"'
    number = _label((x1 + x2) // 2, (y1 + y2) // 2 + 6, cabin.number)
    return f'<rect {place} fill="{colour}" stroke="#555"/>{number}'


def _label(x: int, y: int, words: str) -> str:
    """Write words on a picture."""
    style = 'font-family="sans-serif" font-size="17" text-anchor="middle" fill="#333"'
    return f'<text x="{x}" y="{y}" {style}>{escape(words)}</text>'


def _svg(width: int, height: int, content: str) -> web.Response:
    """Answer with a picture."""
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    picture = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{content}</svg>'
    return web.Response(text=picture, content_type="image/svg+xml")

"""Pictures the answers point to, as routes of a web application."""

from aiohttp import web

from adapters.simulator.drawings import cabins, decks, sailings
from adapters.simulator.drawings.places import REGIONS
from adapters.simulator.reference_data import SHIPS_BY_ID, Ship

_KEPT = "public, max-age=86400"
_REGION_OF_NAME = {region.lower().replace(" ", "-"): region for region in REGIONS}


def add_pictures(app: web.Application, *, below: str) -> None:
    """Serve the pictures below a path; they may be kept for a day."""
    app.router.add_get(f"{below}/ships/{{ship}}.svg", _ship_image)
    app.router.add_get(f"{below}/sailings/{{region}}/{{ship}}.svg", _sailing_image)
    app.router.add_get(f"{below}/cabins/{{category}}.svg", _cabin_image)
    app.router.add_get(f"{below}/decks/{{ship}}/{{deck}}.svg", _deck_image)


async def _ship_image(request: web.Request) -> web.Response:
    ship = _ship(request)
    return _svg(sailings.sailing(ship, REGIONS[0]))


async def _sailing_image(request: web.Request) -> web.Response:
    region = _REGION_OF_NAME.get(request.match_info["region"])
    if region is None:
        raise web.HTTPNotFound
    return _svg(sailings.sailing(_ship(request), region))


async def _cabin_image(request: web.Request) -> web.Response:
    picture = cabins.cabin(request.match_info["category"])
    if picture is None:
        raise web.HTTPNotFound
    return _svg(picture)


async def _deck_image(request: web.Request) -> web.Response:
    ship, deck = _ship(request), request.match_info["deck"]
    if not deck.isdecimal():
        raise web.HTTPNotFound
    return _svg(decks.deck(ship, int(deck)))


def _ship(request: web.Request) -> Ship:
    """Return the ship in the path."""
    number = request.match_info["ship"]
    ship = SHIPS_BY_ID.get(int(number)) if number.isdecimal() else None
    if ship is None:
        raise web.HTTPNotFound
    return ship


def _svg(picture: str) -> web.Response:
    response = web.Response(text=picture, content_type="image/svg+xml")
    response.headers["Cache-Control"] = _KEPT
    response.enable_compression()
    return response

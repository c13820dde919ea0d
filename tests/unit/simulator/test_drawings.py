"""Every picture that answers or the catalogue point to is drawn, of nothing from outside."""

from xml.etree import ElementTree

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from adapters.simulator.drawings.places import REGIONS
from adapters.simulator.images import add_pictures
from adapters.simulator.reference_data import GRADES
from adapters.simulator.sailings import seeded_sailings
from booking_http.demo.seed import row_of
from booking_http.demo.simulator import PICTURES
from tests.support.agency import TODAY

SAILINGS = seeded_sailings(TODAY)


def addresses() -> set[str]:
    """Return what the demo's catalogue and the supplier's deck plans point to."""
    found = set()
    for row in map(row_of, SAILINGS):
        found |= {str(row.image_url), str(row.ship.image_url)}
        found |= {each["url"] for each in row.ship.images}
        found |= {each["imageUrl"] for each in row.ship.cabin_categories}
    for sailing in SAILINGS:
        decks = {grade.deck for grade in GRADES[sailing.line_id]}
        found |= {f"{PICTURES}/decks/{sailing.ship_id}/{deck}.svg" for deck in decks}
    return found


async def test_every_picture_is_drawn_small_and_may_be_kept() -> None:
    app = web.Application()
    add_pictures(app, below=PICTURES)
    async with TestClient(TestServer(app)) as client:
        for address in sorted(addresses()):
            answer = await client.get(address)
            assert answer.status == 200, address
            assert answer.content_type == "image/svg+xml"
            assert answer.headers["Cache-Control"] == "public, max-age=86400"
            assert int(answer.headers["Content-Length"]) < 8000, address
            text = await answer.text()
            drawing = ElementTree.fromstring(text)
            assert drawing.find("{http://www.w3.org/2000/svg}title") is not None
            assert text.count("http") == 1, "only the namespace"
        for stranger in (
            "ships/1.svg",
            "sailings/moon/2411.svg",
            "cabins/x.svg",
            "decks/2411/x.svg",
        ):
            assert (await client.get(f"{PICTURES}/{stranger}")).status == 404


def test_every_region_has_a_picture() -> None:
    """A region without one would quietly show the Caribbean."""
    assert {one.region for one in SAILINGS} <= set(REGIONS)

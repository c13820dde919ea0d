"""Guests search the catalogue by ship, port and price, and see how many there are of each kind."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, time
from decimal import Decimal
from typing import Any

import pytest

from adapters.catalogue.descriptions import CabinCategoryText, Picture, SailingDetails, Stop
from adapters.catalogue.layout import OWN
from adapters.catalogue.reader import CatalogueReader
from adapters.catalogue.rows import BadCursor
from adapters.catalogue.search_statements import Filters, SortKey
from booking_flow.model.pricing import CabinCategory
from persistence.catalogue import CatalogueRow, ShipDescription, seed
from persistence.database import create_engine
from tests.integration.catalogue.conftest import MakeShelf
from tests.integration.catalogue.test_reader import SHAPES, reading
from tests.support.catalogue_tables import today
from tests.support.changes import SAILING

TODAY = date(2030, 1, 1)
SHORT = replace(
    SAILING,
    cruise_id="short",
    name="Bahamas",
    ship_id=31,
    ship_name="Icon",
    nights=3,
    sailing_date=date(2031, 5, 1),
    ports=("Miami", "Nassau", "Nassau"),
    from_price=Decimal("199.00"),
)
UNPRICED = replace(SHORT, cruise_id="unpriced", nights=4, from_price=None)
ELSEWHERE = replace(
    SAILING,
    cruise_id="elsewhere",
    line_id=3,
    line_name="Celebrity",
    ship_id=30,
    ship_name="Apex",
    ports=("Barcelona", "Nice"),
    from_price=Decimal("300.00"),
)
EVERY = (SAILING, ELSEWHERE, SHORT, UNPRICED)
SHIP = ShipDescription(
    description="Large.",
    year_built=2024,
    guest_capacity=5610,
    deck_count=20,
    image_url="/pictures/icon.svg",
    images=({"url": "/pictures/pool.svg", "caption": "The pool"}, {"caption": "no address"}),
    cabin_categories=(
        {"category": "balcony", "name": "Balcony", "imageUrl": "/pictures/balcony.svg"},
        {"category": "hammock", "name": "none of ours"},
    ),
)
ITINERARY = (
    {"day": 2, "port": None},
    {"day": 1, "port": "Miami", "depart": "16:30"},
    {"day": 3, "port": "Nassau", "arrive": "07:00", "depart": "soon"},
    {"day": "x", "port": "Nowhere"},
    "no object",
)


@pytest.fixture
async def catalogue(database_url: str) -> AsyncIterator[CatalogueReader]:
    engine = create_engine(database_url, pool_size=1)
    rows = [CatalogueRow(sailing=one, currency="USD") for one in EVERY]
    notices: Any = ("Passports are needed.", 7, " ")
    itinerary: Any = ITINERARY
    rows[2] = replace(rows[2], itinerary=itinerary, notices=notices, ship=SHIP)
    rows[3] = replace(rows[3], ship=SHIP, image_url="/pictures/bay.svg")
    foreign = replace(SHORT, cruise_id="foreign", from_price=Decimal(1), nights=5)
    rows.append(CatalogueRow(sailing=foreign, currency="EUR", ship=SHIP))
    await seed(engine, rows)
    await engine.dispose()
    async with reading(database_url, OWN) as reader:
        yield reader


async def ids(catalogue: CatalogueReader, *, sort: SortKey = SortKey.DATE, **chosen: Any) -> str:
    """Return what a search finds, one sailing a page, so that every cursor is followed."""
    found: list[str] = []
    cursor = None
    while True:
        page = await catalogue.search(
            Filters(after=TODAY, **chosen), sort=sort, cursor=cursor, limit=1
        )
        found += [one.cruise_id for one in page.sailings]
        if (cursor := page.next) is None:
            return " ".join(found)


async def test_sailings_are_sorted_and_paged_in_three_ways(catalogue: CatalogueReader) -> None:
    """A price in another currency counts as none; without a price they come last, by date."""
    assert await ids(catalogue) == "2190294 elsewhere foreign short unpriced"
    by_price = "short elsewhere 2190294 foreign unpriced"
    assert await ids(catalogue, sort=SortKey.PRICE) == by_price
    by_nights = "short unpriced foreign 2190294 elsewhere"
    assert await ids(catalogue, sort=SortKey.NIGHTS) == by_nights


async def test_a_cursor_of_another_order_is_refused(catalogue: CatalogueReader) -> None:
    filters = Filters(after=TODAY)
    cursors = {sort: (await catalogue.search(filters, sort=sort, limit=1)).next for sort in SortKey}
    for sort, cursor in cursors.items():
        for other in set(SortKey) - {sort}:
            with pytest.raises(BadCursor):
                await catalogue.search(filters, sort=other, cursor=cursor)


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ({"text": "apex"}, "elsewhere"),
        ({"text": "nass icon"}, "foreign short unpriced"),
        ({"text": "celeb barc"}, "elsewhere"),
        ({"text": "apex nassau"}, ""),
        ({"text": "100%"}, ""),
        ({"ship": 30}, "elsewhere"),
        ({"embark_port": "BARCELONA"}, "elsewhere"),
        ({"embark_port": "Nassau"}, ""),
    ],
)
async def test_a_search_is_by_words_ship_or_first_port(
    catalogue: CatalogueReader, chosen: dict[str, Any], found: str
) -> None:
    assert await ids(catalogue, **chosen) == found


async def test_choices_are_counted_under_all_filters_but_their_own(
    catalogue: CatalogueReader,
) -> None:
    found = await catalogue.search_counts(Filters(after=TODAY, line=22, nights_max=4))
    assert found.total == 2
    counted = {
        name: {facet.value: facet.count for facet in facets}
        for name, facets in found.facets.items()
    }
    assert counted["nights"] == {"3": 1, "4": 1, "5": 1, "7": 1}
    assert counted["months"] == {"2031-05": 2}
    assert counted["ports"] == {"Miami": 2, "Nassau": 2}
    assert counted["embarkPorts"] == {"Miami": 2}
    assert counted["lines"] == {"22": 2}
    every = await catalogue.search_counts(Filters(after=TODAY))
    assert [(f.value, f.label, f.count) for f in every.facets["lines"]] == [
        ("3", "Celebrity", 1),
        ("22", SAILING.line_name, 4),
    ]
    assert (await catalogue.search_counts(Filters(after=TODAY, text="nothing"))).total == 0


@pytest.mark.parametrize("shape", SHAPES)
async def test_counts_agree_with_pages_whatever_the_types(
    make_shelf: MakeShelf, shape: str
) -> None:
    shelf = await make_shelf(SHAPES[shape])
    async with reading(shelf.url) as reader:
        for chosen in ({}, {"line": 3}, {"port": "Miami"}, {"text": "wonder"}):
            filters = Filters(after=today(), **chosen)
            pages = await reader.search(filters, limit=100, sort=SortKey.PRICE)
            prices = [one.from_price for one in pages.sailings]
            assert prices == sorted(prices)
            counts = await reader.search_counts(filters)
            assert counts.total == len(pages.sailings), chosen
            months = counts.facets["months"]
            assert sum(facet.count for facet in months) == counts.total


async def test_a_sailing_is_shown_with_all_that_the_catalogue_tells(
    catalogue: CatalogueReader,
) -> None:
    """What cannot be read is left out."""
    assert await catalogue.details("short") == SailingDetails(
        sailing=SHORT,
        embark_port="Miami",
        returns_on=date(2031, 5, 4),
        image_url="/pictures/icon.svg",
        itinerary=(
            Stop(day=1, port="Miami", depart=time(16, 30)),
            Stop(day=2, port=None),
            Stop(day=3, port="Nassau", arrive=time(7)),
        ),
        notices=("Passports are needed.",),
        ship_image_url="/pictures/icon.svg",
        ship_description="Large.",
        year_built=2024,
        guest_capacity=5610,
        deck_count=20,
        images=(Picture(url="/pictures/pool.svg", caption="The pool"),),
        cabin_categories=(
            CabinCategoryText(
                category=CabinCategory.BALCONY, name="Balcony", image_url="/pictures/balcony.svg"
            ),
        ),
    )
    assert await catalogue.details("nothing") is None


async def test_a_sailing_without_a_picture_of_its_own_has_its_ships(
    catalogue: CatalogueReader,
) -> None:
    page = await catalogue.search(Filters(after=TODAY, ship=31))
    assert {entry.sailing.cruise_id: entry.image_url for entry in page.entries} == {
        "foreign": "/pictures/icon.svg",
        "short": "/pictures/icon.svg",
        "unpriced": "/pictures/bay.svg",
    }


async def test_a_catalogue_without_descriptions_lacks_nothing(make_shelf: MakeShelf) -> None:
    """Columns that describe are read when they appear, text or JSON, and never asked for."""
    shelf = await make_shelf()
    async with reading(shelf.url) as reader:
        plain = await reader.details("2190294")
        assert plain is not None
        assert (plain.itinerary, plain.images, plain.ship_description) == ((), (), None)
        assert (await reader.inspection()).lacking == ()
    await shelf.run("ALTER TABLE cruises ADD notices text, ADD itinerary json, ADD returns_on text")
    await shelf.run(
        "UPDATE cruises SET notices = 'Bring a passport.', itinerary = '[{\"day\": 1}]',"
        " returns_on = '2099-01-02' WHERE id = '2190294'"
    )
    async with reading(shelf.url) as reader:
        told = await reader.details("2190294")
        assert told is not None
        assert told.notices == ("Bring a passport.",)
        assert told.itinerary == (Stop(day=1, port=None),)
        assert told.returns_on == date(2099, 1, 2)

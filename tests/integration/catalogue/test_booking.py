"""Guests book from a catalogue of any shape where that can be, and are refused clearly if not."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

import pytest

from tests.integration.catalogue.conftest import MakeShelf
from tests.integration.catalogue.test_reader import COUNTS, OPTIONAL, TEXTS
from tests.support.catalogue_tables import Shelf
from tests.support.service import Service, Simulator, running_service, running_simulator

SHAPES = {
    "without optional columns": {"cruises": dict.fromkeys(OPTIONAL)},
    "other types and more columns": COUNTS,
    "all of it text": TEXTS,
}


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with running_simulator() as simulator:
        yield simulator


def selling(url: str, shelf: Shelf, simulator: Simulator) -> AbstractAsyncContextManager[Service]:
    return running_service(
        url,
        simulator,
        catalogue_url=shelf.url,
        catalogue_layout="cruises",
        catalogue_cache_seconds=0,
    )


@pytest.mark.parametrize("shape", SHAPES)
async def test_guests_book_whatever_the_types(
    make_shelf: MakeShelf, database_url: str, simulator: Simulator, shape: str
) -> None:
    shelf = await make_shelf(SHAPES[shape])
    async with selling(database_url, shelf, simulator) as service:
        listed = await service.call("GET", "/api/v1/booking/cruises?line=22&limit=3")
        assert len(listed.body["cruises"]) == 3
        more = await service.call(
            "GET", f"/api/v1/booking/cruises?line=22&limit=3&cursor={listed.body['next']}"
        )
        ids = [one["cruiseId"] for one in (*listed.body["cruises"], *more.body["cruises"])]
        assert len(set(ids)) == 6
        one = await service.call("GET", "/api/v1/booking/cruises/2190294")
        assert (one.status, one.body["cruiseId"]) == (200, "2190294")
        booked = await service.guest().to_booked()
        assert booked.body["cruise"]["shipName"] == one.body["shipName"]
        ready = await service.call("GET", "/readyz?verbose")
        (catalogue,) = [part for part in ready.body["components"] if part["name"] == "catalogue"]
        assert (ready.status, catalogue["status"]) == (200, "up")
        assert ("raw_data" in (catalogue["detail"] or "")) == (shape.startswith("without"))


async def test_a_sailing_whose_line_is_wrong_is_refused_and_the_others_are_sold(
    make_shelf: MakeShelf, database_url: str, simulator: Simulator
) -> None:
    """A line that is not sold live by our own catalogue, or another one by the supplier's word."""
    shelf = await make_shelf()
    await shelf.run("UPDATE cruises SET cruise_line_id = 8 WHERE id = '2161246'")
    await shelf.run("UPDATE cruises SET cruise_line_id = 3 WHERE id = '2190295'")
    async with selling(database_url, shelf, simulator) as service:
        for cruise_id in ("2161246", "2190295", "2161250"):
            reply = await service.guest().open(cruise_id)
            assert (reply.status, reply.code) == (422, "line_not_bookable"), cruise_id
        assert (await service.guest().open("2190296")).status == 201


async def test_without_a_required_column_nothing_new_begins_and_what_began_goes_on(
    make_shelf: MakeShelf, database_url: str, simulator: Simulator
) -> None:
    """The problem says why, readiness names the column, and all else runs."""
    shelf = await make_shelf()
    async with selling(database_url, shelf, simulator) as service:
        guest = service.guest()
        await guest.to_basketed()
        await shelf.run("ALTER TABLE cruises DROP COLUMN cruise_line_id")
        refused = await service.guest().open()
        assert (refused.status, refused.code) == (503, "unavailable")
        assert refused.body["detail"].startswith("No booking can begin: the catalogue")
        listed = await service.call("GET", "/api/v1/booking/cruises")
        assert (listed.status, listed.code) == (503, "unavailable")
        await assert_not_ready(service)
        assert (await guest.look()).body["state"] == "basketed"
        assert (await guest.book()).status == 201
        assert (await service.call("GET", "/livez")).status == 200
        await shelf.run("ALTER TABLE cruises ADD cruise_line_id integer DEFAULT 22")
        assert (await service.guest().open()).status == 201


async def assert_not_ready(service: Service) -> None:
    ready = await service.call("GET", "/readyz?verbose")
    (catalogue,) = [part for part in ready.body["components"] if part["name"] == "catalogue"]
    assert (ready.status, catalogue["status"]) == (503, "down")
    assert "public.cruises.cruise_line_id is missing, required" in catalogue["detail"]


async def test_a_service_starts_without_a_required_column_and_is_not_ready(
    make_shelf: MakeShelf, database_url: str, simulator: Simulator
) -> None:
    shelf = await make_shelf({"cruises": {"cruise_line_id": None}}, stocked=False)
    async with selling(database_url, shelf, simulator) as service:
        await assert_not_ready(service)


async def test_a_catalogue_that_is_away_stops_no_booking_that_has_begun(
    make_shelf: MakeShelf, database_url: str, simulator: Simulator
) -> None:
    """New ones are told to come back; the service stays ready, for it is needed."""
    shelf = await make_shelf()
    async with selling(database_url, shelf, simulator) as service:
        guest = service.guest()
        await guest.to_basketed()
        await shelf.close()
        refused = await service.guest().open()
        assert (refused.status, refused.code) == (503, "unavailable")
        assert (await guest.book()).status == 201
        assert (await service.call("GET", "/readyz")).status == 200

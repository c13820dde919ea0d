"""Staff see which database, catalogue and supplier account a running service really uses."""

from collections.abc import AsyncIterator

import pytest

from booking_flow.staff.people import Role
from tests.integration.catalogue.conftest import MakeShelf
from tests.support.service import Service, Simulator, running_service, running_simulator
from tests.support.staff import audit, hire

DB_INFO, SUPPLIER = "/api/v1/debug/db-info", "/api/v1/debug/supplier"


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with running_simulator() as simulator:
        yield simulator


@pytest.fixture
async def service(
    database_url: str, simulator: Simulator, make_shelf: MakeShelf
) -> AsyncIterator[Service]:
    shelf = await make_shelf({"cruises": {"raw_data": None}})
    shop = running_service(
        database_url, simulator, catalogue_url=shelf.url, catalogue_layout="cruises"
    )
    async with shop as service:
        yield service


async def test_db_info_names_the_databases_and_what_is_in_them(service: Service) -> None:
    clerk = await hire(service, Role.VIEWER)
    await service.guest().to_priced()
    await service.guest().open()
    told = await service.call("GET", DB_INFO, headers=clerk.headers)
    assert told.status == 200, told
    body, catalogue = told.body, told.body["catalogue"]
    assert (body["environment"], body["mark"]["appEnv"]) == ("development", "development")
    assert body["mark"]["supplierSid"] == "10001"
    assert body["revision"] == body["neededRevision"]
    assert body["sessions"] == {"created": 1, "priced": 1}
    assert catalogue["database"]["name"].startswith("shelf_")
    assert catalogue["lacking"] == ["public.cruises.raw_data is missing, optional"]
    live = {line["lineId"]: line["live"] for line in catalogue["lines"]}
    assert live == {3: True, 8: False, 22: True}
    assert all(line["sailings"] > 0 for line in catalogue["lines"])
    assert len(await audit(service, "debug_db_info")) == 1


async def test_the_supplier_check_signs_in_and_searches(service: Service) -> None:
    clerk = await hire(service, Role.AGENT)
    told = await service.call("GET", SUPPLIER, headers=clerk.headers)
    body = told.body
    assert (told.status, body["sid"], body["environment"]) == (200, "10001", "development")
    assert body["baseUrl"] == service.simulator.api
    assert body["token"]["good"] is True
    assert body["token"]["secondsLeft"] > 0
    assert body["search"]["outcome"] == "agrees"
    assert abs(body["clockAheadSeconds"]) < 30
    await service.simulator.fault("cruiseresults.pl", "html", times=3)
    failed = await service.call("GET", SUPPLIER, headers=clerk.headers)
    assert failed.body["search"]["outcome"] == "failed"


async def test_the_supplier_check_tells_of_a_line_that_is_another(
    database_url: str, simulator: Simulator, make_shelf: MakeShelf
) -> None:
    shelf = await make_shelf()
    await shelf.run(
        "UPDATE cruises SET cruise_line_id = 25 - cruise_line_id WHERE cruise_line_id <> 8"
    )
    shop = running_service(
        database_url, simulator, catalogue_url=shelf.url, catalogue_layout="cruises"
    )
    async with shop as service:
        clerk = await hire(service, Role.AGENT)
        found = (await service.call("GET", SUPPLIER, headers=clerk.headers)).body["search"]
        assert found["outcome"] == "other_line"
        assert found["lineId"] + found["supplierLineId"] == 25


async def test_nobody_else_is_told(service: Service) -> None:
    """Without a sign-in, or from a network that may not ask."""
    for path in (DB_INFO, SUPPLIER):
        unknown = await service.call("GET", path)
        assert (unknown.status, unknown.code) == (401, "unauthenticated")


async def test_debug_calls_answer_to_their_networks_only(
    database_url: str, simulator: Simulator
) -> None:
    elsewhere = running_service(database_url, simulator, debug_networks="10.0.0.0/8")
    async with elsewhere as service:
        clerk = await hire(service, Role.SUPERVISOR)
        for path in (DB_INFO, SUPPLIER):
            told = await service.call("GET", path, headers=clerk.headers)
            assert (told.status, told.code) == (403, "forbidden")

"""What the guest's pages say of lists that are old, and where nothing was found."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from tests.integration.http.conftest import MakeService
from tests.support.service import CRUISE, Service
from tests.support.shopping import Shopper
from tests.support.staff import rows

RUN = """
INSERT INTO catalogue.sync_runs (kind, fingerprint, source, target, lines, outcome, started_at,
                                 touched_at, ended_at, written, refused)
VALUES ('import', 'f', 's', 't', '{}', 'done', now(), now(), now() - CAST(:age AS interval), 0, 0)
RETURNING id
"""


@pytest.fixture
async def service(make_service: MakeService) -> Service:
    """Run a service with the guest's pages."""
    made: Service = await make_service(shop=True)
    return made


async def test_prices_older_than_ten_minutes_are_called_so_and_asking_again_says_what_changed(
    service: Service,
) -> None:
    guest = Shopper(service)
    await guest.opens()
    first = await guest.get(guest.home)
    assert "Different from" not in first.words
    cabin = f"{guest.home}/cabin?rate=4V:NRD"
    assert "more than 10 minutes old" not in (await guest.get(cabin)).words
    await service.advance(minutes=11)
    assert "These prices are more than 10 minutes old." in (await guest.get(cabin)).words
    await service.simulator.control("inventory", cruiseId=CRUISE, cabinCode="2D", remaining=0)
    again = await guest.get(guest.home)
    assert "Different from the prices of" in again.words
    assert "no longer sold" in again.words
    assert "no longer sold" not in (await guest.get(guest.home)).words
    await service.advance(minutes=30)
    assert "Nothing has changed since the prices of" in (await guest.get(guest.home)).words


async def test_a_month_without_a_sailing_leads_to_the_nearest_ones(service: Service) -> None:
    guest = Shopper(service)
    api = "/api/v1/booking/cruises"
    facets = (await service.call("GET", api)).body["facets"]
    months, port = [each["value"] for each in facets["months"]], facets["embarkPorts"][0]["value"]
    page = await guest.get(f"/?month=2099-01&embarkPort={port}")
    assert f"No sailing from {port} in January 2099." in page.words
    found = await service.call("GET", f"{api}?embarkPort={port}")
    counts = {each["value"]: each["count"] for each in found.body["facets"]["months"]}
    nearest = sorted((month for month in counts), reverse=True)[:6]
    told = re.findall(
        r"month=(\d{4}-\d\d)[^>]*>([^<]*\((\d+)\))", page.html.partition("Nearest")[2]
    )
    assert [(month, int(count)) for month, _, count in told] == [(m, counts[m]) for m in nearest]
    assert set(nearest) <= set(months)


async def test_lengths_are_counted_for_the_choices_that_are_left(service: Service) -> None:
    facets = (await service.call("GET", "/api/v1/booking/cruises")).body["facets"]
    port = next(each["value"] for each in facets["ports"])
    lengths = (await service.call("GET", f"/api/v1/booking/cruises?port={port}")).body["facets"]
    counts = {int(each["value"]): each["count"] for each in lengths["nights"]}
    page = await Shopper(service).get(f"/?port={port}&nights=99-999")
    assert "No sailing fits all of this." in page.words
    for span, words in (((1, 5), "Up to 5 nights"), ((6, 8), "6 to 8 nights")):
        number = sum(counts[each] for each in counts if span[0] <= each <= span[1])
        assert (f"{words} ({number})" in page.words) is (number > 0)
    none = await Shopper(service).get("/?q=nowhere-at-all")
    assert "No sailing fits all of this." in none.words
    assert "Nearest:" not in none.words


@pytest.mark.parametrize(
    ("age", "told"), [(timedelta(hours=25), True), (timedelta(hours=1), False)]
)
async def test_a_catalogue_older_than_a_day_is_told(
    service: Service, age: timedelta, told: bool
) -> None:
    await rows(service, RUN, age=age)
    page = await Shopper(service).get("/")
    assert ("This list was last brought up to date" in page.words) is told
    answer = await service.call("GET", "/api/v1/booking/cruises")
    assert answer.body["updatedAt"] is not None


async def test_a_catalogue_that_no_run_of_ours_brought_is_of_no_age(service: Service) -> None:
    assert (await service.call("GET", "/api/v1/booking/cruises")).body["updatedAt"] is None
    assert "brought up to date" not in (await Shopper(service).get("/")).words


async def test_pictures_are_shown_where_the_service_knows_its_own_address(
    make_service: MakeService,
) -> None:
    """The API tells them with that address; the pages load them by their path."""
    service: Service = await make_service(shop=True, public_url="http://cruises.test/")
    guest = Shopper(service)
    for path in ("/", f"/cruise/{CRUISE}"):
        html = (await guest.get(path)).html
        assert "cruises.test" not in html
        assert re.findall(r'<img class="scene[^"]*" src="(/[^"]*)"', html)
        assert "scene." not in html

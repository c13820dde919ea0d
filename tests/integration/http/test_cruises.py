"""Guests find a sailing over HTTP: what they ask is counted, sorted, paged and linked."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.support.service import CARNIVAL, CRUISE, SAILED, Json, Service

BASE = "/api/v1/booking/cruises"


async def test_pages_are_linked_and_hold_every_sailing_once(service: Service) -> None:
    """The counts of the lines add up to the total, whatever page is looked at."""
    link, seen = f"{BASE}?sort=price&limit=20&q=seas", list[Json]()
    while link:
        page = (await service.call("GET", link)).body
        assert page["links"]["first"] == f"{BASE}?sort=price&limit=20&q=seas"
        assert page["links"]["self"] == link
        assert sum(facet["count"] for facet in page["facets"]["lines"]) == page["total"]
        seen += page["cruises"]
        link = page["links"]["next"]
    assert len(seen) == page["total"] == len({one["cruiseId"] for one in seen})
    priced = [float(one["fromPrice"]) for one in seen if one["fromPrice"] is not None]
    assert all(one <= other for one, other in pairwise(priced))
    assert all("Seas" in one["shipName"] for one in seen)


async def test_every_choice_that_is_offered_finds_as_many_as_it_says(service: Service) -> None:
    facets = (await service.call("GET", BASE)).body["facets"]
    queries = {
        "lines": "line={0}",
        "ships": "ship={0}",
        "months": "month={0}",
        "nights": "nightsMin={0}&nightsMax={0}",
        "ports": "port={0}",
        "embarkPorts": "embarkPort={0}",
    }
    assert set(facets) == set(queries)
    for name, query in queries.items():
        assert facets[name], name
        for facet in facets[name][:3]:
            found = await service.call("GET", f"{BASE}?{query.format(facet['value'])}&limit=1")
            assert found.body["total"] == facet["count"], (name, facet)


@pytest.mark.parametrize("query", ["sort=ship", "q=", "cursor=x", "ship=x", "embarkPort="])
async def test_what_cannot_be_searched_by_is_refused(service: Service, query: str) -> None:
    reply = await service.call("GET", f"{BASE}?{query}")
    assert (reply.status, reply.code) == (400, "bad_request")


async def test_a_sailing_is_shown_with_the_ages_its_parties_are_checked_by(
    service: Service,
) -> None:
    shown = (await service.call("GET", f"{BASE}/{CRUISE}")).body
    assert [(b["passengerType"], b["minAge"], b["maxAge"]) for b in shown["ageBands"]] == [
        ("infant", 0, 2),
        ("child", 3, 17),
        ("adult", 18, None),
    ]
    assert shown["returnsOn"] > shown["sailingDate"]
    assert (shown["embarkPort"], shown["currency"]) == ("Miami", "USD")


@pytest.mark.parametrize("cruise_id", [CARNIVAL, SAILED, "0", "a b"])
async def test_what_cannot_be_booked_is_not_shown(service: Service, cruise_id: str) -> None:
    reply = await service.call("GET", f"{BASE}/{cruise_id}")
    assert (reply.status, reply.code) == (404, "cruise_not_found")

"""One rule says who is an infant, a child or an adult: for search, price, check and booking."""

from __future__ import annotations

import json

import pytest

from tests.integration.http.conftest import MakeService
from tests.support.service import CRUISE, Guest, Service
from tests.support.staff import rows

PARTY = (1, 8)


async def asked_at_the_supplier(service: Service, name: str, endpoint: str) -> str:
    """Return a parameter of the last call of an endpoint, from the evidence that staff see."""
    sql = "SELECT request FROM supplier_calls WHERE endpoint = :endpoint ORDER BY id DESC LIMIT 1"
    (row,) = await rows(service, sql, endpoint=endpoint)
    return str(json.loads(row.request)[name])


async def test_an_infant_and_a_child_are_searched_and_booked_as_such(
    service: Service, guest: Guest
) -> None:
    held = await guest.to_basketed(child_ages=PARTY)
    assert held.body["passengerCount"]["childAges"] == [1, 8]
    assert await asked_at_the_supplier(service, "infants", "cruiseresults") == "1"
    assert await asked_at_the_supplier(service, "children", "cruiseresults") == "1"
    assert await asked_at_the_supplier(service, "infants", "cruisecabingrades") == "1"
    order = guest.booking(payment=guest.payment(held.body["price"]["total"]))
    assert [one["passengerType"] for one in order["passengers"]][2:] == ["infant", "child"]
    paid = await guest.book(order)
    assert (paid.status, paid.body["state"]) == (201, "paid"), paid


@pytest.mark.parametrize(("bands", "kind"), [(("22:0-12",), "child"), (("*:1-17",), "infant")])
async def test_the_bands_of_a_line_are_a_setting_and_shown(
    bands: tuple[str, ...], kind: str, make_service: MakeService
) -> None:
    service: Service = await make_service(age_bands=bands)
    shown = await service.call("GET", f"/api/v1/booking/cruises/{CRUISE}")
    oldest = {band["passengerType"]: band["maxAge"] for band in shown.body["ageBands"]}
    infant, child = map(int, bands[0].partition(":")[2].split("-"))
    assert oldest == {"infant": infant, "child": child, "adult": None}
    guest = service.guest()
    held = await guest.to_basketed(child_ages=(1,))
    order = guest.booking(payment=guest.payment(held.body["price"]["total"]))
    order["passengers"][2]["passengerType"] = kind
    paid = await guest.book(order)
    assert (paid.status, paid.body["state"]) == (201, "paid"), paid


async def test_a_child_that_is_none_for_the_line_is_refused(make_service: MakeService) -> None:
    service: Service = await make_service(age_bands=("22:0-12",))
    refused = await service.guest().open(child_ages=(13,))
    assert (refused.status, refused.code) == (422, "party_invalid")
    assert "0 to 12" in refused.body["errors"][0]["detail"]

"""What a guest is told before choosing: what cancelling costs, what is due when, who may buy."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from booking_flow.staff.people import Role
from tests.integration.http.conftest import MakeService
from tests.support.console import at_desk, page_of
from tests.support.service import Guest, Json, Service
from tests.support.shopping import Shopper, cabins_on
from tests.support.staff import hire

LAST_PAYMENT = 75
"""Days before a sailing by which the simulator's lines want the balance."""


@pytest.fixture
async def service(make_service: MakeService) -> Service:
    """Run a service whose supplier tells terms, and which reads them."""
    made: Service = await make_service(shop=True, terms_field="terms", help_phone="+1 305 555 0199")
    return made


def rate_of(guest: Guest, cabin_code: str, rate_code: str) -> Json:
    """Return a rate as the price list shows it."""
    (found,) = (
        rate
        for cabin in guest.cabins
        if cabin["cabinCode"] == cabin_code
        for rate in cabin["rates"]
        if rate["rateCode"] == rate_code
    )
    return dict(found)


async def test_terms_and_schedule_are_told_with_the_price_and_kept(service: Service) -> None:
    guest = service.guest()
    await guest.to_priced()
    rate = rate_of(guest, "4V", "NRD")
    total = Decimal(rate["total"])
    due = guest.sailing_date - timedelta(days=LAST_PAYMENT)
    lost, first, *_ = rate["terms"]
    assert (lost["amount"], lost["percent"]) == ("500.00", None)
    assert (first["percent"], first["amount"]) == ("25.00", None)
    assert date.fromisoformat(first["startsOn"]) == due
    deposit, balance = rate["schedule"]
    assert (deposit["kind"], deposit["amount"], deposit["dueDate"]) == ("deposit", "500.00", None)
    assert (balance["amount"], balance["dueDate"]) == (str(total - 500), due.isoformat())
    held = await guest.select(rate)
    assert held.body["selection"]["terms"] == rate["terms"]
    assert held.body["selection"]["refundable"] is False
    assert held.body["schedule"] == rate["schedule"]


async def test_where_nothing_is_told_nothing_is_promised(make_service: MakeService) -> None:
    """Null in the body, and on the page the telephone."""
    service: Service = await make_service(shop=True, help_phone="+1 305 555 0199")
    guest = service.guest()
    await guest.to_priced()
    assert {
        (rate["terms"], rate["schedule"]) for cabin in guest.cabins for rate in cabin["rates"]
    } == {(None, None)}
    shopper = Shopper(service)
    page = await shopper.to_payment()
    assert "What cancelling costs is told by the cruise line. Ask us: +1 305" in page.words
    assert "From " not in page.words


async def test_a_restricted_rate_asks_who_it_is_for_and_staff_see_it(service: Service) -> None:
    guest, clerk = service.guest(), await hire(service, Role.AGENT)
    await guest.to_priced()
    senior = rate_of(guest, "2D", "SEN")
    assert senior["restrictedTo"] == ["senior"]
    refused = await guest.select(senior, declared=["military"])
    assert (refused.status, refused.body["code"]) == (422, "validation_failed")
    assert [each["pointer"] for each in refused.body["errors"]] == ["/declared"]
    assert (await guest.look()).body["selection"] is None
    held = await guest.select(senior, declared=["senior", "military"])
    assert held.body["selection"]["declared"] == ["senior"], held
    shown = await clerk.call("GET", f"sessions/{guest.uuid}")
    assert shown.body["session"]["selection"]["declared"] == ["senior"], shown
    desk = await at_desk(service, Role.VIEWER)
    page = await desk.get(page_of(guest))
    assert "for senior only, declared: senior" in page.words


async def test_a_page_asks_for_the_declaration_and_keeps_it_to_the_end(service: Service) -> None:
    guest = Shopper(service)
    await guest.opens()
    page = await guest.get(f"{guest.home}/cabin?rate=2D:SEN")
    if not cabins_on(page):
        await guest.get(guest.home)
        page = await guest.get(f"{guest.home}/cabin?rate=2D:SEN")
    assert "By " in page.words
    assert "With the bookingUSD 500.00" in page.words, page.words
    refused = await guest.holds(rate="2D:SEN")
    assert refused.status == 422
    assert 'href="#declared-line"' in refused.html
    assert "Tick who of you this price is for" in refused.words
    calls = await service.simulator.received("basketadd.pl")
    assert calls == 0
    await service.simulator.fault("basketadd.pl", "price_differs")
    ticked = {"declared-senior": "yes", "rate": "2D:SEN", "cabin": "GUAR"}
    dearer = await guest.browser.send(refused, f"{guest.home}/cabin", **ticked)
    accepted = await guest.browser.send(dearer, f"{guest.home}/cabin")
    assert accepted.location == f"{guest.home}/guests", accepted
    body = await guest.body()
    assert body["selection"]["declared"] == ["senior"]  # type: ignore[index]


async def test_an_accessible_cabin_asks_for_the_need_which_staff_see(service: Service) -> None:
    """The page keeps the guest's choice while it asks; the API refuses without it as well."""
    guest = Shopper(service)
    await guest.opens()
    await guest.get(guest.home)
    rates = {each["cabinCode"]: each for each in await priced_grades(service, guest)}
    grade = next(each for each in rates.values() if each["accessible"])
    rate = f"{grade['cabinCode']}:{grade['rates'][0]['rateCode']}"
    page = await guest.get(f"{guest.home}/cabin?rate={rate}")
    assert "Accessible cabins are for guests who need one" in page.words
    cabin = cabins_on(page)[-1]
    refused = await guest.holds(rate=rate, cabin=cabin)
    assert refused.status == 422
    assert 'href="#need-own"' in refused.html
    assert f'value="{cabin.partition("/")[0]}/' in refused.html.partition(" checked")[0][-200:]
    assert await service.simulator.received("basketadd.pl") == 0
    asked = {"rate": rate, "cabin": cabin, "declared-accessible_need": "yes"}
    held = await guest.browser.send(refused, f"{guest.home}/cabin", **asked)
    assert held.location == f"{guest.home}/guests", held.words
    body = await guest.body()
    assert body["selection"]["declared"] == ["accessible_need"]  # type: ignore[index]
    assert "Tell the line here which need" in (await guest.get(f"{guest.home}/extras")).words
    desk = await at_desk(service, Role.AGENT)
    uuid = guest.secret.partition(".")[0]
    words = (await desk.get(f"/console/sessions/{uuid}")).words
    assert "accessible cabin, need declared by the guest" in words


async def priced_grades(service: Service, guest: Shopper) -> list[Json]:
    """Return the grades as the API shows them."""
    answer = await service.call("GET", f"/api/v1/booking/{guest.secret}/pricing")
    grades: list[Json] = answer.body["cabins"]
    return grades

"""The page on which a booking is paid, and what a page says of a booking in each channel."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from booking_flow.staff.people import Role
from tests.integration.http.conftest import MakeService
from tests.support.console import Page
from tests.support.service import Service
from tests.support.shopping import CARD, Shopper
from tests.support.staff import hire

DECLINED = {"payment-cardNumber": "4000000000000002"}


@pytest.fixture
async def service(make_service: MakeService) -> Service:
    """Run a service that takes a deposit with the booking, and the balance by card."""
    made: Service = await make_service(shop=True, balance_by_card=True)
    return made


@dataclass(slots=True)
class Owing:
    """A guest who has paid a deposit of 500.00, and owes the rest."""

    guest: Shopper

    @property
    def home(self) -> str:
        return f"/booking/{self.guest.reference}"

    async def page(self) -> Page:
        return await self.guest.get(f"{self.home}/pay")

    async def pays(self, page: Page, **typed: str) -> Page:
        ask = {"paymentType": "full_payment"} | CARD | typed
        return await self.guest.browser.send(page, f"{self.home}/pay", **ask)

    async def charges(self) -> list[str]:
        ledger = await self.guest.service.simulator.ledger()
        return [charge["amount"] for charge in ledger["charges"]]


@pytest.fixture
async def owing(service: Service) -> Owing:
    guest = Shopper(service)
    done = await guest.pays(await guest.to_payment(), paymentType="deposit")
    assert done.location == f"/booking/{guest.reference}", done
    return Owing(guest)


async def test_a_guest_sees_what_is_due_when_and_pays_it_once(owing: Owing) -> None:
    booked = (await owing.guest.get(owing.home)).words
    for said in ("Deposit paid USD 500.00", "Rest of the price due by", "Still to pay", "Pay USD"):
        assert said in booked
    page = await owing.page()
    assert "Pay all that is left" in page.words
    for _ in range(2):
        assert (await owing.pays(page)).location == owing.home
    after = (await owing.guest.get(owing.home)).words
    assert "Still to pay USD 0.00" in after
    assert "now" not in after.partition("Still to pay")[2].partition("What comes next")[0]
    assert len(await owing.charges()) == 2
    assert (await owing.page()).location == owing.home


async def test_the_form_that_booked_pays_no_balance_when_it_comes_again(service: Service) -> None:
    guest = Shopper(service)
    page = await guest.to_payment()
    for _ in range(2):
        assert (await guest.pays(page, paymentType="deposit")).location.startswith("/booking/")
    ledger = await service.simulator.ledger()
    assert [charge["amount"] for charge in ledger["charges"]] == ["500.00"]


async def test_what_is_missing_or_declined_is_said_and_the_booking_stands(owing: Owing) -> None:
    page = await owing.page()
    empty = await owing.pays(page, **dict.fromkeys(CARD, ""))
    assert empty.status == 422
    assert 'href="#payment-cardNumber"' in empty.html
    refused = await owing.pays(page, **DECLINED)
    assert refused.status == 402
    assert "Your booking stands, and nothing was charged. Try another card." in refused.words
    assert "cabin is still yours" not in refused.words
    assert DECLINED["payment-cardNumber"] not in refused.html
    assert (await owing.pays(refused)).location == owing.home


async def test_an_amount_that_staff_have_received_meanwhile_is_told(
    service: Service, owing: Owing
) -> None:
    page, agent = await owing.page(), await hire(service, Role.AGENT)
    uuid = owing.guest.secret.partition(".")[0]
    entered = await agent.act(uuid, "record-payment", amount="100.00", currency="USD")
    assert entered.status == 200
    refused = await owing.pays(page)
    assert (refused.status, "What is still to pay has changed" in refused.words) == (409, True)
    assert (await owing.pays(refused)).location == owing.home
    assert len(await owing.charges()) == 2


async def test_a_line_that_takes_no_payment_is_told_without_doubting_the_booking(
    service: Service, owing: Owing
) -> None:
    await service.simulator.fault("payment.pl", "session_expired")
    refused = await owing.pays(await owing.page())
    assert refused.status == 502
    assert "Your booking stands, and nothing was charged" in refused.words
    assert "Nothing is booked" not in refused.words


@pytest.mark.parametrize("answer", ["paid", "not_paid"])
async def test_a_balance_in_doubt_is_waited_for_until_staff_answer(
    service: Service, owing: Owing, answer: str
) -> None:
    agent = await hire(service, Role.AGENT)
    await service.simulator.fault("payment.pl", "http_500_after")
    await service.simulator.fault("cruiseimportbooking.pl", "http_500", times=None)
    waiting = await owing.pays(await owing.page())
    assert waiting.location == f"{owing.guest.home}/wait"
    words = (await owing.guest.get(waiting.location)).words
    assert "You are booked, with the reservation number" in words
    assert "Do not pay again." in words
    assert (await owing.page()).location == waiting.location
    tasks = (await agent.call("GET", "tasks")).body["tasks"]
    (task,) = (each for each in tasks if each["kind"] == "pay_unknown")
    assert (await agent.answer(task, answer)).status == 200
    assert (await owing.guest.get(waiting.location)).location == owing.home
    after = (await owing.guest.get(owing.home)).words
    assert ("Still to pay USD 0.00" in after) == (answer == "paid")


async def test_without_a_way_to_pay_by_card_it_is_said_who_takes_it(
    make_service: MakeService,
) -> None:
    service: Service = await make_service(shop=True, help_phone="+1 305 555 0199")
    guest = Shopper(service)
    await guest.pays(await guest.to_payment(), paymentType="deposit")
    words = (await guest.get(f"/booking/{guest.reference}")).words
    assert "To pay the rest, call us and name your reference. +1 305 555 0199" in words
    assert (await guest.get(f"/booking/{guest.reference}/pay")).location.endswith(guest.reference)


async def test_where_a_card_comes_after_the_booking_the_next_page_takes_it(
    make_service: MakeService,
) -> None:
    service: Service = await make_service(shop=True, payment_channel="supplier_payment")
    guest = Shopper(service)
    page = await guest.to_payment()
    assert "payment-cardNumber" not in page.html
    assert "You pay on the next page" in page.words
    done = await guest.browser.send(page, f"{guest.home}/pay", terms="yes")
    assert done.location == f"/booking/{guest.reference}", done
    owing = Owing(guest)
    assert "Pay the deposit, USD 500.00, now" in (await owing.page()).words
    paid = await owing.pays(await owing.page(), paymentType="deposit")
    assert paid.location == owing.home
    assert await owing.charges() == ["500.00"]


async def test_where_staff_record_payments_a_guest_books_without_a_card(
    make_service: MakeService,
) -> None:
    service: Service = await make_service(shop=True, payment_channel="manual")
    guest = Shopper(service)
    page = await guest.to_payment()
    assert "No card is needed here" in page.words
    assert (await guest.browser.send(page, f"{guest.home}/pay")).status == 422
    done = await guest.browser.send(page, f"{guest.home}/pay", terms="yes")
    booked = (await guest.get(done.location)).words
    assert "You are booked" in booked
    assert "To pay the rest, call us" in booked


async def test_after_the_ship_has_left_a_booking_says_so(owing: Owing, service: Service) -> None:
    await service.advance(days=120)
    words = (await owing.guest.get(owing.home)).words
    assert "The ship left on" in words
    assert "Check in online" not in words
    assert "Rest of the price was due by" in words

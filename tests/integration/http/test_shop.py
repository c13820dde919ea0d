"""The guest's pages without a browser: from the first page to the confirmation, and every no."""

from __future__ import annotations

import json
import re

import pytest

from booking_http.api.lookup_routes import LOOKUP_ROUTES
from booking_http.api.routes import BOOKING_ROUTES
from booking_http.shop.problem_words import WORDS
from tests.integration.http.conftest import MakeService
from tests.support.service import CRUISE, SOLD_OUT, Service
from tests.support.shopping import CARD, Shopper, cabins_on

DECLINED = "4000000000000002"
NO_PAGES = {"malformed_json", "body_too_large", "unsupported_media_type", "request_timeout"}
"""What a page of ours never sends."""


@pytest.fixture
async def service(make_service: MakeService) -> Service:
    """Run a service with the guest's pages."""
    made: Service = await make_service(shop=True, help_phone="+1 305 555 0199")
    return made


async def test_a_family_books_its_own_cabin_with_a_deposit(service: Service) -> None:
    """Two adults and two children, without a script; the card is charged the deposit once."""
    guest = Shopper(service, ages=(8, 5))
    assert (await guest.opens()).status == 303
    assert "2 adults and 2 children" in (await guest.get(guest.home)).words
    cabins = cabins_on(await guest.get(f"{guest.home}/cabin?rate=2D:BAR"))
    page = await guest.to_payment(rate="2D:BAR", cabin=cabins[0])
    assert cabins[0].partition("/")[0] in page.words
    done = await guest.pays(page, paymentType="deposit")
    assert done.location == f"/booking/{guest.reference}", done
    confirmed = await guest.get(done.location)
    ledger = await service.simulator.ledger()
    assert "You are booked" in confirmed.words
    assert ledger["bookings"][0]["reservation"] in confirmed.words
    assert [charge["amount"] for charge in ledger["charges"]] == ["1000.00"]


async def test_a_guarantee_is_paid_in_full(service: Service) -> None:
    guest = Shopper(service)
    done = await guest.pays(await guest.to_payment())
    assert "You are booked" in (await guest.get(done.location)).words
    ledger = await service.simulator.ledger()
    assert [charge["amount"] for charge in ledger["charges"]] == [ledger["bookings"][0]["total"]]


async def test_a_deposit_buys_no_other_cabin_than_the_page_showed(service: Service) -> None:
    """A page that stands open in another tab does not book what was held there meanwhile."""
    guest = Shopper(service)
    page = await guest.to_payment(rate="4V:NRD")
    let_go = await guest.get(f"{guest.home}/release")
    assert (await guest.browser.send(let_go, f"{guest.home}/release")).status == 303
    assert (await guest.holds(rate="2D:BAR")).status == 303
    refused = await guest.pays(page, paymentType="deposit")
    assert refused.status == 409, refused
    assert (await service.simulator.ledger())["bookings"] == []
    done = await guest.pays(await guest.get(f"{guest.home}/pay"), paymentType="deposit")
    assert done.location == f"/booking/{guest.reference}", done


async def test_a_form_that_does_not_say_what_a_deposit_is_for_is_refused(service: Service) -> None:
    guest = Shopper(service)
    page = await guest.to_payment()
    assert (await guest.pays(page, paymentType="deposit", cabinCode="")).status == 428
    assert (await service.simulator.ledger())["bookings"] == []


async def test_a_form_that_is_sent_twice_books_once(service: Service) -> None:
    guest = Shopper(service)
    page = await guest.to_payment()
    first, second = await guest.pays(page), await guest.pays(page)
    assert first.location == second.location == f"/booking/{guest.reference}"
    ledger = await service.simulator.ledger()
    assert len(ledger["bookings"]) == len(ledger["charges"]) == 1


async def test_a_session_that_is_opened_twice_by_one_form_is_one(service: Service) -> None:
    guest = Shopper(service)
    path = f"/cruise/{CRUISE}"
    page = await guest.get(path)
    places = [(await guest.browser.send(page, path, adults="2")).location for _ in range(2)]
    assert places[0] == places[1]


async def test_a_declined_card_is_said_and_drawn_nowhere(service: Service) -> None:
    guest = Shopper(service)
    page = await guest.to_payment()
    declined = {"payment-cardNumber": DECLINED}
    refused = await guest.pays(page, **declined)
    assert refused.status == 402
    assert "Your bank declined this card" in refused.words
    assert "Nothing was charged" in refused.words
    assert "2 more cards can be tried. The cabin is held for you until" in refused.words
    for secret in (DECLINED, "123", "A. Cardholder", "12/31"):
        assert f'value="{secret}"' not in refused.html
    assert DECLINED not in refused.html
    assert 'value="Ada Example"' in refused.html, "who holds the card is the contact until typed"
    done = await guest.pays(refused)
    assert done.location == f"/booking/{guest.reference}"


async def test_what_is_missing_is_said_at_its_field(service: Service) -> None:
    guest = Shopper(service)
    page = await guest.to_payment()
    empty = await guest.browser.send(page, f"{guest.home}/pay", paymentType="full_payment")
    assert empty.status == 422
    assert "<title>Error:" in empty.html
    for name in ("payment-cardNumber", "payment-expiry", "payment-cvv", "terms"):
        assert f'href="#{name}"' in empty.html
        assert f'id="{name}"' in empty.html
        assert f'id="{name}-fault"' in empty.html


async def test_a_birth_date_that_is_not_the_priced_age_names_both(service: Service) -> None:
    guest = Shopper(service, ages=(8,))
    await guest.to_payment()
    guest.ages = (9,)
    page = await guest.names()
    assert page.status == 422
    assert (
        "Guest 3: Adac would be 9 on the day you sail; the price is for a child of 8" in page.words
    )
    assert "Adac" in page.html, "what was typed stays"


async def test_an_outcome_that_is_not_known_is_waited_for_and_never_sent_again(
    service: Service,
) -> None:
    guest = Shopper(service)
    page = await guest.to_payment()
    await service.simulator.fault("book.pl", "http_500_after")
    waiting = await guest.pays(page)
    assert waiting.location == f"{guest.home}/wait"
    shown = await guest.get(waiting.location)
    assert "Do not book or pay again" in shown.words
    assert guest.reference in shown.words
    assert "/pay" not in shown.html
    for step in ("", "/guests", "/pay"):
        assert (await guest.get(guest.home + step)).location == f"{guest.home}/wait"
    again = await guest.pays(page)
    assert again.location == f"{guest.home}/wait"
    assert await service.simulator.received("book.pl") == 1


PRICE = "The price has changed"
DRILLS = {
    "price_differs": ("basketadd.pl", PRICE, "Accept USD"),
    "sold_out": ("basketadd.pl", "This cabin has just been taken", "Choose a similar cabin"),
    "unpriced_basket": ("basketadd.pl", "could not do this just now", "Try again"),
}


async def test_a_price_whose_list_adds_up_to_another_sum_says_what_is_paid(
    service: Service,
) -> None:
    """The line lists gratuities, too, which it does not charge with the booking."""
    guest = Shopper(service)
    await guest.opens()
    prices = await guest.get(guest.home)
    listed = await guest.get(f"{guest.home}/price?rate=4V:NRD")
    (paid,) = re.findall(r"You pay (USD\s[\d,.]+) with this rate", listed.words)
    assert paid in prices.words
    (total,) = re.findall(r"Sum of the list(USD\s[\d,.]+)", listed.words)
    assert total != paid


@pytest.mark.parametrize("fault", ["price_differs", "sold_out", "unpriced_basket"])
async def test_each_no_of_the_line_has_words_and_a_way_on(service: Service, fault: str) -> None:
    endpoint, said, way = DRILLS[fault]
    guest = Shopper(service)
    await guest.opens()
    cabins = cabins_on(await guest.get(f"{guest.home}/cabin?rate=4V:NRD"))
    if not cabins:
        await guest.get(guest.home)
        cabins = cabins_on(await guest.get(f"{guest.home}/cabin?rate=4V:NRD"))
    await service.simulator.fault(endpoint, fault)
    refused = await guest.holds(cabin=cabins[0])
    assert refused.status >= 400, refused
    assert said in refused.words
    assert way in refused.words
    assert "booked" in refused.words, "it says that nothing is booked"


async def test_a_new_price_is_named_with_the_old_one_and_can_be_accepted(service: Service) -> None:
    guest = Shopper(service)
    await guest.opens()
    await service.simulator.fault("basketadd.pl", "price_differs")
    refused = await guest.holds()
    old, new = re.findall(r"went from USD (\S+) to USD (\S+) while", refused.words)[0]
    form = refused.form(f"{guest.home}/cabin")
    assert old != new
    assert form["price"] == new.replace(",", "")
    assert (form["rate"], form["cabin"]) == ("4V:NRD", "GUAR")


async def test_a_sailing_that_is_full_leads_to_others(service: Service) -> None:
    guest = Shopper(service)
    await guest.opens(SOLD_OUT)
    page = await guest.get(guest.home) if guest.reference else await guest.opens(SOLD_OUT)
    assert "full for" in page.words
    assert "Other sailings" in page.words


async def test_every_problem_of_the_guests_routes_has_words_of_its_own() -> None:
    codes = {code.value for route in (*BOOKING_ROUTES, *LOOKUP_ROUTES) for code in route.problems}
    assert codes - NO_PAGES <= set(WORDS), sorted(codes - NO_PAGES - set(WORDS))


async def test_pages_offer_what_the_api_allows_and_no_more(service: Service) -> None:
    """A form for each action that is allowed, and none for what is not."""
    guest = Shopper(service)
    page = await guest.to_payment()
    forms = {form["action"].rpartition("/")[2] for form in page.forms}
    allowed = {each["name"] for each in (await guest.body())["allowedActions"]}  # type: ignore[attr-defined]
    assert forms == {"pay", "hold"}, "a cabin is held again by letting go of it first"
    assert {"book", "release_basket"} <= allowed
    await guest.pays(page)
    booked = await guest.get(f"/booking/{guest.reference}")
    allowed = {each["name"] for each in (await guest.body())["allowedActions"]}  # type: ignore[attr-defined]
    assert ("/cancel" in booked.html) == ("cancel" in allowed)
    assert ("/pay" in booked.html) == ("pay" in allowed)


async def test_a_third_card_that_is_declined_was_the_last(service: Service) -> None:
    guest = Shopper(service)
    page = await guest.to_payment()
    for _ in range(3):
        page = await guest.pays(page, **{"payment-cardNumber": DECLINED})
    assert "No further card can be tried here. Please call us with BF-" in page.words
    refused = await guest.pays(page)
    assert (refused.status, "Too many attempts" in refused.words) == (429, True)
    assert (await service.simulator.ledger())["charges"] == []


async def test_two_minutes_before_it_ends_a_hold_can_be_made_anew(service: Service) -> None:
    """Once, however often the form is sent; the guest stays at the step."""
    guest = Shopper(service)
    page = await guest.to_payment()
    assert "data-again hidden" in page.html
    before = (await guest.body())["hold"]["expiresAt"]  # type: ignore[index]
    await service.advance(minutes=13, seconds=30)
    page = await guest.get(f"{guest.home}/pay")
    assert "data-again hidden" not in page.html
    assert "Hold it again?" in page.words
    for _ in range(2):
        done = await guest.browser.send(page, f"{guest.home}/hold")
        assert done.location == f"{guest.home}/pay", done
    assert (await guest.body())["hold"]["expiresAt"] > before  # type: ignore[index]
    assert await service.simulator.received("basketremove.pl") == 1
    assert await service.simulator.received("basketadd.pl") == 2


async def test_a_hold_that_has_ended_is_told_at_every_step_and_can_be_made_anew(
    service: Service,
) -> None:
    guest = Shopper(service)
    page = await guest.to_payment()
    await service.advance(minutes=20)
    ended = await guest.pays(page)
    assert (ended.status, "Your hold has ended" in ended.words) == (409, True)
    for step in ("guests", "extras", "pay"):
        shown = await guest.get(f"{guest.home}/{step}")
        assert "Nothing was charged. It was held until" in shown.words
    again = await guest.browser.send(shown, f"{guest.home}/hold")
    assert again.location == f"{guest.home}/guests"
    assert (await guest.body())["hold"] is not None
    assert (await service.simulator.ledger())["charges"] == []


async def test_another_browser_opens_nothing(service: Service) -> None:
    guest, stranger = Shopper(service), Shopper(service)
    await guest.opens()
    for page in (await stranger.get(guest.home), await stranger.get("/book/BF-NOTATHING")):
        assert page.status == 404
        assert "not open in this browser" in page.words


async def test_sessions_of_one_browser_do_not_mix(service: Service) -> None:
    guest = Shopper(service)
    await guest.opens()
    first = guest.reference
    await guest.opens("2190295")
    assert guest.reference != first
    one, two = await guest.get(f"/book/{first}"), await guest.get(guest.home)
    assert first in one.html
    assert first not in two.html
    cookies = guest.browser.cookies
    cookies[f"booking-{first}"] = cookies[f"booking-{guest.reference}"]
    assert (await guest.get(f"/book/{first}")).status == 404


async def test_a_form_of_another_site_is_refused(service: Service) -> None:
    guest = Shopper(service)
    page = await guest.get(f"/cruise/{CRUISE}")
    proof = page.form(f"/cruise/{CRUISE}")["proof"]
    stranger = Shopper(service)
    await stranger.get("/")
    forged = await stranger.browser.post(f"/cruise/{CRUISE}", {"proof": proof, "adults": "2"})
    assert forged.status == 403
    assert not [name for name in stranger.browser.cookies if name.startswith("booking-")]


async def test_what_opens_a_session_is_in_no_page(service: Service) -> None:
    guest = Shopper(service)
    pages = [await guest.to_payment()]
    pages += [await guest.get(guest.home + step) for step in ("/guests", "/extras", "/release")]
    await guest.pays(pages[0])
    pages.append(await guest.get(f"/booking/{guest.reference}"))
    secret = guest.secret.partition(".")[2]
    assert [page for page in pages if secret in page.html or secret in page.location] == []


async def test_cookies_are_for_no_script_and_for_no_other_host(make_service: MakeService) -> None:
    service = await make_service(shop=True, public_url="https://book.example")
    answer = await service.http.get(service.url, headers={"Accept-Language": "de"})
    (cookie,) = answer.headers.getall("Set-Cookie")
    assert cookie.startswith("__Host-visit=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert 'lang="de"' in await answer.text()
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


async def test_the_list_is_narrowed_down_by_its_address(service: Service) -> None:
    guest = Shopper(service)
    page = await guest.get("/?nights=1-5&sort=price")
    nights = {int(found) for found in re.findall(r"· (\d+) nights", page.words)}
    assert nights <= {1, 2, 3, 4, 5}
    assert (await guest.get("/?month=nonsense&line=x")).status == 200
    none = await guest.get("/?month=2099-01")
    assert "No sailing in January 2099." in none.words


async def test_without_the_setting_there_are_no_pages(make_service: MakeService) -> None:
    service = await make_service()
    answer = await service.http.get(service.url)
    assert answer.status == 404


async def test_what_is_complete_of_a_draft_is_kept(service: Service) -> None:
    guest = Shopper(service)
    await guest.opens()
    await guest.to_payment()
    await guest.opens()
    await guest.holds()
    page = await guest.get(f"{guest.home}/guests")
    fields = page.form(f"{guest.home}/guests")
    typed = {name: text for name, text in guest.people().items() if name.startswith("contact-")}
    kept = await guest.browser.post(f"{guest.home}/draft", fields | typed)
    assert kept.status == 200
    assert json.loads(kept.html) == {"saved": True, "faults": {}}
    shown = await guest.get(f"{guest.home}/guests")
    assert 'value="ada@example.com"' in shown.html
    born = dict.fromkeys(("day", "month"), "1") | {"year": "2020"}
    young = {f"passengers-1-dateOfBirth-{part}": text for part, text in born.items()}
    unfit = await guest.browser.post(f"{guest.home}/draft", fields | typed | young)
    assert "the price is for an adult" in unfit.html
    assert "passengers-1-dateOfBirth-day" in unfit.html
    assert CARD["payment-cardNumber"] not in shown.html


async def test_a_hold_that_is_made_anew_at_another_price_names_both(service: Service) -> None:
    guest = Shopper(service)
    await guest.to_payment()
    await service.advance(minutes=20)
    await service.simulator.control("clock", advanceSeconds=1200)
    ended = await guest.get(f"{guest.home}/pay")
    await service.simulator.fault("basketadd.pl", "price_differs")
    refused = await guest.browser.send(ended, f"{guest.home}/hold")
    assert "The price went from USD" in refused.words
    held = await guest.browser.send(refused, f"{guest.home}/cabin")
    assert held.location == f"{guest.home}/guests", held.words


async def test_a_cabin_that_went_is_answered_with_one_that_is_like_it(service: Service) -> None:
    guest = Shopper(service)
    await guest.opens()
    await guest.get(guest.home)
    cabins = cabins_on(await guest.get(f"{guest.home}/cabin?rate=4V:NRD"))
    await service.simulator.fault("basketadd.pl", "sold_out")
    refused = await guest.holds(cabin=cabins[0])
    (other,) = re.findall(r"Hold (\d+) instead: like it, at the same price", refused.words)
    assert other != cabins[0].partition("/")[0]
    held = await guest.browser.send(refused, f"{guest.home}/cabin")
    assert held.location == f"{guest.home}/guests", held.words
    assert (await guest.body())["selection"]["cabinNumber"] == other  # type: ignore[index]

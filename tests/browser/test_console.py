"""Support staff at the console, in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from booking_flow.staff.people import Role
from tests.browser.shop import Shop
from tests.support.staff import rows

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


async def search(page: Page, shop: Shop, words: str) -> None:
    await page.goto(shop.at("/console"))
    await page.get_by_label("Find a session").fill(words)
    await page.keyboard.press("Enter")


async def test_signing_in_leads_to_the_page_that_was_asked_for(shop: Shop) -> None:
    async with shop.desk(None) as page:
        await page.goto(shop.at("/console/tasks"))
        await shop.sign_in(page, shop.clerks[Role.AGENT], "wrong")
        await expect(page.get_by_role("alert")).to_contain_text("wrong")
        await expect(page.get_by_label("E-mail address")).to_have_value(re.compile("agency"))
        await shop.sign_in(page, shop.clerks[Role.AGENT])
        await expect(page).to_have_url(shop.at("/console/tasks"))


@pytest.mark.full
async def test_each_kind_of_key_finds_the_session(shop: Shop) -> None:
    guest = await shop.paid("Quillfeather")
    body = (await guest.look()).body
    booking = body["booking"]
    (asked,) = await rows(
        shop.service, "SELECT request_id FROM session_history WHERE trigger = 'pay'"
    )
    keys = (
        *(body["reference"], guest.uuid, "quillfeather", asked.request_id),
        *(booking["reservation"], booking["supplierBookingId"]),
    )
    async with shop.desk() as page:
        for key in keys:
            await search(page, shop, key)
            await expect(page).to_have_url(shop.at(f"/console/sessions/{guest.uuid}"))
        await shop.paid("Quillfeather")
        for shared in ("quillfeather", "ALEXA@example.test", "+1 555 0100"):
            await search(page, shop, shared)
            await expect(page).to_have_url(re.compile(re.escape(shop.at("/console/found/"))))
            await expect(page.get_by_role("link", name=body["reference"])).to_be_visible()
        await search(page, shop, "Nobodyatall")
        await expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()


async def test_from_a_surname_to_the_suppliers_answer_in_three_clicks(shop: Shop) -> None:
    """All that is known: "Featherstonehaugh", and "it said error after I paid"."""
    await shop.declined("Featherstonehaugh")
    async with shop.desk() as page:
        await page.goto(shop.at("/console"))
        await page.get_by_label("Find a session").fill("Featherstonehaugh")
        await page.get_by_role("button", name="Find").click()
        summary = page.get_by_role("region", name="What happened")
        await expect(summary).to_contain_text("The card was declined")
        await expect(summary).to_contain_text("Nothing was booked")
        await summary.get_by_role("link", name="See the supplier").click()
        answer = page.locator(".happening.culprit pre").last
        await expect(answer).to_be_in_viewport()
        await expect(answer).to_contain_text("status: Failed")
        await expect(answer).to_contain_text("fraudcategory: Red")


@pytest.mark.full
async def test_a_booking_is_followed_while_the_guest_makes_it(shop: Shop) -> None:
    guest = shop.service.guest()
    await guest.to_priced()
    async with shop.desk() as page:
        await page.goto(shop.at(f"/console/sessions/{guest.uuid}"))
        await expect(page.locator("#live")).to_contain_text("live")
        note = page.locator("#note-reason")
        await page.locator("#do-note summary").click()
        await note.fill("half a sentence")
        await guest.select()
        await expect(page.locator(".title")).to_contain_text("Cabin held")
        await guest.book()
        await expect(page.locator(".title")).to_contain_text("Booked, unpaid")
        await expect(page.locator(".timeline")).to_contain_text("Book at the line")
        await expect(page.locator("#state-booked.now")).to_be_visible()
        await expect(note).to_have_value("half a sentence")


async def test_an_unknown_booking_is_answered_first_wrongly_and_then_rightly(shop: Shop) -> None:
    await shop.paid("Gooseberry")
    other = (await shop.service.simulator.ledger())["bookings"][-1]["reservation"]
    guest, right = await shop.doubtful("Underhill")
    async with shop.desk() as page:
        await search(page, shop, "Underhill")
        await expect(page.get_by_role("region", name="What happened")).to_contain_text(
            "It is not known whether the line booked"
        )
        await page.get_by_role("link", name=re.compile("^Answer")).click()
        await expect(page.locator(".facts").first).to_contain_text("Alexa Underhill")
        form = page.get_by_role("form", name="It is booked")
        await form.get_by_label("Reservation number").fill(other)
        await form.get_by_label("How do you know?").fill("the line read it out")
        await form.get_by_role("button").click()
        alert = page.get_by_role("alert")
        await expect(alert).to_contain_text("disagrees")
        await expect(alert).to_contain_text("Lead surname: ours underhill, the line's gooseberry")
        await expect(form.get_by_label("How do you know?")).to_have_value("the line read it out")
        await form.get_by_label("Reservation number").fill(right)
        await form.get_by_role("button").click()
        await expect(page.get_by_text("the task is closed")).to_be_visible()
        await expect(page.locator(".title")).to_contain_text("Booked, unpaid")
        await expect(page.locator(".timeline")).to_contain_text("Task answered")
    assert (await guest.look()).body["booking"]["reservation"] == right


@pytest.mark.full
async def test_a_failed_undo_is_retried(shop: Shop) -> None:
    before = len((await shop.service.simulator.ledger())["holds"])
    guest = await shop.stuck()
    assert len((await shop.service.simulator.ledger())["holds"]) == before + 1
    async with shop.desk() as page:
        await page.goto(shop.at(f"/console/sessions/{guest.uuid}"))
        await page.locator("#do-retry-undo summary").click()
        await page.locator("#retry-undo-reason").fill("the guest wants it gone")
        await page.get_by_role("button", name="Let the cabin go again").click()
        await expect(page.locator(".title")).to_contain_text("Cancelled")
        await expect(page.locator(".timeline")).to_contain_text("the guest wants it gone")
    assert len((await shop.service.simulator.ledger())["holds"]) == before


@pytest.mark.full
async def test_an_override_says_what_it_leaves_and_stands_out(shop: Shop) -> None:
    guest = await shop.held()
    async with shop.desk(Role.SUPERVISOR) as page:
        await page.goto(shop.at(f"/console/sessions/{guest.uuid}"))
        await page.locator("#do-move > summary").click()
        form = page.locator("#do-move form")
        await form.get_by_label("Cancelled").check()
        await form.get_by_label("Reason").fill("they moved to another shop")
        await form.get_by_role("button").click()
        await expect(page.get_by_role("alert")).to_contain_text("would not undo")
        await expect(form.get_by_label("Cancelled")).to_be_checked()
        await expect(form.get_by_label("Reason")).to_have_value("they moved to another shop")
        await form.get_by_label("Force it.").check()
        await form.get_by_role("button").click()
        await expect(page.locator(".title")).to_contain_text("Cancelled")
        row = page.locator(".happening", has_text="Moved by hand, past the flow")
        await expect(row).to_contain_text("by Sue Pervisor")
        await expect(page.locator(".flow .touch.jump")).to_have_text("override")
        await expect(page.locator(".flow .touch.staff")).to_have_text("staff")


async def test_what_a_guest_types_is_shown_as_text(shop: Shop) -> None:
    name = "<script>document.title='taken'</script><b>Bold</b>"
    guest = await shop.held()
    booked = await guest.book(guest.booking(surname=name))
    assert booked.status == 201, booked
    async with shop.desk() as page:
        await search(page, shop, name)
        await expect(page.get_by_text(name).first).to_be_visible()
        assert "taken" not in await page.title()
        await page.goto(shop.at("/console"))
        await expect(page.locator("main b")).to_have_count(0)


@pytest.mark.full
async def test_roles_are_refused_what_is_not_theirs(shop: Shop) -> None:
    guest = await shop.paid("Maskerade")
    async with shop.desk(Role.VIEWER) as page:
        await page.goto(shop.at(f"/console/sessions/{guest.uuid}"))
        await expect(page.locator("main")).to_contain_text("A••• M•••")
        await expect(page.locator("main")).not_to_contain_text("Maskerade")
        await expect(page.locator("form.form")).to_have_count(0)
        proof = await page.locator("input[name=csrf]").first.input_value()
        refused = await page.request.post(
            shop.at(f"/console/sessions/{guest.uuid}/note"),
            form={"csrf": proof, "version": "1", "reason": "because"},
        )
        assert refused.status == 403
    async with shop.desk(Role.AGENT) as page:
        await page.goto(shop.at(f"/console/sessions/{guest.uuid}"))
        await expect(page.locator("#do-move")).to_have_count(0)
        await page.locator("#barred > summary").click()
        await expect(page.locator("#barred")).to_contain_text("This needs the role supervisor")


@pytest.mark.full
async def test_a_cookie_replayed_after_sign_out_opens_nothing(shop: Shop) -> None:
    async with shop.desk(None) as page:
        await shop.sign_in(page, shop.clerks[Role.AGENT])
        await page.get_by_role("heading", name="Find a session").wait_for()
        state = await page.context.storage_state()
        await page.locator(".me > summary").click()
        await page.get_by_role("button", name="Sign out", exact=True).click()
        await expect(page.get_by_text("You are signed out")).to_be_visible()
    async with shop.desk(None, storage_state=state) as page:
        await page.goto(shop.at("/console/tasks"))
        await expect(page).to_have_url(re.compile("/console/sign-in"))


async def test_everything_is_read_and_done_without_a_script(shop: Shop) -> None:
    guest = await shop.held()
    async with shop.desk(java_script_enabled=False) as page:
        await search(page, shop, guest.uuid)
        await page.locator(".happening summary").nth(3).click()
        await expect(page.locator(".happening details[open] .facts").first).to_be_visible()
        await page.locator("#do-note summary").click()
        await page.locator("#note-reason").fill("written without a script")
        await page.get_by_role("button", name="Add a note").click()
        await expect(page.get_by_text("Your note stands in the history")).to_be_visible()
        await expect(page.locator(".timeline")).to_contain_text("written without a script")


@pytest.mark.full
async def test_the_keyboard_suffices(shop: Shop) -> None:
    """From signing in to a note in the history without touching a mouse."""
    guest = await shop.paid("Keyboardist")
    async with shop.desk() as page:
        await page.goto(shop.at("/console"))
        await expect(page.get_by_label("Find a session")).to_be_focused()
        await page.keyboard.type("Keyboardist")
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(shop.at(f"/console/sessions/{guest.uuid}"))
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
        await page.keyboard.press("Enter")
        note = page.locator("#do-note summary")
        for _ in range(80):
            await page.keyboard.press("Tab")
            if await note.evaluate("each => each === document.activeElement"):
                break
        outline = await note.evaluate("each => getComputedStyle(each).outlineStyle")
        assert outline == "solid"
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        await page.keyboard.type("typed by hand")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Your note stands in the history")).to_be_visible()

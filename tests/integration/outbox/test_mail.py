"""Mail says what the session says, to the guest and the agency, through a real mail server."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from adapters.notifications.mail import read_address
from booking_flow.flow import Trigger
from booking_flow.model.change import begin
from booking_flow.model.money import Money
from booking_flow.model.session import Session, Unwinding, UnwindingReason
from booking_http.notifications.mail_texts import confirmation
from persistence.erasure import erase
from tests.support.changes import BOOKING, DETAILS, NOW, PASSENGERS, settled
from tests.support.receivers import (
    Authority,
    Office,
    Postbox,
    mail,
    open_office,
    part,
    running_postbox,
)
from tests.support.text import told


def facts_of(text: str) -> dict[str, str]:
    """Read the facts of a plain mail back."""
    found = re.findall(r"^  (.{14})(.+)$", text, re.MULTILINE)
    return {label.strip(): value for label, value in found}


def text_of(page: str) -> str:
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", page).split()))


EXPECTED = {
    "Reservation": "F9WZ03",
    "Cruise": "7 Night Western Caribbean",
    "Cruise line": "Royal Caribbean",
    "Ship": "Icon of the Seas",
    "Sailing date": "7 March 2031",
    "Nights": "7",
    "Cabin": "Ocean View (2N), 8001, Deck 8",
    "Party": "2 adults, 2 children (aged 8, 1)",
    "Traveller 1": "Ms Wilhelmina Quillfeather",
    "Traveller 2": "Ms Zebedee Quillfeather",
    "Total": "USD 3,006.56",
    "Paid": "USD 500.00",
    "Outstanding": "USD 2,506.56",
    "Card": "Visa ending in 1111",
    "Balance due": "1 January 2031",
    "Requests": "passed on to the cruise line by us; it does not promise them",
}


async def test_a_booking_is_confirmed_with_exactly_the_facts_on_the_session(
    desk: Office, postbox: Postbox
) -> None:
    booked = await desk.shop.booked()
    assert await desk.send() == 2
    assert sorted(postbox.recipients) == ["desk@agency.test", "wilhelmina@example.test"]
    for found in postbox.mails:
        assert found["From"] == "Cruise desk <bookings@agency.test>"
        assert found["Subject"] == f"Booked: Icon of the Seas, 7 March 2031 ({booked.reference})"
        assert found["Auto-Submitted"] == "auto-generated"
        facts = facts_of(part(found, "plain"))
        due = facts.pop("Payment due")
        assert due.endswith(" UTC")
        assert facts == EXPECTED | {"Reference": booked.reference}
        told = text_of(part(found, "html"))
        assert all(f"{label} {value}" in told for label, value in facts.items())


async def test_a_mail_holds_nothing_else_that_is_personal(desk: Office, postbox: Postbox) -> None:
    await desk.shop.booked()
    await desk.send()
    for found in postbox.mails:
        for half in (part(found, "plain"), part(found, "html")):
            words = ("7946", "Gooseberry", "HR6", "1980", "Honeymooners", "example.test")
            assert told(words, half) == []


async def test_booked_and_paid_at_once_is_one_mail(desk: Office, postbox: Postbox) -> None:
    paid = BOOKING.with_paid(BOOKING.total)
    change = settled(await desk.shop.booking()).move(Trigger.BOOK).move(Trigger.PAY)
    await desk.shop.write(change.put(booking=paid))
    await desk.send()
    assert [found["Subject"].partition(":")[0] for found in postbox.mails] == [
        "Booked and paid"
    ] * 2
    facts = facts_of(part(postbox.mails[0], "plain"))
    assert facts["Outstanding"] == "USD 0.00"
    assert {"Payment due", "Balance due"}.isdisjoint(facts)


async def test_a_cancelled_booking_is_confirmed_and_a_session_without_one_is_not(
    desk: Office, postbox: Postbox
) -> None:
    await desk.shop.write(begin(await desk.shop.created()).move(Trigger.CANCEL))
    assert await desk.send() == 0
    booked = await desk.shop.booked()
    await desk.send()
    await desk.shop.write(begin(booked).move(Trigger.CANCEL))
    await desk.send()
    subjects = [found["Subject"].partition(":")[0] for found in postbox.mails]
    assert sorted(subjects) == ["Booked", "Booked", "Cancelled", "Cancelled"]


async def test_a_mail_that_a_later_one_has_overtaken_is_not_sent(
    desk: Office, postbox: Postbox
) -> None:
    """The server was away while the booking was made and cancelled: one mail tells how it is."""
    booked = await desk.shop.booked()
    await desk.shop.write(begin(booked).move(Trigger.CANCEL))
    await desk.send()
    assert [found["Subject"].partition(":")[0] for found in postbox.mails] == ["Cancelled"] * 2
    assert {fate for _, fate, _ in await desk.fates()} == {"delivered"}


async def test_a_repeated_mail_keeps_its_id(desk: Office, postbox: Postbox) -> None:
    booked = await desk.shop.booked()
    await desk.send()
    await desk.shop.run("UPDATE outbox SET delivered_at = NULL")
    await desk.send()
    ids = [found["Message-ID"] for found in postbox.mails]
    assert len(ids) == 4
    assert len(set(ids)) == 2
    assert all(booked.reference in found for found in ids)


async def test_refusals_of_the_server_are_kept_without_the_address(
    desk: Office, postbox: Postbox
) -> None:
    await desk.shop.booked()
    postbox.refusal = "451 wilhelmina@example.test later"
    await desk.send()
    assert {(fate, note) for _, fate, note in await desk.fates()} == {
        ("waiting", "recipient refused, SMTP 451")
    }
    postbox.refusal = "550 wilhelmina@example.test unknown"
    await desk.wait(minutes=5)
    await desk.send()
    assert {(fate, note) for _, fate, note in await desk.fates()} == {
        ("dead", "recipient refused, SMTP 550")
    }


async def test_a_server_that_is_away_is_tried_again(database_url: str, postbox: Postbox) -> None:
    away = mail(postbox, agency=None) | {"smtp_url": "smtp://127.0.0.1:9?tls=none"}
    async with open_office(database_url, **away) as office:
        await office.shop.booked()
        await office.send()
        ((_, fate, note),) = await office.fates()
        assert (fate, note) == ("waiting", "SMTPConnectError")
    async with open_office(database_url, **mail(postbox)) as office:
        await office.wait(seconds=7)
        await office.send()
    assert postbox.recipients == ["wilhelmina@example.test"]


async def test_an_erased_guest_is_mailed_nothing(desk: Office, postbox: Postbox) -> None:
    booked = await desk.shop.booked()
    await erase(desk.parts.database, booked.id)
    await desk.send()
    assert postbox.recipients == ["desk@agency.test"]
    assert "Quillfeather" not in part(postbox.mails[0], "plain")
    assert ("dead", "the guest's address is not known any more") in {
        (fate, note) for _, fate, note in await desk.fates()
    }


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_passwords_travel_by_tls_only(
    scheme: str, database_url: str, authority: Authority
) -> None:
    layer = "tls" if scheme == "smtps" else "starttls"
    async with running_postbox(**{layer: authority.server}) as postbox:
        login = "" if scheme == "smtps" else "user:pass%40word@"
        url = f"{scheme}://{login}localhost:{postbox.port}"
        settings = mail(postbox, agency=None, smtp_url=url)
        async with open_office(database_url, tls=authority.client, **settings) as office:
            await office.shop.booked()
            await office.send()
            assert [fate for _, fate, _ in await office.fates()] == ["delivered"]
        assert postbox.logins == ([] if scheme == "smtps" else [b"pass@word"])


async def test_a_server_without_starttls_gets_nothing(
    database_url: str, authority: Authority, postbox: Postbox
) -> None:
    settings = mail(postbox, agency=None, smtp_url=f"smtp://localhost:{postbox.port}")
    async with open_office(database_url, tls=authority.client, **settings) as office:
        await office.shop.booked()
        await office.send()
        assert [fate for _, fate, _ in await office.fates()] == ["waiting"]
    assert postbox.mails == []


def written(session: Session) -> Any:
    return confirmation(session, to="guest@example.test", mail_id="m-1")


async def test_what_a_guest_typed_is_text_and_never_markup(desk: Office) -> None:
    booked = await desk.shop.load(await desk.shop.booked())
    guest = replace(PASSENGERS[0], last_name="<b>O'Neil & Sons</b>")
    made = written(replace(booked, details=replace(DETAILS, passengers=(guest,))))
    assert "<b>O'Neil" not in made.html
    assert "&lt;b&gt;O&#39;Neil &amp; Sons" in made.html
    assert "Ms Wilhelmina <b>O'Neil & Sons</b>" in made.text


async def test_a_mail_speaks_of_a_cancellation_that_is_under_way(desk: Office) -> None:
    booked = await desk.shop.load(await desk.shop.booked())
    asked = replace(booked, unwinding=Unwinding(since=NOW, reason=UnwindingReason.CANCEL))
    assert "requested, not confirmed yet" in written(asked).text
    assert "requested" not in written(booked).text


async def test_a_payment_in_another_currency_leaves_all_outstanding(desk: Office) -> None:
    booked = await desk.shop.load(await desk.shop.booked())
    odd = replace(BOOKING, paid=Money(Decimal(400), "EUR"))
    facts = facts_of(written(replace(booked, booking=odd)).text)
    assert (facts["Paid"], facts["Outstanding"]) == ("EUR 400.00", "USD 3,006.56")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("a@b.test", "a@b.test"),
        ("a@müller.test", "a@xn--mller-kva.test"),
        ("a,b@c.test", None),
        ("jürgen@b.test", None),
        ("a@", None),
        ("@b.test", None),
        ("nobody", None),
    ],
)
def test_an_address_is_one_address_or_none(typed: str, meant: str | None) -> None:
    """A comma must not make two recipients of one."""
    if meant is None:
        with pytest.raises(ValueError, match="no e-mail address"):
            read_address(typed)
    else:
        assert read_address(typed).addr_spec == meant

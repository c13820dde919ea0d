"""Webhooks: signed, in order per session, at least once, and to nobody they are not meant for."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import pytest
from aiohttp import web

from adapters.notifications.public_hosts import is_public
from booking_http.settings import SettingsError
from booking_http.worker.outbox_sender import LEASE
from persistence.outbox import Fate
from tests.integration.persistence.test_personal import PERSONAL
from tests.support.changes import priced
from tests.support.receivers import (
    KEY,
    SECRET,
    Authority,
    Office,
    Receiver,
    hooks,
    open_office,
    running_receiver,
    seqs,
)
from tests.support.text import told
from tests.support.waiting import eventually


async def test_each_move_of_a_session_is_told_once_in_order_and_signed(
    office: Office, receiver: Receiver
) -> None:
    """Claims and other events that move nothing are not told."""
    booked = await office.shop.booked()
    assert await office.send() == 4
    told = [json.loads(each.body) for each in receiver.got]
    assert [each["data"] for each in told] == [
        {"reference": booked.reference, "state": state, "seq": seq}
        for state, seq in (("priced", 1), ("cabin_selected", 2), ("basketed", 5), ("booked", 8))
    ]
    assert {each["type"] for each in told} == {"session.changed"}
    assert all(each.is_signed_with(KEY) for each in receiver.got)
    assert not any(each.is_signed_with(b"x" * 32) for each in receiver.got)
    assert len({each.id for each in receiver.got}) == 4
    assert await office.send() == 0


async def test_nothing_personal_and_no_key_of_the_session_is_told(
    office: Office, receiver: Receiver
) -> None:
    booked = await office.shop.booked()
    await office.send()
    for each in receiver.got:
        assert set(json.loads(each.body)) == {"type", "timestamp", "data"}
        everything = (each.body.decode() + json.dumps(each.headers)).lower()
        words = (*PERSONAL[:-1], str(booked.id), "1111", "f9wz03", "3006")
        assert told(words, everything) == []


async def test_a_session_waits_for_its_failing_event_and_others_do_not(
    office: Office, receiver: Receiver
) -> None:
    """The first session's first event fails; its second is held back, another session's is not."""
    first = await office.shop.selected()
    receiver.answers = [web.Response(status=500)]
    await office.sender.send_due()
    other = await office.shop.write(priced(await office.shop.created()))
    await office.send()
    assert [each.id for each in receiver.got] == [f"{first.reference}-1", f"{other.reference}-1"]
    await office.wait(seconds=7)
    await office.send()
    mine = [each.id for each in receiver.got if first.reference in each.id]
    assert mine == [f"{first.reference}-1", f"{first.reference}-1", f"{first.reference}-2"]


async def test_a_dead_letter_is_seen_lets_later_events_pass_and_can_be_sent_again(
    office: Office, receiver: Receiver
) -> None:
    booked = await office.shop.selected()
    receiver.answers = [web.Response(status=500) for _ in range(3)]
    for hour in (1, 2, 3):
        await office.sender.send_due()
        await office.wait(hours=hour)
    assert await office.fates() == [(1, "dead", "HTTP 500"), (2, "waiting", None)]
    (dead,) = await office.sender.outbox.entries(dead_only=True)
    assert (dead.reference, dead.seq, dead.error) == (booked.reference, 1, "HTTP 500")
    assert "hidden" not in dead.channel
    await office.send()
    assert seqs(receiver.got) == [1, 1, 1, 2]
    assert await office.sender.outbox.requeue("BF-OTHER999") == 0
    assert await office.sender.outbox.requeue(booked.reference) == 1
    await office.send()
    assert seqs(receiver.got) == [1, 1, 1, 2, 1]
    assert {fate for _, fate, _ in await office.fates()} == {"delivered"}


async def test_an_endpoint_that_is_gone_is_not_asked_again(
    office: Office, receiver: Receiver
) -> None:
    await office.shop.write(priced(await office.shop.created()))
    receiver.answers = [web.Response(status=410)]
    await office.send()
    assert await office.fates() == [(1, "dead", "HTTP 410")]


async def test_a_redirect_is_a_failure_and_is_not_followed(
    office: Office, receiver: Receiver
) -> None:
    await office.shop.write(priced(await office.shop.created()))
    receiver.answers = [web.Response(status=307, headers={"Location": "/elsewhere"})]
    await office.send()
    assert await office.fates() == [(1, "waiting", "HTTP 307")]
    assert len(receiver.got) == 1


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_a_private_address_is_refused_unless_it_is_allowed_by_name(
    host: str, database_url: str, authority: Authority, receiver: Receiver
) -> None:
    settings = hooks(receiver) | {
        "webhook_urls": receiver.url.replace("localhost", host),
        "webhook_allowed_hosts": "example.test",
    }
    async with open_office(database_url, tls=authority.client, **settings) as office:
        await office.shop.write(priced(await office.shop.created()))
        await office.send()
        ((_, fate, note),) = await office.fates()
    assert receiver.got == []
    assert fate == "waiting"
    assert note is not None
    assert "public" in note


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "0.0.0.0", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1",
        "ff02::1", "::ffff:10.0.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"])
def test_addresses_that_are_public(address: str) -> None:
    assert is_public(address)


async def test_a_stranger_with_another_certificate_gets_nothing(
    database_url: str, receiver: Receiver
) -> None:
    """This office trusts whom the machine trusts, and the receiver's certificate is its own."""
    async with open_office(database_url, **hooks(receiver)) as office:
        await office.shop.write(priced(await office.shop.created()))
        await office.send()
        assert await office.fates() == [(1, "waiting", "ClientConnectorCertificateError")]
    assert receiver.got == []


async def test_each_endpoint_is_told_by_itself(
    database_url: str, authority: Authority, receiver: Receiver
) -> None:
    """One that fails keeps none of the others waiting, and causes no second message to them."""
    async with running_receiver(authority) as broken:
        broken.answers = [web.Response(status=503)]
        settings = hooks(receiver, broken)
        async with open_office(database_url, tls=authority.client, **settings) as office:
            await office.shop.selected()
            await office.send()
            assert (seqs(receiver.got), seqs(broken.got)) == ([1, 2], [1])
            await office.wait(seconds=7)
            await office.send()
            assert (seqs(receiver.got), seqs(broken.got)) == ([1, 2], [1, 1, 2])


async def test_while_secrets_rotate_both_sign(
    database_url: str, authority: Authority, receiver: Receiver
) -> None:
    new = b"n" * 32
    secrets = f"whsec_{base64.b64encode(new).decode()} {SECRET}"
    settings = hooks(receiver) | {"webhook_secrets": secrets}
    async with open_office(database_url, tls=authority.client, **settings) as office:
        await office.shop.write(priced(await office.shop.created()))
        await office.send()
    (told,) = receiver.got
    assert told.is_signed_with(new)
    assert told.is_signed_with(KEY)


async def test_two_senders_share_the_work(
    database_url: str, authority: Authority, receiver: Receiver
) -> None:
    settings = hooks(receiver)
    async with (
        open_office(database_url, tls=authority.client, **settings) as one,
        open_office(database_url, tls=authority.client, **settings) as two,
    ):
        for _ in range(15):
            await one.shop.selected()
        await asyncio.gather(one.send(), two.send())
        await one.send()
    assert len(receiver.got) == 30
    assert len({each.id for each in receiver.got}) == 30


async def test_who_lost_the_lease_settles_nothing(office: Office) -> None:
    await office.shop.write(priced(await office.shop.created()))
    outbox, lease = office.sender.outbox, LEASE
    (channel,) = office.parts.notifications.all_channels
    (slow,) = await outbox.take(channel, limit=5, lease=lease)
    assert await outbox.take(channel, limit=5, lease=lease) == []
    await office.wait(seconds=61)
    (quick,) = await outbox.take(channel, limit=5, lease=lease)
    assert not await outbox.settle(slow, Fate.DEAD)
    assert await outbox.settle(quick, Fate.DELIVERED)
    assert not await outbox.settle(quick, Fate.DEAD)


async def test_a_commit_that_lost_its_race_tells_nobody(office: Office) -> None:
    known = await office.shop.created()
    await office.shop.write(priced(known))
    await office.shop.commit(priced(known))
    assert [seq for seq, _, _ in await office.fates()] == [1]


async def test_a_stop_lets_the_sender_finish(office: Office, receiver: Receiver) -> None:
    await office.shop.selected()
    stop = asyncio.Event()
    running = asyncio.create_task(office.sender.run(stop))

    async def both_came() -> bool:
        return len(receiver.got) == 2

    await eventually(both_came)
    stop.set()
    await running
    assert {fate for _, fate, _ in await office.fates()} == {"delivered"}


async def test_nothing_is_written_or_sent_when_nothing_is_set(database_url: str) -> None:
    async with open_office(database_url) as office:
        await office.shop.booked()
        assert await office.fates() == []
        assert await office.send() == 0


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"webhook_urls": "https://a.test"}, "WEBHOOK_SECRETS"),
        ({"webhook_urls": "http://a.test", "webhook_secrets": SECRET}, "https://"),
        ({"webhook_urls": "https://u:p@a.test", "webhook_secrets": SECRET}, "no user"),
        ({"webhook_urls": "https://a.test", "webhook_secrets": "whsec_c2hvcnQ="}, "24 bytes"),
        ({"smtp_url": "smtp://a.test"}, "MAIL_FROM"),
        ({"smtp_url": "imap://a.test", "mail_from": "a@b.test"}, "SMTP_URL"),
        ({"smtp_url": "smtp://u:p@a.test?tls=none", "mail_from": "a@b.test"}, "without TLS"),
        ({"smtp_url": "smtp://a.test", "mail_from": "nobody"}, "MAIL_FROM"),
    ],
)
async def test_settings_that_cannot_be_used_are_named_without_their_values(
    database_url: str, settings: dict[str, Any], named: str
) -> None:
    with pytest.raises(SettingsError, match=named) as refused:
        async with open_office(database_url, **settings):
            raise AssertionError
    assert "c2hvcnQ" not in str(refused.value)
    assert "a.test" not in str(refused.value)


async def test_what_waits_for_a_failing_event_is_not_looked_at_again_and_again(
    office: Office, receiver: Receiver
) -> None:
    """It is put off with it, and due at once when the event is delivered after all."""
    known = await office.shop.selected()
    receiver.answers = [web.Response(status=500)]
    await office.send()
    await office.shop.run("UPDATE outbox SET next_attempt_at = booking_now() WHERE seq = 2")
    await office.send()
    due = "SELECT 1 FROM outbox WHERE next_attempt_at <= booking_now()"
    assert await office.shop.rows(due) == []
    await office.wait(seconds=7)
    await office.send()
    assert [each.id for each in receiver.got][1:] == [f"{known.reference}-{n}" for n in (1, 2)]


async def test_a_sender_with_nothing_to_send_still_tidies_up_and_stops(database_url: str) -> None:
    async with open_office(database_url) as office:
        await office.shop.run(
            "INSERT INTO lookup_requests (address_hash, reference, email_hash, at)"
            " VALUES ('', '', '', booking_now() - interval '2 days')"
        )
        stop = asyncio.Event()
        running = asyncio.create_task(office.sender.run(stop))

        async def tidy() -> bool:
            return not await office.shop.rows("SELECT 1 FROM lookup_requests")

        await eventually(tidy)
        stop.set()
        await running

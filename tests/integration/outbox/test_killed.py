"""At least once: what a sender that was killed had taken is sent by another one."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from typing import Any

from adapters.simulator import SimulatorSettings
from tests.conftest import ROOT
from tests.support.receivers import (
    Authority,
    Office,
    Postbox,
    Receiver,
    hooks,
    mail,
    open_office,
    seqs,
)
from tests.support.service import HASH_KEY, MASTER_KEY
from tests.support.waiting import PATIENCE

PATH = os.pathsep.join([str(ROOT), str(ROOT / "http")])


async def killed_sender(
    database_url: str, authority: Authority, settings: Mapping[str, Any]
) -> int:
    """Run a sender of its own process until it is killed, and return how it ended."""
    environment = {
        **os.environ,
        "PYTHONPATH": PATH,
        "SSL_CERT_FILE": str(authority.certificate),
        "DATABASE_URL": database_url,
        "MASTER_KEYS": MASTER_KEY,
        "HASH_KEY": HASH_KEY,
        "TRAVELTEK_BASE_URL": "http://127.0.0.1:9/2.1/json",
        "TRAVELTEK_SID": SimulatorSettings().sid,
        "TRAVELTEK_USERNAME": "u",
        "TRAVELTEK_PASSWORD": "p",
        **{name.upper(): str(value) for name, value in settings.items() if value is not None},
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.outbox.dying_sender", env=environment, cwd=ROOT
    )
    return await asyncio.wait_for(process.wait(), PATIENCE)


async def recovered(office: Office) -> None:
    """Wait until the lease of the dead is over, and send."""
    assert await office.send() == 0
    await office.wait(seconds=61)
    await office.send()
    assert {fate for _, fate, _ in await office.fates()} == {"delivered"}


async def test_a_webhook_whose_sender_was_killed_is_sent_again_with_the_same_id(
    database_url: str, authority: Authority, receiver: Receiver
) -> None:
    settings = hooks(receiver)
    async with open_office(database_url, tls=authority.client, **settings) as office:
        await office.shop.selected()
        assert await killed_sender(database_url, authority, settings) == -signal.SIGKILL
        assert seqs(receiver.got) == [1]
        await recovered(office)
    assert seqs(receiver.got) == [1, 1, 2]
    assert receiver.got[0].id == receiver.got[1].id
    assert receiver.got[0].body == receiver.got[1].body


async def test_a_mail_whose_sender_was_killed_is_sent_again_with_the_same_id(
    database_url: str, authority: Authority, postbox: Postbox
) -> None:
    settings = mail(postbox, agency=None)
    async with open_office(database_url, **settings) as office:
        await office.shop.booked()
        assert await killed_sender(database_url, authority, settings) == -signal.SIGKILL
        assert len(postbox.mails) == 1
        await recovered(office)
    assert len(postbox.mails) == 2
    assert len({found["Message-ID"] for found in postbox.mails}) == 1

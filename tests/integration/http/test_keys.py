"""Keys are rotated, what older ones made is made anew, and they are retired, while guests book."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result

from booking_flow.staff.people import Role
from booking_http.api.action_links import BASE
from booking_http.cli.main import main
from booking_http.runtime.process import CannotRun
from persistence.lookups import PostgresLookups
from tests.integration.http.conftest import MakeService
from tests.support.processes import environment
from tests.support.service import HASH_KEY, Guest, Service, once
from tests.support.staff import audit, hire, rows
from tests.support.waiting import eventually

SURNAME = "Keyturner"


async def keys(service: Service, *words: str) -> Result:
    env = environment(service.parts.settings)
    return await asyncio.to_thread(CliRunner().invoke, main, ["keys", *words], env=env)


async def rotated(service: Service, kind: str) -> list[dict[str, str]]:
    """Return the settings that `keys rotate` prints, for the first and for the second restart."""
    done = await keys(service, "rotate", "--kind", kind)
    assert done.exit_code == 0, done.output
    first, then = done.output.split("2. Then restart")
    return [dict(re.findall(r"^([A-Z_]+)=(.+)$", part, re.MULTILINE)) for part in (first, then)]


def changes(*given: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for each in given for name, value in each.items()}


async def names(service: Service) -> dict[str, dict[str, Any]]:
    done = await keys(service, "list", "--json")
    assert done.exit_code == 0, done.output
    # The service runs in this process, and what it logs meanwhile is printed as well.
    found, _ = json.JSONDecoder().raw_decode(done.stdout[done.stdout.index("[\n") :])
    return {each["key"]: each for each in found}


async def book(service: Service) -> Guest:
    guest = service.guest()
    held = await guest.to_basketed()
    payment = guest.payment(held.body["price"]["total"])
    booked = await guest.book(guest.booking(surname=SURNAME, payment=payment))
    assert booked.status == 201, booked
    return guest


class Crowd:
    """Guests who book one after the other, with whichever process serves by now."""

    def __init__(self, service: Service) -> None:
        self.service, self.booked = service, 0
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while True:
            await book(self.service)
            self.booked += 1

    async def goes_on(self) -> None:
        """Wait until two more have booked."""
        wanted = self.booked + 2

        async def enough() -> bool:
            assert not self._task.done(), self._task.exception()
            return self.booked >= wanted

        await eventually(enough)

    async def ends(self) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task


async def test_keys_are_rotated_and_retired_while_guests_book(make_service: MakeService) -> None:
    before: Service = await make_service()
    crowd = Crowd(before)
    await crowd.goes_on()
    first = await book(before)
    master, search, hashing = [await rotated(before, kind) for kind in ("master", "search", "hash")]
    known: Service = await make_service(**changes(master[0], search[0], hashing[0]))
    crowd.service = known
    await crowd.goes_on()
    after: Service = await make_service(**changes(master[1], search[1], hashing[1]))
    crowd.service = after
    await crowd.goes_on()
    old = [name for name, each in (await names(before)).items() if each["current"]]
    refused = await keys(after, "retire", old[0])
    assert refused.exit_code == 1
    assert "rewrap" in refused.output
    done = await keys(after, "rewrap")
    assert done.exit_code == 0, done.output
    assert re.search(r"^[\d,]+ of [\d,]+ sessions$", done.stderr, re.MULTILINE)
    for name in old:
        done = await keys(after, "retire", name)
        assert done.exit_code == 0, done.output
    await crowd.goes_on()
    only_new = {
        "master_keys": master[1]["MASTER_KEYS"].partition(",")[0],
        "search_keys": json.loads(search[1]["SEARCH_KEYS"])[0],
        "hash_key": hashing[1]["HASH_KEY"],
    }
    last: Service = await make_service(**only_new)
    crowd.service = last
    await crowd.goes_on()
    await crowd.ends()
    clerk = await hire(last, Role.SUPERVISOR)
    assert first.uuid in await clerk.found(SURNAME, limit=100)
    assert SURNAME in json.dumps(await clerk.read(first.uuid))
    assert [row.facts for row in await audit(last, "keys_retire")] != []
    with pytest.raises(CannotRun, match="MASTER_KEYS, SEARCH_KEYS, HASH_KEY is retired"):
        await make_service()


async def test_requests_are_answered_again_after_the_key_of_their_hashes_has_rotated(
    make_service: MakeService,
) -> None:
    before: Service = await make_service()
    key = once(str(uuid4()))
    guest = before.guest()
    opened = await guest.open(headers=key)
    new, old = secrets.token_urlsafe(32), json.dumps([HASH_KEY])
    after: Service = await make_service(hash_key=new, hash_keys_older=old)
    again = await after.guest().open(headers=key)
    assert (again.status, again.body["sessionId"]) == (201, opened.body["sessionId"])
    other = await after.guest().open(adults=1, headers=key)
    assert other.code == "idempotency_key_reused"
    only_new: Service = await make_service(hash_key=new)
    fresh = await only_new.guest().open(headers=key)
    assert fresh.body["sessionId"] != opened.body["sessionId"]


async def test_staff_stay_signed_in_while_the_key_of_their_proofs_rotates(
    make_service: MakeService,
) -> None:
    before: Service = await make_service()
    clerk = await hire(before, Role.AGENT)
    await clerk.come_in_by_cookie()
    new = secrets.token_urlsafe(32)
    old = json.dumps([HASH_KEY])
    clerk.service = await make_service(hash_key=new, hash_keys_older=old)
    assert (await clerk.search("Nobody")).status == 200
    clerk.service = await make_service(hash_key=new)
    assert (await clerk.search("Nobody")).code == "forbidden"


async def test_a_guest_is_mailed_a_link_while_the_key_of_the_search_rotates(
    make_service: MakeService,
) -> None:
    before: Service = await make_service()
    guest = await book(before)
    reference = (await guest.look()).body["reference"]
    both = json.dumps([secrets.token_urlsafe(32), HASH_KEY])
    after: Service = await make_service(search_keys=both)
    ask = {"reference": reference, "email": "alexa@example.test"}
    assert (await after.call("POST", f"{BASE}/lookup", ask)).status == 202
    lookups = PostgresLookups(after.parts.database, after.parts.vault)
    assert await lookups.answer(channel="link") == 1
    assert (await rows(after, "SELECT count(*) AS n FROM outbox WHERE kind = 'link'"))[0].n == 1


async def test_the_current_key_and_what_is_none_are_not_retired(service: Service) -> None:
    (current,) = [name for name in await names(service) if name.startswith("master:")]
    refused = await keys(service, "retire", current)
    assert (refused.exit_code, "rotate first" in refused.output) == (1, True)
    strange = await keys(service, "retire", "master")
    assert (strange.exit_code, "no name of a key" in strange.output) == (2, True)

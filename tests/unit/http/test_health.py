"""What readiness says of a process while its parts are looked at and a stop begins."""

from __future__ import annotations

import asyncio

from booking_http.web.health import Component, Health
from persistence.environment_mark import AppEnv


async def test_a_look_that_a_stop_overtakes_does_not_say_that_the_process_is_ready() -> None:
    looking, found = asyncio.Event(), asyncio.Event()

    async def look() -> str | None:
        looking.set()
        await found.wait()
        return None

    part = Component(name="database", look=look, required=True)
    health = Health([part], environment=AppEnv.DEVELOPMENT)
    asked = asyncio.create_task(health.ready())
    await looking.wait()
    health.stop()
    found.set()
    told = await asked
    assert told.status == "stopping"
    assert [part.status for part in told.components] == ["up"]

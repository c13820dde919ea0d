"""A sender that dies exactly between sending its first parcel and noting that it was sent."""

import asyncio
import os
import signal
from typing import Any

from booking_http.settings import load_settings
from booking_http.wiring import open_parts
from booking_http.worker.outbox_sender import send_due
from persistence.outbox import Outbox


async def die(*_: Any, **__: Any) -> bool:
    os.kill(os.getpid(), signal.SIGKILL)
    return False


async def main() -> None:
    Outbox.settle = die  # type: ignore[method-assign]  # the point of this program
    async with open_parts(load_settings()) as parts:
        await send_due(parts)


if __name__ == "__main__":
    asyncio.run(main())

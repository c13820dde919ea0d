"""One answer of prices: the processor's time of reading it, and of keeping evidence of it.

`python -m tests.bench.answer` prints it, for the simulator's price list of one sailing.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Final

from aiohttp.test_utils import TestClient, TestServer
from rich.console import Console

from adapters.simulator import SimulatorSettings, create_app
from adapters.traveltek.decode import decode
from adapters.traveltek.parse_envelope import envelope
from adapters.traveltek.parse_prices import read_quote
from adapters.traveltek.redact import response_evidence
from tests.bench.figures import Figures
from tests.support.agency import TODAY, Agency
from tests.support.testbed import run

GROUP: Final = "processor's time of one answer"
TIMES: Final = 10
TRIES: Final = 50
PERSONAL: Final = ("6c0b1f4d-8d0e-4a6c-9d7a-0d2f6c1b3a55", "3f9d2c7e5b1a4860")
"""A session key and a token: what a price list may not tell."""


async def measure_answer(figures: Figures) -> None:
    """Measure what becomes of one answer of cruisecabingrades."""
    body = await _prices()
    read = envelope(decode(body))
    figures.add(GROUP, "bytes of prices", len(body), "")
    for name, work in (
        ("decoded", lambda: envelope(decode(body))),
        ("read as prices", lambda: read_quote(read, currency="USD")),
        ("evidence of it", lambda: response_evidence(read.body, personal=PERSONAL)),
    ):
        figures.add(GROUP, name, _milliseconds(work), "ms")


async def _prices() -> bytes:
    app = create_app(SimulatorSettings(latency_scale=0, today=TODAY))
    async with TestClient(TestServer(app)) as client:
        agency = Agency(client)
        await agency.search()
        return json.dumps(await agency.grades()).encode()


def _milliseconds(work: Callable[[], object]) -> float:
    """Return the least of several tries, since other work on the machine only adds."""
    least = float("inf")
    for _ in range(TRIES):
        began = time.process_time()
        for _ in range(TIMES):
            work()
        least = min(least, (time.process_time() - began) / TIMES * 1000)
    return least


def main() -> None:
    """Measure and print."""
    figures = Figures()
    run(measure_answer(figures))
    figures.show(Console())


if __name__ == "__main__":
    main()

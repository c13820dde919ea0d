"""What a call costs a simulator that remembers.

`python -m tests.integration.simulator.cost 2000`
"""

import asyncio
import sys
import tempfile
from pathlib import Path

import click
import psutil
from aiohttp.test_utils import TestClient, TestServer

from adapters.simulator import SimulatorSettings, create_app
from adapters.simulator.dispatch import SUPPLIER
from adapters.simulator.store import StateFile
from tests.integration.simulator.conftest import NOON
from tests.integration.simulator.test_journal import serving
from tests.support.agency import TODAY, VISA, Agency

CRUISES = range(2190293, 2190311)
CALLS = ("cruiseresults", "cruisecabingrades", "cruisecabins", "basketadd", "book")
GUESTS = 200
"""How many are measured; enough that ticks of a hundredth of a second do not matter."""


async def remember(sessions: int, file: Path) -> None:
    """Write down the memory of that many guests who held a cabin; every other one booked it."""
    settings = SimulatorSettings(
        latency_scale=0, today=TODAY, clock=lambda: NOON, cabins_per_grade=1_000_000
    )
    app = create_app(settings)
    async with TestClient(TestServer(app)) as client:
        for number in range(sessions):
            await guest(Agency(client), number, books=number % 2 == 0)
        memory = StateFile(file)
        memory.begin(app[SUPPLIER].state)
        memory.close()


async def guest(agency: Agency, number: int, *, books: bool) -> None:
    """Walk from the search to the held cabin, or to the booking."""
    agency.cruise_id = CRUISES[number % len(CRUISES)]
    await agency.hold()
    if books:
        await agency.book(agency.order(card=VISA))


async def cost(file: Path) -> float:
    """Return the seconds of processor time that a call takes the simulator."""
    async with serving(file) as (first, process):
        await first.log_in()
        seen = psutil.Process(process.pid)
        before = sum(seen.cpu_times()[:2])
        for number in range(GUESTS):
            await guest(Agency(first.http, token=first.token), number, books=True)
        return (sum(seen.cpu_times()[:2]) - before) / (GUESTS * len(CALLS))


async def main(sessions: int) -> None:
    """Print the cost of a call beside an empty memory and beside a full one."""
    with tempfile.TemporaryDirectory() as folder:
        for number in (0, sessions):
            file = Path(folder) / f"{number}.json"
            await remember(number, file)
            click.echo(f"{number} sessions: {1000 * await cost(file):.2f} ms of CPU a call")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))

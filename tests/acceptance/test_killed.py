"""A process dies by SIGKILL at every point of engine and stores, and another one recovers.

The guests' processes die first; then those of workers and staff over what the guests' have left.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.journeys import BOOK, JOURNEYS, Journey, walk_to_death
from tests.acceptance.ledger import facts_of
from tests.acceptance.leftovers import LEFTOVERS, Aftermath, Leftover, mail_to
from tests.acceptance.matrix import Matrix
from tests.acceptance.points import AFTER, AT_TIMES, BEFORE, declared, moments
from tests.acceptance.walks import to_paid
from tests.acceptance.world import supplying
from tests.support.processes import nursery
from tests.support.receivers import Postbox, running_postbox
from tests.support.service import Simulator

LOOKS = {
    "take open_step": "persistence.work_queue.PostgresWorkQueue.take_open_steps: fetch_all",
    "take undo": "persistence.work_queue.PostgresWorkQueue.take_undos: fetch_all",
    "take clock": "persistence.work_queue.PostgresWorkQueue.due_sessions: fetch_all",
    "take payment_deadline": "persistence.work_queue.PostgresWorkQueue.overdue_payments: fetch_all",
    "take collection": "persistence.work_queue.PostgresWorkQueue.uncollected_payments: fetch_all",
    "take payment_check": "persistence.work_queue.PostgresWorkQueue.take_payment_checks: fetch_all",
    "take spooled_answer": "adapters.spool.FileSpool.read_all: asyncio.to_thread",
}
"""Where a worker looks for each kind of work."""


@pytest.fixture
async def over(seeded_url: str, tmp_path: Path) -> AsyncIterator[dict[str, Any]]:
    """Return what a matrix runs over: processes to die, a database and a supplier."""
    async with (
        supplying() as (simulator, supplier),
        nursery(seeded_url, simulator) as made,
    ):
        yield {
            "made": made,
            "database_url": seeded_url,
            "simulator": simulator,
            "supplier": supplier,
            "folder": tmp_path,
        }


@pytest.fixture
def matrix(over: dict[str, Any]) -> Matrix:
    return Matrix(**over)


@pytest.fixture
def aftermath(over: dict[str, Any]) -> Aftermath:
    return Aftermath(**over)


@pytest.fixture
async def postbox() -> AsyncIterator[Postbox]:
    async with running_postbox() as made:
        yield made


@pytest.mark.slow
@pytest.mark.crash
async def test_a_kill_at_every_point_is_recovered(
    matrix: Matrix,
    aftermath: Aftermath,
    postbox: Postbox,
    record_property: Callable[[str, object], None],
) -> None:
    """No second booking or charge, no booking without a row or task, no hold for nobody."""
    passed: set[str] = set()
    await matrix.run_once(JOURNEYS, passed)
    await aftermath.run_once((*LEFTOVERS, mail_to(postbox.port)), passed)
    record_property("cells", matrix.ran + aftermath.ran)
    assert [str(cell) for cell in (*matrix.missed, *aftermath.missed)] == []
    points = declared()
    always = set(moments(name for name, why in points.items() if not why))
    at_times = set(moments(name for name, why in points.items() if why.startswith(AT_TIMES)))
    assert sorted(always - passed) == []
    assert sorted(passed - always - at_times) == []


@pytest.mark.full
@pytest.mark.crash
@pytest.mark.parametrize("journey", [pytest.param(each, id=each.name) for each in JOURNEYS])
async def test_every_kill_on_a_journey_is_recovered(
    matrix: Matrix, journey: Journey, record_property: Callable[[str, object], None]
) -> None:
    """Each time that a point is passed, and not only once."""
    await matrix.run(await matrix.cells_of(journey))
    record_property("cells", matrix.ran)
    assert [str(cell) for cell in matrix.missed] == []


@pytest.mark.full
@pytest.mark.crash
@pytest.mark.parametrize("left", [pytest.param(each, id=each.name) for each in LEFTOVERS])
async def test_every_kill_of_who_recovers_is_recovered(
    aftermath: Aftermath, left: Leftover, record_property: Callable[[str, object], None]
) -> None:
    """A worker, or staff, dies over what another process left."""
    await aftermath.run(await aftermath.cells_of(left))
    record_property("cells", aftermath.ran)
    assert [str(cell) for cell in aftermath.missed] == []


@pytest.mark.full
@pytest.mark.crash
async def test_every_kill_of_a_sender_is_recovered(
    aftermath: Aftermath, postbox: Postbox, record_property: Callable[[str, object], None]
) -> None:
    """Each booking was mailed; what was sent twice has one number."""
    cells = await aftermath.cells_of(mail_to(postbox.port))
    await aftermath.run(cells)
    record_property("cells", aftermath.ran)
    assert aftermath.missed == []
    assert len({mail["Message-ID"] for mail in postbox.mails}) > len(cells)


@pytest.mark.crash
@pytest.mark.parametrize("moment", [BEFORE, AFTER])
async def test_a_worker_that_dies_while_it_looks_for_work_keeps_none(
    aftermath: Aftermath, moment: str, record_property: Callable[[str, object], None]
) -> None:
    """What it had taken is taken again when its lease is over."""
    fates = {lane: (f"{moment} {point}", 1) for lane, point in LOOKS.items()}
    await aftermath.die_looking(LEFTOVERS[0], fates)
    record_property("cells", len(fates))


@pytest.mark.crash
@pytest.mark.parametrize("moment", [BEFORE, AFTER])
async def test_a_sender_that_dies_while_it_looks_for_mail_keeps_none(
    aftermath: Aftermath,
    postbox: Postbox,
    moment: str,
    record_property: Callable[[str, object], None],
) -> None:
    fates = {"sender": (f"{moment} persistence.outbox.Outbox.take: fetch_all", 1)}
    await aftermath.die_looking(mail_to(postbox.port), fates)
    record_property("cells", len(fates))
    # What is done about an unpaid booking afterwards is mailed as well.
    assert [mail["Subject"].partition(":")[0] for mail in postbox.mails].count("Booked") == 1


@pytest.mark.crash
@pytest.mark.parametrize("moment", [BEFORE, AFTER])
async def test_a_process_that_dies_over_a_wake_up_is_recovered(
    matrix: Matrix, moment: str, record_property: Callable[[str, object], None]
) -> None:
    """Nobody was told of what it had committed; whoever looks finds it."""
    await matrix.die_waking(JOURNEYS[0], f"{moment} persistence.notify.Wakeups._send: execute")
    record_property("cells", 1)


async def test_the_open_step_of_a_process_that_died_is_visible(
    seeded_url: str, simulator: Simulator
) -> None:
    """After book.pl has acted and before anything is settled, staff see which step is open."""
    async with nursery(seeded_url, simulator) as made:
        guest = await walk_to_death(made, to_paid, f"after {BOOK}")
    facts = await facts_of(seeded_url, guest)
    assert facts is not None
    assert facts["state"] == "basketed"
    assert facts["openStep"]["name"] == "book"
    assert facts["openStep"]["status"] == "started"
    assert len((await simulator.ledger())["bookings"]) == 1

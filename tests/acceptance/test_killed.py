"""A step whose process was killed with SIGKILL is visible to staff before anything else happens."""

from __future__ import annotations

from pathlib import Path

from tests.acceptance.journeys import die, points_of, to_paid
from tests.acceptance.ledger import facts_of
from tests.acceptance.processes import nursery
from tests.http.kit import Simulator


async def test_the_open_step_of_a_process_that_died_is_visible(
    seeded_url: str, simulator: Simulator, tmp_path: Path
) -> None:
    """After book.pl has acted and before anything is settled, staff see which step is open."""
    async with nursery(seeded_url, simulator) as made:
        points = await points_of(made, tmp_path / "dry", to_paid)
        answered = points.index("after supplier.book") + 1
        await simulator.control("reset")
        guest = await die(made, tmp_path / "log", to_paid, answered)
    facts = await facts_of(seeded_url, guest)
    assert facts is not None
    assert facts["state"] == "basketed"
    assert facts["openStep"]["name"] == "book"
    assert facts["openStep"]["status"] == "started"
    assert len((await simulator.ledger())["bookings"]) == 1

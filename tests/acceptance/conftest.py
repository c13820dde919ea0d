"""The fixtures of a whole service, as the HTTP tests use them, and of a world around it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.acceptance.world import World, supplying, world_over
from tests.integration.http.conftest import make_service, seeded_url, service, simulator

__all__ = ["make_service", "payment_channel", "seeded_url", "service", "simulator", "world"]


@pytest.fixture
def payment_channel() -> str:
    """Have money taken with the booking; a module may have it taken otherwise."""
    return "with_booking"


@pytest.fixture
async def world(seeded_url: str, tmp_path: Path, payment_channel: str) -> AsyncIterator[World]:
    """Open a world in which money is taken by the channel."""
    async with (
        supplying() as (simulator, supplier),
        world_over(
            seeded_url, simulator, supplier, tmp_path, payment_channel=payment_channel
        ) as made,
    ):
        yield made

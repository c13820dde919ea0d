"""The fixtures of a whole service, as the HTTP tests use them, and of a world around it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.acceptance.world import World, supplying, world_over
from tests.integration.http.conftest import make_service, seeded_url, service, simulator

__all__ = ["make_service", "seeded_url", "service", "simulator", "world"]


@pytest.fixture
async def world(seeded_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """Open a world in which money is taken with the booking."""
    async with (
        supplying() as (simulator, supplier),
        world_over(seeded_url, simulator, supplier, tmp_path) as made,
    ):
        yield made

"""A process takes as many descriptors as its settings need, and says where it may not."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.support.processes import environment
from tests.support.service import settings_for

SAY = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (64, int(sys.argv[1])))
from booking_http.runtime.descriptors import ensure_descriptors
from booking_http.settings import load_settings
print(ensure_descriptors(load_settings(traveltek_connections=500)))
print(resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("hard", "said", "limits"),
    [
        (4_000, "None", (3_024, 4_000)),
        (
            2_000,
            "a process may have 2,000 files and connections open, and TRAVELTEK_CONNECTIONS of 500"
            " takes up to 3,024",
            (2_000, 2_000),
        ),
    ],
)
def test_the_soft_limit_is_raised_as_far_as_the_hard_one_allows(
    hard: int, said: str, limits: tuple[int, int]
) -> None:
    """A hard limit cannot be raised again, so that it is lowered in a process of its own."""
    settings = settings_for(database_url="postgresql://127.0.0.1:1/none", supplier_url="http://x")
    done = subprocess.run(
        [sys.executable, "-c", SAY, str(hard)],
        env=environment(settings),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [said, str(limits)]

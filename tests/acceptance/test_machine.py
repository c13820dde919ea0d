"""Guests, worker, staff, jumping clocks, faults and crashes in any order: the rules hold."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from structlog.testing import capture_logs

from tests.acceptance.shop import Shop, Stage
from tests.acceptance.world import supplying
from tests.conftest import PostgresServer, administer, copy_of
from tests.support.service import seed_catalogue


@pytest.fixture(params=["with_booking", "supplier_payment"])
def stage(
    request: pytest.FixtureRequest,
    postgres_server: PostgresServer,
    migrated_template: str,
    tmp_path: Path,
) -> Iterator[Stage]:
    name = f"{migrated_template}_{request.param}"
    url = postgres_server.dsn_of(name)
    with asyncio.Runner() as runner, capture_logs() as logs:
        runner.run(administer(postgres_server, copy_of(migrated_template, name)))
        runner.run(seed_catalogue(url))
        supply = supplying()
        simulator, supplier = runner.run(supply.__aenter__())
        yield Stage(
            runner=runner,
            database_url=url,
            simulator=simulator,
            supplier=supplier,
            folder=tmp_path,
            channel=request.param,
            logs=logs,
        )
        runner.run(supply.__aexit__(None, None, None))
        runner.run(administer(postgres_server, f"DROP DATABASE {name} WITH (FORCE)"))


USUAL = settings(
    max_examples=8,
    stateful_step_count=25,
    derandomize=True,
    deadline=None,
    # Making a failing example smaller takes minutes: the long run does it.
    phases=(Phase.explicit, Phase.generate),
    # An example is a shop with a database of its own: slower than what hypothesis is used to.
    suppress_health_check=list(HealthCheck),
)


def _run(stage: Stage, how: settings) -> None:
    machine: Any = partial(Shop, stage)
    run_state_machine_as_test(machine, settings=how)


@pytest.mark.slow
def test_whatever_happens_the_rules_hold(stage: Stage) -> None:
    _run(stage, USUAL)


@pytest.mark.full
def test_whatever_happens_for_long_the_rules_hold(stage: Stage) -> None:
    long = settings(
        USUAL,
        max_examples=300,
        stateful_step_count=50,
        derandomize=False,
        print_blob=True,
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
    )
    _run(stage, long)

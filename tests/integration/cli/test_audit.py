"""`booking-flow audit cards`: what is stored is looked through, and where is said, never what."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from tests.integration.http.conftest import make_service, seeded_url, service, simulator
from tests.support.processes import environment
from tests.support.programs import run
from tests.support.service import Guest, Service
from tests.support.staff import rows

__all__ = ["make_service", "seeded_url", "service", "simulator"]

CARD = "4111 1111 1111 1111"


async def looked(service: Service, cwd: Path, *more: str) -> CompletedProcess[str]:
    """Run the command in a process of its own, on the service's database and with its keys."""
    env = environment(service.parts.settings)
    return await asyncio.to_thread(run, "audit", "cards", *more, cwd=cwd, env=env)


async def write(service: Service, guest: Guest, reason: str) -> None:
    """Add a line to the history, as a release did that let card numbers through."""
    sql = (
        "INSERT INTO session_history (session_id, seq, at, kind, from_state, to_state, actor_kind,"
        " reason, details) VALUES (:id, 99, booking_now(), 'note', 'booked', 'booked', 'guest',"
        " :reason, '{}') RETURNING seq"
    )
    await rows(service, sql, id=guest.uuid, reason=reason)


async def test_a_clean_database_is_said_to_be_so(service: Service, tmp_path: Path) -> None:
    await service.guest().to_booked()
    done = await looked(service, tmp_path)
    assert (done.returncode, done.stdout) == (0, "no card number is stored\n"), done.stderr


async def test_a_card_number_is_named_by_its_place_and_fails_the_command(
    service: Service, tmp_path: Path
) -> None:
    guest = service.guest()
    await guest.to_booked()
    await write(service, guest, f"charged {CARD}")
    done = await looked(service, tmp_path)
    assert done.returncode == 1, done.stderr
    assert "session_history" in done.stdout
    assert guest.uuid in done.stdout
    assert "1 places with a card number" in done.stdout
    as_json = await looked(service, tmp_path, "--json")
    (found,) = [json.loads(line) for line in as_json.stdout.splitlines()]
    place: Any = {"table": "session_history", "column": "reason", "path": ""}
    assert found == place | {"key": {"session_id": guest.uuid, "seq": "99"}}
    everything = "".join(done.stdout + done.stderr + as_json.stdout + as_json.stderr)
    assert CARD not in everything
    assert CARD.replace(" ", "") not in everything

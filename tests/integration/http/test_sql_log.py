"""LOG_SQL: each statement with its time, and no value of it."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.integration.http.conftest import MakeService
from tests.support.service import Service


@pytest.mark.parametrize("asked", [True, False])
async def test_statements_are_logged_without_values_where_that_is_asked_for(
    make_service: MakeService, asked: bool
) -> None:
    service: Service = await make_service(log_sql=asked)
    guest = service.guest()
    await guest.to_basketed()
    with capture_logs() as logs:
        await guest.edit({"contact": guest.contact("Quillfeather")})
    said: list[Any] = [entry for entry in logs if entry["event"] == "sql"]
    assert any("UPDATE booking_sessions" in entry["statement"] for entry in said) is asked
    assert all(entry["ms"] >= 0 for entry in said)
    assert guest.uuid not in str(said)
    assert "uillfeather" not in str(said)

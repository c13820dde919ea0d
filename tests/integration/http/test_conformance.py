"""Whatever a client sends, the answers are those the document promises."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from tests.support.service import Guest, Service
from tests.support.waiting import PATIENCE

CHECKS = ",".join(
    (
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
    )
)


@pytest.mark.slow
@pytest.mark.parametrize(
    "phases", ["examples", pytest.param("examples,coverage", marks=pytest.mark.full)]
)
async def test_no_request_gets_an_answer_that_is_not_documented(
    phases: str, service: Service, guest: Guest, tmp_path: Path
) -> None:
    """Schemathesis makes up requests, valid and not, to a session that holds a cabin."""
    await guest.to_basketed()
    config = tmp_path / "schemathesis.toml"
    config.write_text(f'[parameters]\n"path.sessionId" = "{guest.session_id}"\n')
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config)),
        *("run", str(service.url / "openapi.json"), "--url", str(service.url.origin())),
        *("--checks", CHECKS, "--phases", phases),
        *(
            "--exclude-path-regex",
            "events|metrics|docs|cancel",
            "--request-timeout",
            str(int(PATIENCE)),
        ),
        *("--seed", "1", "--generation-database", "none", "--no-color"),
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(2 * PATIENCE):
        said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()[-6000:]

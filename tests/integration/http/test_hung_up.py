"""A client that goes away in the middle of its request is no error of ours."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from tests.support.service import Service
from tests.support.waiting import eventually


@pytest.mark.parametrize("path", ["/api/v1/booking/session", "/console/sign-in"])
async def test_who_hangs_up_in_mid_body_leaves_a_quiet_line(service: Service, path: str) -> None:
    kind = "application/x-www-form-urlencoded" if "console" in path else "application/json"
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\n"
        "Content-Length: 900\r\nExpect: 100-continue\r\n\r\n"
    )
    with capture_logs() as lines:
        reader, writer = await asyncio.open_connection(service.url.host, service.url.port)
        writer.write(head.encode())
        assert b"100 Continue" in await reader.readline()
        writer.write(b"email=half")
        writer.close()
        await writer.wait_closed()

        async def noted() -> bool:
            return any(line["event"] == "request" for line in lines)

        await eventually(noted)
    assert [line["event"] for line in lines] == ["hung up", "request"]
    assert {line["log_level"] for line in lines} == {"info"}
    (request,) = [line for line in lines if line["event"] == "request"]
    assert request["status"] == 499
    assert (await service.call("GET", "/livez")).status == 200

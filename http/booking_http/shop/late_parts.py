"""Pages whose middle takes long: what is known is sent at once, the rest when it is there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import web
from aiohttp.client_exceptions import ClientConnectionResetError

from booking_flow.errors import Refused
from booking_flow.ports import StoreUnavailable
from booking_http.shop import guest_cookies
from booking_http.shop.pages import (
    HEADERS,
    draw,
    problem_facts,
    problem_of,
    refuse,
    render,
    subject_body,
)
from booking_http.web.problems import Problem

MARK: Final = "<!-- the late part -->"
QUICK: Final = 0.3
"""Seconds within which an answer comes whole, with its own status."""
Part = Callable[[], Awaitable[dict[str, Any]]]


async def answer_late(
    request: web.Request, page: str, late: str, part: Part, **facts: Any
) -> web.StreamResponse:
    """Draw a page around a part that is awaited; `late` is the part's template."""
    task = asyncio.ensure_future(part())
    await asyncio.wait({task}, timeout=QUICK)
    if not task.done():
        return await _in_two(request, page, late, task, facts)
    try:
        found = await task
    except (Problem, Refused, StoreUnavailable) as error:
        body = await subject_body(request)
        return refuse(request, problem_of(error), "problem.html", body=body)
    return render(request, page, **facts | found, late=late)


async def _in_two(
    request: web.Request,
    page: str,
    late: str,
    task: asyncio.Future[dict[str, Any]],
    facts: dict[str, Any],
) -> web.StreamResponse:
    """Send what is known; a problem that comes later is said within the page, whose status went."""
    whole = draw(request, page, **facts, late=None)
    before, _, after = whole.partition(MARK)
    response = web.StreamResponse(headers=HEADERS)
    response.content_type, response.charset = "text/html", "utf-8"
    guest_cookies.keep_visit(request, response)
    try:
        await response.prepare(request)
        await response.write(before.encode())
        await response.write((await _late(request, late, task, facts) + after).encode())
    except (ClientConnectionResetError, ConnectionResetError):
        task.add_done_callback(_heed)
    return response


async def _late(
    request: web.Request, late: str, task: asyncio.Future[dict[str, Any]], facts: dict[str, Any]
) -> str:
    try:
        found = await task
    except (Problem, Refused, StoreUnavailable) as error:
        body = await subject_body(request)
        said = problem_facts(request, problem_of(error), body=body)
        return draw(request, "parts/problem_late.html", **facts | said)
    return draw(request, late, **facts | found)


def _heed(task: asyncio.Future[Any]) -> None:
    """Take note of how it ended: whoever asked has gone."""
    if not task.cancelled():
        task.exception()

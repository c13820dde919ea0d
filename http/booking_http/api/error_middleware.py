"""Every way of saying no becomes a problem document."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from uuid import uuid4

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from booking_flow.errors import RefusalCode, Refused
from booking_flow.ports import StoreUnavailable
from booking_http.api.problem_response import render_problem
from booking_http.service import SERVICE
from booking_http.web.headers import FOR_ALL
from booking_http.web.problems import EdgeCode, Problem, from_refusal, problem
from booking_http.web.request_context import REQUEST_ID, SUBJECT

_log = structlog.get_logger("booking_http.web.problems")
_EDGE: Final[Mapping[int, EdgeCode | RefusalCode]] = {
    400: EdgeCode.BAD_REQUEST,
    404: RefusalCode.NOT_FOUND,
    405: EdgeCode.METHOD_NOT_ALLOWED,
    408: EdgeCode.REQUEST_TIMEOUT,
    413: EdgeCode.BODY_TOO_LARGE,
    415: EdgeCode.UNSUPPORTED_MEDIA_TYPE,
}

GONE: Final = 499
"""What is noted of a request whose client hung up; nobody is there to read it."""


@web.middleware
async def handle_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn refusals and failures into problems; what nobody expected is logged without words."""
    try:
        return await handler(request)
    except Problem as found:
        return answer(request, found)
    except Refused as refused:
        return answer(request, from_refusal(refused.refusal, session=refused.session))
    except web.HTTPException as error:
        return _from_aiohttp(request, error)
    except StoreUnavailable as error:
        _log.warning("unavailable", why=str(error))
        return answer(request, problem(RefusalCode.UNAVAILABLE))
    except Exception as error:
        return _unexpected(request, error)


def _unexpected(request: web.Request, error: Exception) -> web.Response:
    if _hung_up(request, error):
        _log.info("hung up")
        return web.Response(status=GONE)
    _log.error("unexpected", exc_info=error)
    return answer(request, problem(RefusalCode.UNAVAILABLE))


def _hung_up(request: web.Request, error: Exception) -> bool:
    """Whether the client went away before it had sent all of its request."""
    return isinstance(error, ConnectionResetError) and request.content.exception() is not None


def answer(request: web.Request, found: Problem) -> web.Response:
    """Render a problem, with the session it is about if the request named one."""
    visited = request.get(SUBJECT)
    if visited is not None:
        found.session = found.session or visited.session
        found.session_id = found.session_id or visited.session_id
    return _rendered(request.app, found, request[REQUEST_ID])


def _rendered(
    app: web.Application,
    found: Problem,
    request_id: str,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> web.Response:
    service = app[SERVICE]
    service.metrics.problems.labels(found.code).inc()
    body = render_problem(
        found,
        request_id=request_id,
        allowed=service.allowed,
        policy=service.settings.policy(),
    )
    sent = {"Cache-Control": "no-store", **headers, **found.headers}
    if found.row.retry_after is not None:
        sent.setdefault("Retry-After", str(found.row.retry_after))
    return web.Response(
        body=body.model_dump_json(),
        status=found.row.status,
        content_type="application/problem+json",
        headers=sent,
    )


def answer_broken(app: web.Application, *, ours: bool) -> web.Response:
    """Answer what never became a request, and so has no middleware around it."""
    code = RefusalCode.UNAVAILABLE if ours else EdgeCode.BAD_REQUEST
    detail = None if ours else "What was sent is not HTTP as this server speaks it."
    return _rendered(app, problem(code, detail), uuid4().hex, headers=FOR_ALL)


def _from_aiohttp(request: web.Request, error: web.HTTPException) -> web.StreamResponse:
    code = _EDGE.get(error.status)
    if code is None:
        if error.status < 400:
            raise error
        code = EdgeCode.BAD_REQUEST if error.status < 500 else None
    found = problem(code or RefusalCode.UNAVAILABLE)
    if "Allow" in error.headers:
        found.headers = {"Allow": error.headers["Allow"]}
    return answer(request, found)

"""Reading requests and writing answers, the same way everywhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, TypeVar

from aiohttp import web
from pydantic import ValidationError

from booking_http.service import SERVICE, Service
from booking_http.web.models import RequestModel, ResponseModel
from booking_http.web.problems import EdgeCode, problem
from booking_http.web.validation import problem_of, query_problem

A = TypeVar("A", bound=RequestModel)
JSON: Final = "application/json"
_TAG: Final = re.compile(r'"(\d{1,9})"')


def service_of(request: web.Request) -> Service:
    """Return the parts of the service."""
    return request.app[SERVICE]


async def read_body(request: web.Request, model: type[A], *, optional: bool = False) -> A:
    """Read and check the body; where it is optional, nothing at all means `{}`."""
    raw = await request.read()
    if not raw and optional:
        raw = b"{}"
    elif request.content_type != JSON:
        raise problem(EdgeCode.UNSUPPORTED_MEDIA_TYPE)
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        raise problem_of(error) from None


def read_query(request: web.Request, model: type[A]) -> A:
    """Read and check the query string."""
    try:
        return model.model_validate_strings(dict(request.query))
    except ValidationError as error:
        raise query_problem(error) from None


def expected_versions(request: web.Request) -> frozenset[int] | None:
    """Return the versions If-Match names; None when any will do."""
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return None
    return frozenset(int(version) for version in _TAG.findall(header))


def json_response(
    body: ResponseModel, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Answer with a body that nobody may keep."""
    return web.Response(
        body=body.__pydantic_serializer__.to_json(body, by_alias=True),
        status=status,
        content_type=JSON,
        headers={"Cache-Control": "no-store", **(headers or {})},
    )

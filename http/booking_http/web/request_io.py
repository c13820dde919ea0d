"""Reading requests and writing answers, the same way everywhere."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Final, TypeVar

from aiohttp import web
from pydantic import ValidationError

from booking_http.service import SERVICE, Service
from booking_http.web.models import RequestModel, ResponseModel
from booking_http.web.problems import EdgeCode, problem
from booking_http.web.validation import ensure_modest, problem_of, query_problem

A = TypeVar("A", bound=RequestModel)
JSON: Final = "application/json"
_BODY: Final = web.RequestKey("body", bytes)
"""What was read, for whoever asks again."""
_TAG: Final = re.compile(r'(?:W/)?"(?:(\d{1,9})(?:-\w{1,20})?|[\x21\x23-\x7e]*)"')
"""An entity tag (RFC 9110); ours are versions, weak or with the suffix of a compressing proxy."""


def service_of(request: web.Request) -> Service:
    """Return the parts of the service."""
    return request.app[SERVICE]


async def read_body(request: web.Request, model: type[A], *, optional: bool = False) -> A:
    """Read and check the body; where it is optional, nothing at all means `{}`."""
    raw = await read_bytes(request, most=model.max_bytes)
    if not raw and optional:
        raw = b"{}"
    elif request.content_type != JSON:
        raise problem(EdgeCode.UNSUPPORTED_MEDIA_TYPE)
    return understand_body(raw, model)


def understand_body(raw: bytes, model: type[A]) -> A:
    """Check a body.

    Raises:
        Problem: what is wrong with it.
    """
    ensure_modest(raw)
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        raise problem_of(error) from None


async def read_bytes(request: web.Request, *, most: int) -> bytes:
    """Read a body of so many bytes at most, and wait for it no longer than anybody needs.

    Raises:
        Problem: `body_too_large`, or `request_timeout`.
    """
    if _BODY in request:
        return request[_BODY]
    settings = service_of(request).settings
    most = min(most, settings.max_body_bytes)
    if (request.content_length or 0) > most:
        raise problem(EdgeCode.BODY_TOO_LARGE)
    try:
        async with asyncio.timeout(settings.body_seconds):
            request[_BODY] = body = await _read(request, most)
    except TimeoutError:
        raise problem(EdgeCode.REQUEST_TIMEOUT) from None
    except web.RequestPayloadError:
        raise problem(EdgeCode.BAD_REQUEST, "The body cannot be read.") from None
    return body


async def _read(request: web.Request, most: int) -> bytes:
    body = bytearray()
    while chunk := await request.content.readany():
        body += chunk
        if len(body) > most:
            raise problem(EdgeCode.BODY_TOO_LARGE)
    return bytes(body)


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
    tags = [_TAG.fullmatch(tag.strip()) for tag in header.split(",")]
    if None in tags:
        raise problem(EdgeCode.BAD_REQUEST, 'If-Match holds tags in quotes, such as "7".')
    return frozenset(int(tag[1]) for tag in tags if tag is not None and tag[1])


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

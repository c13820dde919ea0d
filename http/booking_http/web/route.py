"""One row of the route table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from aiohttp import web

from booking_flow.errors import RefusalCode
from booking_flow.staff.people import Role
from booking_http.web.models import RequestModel, ResponseModel
from booking_http.web.problems import EdgeCode

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Codes = tuple[RefusalCode | EdgeCode, ...]
Answered = type[ResponseModel] | tuple[type[ResponseModel], ...] | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One row: a method and path, who handles it, what goes in and what comes out."""

    method: Literal["GET", "POST", "PATCH", "DELETE"]
    path: str
    handler: Handler
    summary: str
    tag: str
    request: type[RequestModel] | None = None
    request_optional: bool = False
    query: type[RequestModel] | None = None
    responses: Mapping[int, Answered] = field(default_factory=dict)
    """By status: a model, one of several, or the media type of an answer that is none."""
    problems: Codes = ()
    idempotent: bool = False
    """Whether an Idempotency-Key is understood."""
    headers: tuple[str, ...] = ()
    """Further request headers."""
    role: Role | None = None
    """What staff must be at least to come in; None lets everyone in, or who has a session's secret.
    """

    @property
    def staff(self) -> bool:
        """Whether only staff may come in."""
        return self.role is not None

    @property
    def name(self) -> str:
        """Return the operation's name."""
        return getattr(self.handler, "__name__", self.path)

    @property
    def asks_supplier(self) -> bool:
        """Whether the supplier may be asked, so that it may be away."""
        return RefusalCode.SUPPLIER_UNAVAILABLE in self.problems

    @property
    def parameters(self) -> tuple[str, ...]:
        """Return the names in the path."""
        return tuple(part.strip("{}") for part in self.path.split("/") if part.startswith("{"))


def named(handler: Handler, name: str) -> Handler:
    """Return a handler under another name, where one serves two routes."""

    async def renamed(request: web.Request) -> web.StreamResponse:
        return await handler(request)

    renamed.__name__, renamed.__doc__ = name, handler.__doc__
    return renamed


DOCUMENT: Final = web.AppKey[Mapping[str, Any]]("document")
"""The API's OpenAPI document, built once from the table."""

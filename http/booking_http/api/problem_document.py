"""The shape of a problem document (RFC 9457) with our members."""

from __future__ import annotations

from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

from booking_flow.flow import State
from booking_http.api.responses import ActionResponse
from booking_http.web.models import ResponseModel


class FaultResponse(ResponseModel):
    """One thing wrong with the request: where (JSON pointer, RFC 6901) and what."""

    pointer: str
    detail: str


class NextActionResponse(ActionResponse):
    """What may be done next, and what it takes beside the request itself."""

    note: str | None = None


class ProblemResponse(ResponseModel):
    """Why a request was refused; some codes add members.

    `price_changed` adds `expected` and `actual`, `card_declined` how many further cards may be
    tried as `cardsLeft`.
    """

    model_config = ConfigDict(alias_generator=to_camel, extra="allow")

    type: str
    title: str
    status: int
    detail: str | None
    code: str
    request_id: str | None
    state: State | None
    version: int | None
    retryable: bool
    next_actions: list[NextActionResponse]
    errors: list[FaultResponse]

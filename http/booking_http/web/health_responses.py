"""What operators are told of the service's parts."""

from __future__ import annotations

from typing import Literal

from booking_http.web.models import ResponseModel
from persistence.environment_mark import AppEnv


class ComponentResponse(ResponseModel):
    """One part the service needs or likes to have."""

    name: str
    status: Literal["up", "degraded", "down"]
    required: bool
    detail: str | None


class ReadyResponse(ResponseModel):
    """Whether requests should be sent here, and with `?verbose` how every part is.

    `not_ready`: a part is down without which there is no working. `stopping`: the process was
    told to stop; it still answers for a while, and closes each connection with the answer.
    """

    status: Literal["ready", "not_ready", "stopping"]
    environment: AppEnv
    components: list[ComponentResponse]


class LiveResponse(ResponseModel):
    """The process answers."""

    status: Literal["live"]

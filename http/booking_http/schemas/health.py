"""What operators are told of the service's parts."""

from __future__ import annotations

from typing import Literal

from booking_http.schemas.base import Tell
from persistence.identity import AppEnv


class ComponentTell(Tell):
    """One part the service needs or likes to have."""

    name: str
    status: Literal["up", "degraded", "down"]
    required: bool
    detail: str | None


class ReadyTell(Tell):
    """Whether requests can be served, and with `?verbose` by which parts."""

    status: Literal["ready", "not_ready"]
    environment: AppEnv
    components: list[ComponentTell]


class LiveTell(Tell):
    """The process answers."""

    status: Literal["live"]

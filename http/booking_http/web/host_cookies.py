"""Cookies of this host alone: where it is reached by TLS, no other host can set them."""

from __future__ import annotations

from typing import Final, Literal

from aiohttp import web

from booking_http.service import Service
from booking_http.web.request_io import service_of

_HOST_ONLY: Final = "__Host-"
"""Browsers take a cookie of such a name from this host alone, by TLS, and for all of its paths."""


def by_tls(service: Service) -> bool:
    """Whether browsers reach the service by TLS."""
    return (service.settings.public_url or "").startswith("https:")


def name_of(service: Service, name: str) -> str:
    """Return the name that a browser keeps a cookie by."""
    return f"{_HOST_ONLY}{name}" if by_tls(service) else name


def cookie_of(request: web.Request, name: str) -> str:
    """Return what the browser has kept; empty where there is nothing."""
    return request.cookies.get(name_of(service_of(request), name), "")


def set_cookie(
    request: web.Request,
    response: web.StreamResponse,
    name: str,
    value: str,
    *,
    seconds: int,
    samesite: Literal["Lax", "Strict"] = "Lax",
) -> None:
    """Let the browser keep something for so long, out of reach of scripts; 0 lets it forget it."""
    response.set_cookie(
        name_of(service_of(request), name),
        value,
        max_age=seconds,
        path="/",
        secure=True,
        httponly=True,
        samesite=samesite,
    )

"""Answering a request with a session: its one shape, its version, and where it is."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from booking_flow.model.session import Loaded, Session
from booking_http.api.action_links import session_href
from booking_http.api.guest_token import GuestToken
from booking_http.api.responses import SessionResponse
from booking_http.api.session_response import render
from booking_http.service import Service
from booking_http.web.request_io import json_response


def session_body(service: Service, answer: Loaded, key: GuestToken) -> SessionResponse:
    """Return the one shape of a session."""
    return render(answer.session, now=answer.now, session_id=key.text, allowed=service.allowed)


def tag(session: Session) -> dict[str, str]:
    """Return the headers that name the session's version."""
    return {"ETag": f'"{session.version}"'}


def tell_session(
    service: Service,
    answer: Loaded,
    key: GuestToken,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """Answer with a session."""
    body = session_body(service, answer, key)
    place = {"Location": session_href(key.text)} if status == 201 else {}
    return json_response(
        body, status=status, headers={**tag(answer.session), **place, **(headers or {})}
    )

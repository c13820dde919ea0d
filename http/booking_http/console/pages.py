"""Drawing pages: one shell, one policy for what a browser may load, and problems as pages."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from booking_flow.errors import RefusalCode, Refused
from booking_flow.ports import StoreUnavailable
from booking_http.console import formats, labels
from booking_http.console.auth import (
    SECOND_FACTOR,
    STAFF,
    EnrolFirst,
    SignInFirst,
    sign_in_href,
    unsent_input,
)
from booking_http.web.assets import Assets
from booking_http.web.auth import Staff, csrf_token
from booking_http.web.problems import EdgeCode, Problem, from_refusal, problem
from booking_http.web.request_context import REQUEST_ID
from booking_http.web.request_io import service_of
from booking_http.web.route import Handler

HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
}
"""What every page says: nobody keeps it, and nothing of it comes from elsewhere."""

ASSETS: Final = Assets(Path(__file__).resolve().parent / "static", path="/console/static")
NAVIGATION: Final = (
    ("Find", "/console"),
    ("Tasks", "/console/tasks"),
    ("Overview", "/console/overview"),
    ("Flow", "/console/flow"),
)
"""The pages that every page leads to."""


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Return the console's templates; whatever they show is escaped."""
    made = Environment(
        loader=PackageLoader("booking_http.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update({**formats.FILTERS, **labels.FILTERS})
    made.globals.update(asset=ASSETS.href)
    return made


async def render(
    request: web.Request,
    name: str,
    *,
    staff: Staff | None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **facts: Any,
) -> web.Response:
    """Draw a page; its template extends `base.html`, which needs nothing but a title."""
    service = service_of(request)
    tasks = await service.support.queue.counts(staff.account.id) if staff else None
    shell = {
        "environment": service.settings.app_env.value,
        "staff": staff,
        "csrf": csrf_token(service, staff.cookie) if staff and staff.cookie else "",
        "navigation": NAVIGATION if staff else (),
        "here": request.path,
        "waiting": tasks.waiting if tasks else 0,
        "overdue": tasks.overdue if tasks else 0,
    }
    return web.Response(
        text=environment().get_template(name).render(shell | facts),
        status=status,
        content_type="text/html",
        charset="utf-8",
        headers={**HEADERS, **(headers or {})},
    )


def go_to(path: str) -> web.Response:
    """Lead on to another page, which is then read and not posted to."""
    return web.Response(status=303, headers={**HEADERS, "Location": path})


def as_page(handler: Handler) -> Handler:
    """Let a handler's refusals be pages, and lead who is not signed in to where they can be."""

    @wraps(handler)
    async def page(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except SignInFirst as first:
            return await _turned_away(request, first)
        except Problem as found:
            return await _refusal(request, found)
        except Refused as refused:
            return await _refusal(request, from_refusal(refused.refusal))
        except web.HTTPRequestEntityTooLarge:
            return await _refusal(request, problem(EdgeCode.BODY_TOO_LARGE))
        except StoreUnavailable:
            return _unavailable(request)

    return page


async def _turned_away(request: web.Request, first: SignInFirst) -> web.Response:
    """Lead to the sign-in; what had been typed into a form is shown first, since it is lost."""
    if isinstance(first, EnrolFirst):
        return go_to(SECOND_FACTOR)
    typed, sign_in = await unsent_input(request), sign_in_href(request)
    if not typed:
        return go_to(sign_in)
    return await render(
        request, "signed_out.html", staff=None, status=401, typed=typed, sign_in=sign_in
    )


async def nothing_here(_: web.Request) -> web.Response:
    """Say that there is no such page."""
    raise problem(RefusalCode.NOT_FOUND, "This page does not exist, or not any more.")


async def _refusal(request: web.Request, found: Problem) -> web.Response:
    return await render(
        request,
        "problem.html",
        staff=request.get(STAFF),
        status=found.row.status,
        headers=dict(found.headers),
        title=found.row.title,
        detail=found.detail,
        request_id=request[REQUEST_ID],
    )


def _unavailable(request: web.Request) -> web.Response:
    """Say so without asking the database for anything, which is what does not answer."""
    row = problem(RefusalCode.UNAVAILABLE).row
    page = environment().get_template("problem.html")
    shell = {"environment": service_of(request).settings.app_env.value, "staff": None, "csrf": ""}
    facts = {"title": row.title, "detail": "The database does not answer. Reload in a moment."}
    counts = {"waiting": 0, "overdue": 0}
    text = page.render(
        shell | facts | counts,
        navigation=(),
        here=request.path,
        request_id=request[REQUEST_ID],
    )
    headers = {**HEADERS, "Retry-After": str(row.retry_after)}
    return web.Response(text=text, status=row.status, content_type="text/html", headers=headers)

"""Drawing the guest's pages: one shell, one policy for what a browser may load, problems in words.

Pages are drawn from the bodies that the API answers, and from nothing else.
"""

from __future__ import annotations

import gettext
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import structlog
from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from booking_flow.errors import RefusalCode, Refused
from booking_flow.model.card_numbers import holds_card_number
from booking_flow.policy import Policy
from booking_flow.ports import StoreUnavailable
from booking_flow.steps.pay import cards_left
from booking_http.api.endpoints.line_notices import mails
from booking_http.api.session_response import render as render_session
from booking_http.shop import guest_cookies, texts
from booking_http.shop.field_words import restriction
from booking_http.shop.formats import Formats, money
from booking_http.shop.forms import EMPTY, ShopForm, Wrong, new_attempt
from booking_http.shop.guest_cookies import NotOpen
from booking_http.shop.problem_words import words_of
from booking_http.shop.texts import N_
from booking_http.web.assets import Assets
from booking_http.web.host_cookies import name_of
from booking_http.web.models import without_cards
from booking_http.web.problems import EdgeCode, Problem, from_refusal, problem
from booking_http.web.request_context import REQUEST_ID, SUBJECT
from booking_http.web.request_io import service_of
from booking_http.web.route import Handler

_log = structlog.get_logger("booking_http.shop")
HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
}
"""What every page says: nobody keeps it, and nothing of it comes from elsewhere."""
ASSETS: Final = Assets(Path(__file__).resolve().parent / "static", path="/shop/static")
Body = dict[str, Any]
Options = Iterable[tuple[str, str]]
_PARTY: Final = """
{%- import "macros.html" as show with context %}{{ show.party(party.adults, party.children) }}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoTrigger:
    """Something that can be typed into a simulated shop, and what comes of it."""

    where: str
    value: str
    effect: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ribbon:
    """What a demonstration says on top of every page."""

    triggers: tuple[DemoTrigger, ...] = field(default=())
    drills: tuple[DemoTrigger, ...] = field(default=())
    """Sailings that fail on purpose; `value` is their `cruiseId`."""


RIBBON: Final = web.AppKey("shop_ribbon", Ribbon)


def body_of(response: web.StreamResponse) -> Body:
    """Return the body that the API answers."""
    assert isinstance(response, web.Response)  # noqa: S101 - a request function answers no stream
    assert isinstance(response.body, bytes)  # noqa: S101 - and its answer is whole
    found: Body = json.loads(response.body)
    return found


@lru_cache
def environment(language: str) -> Environment:
    """Return the templates in a language; whatever they show is escaped."""
    made = Environment(
        loader=PackageLoader("booking_http.shop"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    catalogue, locale = texts.catalogue(language), texts.locale_of(language)
    made.install_gettext_callables(  # type: ignore[attr-defined]  # the i18n extension adds it
        catalogue.gettext, catalogue.ngettext, newstyle=True
    )
    made.filters.update(Formats(locale).filters)
    made.filters["translate"] = catalogue.gettext
    made.filters["translated"] = _translated(catalogue)
    made.filters["restriction"] = restriction
    made.globals.update(asset=ASSETS.href, language=language, direction=locale.text_direction)
    return made


def _translated(catalogue: gettext.NullTranslations) -> Callable[[Options], list[tuple[str, str]]]:
    def translate(options: Options) -> list[tuple[str, str]]:
        return [(value, catalogue.gettext(text)) for value, text in options]

    return translate


def language_of(request: web.Request) -> str:
    """Return the language to answer in."""
    name = name_of(service_of(request), guest_cookies.LANGUAGE)
    return texts.wanted(
        request.headers.get("Accept-Language", ""), chosen=request.cookies.get(name)
    )


def draw(request: web.Request, name: str, **facts: Any) -> str:
    """Draw a template with what every page shows."""
    return environment(language_of(request)).get_template(name).render(_shell(request) | facts)


def render(
    request: web.Request,
    name: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **facts: Any,
) -> web.Response:
    """Answer with a page; its template extends `base.html`."""
    response = web.Response(
        text=draw(request, name, **facts),
        status=status,
        content_type="text/html",
        charset="utf-8",
        headers={**HEADERS, **(headers or {})},
    )
    guest_cookies.keep_visit(request, response)
    return response


def _shell(request: web.Request) -> dict[str, Any]:
    settings = service_of(request).settings
    return {
        "environment": settings.app_env.value,
        "shop_name": settings.shop_name,
        "help": {
            "phone": settings.help_phone,
            "hours": settings.help_hours,
            "email": settings.help_email,
        },
        "terms_url": settings.terms_url,
        "currency": settings.currency,
        "mails": mails(service_of(request)),
        "own_address": (settings.public_url or "").rstrip("/"),
        "ribbon": request.app.get(RIBBON),
        "languages": texts.NAMES,
        "proof": guest_cookies.proof_of(request),
        "attempt": new_attempt(),
        "here": _here(request),
        "form": EMPTY,
        "problem": None,
        "body": None,
        "query": urlencode,
    }


def _here(request: web.Request) -> str:
    """Return the address of a page, without what a card number was typed into."""
    path = "/" if holds_card_number(request.path) else request.path
    query = urlencode(without_cards(request.query))
    return f"{path}?{query}" if query else path


def go_to(path: str) -> web.Response:
    """Lead on to another page, which is then read and not posted to."""
    return web.Response(status=303, headers={**HEADERS, "Location": path})


def as_page(handler: Handler) -> Handler:
    """Let a handler's refusals be pages in a guest's words."""

    @wraps(handler)
    async def page(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except NotOpen:
            return await problem_page(request, problem(RefusalCode.SESSION_NOT_FOUND))
        except (Problem, Refused, StoreUnavailable) as error:
            return await problem_page(request, problem_of(error))
        except web.HTTPRequestEntityTooLarge:
            return await problem_page(request, problem(EdgeCode.BAD_REQUEST))
        except (web.HTTPException, ConnectionResetError):
            raise
        except Exception as error:
            _log.error("unexpected", exc_info=error)
            return await problem_page(request, problem(RefusalCode.UNAVAILABLE))

    return page


def problem_of(error: Problem | Refused | StoreUnavailable) -> Problem:
    """Return what an error of any kind is to a guest."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, Refused):
        return from_refusal(error.refusal, session=error.session)
    return problem(RefusalCode.UNAVAILABLE)


async def nothing_here(_: web.Request) -> web.Response:
    """Say that there is no such page."""
    raise problem(RefusalCode.NOT_FOUND)


async def problem_page(request: web.Request, found: Problem) -> web.Response:
    """Show a problem as a page of its own."""
    body = await subject_body(request)
    return refuse(request, found, "problem.html", body=body)


def refuse(
    request: web.Request,
    found: Problem,
    name: str,
    *,
    body: Body | None,
    faults: Mapping[str, Wrong] | None = None,
    typed: Mapping[str, str] | None = None,
    **facts: Any,
) -> web.Response:
    """Draw a page that says first what is wrong, and shows again what was typed."""
    service_of(request).metrics.problems.labels(found.code).inc()
    return render(
        request,
        name,
        status=found.row.status,
        headers=dict(found.headers),
        form=ShopForm(typed=typed or {}, faults=faults or {}),
        **problem_facts(request, found, body=body) | facts,
    )


def problem_facts(request: web.Request, found: Problem, *, body: Body | None) -> dict[str, Any]:
    """Return what a template needs to say what is wrong."""
    return {
        "problem": words_of(found.code, booked=bool(body and body["booking"])),
        "code": found.code,
        "facts": _facts(request, found, body),
        "actual": found.facts.get("actual"),
        "held_until": _held_until(request, found),
        "choice": None,
        "like": None,
        "cards_left": found.session and cards_left(found.session, _policy(request)),
        "body": body,
        "request_id": request[REQUEST_ID],
        "wait": found.headers.get("Retry-After") or found.row.retry_after,
    }


def _held_until(request: web.Request, found: Problem) -> str | None:
    """Return when a hold ended, for whoever is told that it has."""
    subject = request.get(SUBJECT)
    basket = subject.session.basket if subject is not None else None
    lapsed = found.code == RefusalCode.HOLD_LAPSED and basket is not None
    return basket.hold_until.isoformat() if basket is not None and lapsed else None


def _facts(request: web.Request, found: Problem, body: Body | None) -> dict[str, str]:
    """Return what goes into the words of a problem."""
    known = body or {"cruise": {}, "reference": "", "selection": None, "passengerCount": None}
    chosen, currency = known["selection"] or {}, found.facts.get("currency", "")
    locale = texts.locale_of(language_of(request))
    amounts = {
        name: money(found.facts.get(name), currency, locale=locale)
        for name in ("expected", "actual")
    }
    return {
        **amounts,
        "cabin": found.facts.get("cabinNumber") or chosen.get("cabinNumber") or "",
        "held": chosen.get("cabinNumber", ""),
        "line": known["cruise"].get("lineName") or _say(request, N_("The cruise line")),
        "reference": known["reference"],
        "party": party_words(request, known["passengerCount"]),
    }


def _policy(request: web.Request) -> Policy:
    return service_of(request).settings.policy()


def _say(request: web.Request, text: str) -> str:
    return texts.catalogue(language_of(request)).gettext(text)


def told(request: web.Request, wrong: Wrong) -> str:
    """Return what is wrong with a field in the guest's language."""
    return _say(request, wrong.words) % wrong.facts


def party_words(request: web.Request, party: Body | None) -> str:
    """Return such as "2 adults and 1 child"."""
    if party is None:
        return _say(request, N_("your party"))
    template = environment(language_of(request)).from_string(_PARTY)
    return template.render(party=party).strip()


async def subject_body(request: web.Request) -> Body | None:
    """Return the session that a request turned out to be about, as it stands now."""
    subject, service = request.get(SUBJECT), service_of(request)
    if subject is None:
        return None
    try:
        loaded = await service.store.load(subject.session.id)
    except StoreUnavailable:
        return None
    if loaded is None:
        return None
    shown = render_session(
        loaded.session, now=loaded.now, session_id=subject.session_id or "", allowed=service.allowed
    )
    whole: Body = json.loads(shown.__pydantic_serializer__.to_json(shown, by_alias=True))
    return whole

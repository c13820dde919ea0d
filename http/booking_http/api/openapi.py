"""The API's document (OpenAPI 3.1), made of the route table, the models and the problem table."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from inspect import getdoc
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from booking_http.api.openapi_schemas import shown
from booking_http.api.openapi_texts import PARAMETERS, SHOWN, TAGS
from booking_http.api.problem_document import ProblemResponse
from booking_http.api.responses import EventResponse
from booking_http.web.auth import COOKIE
from booking_http.web.models import ResponseModel, public_name
from booking_http.web.problems import PROBLEMS, ProblemType
from booking_http.web.route import Answered, Route

Json = dict[str, Any]
_REF: Final = "#/components/schemas/{model}"
_INNER_REF: Final = re.compile(r"(#/components/schemas/)(\w+)")
_ABOUT: Final = (
    "Book a cruise cabin in six steps: open a session, look at prices, choose a cabin, have it "
    "held, say who travels, book and pay. Every answer about a session has the same shape; "
    "`allowedActions` says what can be done next and where. A step whose end is not known yet "
    "answers 202 with `pending`. Send an `Idempotency-Key` with every POST: a repeated request "
    "then shows what became of the first."
)
EXAMPLES: Final = files("booking_http.api") / "examples.json"
"""What was asked of the service and answered over the simulator; `make examples` records it."""
_STAFF: Final[Json] = {
    "apiToken": {"type": "http", "scheme": "bearer"},
    "signIn": {"type": "apiKey", "in": "cookie", "name": COOKIE},
}
_HEADERS: Final[dict[str, Json]] = {
    "ETag": {"description": "The session's version.", "schema": {"type": "string"}},
    "Location": {"description": "Where the session is.", "schema": {"type": "string"}},
    "Idempotent-Replayed": {
        "description": "`true` where an earlier request's outcome is shown.",
        "schema": {"type": "string", "const": "true"},
    },
    "Retry-After": {
        "description": "Seconds to wait before trying again.",
        "schema": {"type": "integer"},
    },
}
_TEXTS: Final[dict[str, Json]] = {
    "application/json": {"type": "object"},
    "text/event-stream": {
        "type": "string",
        "description": "Events called `session`, whose data are JSON.",
        "contentMediaType": "application/json",
        "contentSchema": {"$ref": "#/components/schemas/Event"},
    },
}
_TITLES: Final = {
    200: "Done",
    201: "Created",
    202: "Accepted: `pending` or `cancellation` says what is still open",
    503: "Not ready",
}


def build_document(routes: Sequence[Route], *, server: str | None = None) -> Json:
    """Return the document."""
    paths: dict[str, Json] = defaultdict(dict)
    for route in routes:
        paths[_shown(route.path)][route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Live cruise booking",
            "version": version("booking-flow"),
            "description": _ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": server or "/"}],
        "security": [],
        "tags": [
            {"name": name, "description": TAGS[name]}
            for name in dict.fromkeys(route.tag for route in routes)
        ],
        "paths": dict(paths),
        "components": {
            "schemas": _schemas(routes),
            "responses": _problem_responses(routes),
            "headers": _HEADERS,
            "securitySchemes": _STAFF,
        },
    }


def _schemas(routes: Sequence[Route]) -> Json:
    asks = {route.request for route in routes if route.request}
    tells: set[type[BaseModel]] = {ProblemResponse, EventResponse}
    for route in routes:
        tells |= {model for answer in route.responses.values() for model in _models(answer)}
    wanted = [(model, "validation") for model in _sorted(asks)]
    wanted += [(model, "serialization") for model in _sorted(tells)]
    _, schema = models_json_schema(wanted, by_alias=True, ref_template=_REF)  # type: ignore[arg-type]  # modes are literals
    found: Json = json.loads(_INNER_REF.sub(_public_ref, json.dumps(schema["$defs"])))
    return shown({public_name(name): schema for name, schema in found.items()})


def _public_ref(found: re.Match[str]) -> str:
    return found[1] + public_name(found[2])


def _sorted(models: Iterable[type[BaseModel]]) -> list[type[BaseModel]]:
    return sorted(models, key=lambda model: model.__name__)


def _operation(route: Route) -> Json:
    operation: Json = {
        "operationId": route.name,
        "summary": route.summary,
        "description": getdoc(route.handler) or route.summary,
        "tags": [route.tag],
        "parameters": [*_path_parameters(route), *_query_parameters(route), *_headers(route)],
        "responses": {**_answers(route), **_problems(route)},
        "x-problems": _codes(route),
    }
    if route.staff:
        operation["security"] = [{name: []} for name in _STAFF]
    if route.request:
        operation["requestBody"] = {
            "required": not route.request_optional,
            "content": {
                "application/json": {"schema": _ref(route.request)} | _example(route, "request")
            },
        }
    return operation


@cache
def _examples() -> Json:
    found: Json = json.loads(EXAMPLES.read_text())
    return found


def _example(route: Route, what: str) -> Json:
    """Return the example of a request, or of the answer with a status, where one was recorded."""
    found = _examples()["operations"].get(route.name, {})
    found = found if what == "request" else found.get("responses", {})
    return {"example": found[what]} if what in found else {}


def _problem_examples(rows: Iterable[ProblemType]) -> Json:
    recorded = _examples()["problems"]
    found = {row.code: {"value": recorded[row.code]} for row in rows if row.code in recorded}
    return {"examples": found} if found else {}


def _shown(path: str) -> str:
    """Return a path, or a name in one, in the spelling of the document."""
    for name, spelling in SHOWN.items():
        path = path.replace(name, spelling)
    return path


def _ref(model: type[BaseModel]) -> Json:
    return {"$ref": _REF.format(model=public_name(model.__name__))}


def _path_parameters(route: Route) -> list[Json]:
    return [
        {"name": _shown(name), "in": "path", "required": True, "schema": {"type": "string"}}
        | PARAMETERS[name]
        for name in route.parameters
    ]


def _query_parameters(route: Route) -> list[Json]:
    if route.query is None:
        return []
    schema = route.query.model_json_schema(by_alias=True)
    needed, words = schema.get("required", []), schema.get("$defs", {})
    return [
        {"name": name, "in": "query", "required": name in needed, "schema": _plain(found, words)}
        | PARAMETERS[name]
        for name, found in schema["properties"].items()
    ]


def _plain(schema: Json, words: Json) -> Json:
    """Return a query parameter's schema by itself: leaving it out is how null is said."""
    kept = {k: v for k, v in schema.items() if k not in ("anyOf", "default", "title", "$ref")}
    options = [option for option in schema.get("anyOf", []) if option.get("type") != "null"]
    default = {"default": schema["default"]} if schema.get("default") is not None else {}
    found = options[0] if options else schema
    named = words.get(found.get("$ref", "").rpartition("/")[2])
    return {**kept, **(named or (found if options else {})), **default}


def _headers(route: Route) -> list[Json]:
    names = (*(("Idempotency-Key",) if route.idempotent else ()), *route.headers)
    return [
        {"name": name, "in": "header", "required": False, "schema": {"type": "string"}}
        | PARAMETERS[name]
        for name in names
    ]


def _answers(route: Route) -> Json:
    return {str(status): _answer(route, status, found) for status, found in route.responses.items()}


def _models(answer: Answered) -> tuple[type[ResponseModel], ...]:
    """Return every model an answer can be of."""
    if isinstance(answer, str):
        return ()
    return answer if isinstance(answer, tuple) else (answer,)


def _answer(route: Route, status: int, answer: Answered) -> Json:
    if isinstance(answer, str):
        schema = _TEXTS.get(answer, {"type": "string"})
        return {"description": _TITLES[status], "content": {answer: {"schema": schema}}}
    model, *others = _models(answer)
    refs = [_ref(each) for each in (model, *others)]
    return {
        "description": _title(status, model),
        "content": {
            "application/json": {"schema": {"anyOf": refs} if others else refs[0]}
            | _example(route, str(status))
        },
        "headers": {
            name: {"$ref": f"#/components/headers/{name}"} for name in _sent(route, status, model)
        },
    }


def _title(status: int, model: type[ResponseModel]) -> str:
    if status == 202 and not issubclass(model, EventResponse):
        return "Accepted"
    return _TITLES[status]


def _sent(route: Route, status: int, model: type[ResponseModel]) -> list[str]:
    """Return the headers an answer carries."""
    names = ["ETag"] if issubclass(model, EventResponse) else []
    names += ["Location"] if status == 201 else []
    return names + (["Idempotent-Replayed"] if route.idempotent else [])


def _codes(route: Route) -> dict[str, list[str]]:
    """Return the codes that an operation can answer with, by status."""
    found: dict[str, list[str]] = defaultdict(list)
    for code in sorted(dict.fromkeys(route.problems), key=lambda code: PROBLEMS[code.value].status):
        found[str(PROBLEMS[code.value].status)].append(code.value)
    return dict(found)


def _problems(route: Route) -> Json:
    """Return the problems of an operation: one answer for each status, with the codes it can have.

    The shape is the same for all of a status, so that generators make one type of it.
    """
    return {
        status: {
            "$ref": f"#/components/responses/Problem{status}",
            "description": " · ".join(f"`{code}`: {PROBLEMS[code].title}" for code in codes),
        }
        for status, codes in _codes(route).items()
    }


def _problem_responses(routes: Sequence[Route]) -> Json:
    by_status: dict[int, list[ProblemType]] = defaultdict(list)
    for code in sorted({code.value for route in routes for code in route.problems}):
        by_status[PROBLEMS[code].status].append(PROBLEMS[code])
    return {
        f"Problem{status}": _problem_response(rows) for status, rows in sorted(by_status.items())
    }


def _problem_response(rows: list[ProblemType]) -> Json:
    found: Json = {
        "description": " · ".join(f"`{row.code}`: {row.title}" for row in rows),
        "content": {
            "application/problem+json": {"schema": _ref(ProblemResponse)} | _problem_examples(rows)
        },
    }
    if any(row.retry_after for row in rows):
        found["headers"] = {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}
    return found

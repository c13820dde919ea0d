"""What requests and answers look like, recorded from the simulator for the API's document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from booking_http.api.openapi import EXAMPLES
from booking_http.routes import ROUTES
from booking_http.web.route import Route
from tests.support.service import Headers, Json, Reply, Service

FILE: Final = Path(str(EXAMPLES))
SAILS: Final = date(2027, 3, 7)
"""The day on which the sailing of the examples leaves, whenever they were recorded."""
_MOST: Final = 2
"""Members that a list keeps: one shows the shape, two show that it repeats."""
_MOMENTS: Final = {"expiresAt": "2026-11-22T14:35:00Z"}
_NOW: Final = "2026-11-22T14:20:00Z"
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)")
_SESSION: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(\.[\w-]{20,})?")
_TOKEN: Final = re.compile(r"(?<=lookup/)[\w-]{20,}")
_REFERENCE: Final = re.compile(r"\bBF-[A-Z0-9]{8}\b")
_CURSOR: Final = re.compile(r"(?<=cursor=)[\w-]+")
_PAGE: Final = "ZGF0ZSAyMDI0LTEyLTExIDIwMjYtMTItMTEgOTk0OTk0OQ"
_HOST: Final = re.compile(r"http://127\.0\.0\.1:\d+")
_ID: Final = "3f6c1a52-0000-4000-8000-5d1c7b9e2a40"
_SECRET: Final = "EXAMPLE-example-EXAMPLE-example"
_NAMES: Final = {"requestId": "5f0c2a4e9d7b4c1e8a6f3d2b1c0e9f8a"}


class Recorder(Service):
    """A service that keeps the first of each kind of answer, and what was asked for it."""

    heard: dict[tuple[str, int], tuple[Any, Any]]
    problems: dict[str, Any]

    @classmethod
    def of(cls, service: Service) -> Recorder:
        """Listen to a service."""
        made = cls(app=service.app, url=service.url, http=service.http, simulator=service.simulator)
        made.heard, made.problems = {}, {}
        return made

    def of_same(self, service: Service) -> Recorder:
        """Listen to a further service, and keep what it answers with the rest."""
        made = Recorder.of(service)
        made.heard, made.problems = self.heard, self.problems
        return made

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        headers: Headers | None = None,
    ) -> Reply:
        """Send a request and keep it with its answer."""
        reply = await super().call(method, path, body, raw=raw, headers=headers)
        if reply.code is not None:
            self.problems.setdefault(reply.code, reply.body)
        elif (route := _route(method, path)) is not None and isinstance(reply.body, dict):
            self.heard.setdefault((route.name, reply.status), (body, reply.body))
        return reply

    def examples(self, sails: date) -> Json:
        """Return what was heard as it stands in the document; `sails` is the day of the sailing."""
        clean = _Cleaner(SAILS - sails)
        operations: dict[str, Json] = {}
        for (name, status), (asked, answered) in sorted(self.heard.items()):
            found = operations.setdefault(name, {"responses": {}})
            if asked and "request" not in found:
                found["request"] = clean.value(asked)
            found["responses"][str(status)] = clean.value(answered)
        problems = {code: clean.value(body) for code, body in sorted(self.problems.items())}
        return {"operations": operations, "problems": problems}


def _route(method: str, path: str) -> Route | None:
    bare = path.partition("?")[0]
    fitting = (each for each in ROUTES if each.method == method and _fits(each.path, bare))
    return next(fitting, None)


def _fits(pattern: str, path: str) -> bool:
    return re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), path) is not None


class _Cleaner:
    """Takes away what differs each time: days, moments, identifiers, cursors, and long lists."""

    def __init__(self, shift: timedelta) -> None:
        self._shift = shift

    def value(self, value: Any, name: str = "") -> Any:
        if isinstance(value, Mapping):
            return {key: self.value(each, key) for key, each in value.items()}
        if isinstance(value, list):
            return [self.value(each, name) for each in _few(value)]
        return self._text(value, name) if isinstance(value, str) else value

    def _text(self, text: str, name: str) -> str:
        if name in _NAMES:
            return _NAMES[name]
        if name == "next" and not text.startswith("/"):
            return _PAGE
        if _MOMENT.fullmatch(text):
            return _MOMENTS.get(name, _NOW)
        text = _SESSION.sub(lambda found: _ID + (f".{_SECRET}" if found[1] else ""), text)
        text = _REFERENCE.sub("BF-7K3Q9X2M", _TOKEN.sub(_SECRET, text))
        text = _CURSOR.sub(_PAGE, text)
        text = _HOST.sub("https://pictures.example", text)
        return _DAY.sub(self._moved, text)

    def _moved(self, found: re.Match[str]) -> str:
        return (date.fromisoformat(found[0]) + self._shift).isoformat()


def _few(values: list[Any]) -> Iterable[Any]:
    return values if all(isinstance(each, int | float) for each in values) else values[:_MOST]


def outline(value: Any, at: str = "") -> dict[str, object]:
    """Return what must not differ from one recording to the next, by its place.

    Numbers are left out: prices, days and what is free depend on the day of the recording.
    """
    if isinstance(value, Mapping):
        parts = [outline(each, f"{at}/{key}") for key, each in value.items()]
        return {at: "object"} | dict(item for part in parts for item in part.items())
    if isinstance(value, list):
        return {at: "list"} | (outline(value[0], f"{at}/0") if value else {})
    return {at: re.sub(r"\d+", "0", value) if isinstance(value, str) else type(value).__name__}


def write(examples: Json) -> None:
    """Write the file that the document is made with."""
    FILE.write_text(json.dumps(examples, indent=1, ensure_ascii=False) + "\n")

"""A form as a guest sent it: what was typed, and what is wrong with it, in the guest's words."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from aiohttp import web
from pydantic import ValidationError

from booking_http.api.guest_request import FORM_KEY
from booking_http.shop.guest_cookies import ensure_proved
from booking_http.web.models import RequestModel
from booking_http.web.problems import EdgeCode, problem
from booking_http.web.validation import problem_of

PROOF: Final = "proof"
KEY: Final = "attempt"
"""The field that makes one attempt happen once, however often its form is sent."""
_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
_CARD: Final = "payment-"
"""What begins like this is of a card, and is never drawn again."""
Fields = dict[str, str]
A = TypeVar("A", bound=RequestModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """What is wrong with a field: words of the catalogue and what goes into them."""

    words: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopForm:
    """A form that is shown, perhaps with what was typed before and why it was not taken."""

    typed: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, Wrong] = field(default_factory=dict)
    """By the name of the field, in the order of the page."""

    def value(self, name: str) -> str:
        """Return what is typed in a field; a card is never drawn again."""
        return "" if name.startswith(_CARD) else self.typed.get(name, "")

    def fault(self, name: str) -> Wrong | None:
        """Return what is wrong with a field."""
        return self.faults.get(name)

    @property
    def refused(self) -> bool:
        """Whether it was sent and not taken."""
        return bool(self.faults)


EMPTY: Final = ShopForm()


async def read_form(request: web.Request) -> Fields:
    """Return the fields of a form of ours that hold anything.

    Raises:
        Problem: `forbidden`, the form was not drawn for this browser.
    """
    if request.content_type not in _FORMS:
        raise problem(EdgeCode.UNSUPPORTED_MEDIA_TYPE)
    try:
        sent = (await request.post()).items()
    except (LookupError, UnicodeError, ValueError):
        raise problem(EdgeCode.BAD_REQUEST) from None
    typed = [(name, value.strip()) for name, value in sent if isinstance(value, str)]
    fields = {name: value.replace("\r\n", "\n") for name, value in typed if value}
    ensure_proved(request, fields.pop(PROOF, ""))
    if attempt := fields.pop(KEY, None):
        request[FORM_KEY] = attempt
    return fields


def ask(model: type[A], body: Mapping[str, object]) -> A:
    """Read a body as the API would read it.

    Raises:
        Problem: it is not what the API takes; with where.
    """
    try:
        return model.model_validate_json(json.dumps(body))
    except ValidationError as error:
        raise problem_of(error) from None


def new_attempt() -> str:
    """Make the key of an attempt; who knows it can repeat the attempt, so nobody may guess it."""
    return secrets.token_urlsafe(32)

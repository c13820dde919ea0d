"""A form as it was sent: what was typed, and what was wrong with it, to be shown once more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, TypeVar

from pydantic import ValidationError

from booking_flow.errors import Fault
from booking_http.console.auth import Fields
from booking_http.console.formats import humanize
from booking_http.web.models import RequestModel, without_cards
from booking_http.web.problems import Problem
from booking_http.web.validation import faults_of

A = TypeVar("A", bound=RequestModel)
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class Typed(dict[str, str]):
    """What was typed; nothing was typed where nothing is known.

    A field with a card number in it is never written back into a page.
    """

    def __init__(self, fields: Mapping[str, str] = _NOTHING) -> None:
        super().__init__(without_cards(fields))

    def __missing__(self, key: str) -> str:
        """Return the empty field."""
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleForm:
    """A form that is shown: perhaps with what was typed before, and why it was not taken."""

    typed: Typed
    faults: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    """By the name of the field."""
    said: str | None = None
    """What is wrong with all of it."""
    sides: Sequence[str] = ()
    """What speaks for one side and the other, where they disagree."""
    name: str = ""
    """Which form of the page it is."""

    @property
    def refused(self) -> bool:
        """Whether it was sent and not taken."""
        return bool(self.said or self.faults)


EMPTY: Final = ConsoleForm(typed=Typed())


class FormRejected(Exception):  # noqa: N818 - names what became of the form
    """A form whose fields do not fit; it is to be shown again."""

    def __init__(self, form: ConsoleForm) -> None:
        super().__init__("a form was not taken")
        self.form = form


def understand(fields: Fields, model: type[A], *, form: str = "") -> A:
    """Read what was typed as what a program would send.

    Raises:
        NotTaken: something is missing or wrong.
    """
    known = {each.alias or name for name, each in model.model_fields.items()}
    asked = {name: value for name, value in fields.items() if name in known}
    try:
        return model.model_validate_strings(asked)
    except ValidationError as error:
        raise FormRejected(_form(fields, faults_of(error), name=form)) from None


def refused(fields: Fields, found: Problem, *, form: str = "") -> ConsoleForm:
    """Return the form to show again to who could not have what they asked for."""
    said = found.detail or f"{found.row.title}."
    sides = [f"{fault.pointer.strip('/').capitalize()}: {fault.detail}" for fault in found.errors]
    if "answered" in found.facts:
        theirs, at = humanize(found.facts["answered"]), found.facts["answered_at"]
        sides.append(f"{found.facts['answered_by']}, {at}: {theirs}")
        sides.append(f"You, now: {humanize(found.facts['your_answer'])}")
    return ConsoleForm(typed=Typed(fields), said=said, sides=sides, name=form)


def _form(fields: Fields, faults: Sequence[Fault], *, name: str) -> ConsoleForm:
    said = {fault.pointer.strip("/"): fault.detail for fault in faults}
    return ConsoleForm(typed=Typed(fields), faults=said, name=name)

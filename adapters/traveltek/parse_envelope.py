"""The envelope around every answer, and the errors inside it (traveltek.md, section 1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapters.traveltek.parse_values import (
    Node,
    OtherCurrency,
    Unreadable,
    currency_code,
    first,
    node,
    nodes,
    text,
    whole,
)


@dataclass(frozen=True, slots=True)
class ErrorItem:
    """One business error."""

    code: int | None
    text: str


class Erroneous(Exception):  # noqa: N818 - says what the answer is
    """The envelope holds errors: the supplier understood and did nothing."""

    def __init__(self, errors: tuple[ErrorItem, ...]) -> None:
        """Keep the supplier's own words."""
        super().__init__(", ".join(str(error.code) for error in errors))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Envelope:
    """An answer taken apart as far as all answers are alike."""

    errors: tuple[ErrorItem, ...]
    meta: Node
    results: tuple[Node, ...]
    body: Node

    @property
    def criteria(self) -> Node:
        """Return the echo of what was asked."""
        return node(self.meta.get("criteria"))

    @property
    def result(self) -> Node:
        """Return the first result, empty when there is none."""
        return self.results[0] if self.results else {}

    @property
    def currency(self) -> str | None:
        """Return the currency it says it is priced in."""
        stated = currency_code(node(self.meta.get("defaultcurrency")).get("code"))
        return stated or currency_code(self.criteria.get("currency"))

    def priced_in(self, currency: str) -> str:
        """Return `currency`, or refuse an answer that says it is priced in another."""
        if (self.currency or currency) != currency:
            raise OtherCurrency
        return currency

    @property
    def own(self) -> bool:
        """Whether it has the supplier's own shape, and is no error page of a gateway in front."""
        return "errors" in self.body and not _OWN.isdisjoint(self.body)

    @property
    def acted(self) -> bool:
        """Whether anything in it says that something was done: a result, or a booking id."""
        return bool(self.body.get("results")) or _holds(self.body, "bookingid")

    def without_errors(self) -> Envelope:
        """Return itself, or refuse the answer for its errors."""
        if self.errors:
            raise Erroneous(self.errors)
        return self


_OWN = frozenset({"meta", "results", "timing", "warnings"})
"""Members that every answer of the supplier has beside its errors (traveltek.md, section 1)."""


def _holds(content: object, name: str) -> bool:
    """Whether a member of this name lies anywhere in a tree."""
    waiting = [content]
    while waiting:
        match waiting.pop():
            case Mapping() as found:
                if name in found:
                    return True
                waiting += found.values()
            case list() as items:
                waiting += items
    return False


def envelope(content: object) -> Envelope:
    """Take an answer apart; one with neither results nor errors is no answer of this supplier."""
    if not isinstance(content, Mapping):
        raise Unreadable("envelope")
    errors = _errors(content.get("errors"))
    if not errors and not _listlike(content):
        raise Unreadable("results")
    results = tuple(nodes(content.get("results")))
    return Envelope(errors, node(content.get("meta")), results, content)


def _listlike(content: Node) -> bool:
    results = content.get("results", "missing")
    if isinstance(results, str):
        return not results.strip()
    if isinstance(results, Sequence):
        return all(isinstance(row, Mapping) or not row for row in results)
    return isinstance(results, Mapping | None)


def _errors(value: object) -> tuple[ErrorItem, ...]:
    found = [_error(item) for item in nodes(value)]
    if not isinstance(value, Mapping):
        items = value if isinstance(value, list) else [value]
        found += [ErrorItem(None, words) for item in items if (words := text(item))]
    return tuple(found)


def _error(item: Node) -> ErrorItem:
    return ErrorItem(whole(item.get("code")), first(item, "text", "message", "msg", "error") or "")

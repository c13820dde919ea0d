"""Reading rate codes: what a rate is called, whether it refunds, who may have it.

See traveltek.md, section 4.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from adapters.traveltek.parse_envelope import Envelope
from adapters.traveltek.parse_values import Node, flag, node, nodes, text

_NOT_REFUNDABLE = re.compile(r"\bnon?[\s-]*refund|\bnot\s+refund|\bnrd\b", re.IGNORECASE)
_REFUNDABLE = re.compile(r"\b(fully\s+)?refundable\b", re.IGNORECASE)
_RESTRICTED = (
    ("military", ("military",), re.compile(r"\bmilitary|\bveteran|\barmed forces", re.IGNORECASE)),
    ("senior", ("senior",), re.compile(r"\bseniors?\b|\b55\s*(\+|plus)", re.IGNORECASE)),
    (
        "past_guest",
        ("pastpassenger",),
        re.compile(r"\bpast[\s-]+(guest|passenger)|\bloyalty\b", re.IGNORECASE),
    ),
    ("interline", (), re.compile(r"\binterline\b", re.IGNORECASE)),
    ("resident", (), re.compile(r"\bresidents?\b", re.IGNORECASE)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RateCode:
    """What the supplier says of a rate code."""

    name: str
    refundable: bool | None = None
    restricted_to: tuple[str, ...] = ()
    row: Node = field(default_factory=dict)
    """All that was said."""


def rate_codes(answer: Envelope) -> Mapping[str, RateCode]:
    """Return the rate codes, wherever the answer keeps them."""
    rows = _rows(answer.criteria.get("ratecodes")) + _rows(answer.meta.get("ratecodes"))
    return {code: _rate_code(code, row) for row in rows if (code := text(row.get("code")))}


def _rows(value: object) -> list[Node]:
    found = nodes(value)
    if len(found) == 1 and "code" not in found[0]:
        return [{"code": code, **node(about)} for code, about in found[0].items()]
    return found


def _rate_code(code: str, row: Node) -> RateCode:
    name = text(row.get("name")) or code
    words = f"{name} {text(row.get('description')) or ''}"
    return RateCode(
        name=name,
        refundable=_refundable(row, words),
        restricted_to=tuple(who for who, keys, sign in _RESTRICTED if _is(row, keys, sign, words)),
        row=row,
    )


def _is(row: Node, keys: tuple[str, ...], sign: re.Pattern[str], words: str) -> bool:
    return any(flag(row.get(key)) for key in keys) or sign.search(words) is not None


def _refundable(row: Node, words: str) -> bool | None:
    """Trust the words; the flag is believed only when it says non-refundable."""
    if flag(row.get("nonrefundable")) or _NOT_REFUNDABLE.search(words):
        return False
    return True if _REFUNDABLE.search(words) else None

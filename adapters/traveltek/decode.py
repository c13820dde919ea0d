"""The one gate for what the supplier sends: JSON within bounds, text that can be kept and shown.

Everything behind it may rely on this: no text holds a character that PostgreSQL or UTF-8 refuses,
no number is longer than `LONGEST_NUMBER`, and nothing lies deeper than `DEEPEST`. What is over a
bound is left out; the rest of a good answer is still the answer (a booking may hang on it).
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from decimal import Decimal
from functools import partial
from typing import Any, Final

DEEPEST: Final = 40
"""Levels of nesting that are read; the deepest answer known has 10 (traveltek.md, section 6)."""
LONGEST_NUMBER: Final = 60
"""Digits of a number; a longer one is read as text, cut off."""

_ODD: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
"""C0 and DEL except tab and line ends, lone surrogates, and the non-characters of Unicode."""
_CONTROLS: Final = bytes(code for code in (*range(0x20), 0x7F) if code not in b"\t\n\r")
_ESCAPED: Final = re.compile(rb"\\u(?:00[01]|007f|d[89a-f]|fd[de]|fff[ef])", re.IGNORECASE)
_PIECE: Final = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]', re.DOTALL)


class NotJson(Exception):  # noqa: N818 - says what the body is
    """The body is not JSON."""


def decode(body: bytes) -> object:
    """Read JSON with exact numbers; the supplier means UTF-8 and sometimes sends Latin-1.

    Raises:
        NotJson: it is not.
    """
    try:
        words = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        words = body.decode("latin-1")
    try:
        content = _loads(words)
    except RecursionError:
        content = _loads(without_depths(words))
    return _printable(content) if _may_hold_odd(body) else content


def printable(words: str) -> str:
    """Return a text without the characters that cannot be kept; half an emoji is dropped."""
    return _ODD.sub("", words)


def _may_hold_odd(body: bytes) -> bool:
    """Whether a text of it may need cleaning; most need none, and a walk through all costs."""
    escaped = b"\\u" in body and _ESCAPED.search(body) is not None
    beyond = b"\xef\xb7" in body or b"\xef\xbf" in body
    return escaped or beyond or len(body.translate(None, _CONTROLS)) != len(body)


def _loads(words: str) -> object:
    reading = partial(json.loads, parse_float=_exact, parse_constant=_nothing, strict=False)
    try:
        return reading(words)
    except ValueError:
        # Python itself refuses to read a whole number of more than 4,300 digits.
        with suppress(ValueError):
            return reading(words, parse_int=_whole)
    raise NotJson


def _exact(digits: str) -> Decimal | str:
    return Decimal(digits) if len(digits) <= LONGEST_NUMBER else digits[:LONGEST_NUMBER]


def _whole(digits: str) -> int | str:
    return int(digits) if len(digits) <= LONGEST_NUMBER else digits[:LONGEST_NUMBER]


def _nothing(_: str) -> None:
    """NaN and Infinity are no amounts."""


def without_depths(words: str) -> str:
    """Return JSON in which what is nested deeper than `DEEPEST` is null."""
    kept: list[str] = []
    depth = place = 0
    for piece in _PIECE.finditer(words):
        match piece.group()[0]:
            case "[" | "{":
                depth += 1
                if depth == DEEPEST + 1:
                    kept.append(words[place : piece.start()] + "null")
            case "]" | "}":
                depth -= 1
                if depth == DEEPEST:
                    place = piece.end()
    # An opening bracket that is never closed leaves the rest out, and the body is not JSON.
    return "".join((*kept, words[place:] if depth <= DEEPEST else ""))


def _printable(content: object) -> object:
    """Clean every text of a tree, without recursion: the tree is as deep as the sender likes."""
    root = [content]
    waiting: list[Any] = [root]
    while waiting:
        place = waiting.pop()
        if isinstance(place, dict):
            cleaned = {printable(key): value for key, value in place.items()}
            place.clear()
            place.update(cleaned)
        for key, value in list(place.items() if isinstance(place, dict) else enumerate(place)):
            if isinstance(value, str):
                place[key] = printable(value)
            elif isinstance(value, list | dict):
                waiting.append(value)
    return root[0]

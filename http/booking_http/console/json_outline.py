"""Nested answers as text that people read: one value a line, indented by where it lies."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

_MOST: Final = 160
"""Lines that are shown; the export has all of them."""


def outline(value: Any) -> str:
    """Return a value as indented lines."""
    lines = list(islice(_lines(value, ""), _MOST + 1))
    if len(lines) > _MOST:
        lines[_MOST:] = ["… the JSON export has the rest"]
    return "\n".join(lines)


def _lines(value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _named(f"{indent}{name}", inner, indent)
    elif isinstance(value, list):
        for inner in value:
            yield from _item(inner, indent)
    else:
        yield f"{indent}{_plain(value)}"


def _named(head: str, inner: Any, indent: str) -> Iterator[str]:
    if isinstance(inner, dict | list) and inner:
        yield head
        yield from _lines(inner, f"{indent}  ")
    else:
        yield f"{head}: {_plain(inner)}"


def _item(inner: Any, indent: str) -> Iterator[str]:
    """Mark where each item of a list begins."""
    lines = _lines(inner, f"{indent}  ")
    first = next(lines, f"{indent}  ")
    yield f"{indent}- {first[len(indent) + 2 :]}"
    yield from lines


def _plain(value: Any) -> str:
    if value in ({}, []):
        return "none"
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)

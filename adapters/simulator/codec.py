"""Writes the supplier's memory as JSON and reads it back, guided by the dataclasses' own types."""

from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints


def encoded(value: Any) -> Any:
    """Return a dataclass as plain JSON values."""
    return _plain(asdict(value))


def decoded(kind: Any, value: Any) -> Any:
    """Return a value of the wanted type from its JSON form."""
    if isinstance(kind, UnionType):
        return None if value is None else decoded(get_args(kind)[0], value)
    if is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        return kind(
            **{name: decoded(hints[name], item) for name, item in value.items() if name in hints}
        )
    if get_origin(kind) is list:
        return [decoded(get_args(kind)[0], item) for item in value]
    if get_origin(kind) is dict:
        return {name: decoded(get_args(kind)[1], item) for name, item in value.items()}
    return _scalar(kind, value)


def _plain(value: Any) -> Any:
    """Turn times, dates and amounts into text, all through."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _scalar(kind: Any, value: Any) -> Any:
    """Read one single value."""
    if kind in (datetime, date):
        return kind.fromisoformat(value)
    return Decimal(value) if kind is Decimal else value

"""Writes the supplier's memory as JSON and reads it back, guided by the dataclasses' own types."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from adapters.simulator.changes import Rows, Shelf

hints_of = cache(get_type_hints)


def written(value: Any) -> str:
    """Return a value with everything in it as one line of JSON."""
    return json.dumps(value, default=_plain, separators=(",", ":"))


def decoded(kind: Any, value: Any) -> Any:
    """Return a value of the wanted type from its JSON form."""
    if isinstance(kind, UnionType):
        return None if value is None else decoded(get_args(kind)[0], value)
    if is_dataclass(kind) and isinstance(kind, type):
        hints = hints_of(kind)
        return kind(
            **{name: decoded(hints[name], item) for name, item in value.items() if name in hints}
        )
    if get_origin(kind) is not None:
        return _collection(get_origin(kind), get_args(kind), value)
    return _scalar(kind, value)


def _collection(origin: Any, kinds: tuple[Any, ...], value: Any) -> Any:
    """Read a collection; a shelf's keys are always text, so that its type names the things only."""
    if isinstance(value, dict):
        things = {key: decoded(kinds[-1], item) for key, item in value.items()}
        return things if origin is Mapping else origin(things)
    return origin(decoded(kinds[0], item) for item in value)


def _scalar(kind: Any, value: Any) -> Any:
    """Read one single value."""
    if kind in (datetime, date):
        return kind.fromisoformat(value)
    return Decimal(value) if kind is Decimal else value


def _plain(value: Any) -> Any:
    """Turn what JSON does not know into what it does, one layer at a time."""
    if isinstance(value, Shelf):
        return dict(value)
    if isinstance(value, Rows):
        return list(value)
    if is_dataclass(value):
        return {one.name: getattr(value, one.name) for one in fields(value)}
    return value.isoformat() if isinstance(value, datetime | date) else str(value)

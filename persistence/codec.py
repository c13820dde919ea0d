"""The core's value types as JSON and back; money and amounts are strings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def _encode_other(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no value to store")


_ENCODER = msgspec.json.Encoder(enc_hook=_encode_other, decimal_format="string")


def encode(value: object) -> str:
    """Return a value as JSON text."""
    return _ENCODER.encode(value).decode()


def encode_or_none(value: object | None) -> str | None:
    """Return a value as JSON text, and None as SQL's null rather than JSON's."""
    return None if value is None else encode(value)


def decode(text: str | bytes, kind: type[T]) -> T:
    """Read JSON text as a value of `kind`; anything that does not fit is refused."""
    return msgspec.json.decode(text, type=kind)


def decode_or_none(text: str | bytes | None, kind: type[T]) -> T | None:
    """Read JSON text as a value of `kind`, SQL's null as None."""
    return None if text is None else decode(text, kind)


def decode_facts(text: str | bytes) -> Mapping[str, str]:
    """Read a JSON object of strings."""
    return decode(text, dict[str, str])


def decode_object(text: str | bytes) -> dict[str, Any]:
    """Read a JSON object of anything."""
    return decode(text, dict[str, Any])

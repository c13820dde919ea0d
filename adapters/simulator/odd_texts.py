"""What JSON allows and few programs expect: odd characters, endless digits and great depth."""

from typing import Any

from adapters.simulator.wire import Json

LEVELS = 5000
DIGITS = "9" * 100_000
ODD_TEXTS = {
    "nul_in_text": "\x00\x01\x07\x1b\x1f",
    "surrogate_in_text": "\ud83d",
    "long_digits": DIGITS,
}
"""What each fault puts into the middle of texts; a lone surrogate travels as an escape of JSON."""

_MEMBERS = {
    "deep_body": '"extensions":' + '{"a":' * LEVELS + "null" + "}" * LEVELS,
    "long_digits": f'"serial":{DIGITS}',
}
_TEXTS = frozenset(
    {
        "cabinname",
        "cruisename",
        "deckname",
        "description",
        "endport",
        "enginename",
        "imagecaption",
        "itineraryname",
        "linename",
        "location",
        "name",
        "portnames",
        "regionname",
        "shipname",
        "startport",
        "suppliername",
        "warnings",
    }
)


def with_odd_texts(body: Json, fault: str, field: str | None) -> Json:
    """Put the fault's characters into one field's texts, or where nobody said which, into many."""
    many = {"warnings"} if fault == "long_digits" else _TEXTS
    fields, odd = {field} if field else many, ODD_TEXTS[fault]
    spoilt: Json = _spoilt(body, odd, fields)
    warning = {"code": None, "text": _with_odd("Prices are subject to change", odd)}
    return spoilt | {"warnings": [warning]} if "warnings" in fields else spoilt


def with_odd_member(body: str, fault: str) -> str:
    """Add the fault's member to a spelled answer, because no program spells numbers so long."""
    return f"{body[:-1]}, {_MEMBERS[fault]}}}" if fault in _MEMBERS else body


def _spoilt(value: Any, odd: str, fields: set[str] | frozenset[str], name: str = "") -> Any:
    """Spoil the texts of these fields, wherever in the value they stand."""
    if isinstance(value, dict):
        return {key: _spoilt(item, odd, fields, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_spoilt(item, odd, fields, name) for item in value]
    return _with_odd(value, odd) if isinstance(value, str) and name in fields else value


def _with_odd(text: str, odd: str) -> str:
    """Put the characters into the middle of a text; an empty one stays empty."""
    half = len(text) // 2
    return f"{text[:half]}{odd}{text[half:]}" if text else text

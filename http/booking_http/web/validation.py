"""What pydantic found wrong, as problems: where and what, never what was sent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import from_json

from booking_flow.errors import Fault, RefusalCode
from booking_flow.model.card_numbers import holds_card_number
from booking_http.web.problems import EdgeCode, Problem

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
_ITEMS: Final = 50
"""Parts of one list or object; no list of ours is longer, and no object has as many members."""
_VALUES: Final = 500
"""Values in one body; a booking of twenty travellers has fewer than two hundred."""
_WORDS: Final = MappingProxyType(
    {
        "missing": "is required",
        "extra_forbidden": "is not a known field",
        "int_type": "must be a whole number",
        "int_from_float": "must be a whole number",
        "bool_type": "must be true or false",
        "string_type": "must be text",
        "model_type": "must be an object",
        "tuple_type": "must be a list",
        "string_pattern_mismatch": "does not have the expected form",
    }
)


def ensure_modest(raw: bytes) -> None:
    """Refuse a body with more in it than any request has, before each part of it is judged.

    Raises:
        Problem: `validation_failed`, a list or an object is too long, or there are too many values.
    """
    try:
        left = [("", from_json(raw))]
    except ValueError:
        return  # Whoever reads the body says what is wrong with it.
    number = 0
    while left:
        pointer, value = left.pop()
        number += 1
        if isinstance(value, list | dict):
            if len(value) > _ITEMS or number > _VALUES:
                detail = f"has more than {_ITEMS} parts, or the request more than {_VALUES} values"
                fault = Fault(pointer=pointer, detail=detail)
                raise Problem(code=RefusalCode.VALIDATION_FAILED.value, errors=(fault,))
            left += _parts(pointer, value)


def _parts(pointer: str, value: list[Any] | dict[str, Any]) -> list[tuple[str, Any]]:
    """Return what is in a list or an object; a strange name is not repeated."""
    if isinstance(value, list):
        return [(f"{pointer}/{place}", part) for place, part in enumerate(value)]
    return [
        (f"{pointer}/{name}" if _NAME.fullmatch(name) else pointer, part)
        for name, part in value.items()
    ]


def problem_of(error: ValidationError) -> Problem:
    """Turn what is wrong with a body into the problem that says so."""
    found = error.errors(include_input=False, include_url=False)
    if found[0]["type"] == "json_invalid":
        return Problem(code=EdgeCode.MALFORMED_JSON.value, detail=f"{found[0]['msg']}.")
    code = RefusalCode.PARTY_INVALID if _about_party(found) else RefusalCode.VALIDATION_FAILED
    return Problem(code=code.value, errors=faults_of(error))


def query_problem(error: ValidationError) -> Problem:
    """Turn what is wrong with a query into a problem; pointers name the parameters."""
    return Problem(
        code=EdgeCode.BAD_REQUEST.value, detail="The query is not valid.", errors=faults_of(error)
    )


def faults_of(error: ValidationError) -> tuple[Fault, ...]:
    """Return every fault with its JSON pointer (RFC 6901)."""
    found = error.errors(include_input=False, include_url=False)
    told = [each for each in found if not _only_not_empty(each)] or found
    return tuple(Fault(pointer=_pointer(f), detail=_WORDS.get(f["type"], f["msg"])) for f in told)


def _only_not_empty(fault: Any) -> bool:
    """Whether it says no more than that a text, which may be empty, is not."""
    return bool(fault["type"] == "literal_error" and fault["loc"][-1] == "literal['']")


def _about_party(found: Sequence[Any]) -> bool:
    """Whether only the party's numbers are wrong, rather than the shape of the request."""
    return all(
        fault["loc"][:1] == ("passengerCount",) and fault["type"] != "extra_forbidden"
        for fault in found
    )


def _pointer(fault: Any) -> str:
    """Return where a fault lies; an unknown field with a strange name is not repeated."""
    parts = list(fault["loc"])
    if fault["type"] == "extra_forbidden":
        parts = parts if _repeatable(str(parts[-1])) else parts[:-1]
    else:
        # Which of two kinds a text was taken for is no place in the body.
        parts = [part for part in parts if isinstance(part, int) or _NAME.fullmatch(part)]
    return "".join(f"/{_escape(str(part))}" for part in parts)


def _repeatable(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and not holds_card_number(name)


def _escape(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")

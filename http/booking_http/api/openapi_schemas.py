"""Schemas of the document as frontends are generated from them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from booking_http.api.property_texts import PROPERTIES
from booking_http.web.problems import PROBLEMS

Json = dict[str, Any]
_CODE_REF: Final = {"$ref": "#/components/schemas/ProblemCode"}
_KNOWN_REF: Final = {"$ref": "#/components/schemas/KnownProblemCode"}


def shown(schemas: Mapping[str, Json]) -> dict[str, Json]:
    """Return schemas with every property described, and nothing that misleads a generator."""
    found = {name: _described(name, schema) for name, schema in schemas.items()}
    found["Problem"]["properties"]["code"] |= _CODE_REF
    found["Problem"]["properties"]["code"].pop("type")
    return dict(sorted((found | _problem_codes()).items()))


def _problem_codes() -> dict[str, Json]:
    """Return the codes as an open list: a newer service may tell others."""
    return {
        "ProblemCode": {
            "description": "A code that is known today, or one that a newer service has added.",
            "anyOf": [_KNOWN_REF, {"type": "string"}],
        },
        "KnownProblemCode": {
            "description": "\n".join(f"- `{row.code}`: {row.title}" for row in PROBLEMS.values()),
            "type": "string",
            "enum": list(PROBLEMS),
        },
    }


def _described(name: str, schema: Json) -> Json:
    properties = schema.get("properties")
    if properties is None:
        return schema
    asked = name.endswith("Request")
    return schema | {
        "properties": {
            key: _property(found, _text(name, key), asked=asked)
            for key, found in properties.items()
        }
    }


def _text(model: str, name: str) -> str:
    return PROPERTIES.get(f"{model}.{name}") or PROPERTIES.get(name, "")


def _property(schema: Json, text: str, *, asked: bool) -> Json:
    """Return a property without the title that its name says already.

    Generators take a default for a value that is always there, and fill in null where a field
    was left out: what is asked has neither, and its text says what is meant by leaving it out.
    """
    kept = {key: value for key, value in schema.items() if key != "title"}
    if asked:
        default = kept.pop("default", None)
        kept = _without_null(kept)
        text += "" if default is None else f" `{json.dumps(default)}` if it is left out."
    return kept | {"description": kept.get("description", text.strip())}


def _without_null(schema: Json) -> Json:
    if "anyOf" not in schema:
        return schema
    options = [option for option in schema["anyOf"] if option.get("type") != "null"]
    kept = {key: value for key, value in schema.items() if key != "anyOf"}
    return kept | (options[0] if len(options) == 1 else {"anyOf": options})

"""The API's reference page, rendered from its document by ourselves: no outside host is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from booking_http.api.action_links import BASE
from booking_http.web.problems import PROBLEMS

Json = Mapping[str, Any]
_METHODS: Final = ("get", "post", "patch", "delete")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation as the page shows it."""

    method: str
    path: str
    about: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member of a schema; `link` names the schema it leads to."""

    name: str
    kind: str
    link: str | None
    required: bool


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("booking_http.api"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render_docs(document: Json) -> str:
    """Return the page."""
    template = _environment().get_template("docs.html")
    return template.render(
        base=BASE,
        document=document,
        groups=list(_groups(document)),
        members=members,
        link_of=link_of,
        problems=list(PROBLEMS.values()),
    )


def _groups(document: Json) -> Iterator[tuple[str, list[Operation]]]:
    operations = [
        Operation(method=method.upper(), path=path, about=item[method])
        for path, item in document["paths"].items()
        for method in _METHODS
        if method in item
    ]
    for tag in document["tags"]:
        yield tag["name"], [each for each in operations if tag["name"] in each.about["tags"]]


def link_of(schema: Json) -> str | None:
    """Return the name of the schema that this one leads to, through lists and nulls."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    inner = [schema["items"]] if isinstance(schema.get("items"), dict) else []
    for option in (*inner, *schema.get("anyOf", ()), *schema.get("allOf", ())):
        if found := link_of(option):
            return found
    return None


def members(schema: Json) -> list[Member]:
    """Return the members of an object."""
    needed = schema.get("required", ())
    return [
        Member(name=name, kind=_kind(found), link=link_of(found), required=name in needed)
        for name, found in schema.get("properties", {}).items()
    ]


def _kind(schema: Json) -> str:
    """Say in a few words what a value is."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_kind(option) for option in schema["anyOf"])
    if "enum" in schema:
        return " · ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}" if "items" in schema else "list"
    return str(schema.get("format") or schema.get("type") or schema.get("const", "any"))

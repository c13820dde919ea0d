"""Walking a JSON tree: each way in which the supplier wobbles, applied to a whole body."""

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

FLAGS = frozenset(
    {"available", "guaranteed", "modified", "soldout", "military", "senior", "pastpassenger"}
) | {"nonrefundable", "obstructed"}
YES = {"Y", "1", 1, "true", "yes"}
_WORDS = frozenset({"cabinno", "reservation", "code", "number", "bookingreference"})
Path = tuple[str | int, ...]


def exact(body: Any) -> Any:
    """Return the body as the client's JSON reader would give it."""
    return json.loads(json.dumps(body, default=str), parse_float=Decimal)


def key_paths(tree: Any, path: Path = ()) -> Iterator[Path]:
    """Return the path of every key of every object."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in items if isinstance(tree, dict | list) else ():
        if isinstance(tree, dict):
            yield (*path, key)
        if isinstance(value, dict | list):
            yield from key_paths(value, (*path, key))


def without(tree: Any, path: Path) -> Any:
    """Return the tree without the key at `path`; what is untouched is shared."""
    step, rest = path[0], path[1:]
    if rest:
        return _replaced(tree, step, without(tree[step], rest))
    return {key: value for key, value in tree.items() if key != step}


def with_value(tree: Any, path: Path, value: Any) -> Any:
    """Return the tree with another value at `path`; what is untouched is shared."""
    step, rest = path[0], path[1:]
    return _replaced(tree, step, with_value(tree[step], rest, value) if rest else value)


def _replaced(tree: Any, step: str | int, value: Any) -> Any:
    copied = tree.copy()
    copied[step] = value
    return copied


def plain(path: Path) -> str:
    """Return a path without list indexes."""
    return ".".join(str(step) for step in path if isinstance(step, str))


def each_leaf(tree: Any, change: Callable[[str, Any], Any], key: str = "") -> Any:
    """Return a copy whose leaves are what `change` makes of them."""
    if isinstance(tree, dict):
        return {name: each_leaf(value, change, name) for name, value in tree.items()}
    if isinstance(tree, list):
        return [each_leaf(value, change, key) for value in tree]
    return change(key, tree)


def as_strings(_: str, value: Any) -> Any:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if number else value


def with_thousands(_: str, value: Any) -> Any:
    return f"{value:,.2f}" if isinstance(value, float) else value


def as_numbers(key: str, value: Any) -> Any:
    if isinstance(value, str) and "_" not in value and key not in _WORDS:
        try:
            return float(value) if "." in value else int(value)
        except ValueError:
            return value
    return value


def flags_as(yes: Any, no: Any) -> Callable[[str, Any], Any]:
    def change(key: str, value: Any) -> Any:
        if key not in FLAGS:
            return value
        return yes if value in YES and value is not None else no

    return change

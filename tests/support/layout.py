"""The modules that are shipped, what they are called and which of their folders need each other."""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGES: Final = {
    "booking_flow": ROOT / "booking_flow",
    "persistence": ROOT / "persistence",
    "adapters": ROOT / "adapters",
    "booking_http": ROOT / "http" / "booking_http",
}
NOT_SHIPPED: Final = ("adapters/simulator/", "adapters/embedded/")
TRADE_NOUNS: Final = frozenset({"booking", "pairing", "pricing", "routing", "sailing", "wiring"})
"""The last word of a module's name where it ends in -ing and is a noun of the trade."""
_PUBLIC_CLASS: Final = re.compile(r"^class ([A-Za-z]\w*)", re.MULTILINE)


def modules() -> dict[str, Path]:
    """Return every shipped module by its place in the repository."""
    files = (path for folder in PACKAGES.values() for path in folder.rglob("*.py"))
    named = {str(path.relative_to(ROOT)): path for path in files}
    return {name: path for name, path in named.items() if not name.startswith(NOT_SHIPPED)}


def imports() -> Iterator[tuple[str, str]]:
    """Return which folder imports from which, within the layers."""
    for name, path in modules().items():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                target = folder_of(node.module)
                if target is not None:
                    yield str(Path(name).parent), target


def folder_of(module: str) -> str | None:
    """Return the folder that a module of ours lies in."""
    package, *parts = module.split(".")
    if package not in PACKAGES:
        return None
    place = PACKAGES[package].joinpath(*parts)
    folder = place if place.is_dir() else place.parent
    return str(folder.relative_to(ROOT))


def both_ways() -> Iterator[str]:
    """Return the pairs of folders that need each other."""
    known = {pair for pair in imports() if pair[0] != pair[1]}
    for one, other in sorted(known):
        inside = one.startswith(f"{other}/") or other.startswith(f"{one}/")
        if one < other and (other, one) in known and not inside:
            yield f"{one} and {other}"


def two_meanings() -> Iterator[str]:
    """Return the names that more than one public class has."""
    places: defaultdict[str, list[str]] = defaultdict(list)
    for name, path in modules().items():
        for found in _PUBLIC_CLASS.findall(path.read_text("utf-8")):
            places[found].append(name)
    counted = Counter({name: len(files) for name, files in places.items()})
    yield from (f"{name}: {', '.join(places[name])}" for name, n in counted.items() if n > 1)


def gerunds() -> Iterator[str]:
    """Return the modules that are called after what is done, and not after what they hold."""
    for name in modules():
        word = Path(name).stem.rpartition("_")[2]
        if word.endswith("ing") and word not in TRADE_NOUNS:
            yield name

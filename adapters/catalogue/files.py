"""The supplier's static export as a tree of files, one for each sailing."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from adapters.catalogue.report import RowFault

_DEPTH = 5
_SUFFIX = ".json"


@dataclass(frozen=True, slots=True, order=True)
class SailingFile:
    """A file at YEAR/MONTH/LINE/SHIP/SAILING.json; ordered as its path is written."""

    path: str
    """Its place below the folder, with slashes."""
    month: tuple[int, int]
    """Its year and month."""
    line: int
    ship: int
    cruise_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The files of some lines, one for each sailing, in their order."""

    files: list[SailingFile]
    faults: list[RowFault]
    elsewhere: dict[str, int]
    """Sailings that have files of other lines only, with one of those."""
    complete: bool
    """Whether every folder could be looked into."""


def list_files(folder: Path, lines: Collection[int]) -> Listing:
    """List the sailings of some lines; of two files for one sailing the later month's counts."""
    chosen: dict[str, SailingFile] = {}
    elsewhere: dict[str, int] = {}
    faults: list[RowFault] = []
    paths = sorted(_paths(folder, faults))
    complete = not faults
    for path in paths:
        found = _parsed(path)
        if found is None:
            faults.append(
                RowFault(name=path, reason="it is not at YEAR/MONTH/LINE/SHIP/SAILING.json")
            )
        elif found.line not in lines:
            elsewhere[found.cruise_id] = found.line
        else:
            if known := chosen.get(found.cruise_id):
                found, older = _later_first(found, known)
                reason = f"{found.path} is the same sailing and was taken instead"
                faults.append(RowFault(name=older.path, reason=reason))
            chosen[found.cruise_id] = found
    return Listing(
        files=sorted(chosen.values()), faults=faults, elsewhere=elsewhere, complete=complete
    )


def _later_first(one: SailingFile, other: SailingFile) -> tuple[SailingFile, SailingFile]:
    later, earlier = sorted((one, other), key=lambda file: (file.month, file.path), reverse=True)
    return later, earlier


def _paths(folder: Path, faults: list[RowFault]) -> Iterator[str]:
    """Return every JSON file below a folder, without following links."""

    def locked(error: OSError) -> None:
        place = Path(error.filename).relative_to(folder).as_posix()
        faults.append(RowFault(name=place, reason=f"it cannot be opened: {error.strerror}"))

    for place, _, names in os.walk(folder, onerror=locked):
        below = Path(place).relative_to(folder).as_posix()
        for name in names:
            if name.lower().endswith(_SUFFIX):
                yield name if below == "." else f"{below}/{name}"


def _parsed(path: str) -> SailingFile | None:
    parts = path[: -len(_SUFFIX)].split("/")
    if len(parts) != _DEPTH or not all(part.isascii() and part.isdecimal() for part in parts):
        return None
    year, month, line, ship, cruise_id = map(int, parts)
    return SailingFile(path, (year, month), line, ship, str(cruise_id))

"""Keeps the supplier's memory beside the program, so that a restart forgets nothing."""

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, get_args

from adapters.folders import sync_folder
from adapters.simulator.changes import Record, Rows, Shelf
from adapters.simulator.codec import decoded, hints_of, written
from adapters.simulator.journal import Journal, whole_lines
from adapters.simulator.state import SupplierState

_PARTS = tuple(hints_of(SupplierState))
SMALL_JOURNAL = 4 * 1024 * 1024
"""Bytes below which a journal is never folded into a snapshot, however small that one is."""


class StateFile:
    """A snapshot, which is one JSON file, and beside it the journal of what changed since.

    Each snapshot has a name, and each line of the journal says which one it follows: lines that a
    kill left over beside a newer snapshot, which has them in it already, count for nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._journal: Journal | None = None
        self._follows = ""
        self._limit = SMALL_JOURNAL

    def load(self) -> SupplierState | None:
        """Return the memory of an earlier run, if there is one."""
        if self._path is None or not self._path.exists():
            return None
        snapshot = json.loads(self._path.read_bytes())
        state: SupplierState = decoded(SupplierState, snapshot)
        for changes in _changes_after(snapshot.get("snapshot"), journal_of(self._path)):
            _apply(state, changes)
        return state

    def begin(self, state: SupplierState) -> None:
        """Write all of the memory down and begin an empty journal beside it."""
        if self._path is not None:
            self._replace_snapshot(self._path, state)
            self._empty_journal(self._path)
        state.written()

    def save(self, state: SupplierState) -> None:
        """Write down what has changed, if anything has."""
        changes = state.changes()
        if self._journal is not None and changes:
            self._journal.append(written({"after": self._follows} | changes))
            if self._journal.size > self._limit:
                self.begin(state)
        state.written()

    def close(self) -> None:
        """Let go of the journal; nothing is saved any more."""
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    def _replace_snapshot(self, path: Path, state: SupplierState) -> None:
        """Replace the file in one step, so that it is always whole; lines now follow it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        draft, name = path.with_name(path.name + ".new"), secrets.token_hex(8)
        text = written({"snapshot": name} | {part: getattr(state, part) for part in _PARTS})
        _write_synced(draft, text)
        draft.replace(path)
        self._follows, self._limit = name, max(SMALL_JOURNAL, 2 * len(text))
        sync_folder(path.parent)

    def _empty_journal(self, path: Path) -> None:
        """Drop the lines that the snapshot has in it."""
        if self._journal is None:
            self._journal = Journal(journal_of(path))
            sync_folder(path.parent)
        self._journal.empty()


def journal_of(path: Path) -> Path:
    """Return where the journal of a state file lies."""
    return path.with_name(path.name + ".journal")


def seed_date(path: Path | None, today: date) -> date:
    """Return the day that sailing dates count from: of the memory kept there, otherwise today."""
    if path is None or not path.exists():
        return today
    return date.fromisoformat(json.loads(path.read_bytes())["seed_date"])


def _changes_after(snapshot: str | None, journal: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the changes of the lines that follow the snapshot."""
    for line in whole_lines(journal):
        told = json.loads(line)
        if told.pop("after") == snapshot:
            yield told


def _apply(state: SupplierState, changes: Mapping[str, Any]) -> None:
    """Bring a memory up to one line of the journal."""
    for name, change in changes.items():
        kind, part = hints_of(SupplierState)[name], getattr(state, name)
        if isinstance(part, Shelf | Rows):
            shelf = part.places if isinstance(part, Rows) else part
            for key, value in change.items():
                _put(shelf, get_args(kind)[0], key, value)
        else:
            setattr(state, name, decoded(kind, change))


def _put(shelf: Shelf[Any], kind: Any, key: str, value: Any) -> None:
    """Put one thing on its shelf as it is now, or only the fields of it that have changed."""
    known = shelf.get(key)
    if value is None:
        shelf.pop(key, None)
    elif isinstance(known, Record):
        for name, item in value.items():
            setattr(known, name, decoded(hints_of(kind)[name], item))
    else:
        shelf[key] = decoded(kind, value)


def _write_synced(path: Path, text: str) -> None:
    """Write a file that only its owner may read, and wait for the disk."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())

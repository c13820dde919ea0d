"""Keeps the supplier's memory in a file, so that a restart forgets nothing."""

import json
import os
from datetime import date
from pathlib import Path

from adapters.simulator.codec import decoded, encoded
from adapters.simulator.state import SupplierState


class StateFile:
    """One JSON file, replaced whole and synced to disk on every save."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def load(self) -> SupplierState | None:
        """Return the memory of an earlier run, if there is one."""
        if self._path is None or not self._path.exists():
            return None
        state: SupplierState = decoded(SupplierState, json.loads(self._path.read_text()))
        return state

    def save(self, state: SupplierState) -> None:
        """Replace the file in one step; whoever reads it sees the old memory or the new one."""
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_name(self._path.name + ".new")
        _write_synced(draft, json.dumps(encoded(state)))
        draft.replace(self._path)
        _sync_directory(self._path.parent)


def seed_date(path: Path | None, today: date) -> date:
    """Return the day that sailing dates count from: of the memory kept there, otherwise today."""
    state = StateFile(path).load()
    return state.seed_date if state else today


def _write_synced(path: Path, text: str) -> None:
    """Write a file that only its owner may read, and wait for the disk."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(path: Path) -> None:
    """Make the renaming itself durable, where the system knows how."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""A file that only grows: a line for each change, on the disk before the change counts."""

import os
from collections.abc import Iterator
from pathlib import Path


class Journal:
    """Adds lines to a file that only its owner may read; whoever opens it closes it."""

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.size = os.fstat(self._handle).st_size

    def append(self, line: str) -> None:
        """Add a line and wait for the disk; one that does not fit on it is taken back whole."""
        spelled = f"{line}\n".encode()
        try:
            _write_all(self._handle, spelled)
            os.fsync(self._handle)
        except OSError:
            os.ftruncate(self._handle, self.size)
            raise
        self.size += len(spelled)

    def empty(self) -> None:
        """Drop every line."""
        os.ftruncate(self._handle, 0)
        self.size = 0

    def close(self) -> None:
        """Close the file."""
        os.close(self._handle)


def whole_lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a journal, without a last one that a kill has torn."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield line


def _write_all(handle: int, spelled: bytes) -> None:
    """Write everything, however little the system takes at a time."""
    left = memoryview(spelled)
    while left:
        left = left[os.write(handle, left) :]

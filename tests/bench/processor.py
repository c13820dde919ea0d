"""What processes have used of the machine's processors, by what the kernel counts of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_TICK: Final = os.sysconf("SC_CLK_TCK")
_PARENT, _OWN, _ENDED = 1, slice(11, 13), slice(13, 15)
"""Where a process's `stat` names its parent, and counts its ticks and those of ended children."""


def seconds_of(pid: int) -> float:
    """Return the seconds that a process and all it has started have used since they began."""
    return sum(_used(one) for one in _family(pid)) / _TICK


def _used(pid: int) -> int:
    fields = _stat(pid)
    return sum(int(ticks) for ticks in (*fields[_OWN], *fields[_ENDED]))


def _family(pid: int) -> Iterator[int]:
    yield pid
    for folder in Path("/proc").glob("[0-9]*"):
        one = int(folder.name)
        fields = _stat(one)
        if fields and int(fields[_PARENT]) == pid:
            yield from _family(one)


def _stat(pid: int) -> list[str]:
    """Return what stands behind the name, which may have spaces; nothing once it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
    except (FileNotFoundError, ProcessLookupError):
        return []
    return text.rpartition(")")[2].split()

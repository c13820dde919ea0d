"""Whether a process gets on, seen from outside, and words for who waits until it does."""

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

LEAST_COMPUTED = 0.5
"""Seconds of CPU that count as getting on; a server that only waits uses next to none."""
PACE = 0.25
"""Seconds between two looks, each of which reads a few files."""
TELL_SECONDS = 5.0
"""Seconds between two words about what is being waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What can be seen of a process from outside."""

    computed: float
    """Seconds of CPU, its children's included."""
    written: int
    """Bytes in its log."""
    at_disk: bool
    """Whether any of it waits for a disk, which is what a slow one looks like."""


class Progress:
    """Counts for how many seconds a process has shown no sign of getting on."""

    def __init__(
        self,
        look: Callable[[], Signs],
        *,
        least: float = LEAST_COMPUTED,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._look, self._least, self._clock = look, least, clock
        self._seen = look()
        self._moved = self._looked = clock()

    def idle(self) -> float:
        """Return the seconds since it was last seen to get on."""
        now = self._clock()
        if now - self._looked >= PACE:
            self._looked = now
            self._compare(self._look(), now)
        return now - self._moved

    def _compare(self, signs: Signs, now: float) -> None:
        computed = signs.computed - self._seen.computed >= self._least
        if computed or signs.at_disk or signs.written != self._seen.written:
            self._seen, self._moved = signs, now


class Notice:
    """Says now and then what is being waited for."""

    def __init__(self, what: str, tell: Callable[[str], None]) -> None:
        self._what, self._tell = what, tell
        self._begun = self._told = time.monotonic()

    def when_due(self) -> None:
        """Say it if it was not said for a while."""
        now = time.monotonic()
        if now - self._told >= TELL_SECONDS:
            self._told = now
            self._tell(f"{self._what} ({now - self._begun:.0f} s so far)")


def to_stderr(words: str) -> None:
    """Say something to whoever started this process."""
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()


def signs_of(pid: int, log: Path | None = None) -> Signs:
    """Look at a process, at all that descend from it, and at its log."""
    stats = list(_stats(pid))
    return Signs(
        computed=sum(_ticks(stat) for stat in stats) / os.sysconf("SC_CLK_TCK"),
        written=log.stat().st_size if log is not None and log.exists() else 0,
        at_disk=any(stat[0] == "D" for stat in stats),
    )


def _ticks(stat: Sequence[str]) -> int:
    """Return a process's own time as user and as system, and that of children that ended."""
    return sum(map(int, stat[11:15]))


def _stats(pid: int) -> Iterator[list[str]]:
    """Read what the system says of a process and all below it; nothing where it does not."""
    place = Path("/proc", str(pid))
    try:
        stat = (place / "stat").read_text("utf-8", "replace")
        children = (place / "task" / str(pid) / "children").read_text("ascii")
    except OSError:
        return
    yield stat.rpartition(")")[2].split()
    for child in children.split():
        yield from _stats(int(child))

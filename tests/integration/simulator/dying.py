"""A served simulator that kills itself while it writes down what it has just done."""

import asyncio
import os
import signal
import sys
from itertools import count
from pathlib import Path

from adapters.simulator import SimulatorSettings, serve, store
from adapters.simulator.journal import Journal
from tests.integration.simulator.conftest import NOON
from tests.support.agency import TODAY

MOMENTS = ("before", "torn", "unsynced", "written", "replaced")
"""When: before a line, within it, before the disk has it, before the answer, between two files."""


def dying_journal(moment: str, number: int) -> type[Journal]:
    """Return a journal at whose line of that number, or at whose emptying, the process dies."""
    lines, emptyings = count(1), count(1)

    class DyingJournal(Journal):
        def append(self, line: str) -> None:
            if moment == "replaced" or next(lines) != number:
                super().append(line)
                return
            self._die_over(f"{line}\n".encode())

        def _die_over(self, spelled: bytes) -> None:
            parts = {"before": 0, "torn": len(spelled) // 2}
            os.write(self._handle, spelled[: parts.get(moment, len(spelled))])
            if moment == "written":
                os.fsync(self._handle)
            die()

        def empty(self) -> None:
            if moment == "replaced" and next(emptyings) == number:
                die()
            super().empty()

    return DyingJournal


def die() -> None:
    """End at once, as a crash does."""
    os.kill(os.getpid(), signal.SIGKILL)


def main(port: int, file: Path, moment: str, number: int) -> None:
    """Serve until the moment comes."""
    setattr(store, "Journal", dying_journal(moment, number))  # noqa: B010 - mypy forbids the other.
    settings = SimulatorSettings(
        latency_scale=0,
        today=TODAY,
        clock=lambda: NOON,
        state_file=file,
        cabins_per_grade=1_000_000,
    )
    asyncio.run(serve(settings, port=port))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))

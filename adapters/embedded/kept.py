"""A process that is kept: it ends with its owner, however that one ends."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, cast

from adapters.embedded.folder import EmbeddedServerError
from adapters.embedded.keeper import Order

KEEPER = Path(__file__).with_name("keeper.py")
TAIL_LINES = 15
# Nothing of the owner's environment, which holds secrets, is a server's business.
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


class KeptProcess:
    """The owner's handle on a kept process."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        lock: int,
        stop: Sequence[tuple[signal.Signals, float]],
        run_as: str = "self",
        text: str = "",
        remove: Sequence[Path] = (),
    ) -> None:
        order = Order(
            command=list(command),
            environment=ENVIRONMENT,
            run_as=run_as,
            text=text,
            stop=list(stop),
            # The last of the plan's signals is the one that is sure to end it.
            orphaned=stop[-1][0],
            remove=[str(folder) for folder in remove],
        )
        self._patience = sum(grace for _, grace in stop) + 5.0
        self._keeper = _spawn_keeper(order, log=log, lock=lock)
        self.pid = self._read_pid(log)

    @property
    def ended(self) -> bool:
        """Say whether the process and all its children are gone."""
        return self._keeper.poll() is not None

    def wait(self, *, timeout: float | None = None) -> int:
        """Wait for the process and its children to end by themselves; return the exit code."""
        code = self._keeper.wait(timeout)
        self._let_go()
        return code

    def stop(self) -> None:
        """End the process in good order, or else by force."""
        self._let_go()
        self._keeper.wait(self._patience)

    def kill(self) -> None:
        """End the process the way a crash does, and see its children gone."""
        if not self.ended:
            os.kill(self.pid, signal.SIGKILL)
        self.wait(timeout=self._patience)

    def _let_go(self) -> None:
        if self._keeper.stdin:
            self._keeper.stdin.close()

    def _read_pid(self, log: Path) -> int:
        with cast("IO[bytes]", self._keeper.stdout) as said:
            line = said.readline()
        if not line:
            self.stop()
            raise EmbeddedServerError(f"the server's keeper ended at once{tail_of(log)}")
        return int(line)


def tail_of(log: Path) -> str:
    """Return the end of a log, ready to be put behind a message."""
    lines = log.read_text("utf-8", errors="replace").splitlines() if log.exists() else []
    return "".join(f"\n  {line}" for line in ["; its log ends:", *lines[-TAIL_LINES:]])


def _spawn_keeper(order: Order, *, log: Path, lock: int) -> subprocess.Popen[bytes]:
    with log.open("ab") as stderr:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(KEEPER), json.dumps(order)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            pass_fds=(lock,),
            cwd="/",
            # Ctrl-C is for the owner, which stops its servers when it no longer needs them.
            start_new_session=True,
        )

"""A process that is kept: it ends with its owner, however that one ends."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, cast

from adapters.embedded.folder import EmbeddedServerError
from adapters.embedded.progress import PACE, Progress, Signs, signs_of
from adapters.embedded.supervisor import Order

SUPERVISOR = Path(__file__).with_name("supervisor.py")
TAIL_LINES = 15
STOP_MARGIN = 30.0
"""Seconds without a sign of life, beyond those its plan takes, after which a stop is given up."""
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
        self._patience = sum(grace for _, grace in stop) + STOP_MARGIN
        self._log = log
        self._supervisor = _spawn_supervisor(order, log=log, lock=lock)
        self.pid = self._read_pid()

    @property
    def ended(self) -> bool:
        """Say whether the process and all its children are gone."""
        return self._supervisor.poll() is not None

    def signs(self) -> Signs:
        """Return what can be seen of the process and its children."""
        return signs_of(self._supervisor.pid, self._log)

    def wait(self) -> int:
        """Wait for the process and its children to end by themselves; return the exit code."""
        code = self._supervisor.wait()
        self._let_go()
        return code

    def stop(self) -> None:
        """End the process in good order, or else by force.

        Raises:
            EmbeddedServerError: it is still there, and has not got on for long.
        """
        self._let_go()
        self._see_gone()

    def kill(self) -> None:
        """End the process the way a crash does, and see its children gone.

        Raises:
            EmbeddedServerError: they are still there, and have not got on for long.
        """
        if not self.ended:
            os.kill(self.pid, signal.SIGKILL)
        self._see_gone()
        self._let_go()

    def _see_gone(self) -> None:
        progress = Progress(self.signs)
        while progress.idle() <= self._patience:
            with suppress(subprocess.TimeoutExpired):
                self._supervisor.wait(PACE)
                return
        raise EmbeddedServerError(
            f"the process with pid {self.pid} was told to end and is still there, "
            f"without a sign of life for {self._patience:.0f} s{tail_of(self._log)}"
        )

    def _let_go(self) -> None:
        if self._supervisor.stdin:
            self._supervisor.stdin.close()

    def _read_pid(self) -> int:
        with cast("IO[bytes]", self._supervisor.stdout) as said:
            line = said.readline()
        if not line:
            self.wait()
            raise EmbeddedServerError(f"the server's supervisor ended at once{tail_of(self._log)}")
        return int(line)


@contextmanager
def stopped_on_failure(kept: KeptProcess) -> Iterator[None]:
    """Stop a process when the block fails; that it does not stop never hides why the block did."""
    try:
        yield
    except BaseException as failure:
        try:
            kept.stop()
        except EmbeddedServerError as error:
            failure.add_note(str(error))
        raise


def tail_of(log: Path) -> str:
    """Return the end of a log, ready to be put behind a message."""
    lines = log.read_text("utf-8", errors="replace").splitlines() if log.exists() else []
    return "".join(f"\n  {line}" for line in ["; its log ends:", *lines[-TAIL_LINES:]])


def _spawn_supervisor(order: Order, *, log: Path, lock: int) -> subprocess.Popen[bytes]:
    with log.open("ab") as stderr:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(SUPERVISOR), json.dumps(order)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            pass_fds=(lock,),
            cwd="/",
            # Ctrl-C is for the owner, which stops its servers when it no longer needs them.
            start_new_session=True,
        )

"""The command line without its start: a process that has imported all of it forks on demand.

A start costs a second of imports, and the suite starts hundreds; what is forked is a process of its
own as well, which is killed, frozen and waited for like any other.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, NoReturn

import adapters
import booking_http.cli.main
import persistence

ROOT: Final = Path(__file__).resolve().parents[2]
PROGRAM: Final = str(Path(sys.executable).with_name("booking-flow"))
_POLL_SECONDS: Final = 0.01


class Forked:
    """A `booking-flow` in a process of its own, with the calls of `subprocess.Popen`."""

    def __init__(
        self, *arguments: str, cwd: Path, env: Mapping[str, str], stdout: Path, stderr: Path
    ) -> None:
        """Start it; what it prints goes into these files, which may be one."""
        self._ended = Path(tempfile.mkdtemp(prefix="forked-")) / "code"
        self.pid = _forker().fork(
            {
                "arguments": arguments,
                "cwd": str(cwd),
                "env": dict(env),
                "stdout": str(stdout),
                "stderr": str(stderr),
                "ended": str(self._ended),
            }
        )

    @property
    def returncode(self) -> int | None:
        """Return how it ended: the code of its exit, or less than zero for a signal."""
        return self.poll()

    def poll(self) -> int | None:
        """Return how it ended, or None while it runs."""
        try:
            return int(self._ended.read_text("ascii"))
        except FileNotFoundError:
            return None

    def wait(self, timeout: float) -> int:
        """Wait for its end; so many seconds at most."""
        deadline = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired([PROGRAM], timeout)
            time.sleep(_POLL_SECONDS)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to stop."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)


class Forker:
    """A process of ours that has imported everything, and forks another for each order.

    It reads a line of JSON for each from standard input, and answers with the number of the
    process. It is started once for all tests: that takes seconds, a fork takes milliseconds.
    """

    def __init__(self, module: str, environ: Mapping[str, str]) -> None:
        """Start the module that does so."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            cwd=ROOT,
            env={**environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "http")))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        atexit.register(self._process.communicate)

    def fork(self, order: Mapping[str, Any]) -> int:
        """Start a process as ordered, and return its number."""
        asks, answers = self._process.stdin, self._process.stdout
        assert asks is not None
        assert answers is not None
        asks.write(f"{json.dumps(order)}\n")
        asks.flush()
        return int(answers.readline())


@cache
def _forker() -> Forker:
    return Forker("tests.support.forking", os.environ)


def _serve() -> dict[str, Any] | None:
    """Fork for each order; return the order in the process that is to carry it out."""
    # Whoever waits for a program is not waited for.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        if os.fork():
            continue
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        order: dict[str, Any] = json.loads(line)
        if not (program := os.fork()):
            return order
        sys.stdout.write(f"{program}\n")
        sys.stdout.flush()
        _, status = os.waitpid(program, 0)
        ended = Path(order["ended"])
        ended.with_suffix(".new").write_text(str(os.waitstatus_to_exitcode(status)), "ascii")
        ended.with_suffix(".new").rename(ended)
        os._exit(0)
    return None


def _become(order: Mapping[str, Any]) -> None:
    """Take on what the order says of a process."""
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    writing = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    ends = ((os.devnull, os.O_RDONLY), (order["stdout"], writing), (order["stderr"], writing))
    for number, (name, how) in enumerate(ends):
        os.dup2(os.open(name, how, 0o644), number)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(write_through=True)  # type: ignore[union-attr]
    sys.argv = [PROGRAM, *order["arguments"]]


def main() -> None:
    """Be the process that forks, and be what it forked."""
    for package in (adapters, booking_http, persistence):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "__main__" not in module.name and ".migrations" not in module.name:
                importlib.import_module(module.name)
    gc.freeze()
    order = _serve()
    if order is not None:
        _become(order)
        _leave(_code_of(booking_http.cli.main.main))


def _code_of(program: Callable[[], object]) -> int:
    """Run it, and return the code that Python would have ended with."""
    try:
        program()
    except SystemExit as end:
        if isinstance(end.code, int | None):
            return end.code or 0
        sys.stderr.write(f"{end.code}\n")
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def _leave(code: int) -> NoReturn:
    """End at once: taking down what was forked would touch, and so copy, all its memory."""
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()

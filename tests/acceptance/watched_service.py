"""A service that an observer follows through its ports, and that can die at any of them.

Reads one line per service from standard input, `port points_file die_at signal`, and forks for
each: `die_at` is the number of the point at which the child sends itself the signal, 0 for none.
The points are the moments before and after every call the engine makes through a port.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import booking_http.parts
from booking_flow.engine import Engine
from booking_http.bootstrap import create_app
from booking_http.logs import configure_logs
from booking_http.serving import run_until_stopped, serve_app
from booking_http.settings import load_settings


class Observer:
    """Writes down each point, and kills or stops the process at one of them."""

    def __init__(self, log: Path, die_at: int, number: int) -> None:
        self.log = log.open("a", buffering=1)
        self.left = die_at
        self.number = number

    def reach(self, point: str) -> None:
        self.log.write(f"{point}\n")
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), self.number)


class Watched:
    """A port whose every call is observed before and after."""

    def __init__(self, port: Any, name: str, observer: Observer) -> None:
        self._port, self._name, self._observer = port, name, observer

    def __getattr__(self, method: str) -> Any:
        call = getattr(self._port, method)

        async def observed(*args: Any, **kwargs: Any) -> Any:
            self._observer.reach(f"before {self._name}.{method}")
            try:
                return await call(*args, **kwargs)
            finally:
                self._observer.reach(f"after {self._name}.{method}")

        return observed


def watched_engine(observer: Observer) -> type[Engine]:
    """Return the engine with its ports observed."""

    class WatchedEngine(Engine):
        def __init__(self, **wired: Any) -> None:
            ports = {
                name: Watched(wired[name], name, observer)
                for name in ("store", "supplier", "catalogue")
            }
            super().__init__(**wired | ports)

    return WatchedEngine


def run(port: int, log: Path, die_at: int, number: int) -> None:
    """Serve on `port` until killed."""
    vars(booking_http.parts)["Engine"] = watched_engine(Observer(log, die_at, number))
    settings = load_settings()
    configure_logs(settings.log_level)
    app = create_app(settings)
    run_until_stopped(serve_app(app, host="127.0.0.1", port=port, patience=5))


def main() -> None:
    """Fork one service per line; end with the input."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        port, log, die_at, number = line.split()
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            run(int(port), Path(log), int(die_at), int(number))
            os._exit(0)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

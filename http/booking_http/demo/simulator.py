"""The simulated supplier as a process of its own that ends with the demo, however that ends."""

from __future__ import annotations

import signal
import socket
import sys
from pathlib import Path
from typing import Final

from adapters.embedded.child_process import KeptProcess
from adapters.embedded.server import EmbeddedServer

HOST: Final = "127.0.0.1"
PICTURES: Final = "/pictures"
"""The path below which the demo's service serves what the simulator draws."""
_STOP: Final = [(signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)]


class SimulatorProcess(EmbeddedServer):
    """A supplier whose bookings and holds lie in a file beside the database."""

    name = "Simulator"

    def __init__(self, data_dir: Path, *, port: int, latency: float) -> None:
        """Take the folder for its memory and log, the loopback port, and how slow it is."""
        super().__init__(data_dir)
        self._port = port
        self._latency = latency

    @property
    def api(self) -> str:
        """Return the address below which its endpoints lie."""
        return f"http://{HOST}:{self._port}/2.1/json"

    @property
    def state_file(self) -> Path:
        """Return where its holds and bookings lie."""
        return self.data_dir / "state.json"

    def _launch(self, lock: int) -> KeptProcess:
        options = ["--port", str(self._port), "--latency", str(self._latency)]
        options += ["--state-file", str(self.state_file), "--pictures", PICTURES]
        command = [sys.executable, "-m", "booking_http.cli", "simulator", *options]
        return KeptProcess(command, log=self.log, lock=lock, stop=_STOP)

    def _is_ready(self, kept: KeptProcess) -> bool:
        if kept.ended:
            return False
        with socket.socket() as client:
            client.settimeout(1.0)
            return client.connect_ex((HOST, self._port)) == 0

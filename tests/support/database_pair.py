"""Two PostgreSQL servers, of which one follows the other and can take its place."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg
from yarl import URL

from adapters.embedded import EmbeddedPostgres
from adapters.embedded.folder import give_to, private_folder
from adapters.embedded.postgres import programs_path

REPLICATING: Final = {
    "wal_level": "replica",
    "max_wal_senders": "5",
    "hot_standby": "on",
    "wal_receiver_status_interval": "1s",
}


class Primary(EmbeddedPostgres):
    """A server that others can follow."""

    def _options(self) -> list[str]:
        more = [part for name, value in REPLICATING.items() for part in ("-c", f"{name}={value}")]
        return [*super()._options(), *more]


class Standby(Primary):
    """A server that begins as a copy of another and follows it until it is promoted."""

    def __init__(self, data_dir: Path, *, of: Primary, by: str | None = None) -> None:
        super().__init__(data_dir)
        self._of = of
        self._source = by or source_of(of)

    def _make_cluster(self, programs: Path, *, identity: str, lock: int) -> None:
        draft = self.data_dir / "cluster.new"
        self._password_file.write_text(self._of._password_file.read_text("ascii"), "ascii")
        give_to(identity, private_folder(draft))
        give_to(identity, self.data_dir)
        source = ["--dbname", self._source, "--pgdata", str(draft)]
        copying = ["--write-recovery-conf", "--checkpoint=fast", "--wal-method=stream"]
        self._run(
            [str(programs_path() / "pg_basebackup"), *source, *copying], run_as=identity, lock=lock
        )
        draft.rename(self._cluster)


@dataclass(slots=True, kw_only=True)
class Pair:
    """The two, as a service knows them."""

    primary: Primary
    standby: Standby

    @property
    def dsn(self) -> str:
        """Return the address of both, whichever of them can be written to."""
        one, other = URL(self.primary.dsn), URL(self.standby.dsn)
        hosts = f"{one.host}:{one.port},{other.host}:{other.port}"
        return f"postgresql://{one.raw_user}:{one.raw_password}@{hosts}{one.path}"

    async def wait_for_each_other(self) -> None:
        """Let no commit be acknowledged before the standby has it."""
        connection = await asyncpg.connect(self.primary.dsn)
        await connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        await connection.execute("SELECT pg_reload_conf()")
        await connection.close()

    async def fail_over(self) -> None:
        """Lose the primary as its host would be lost, and let the standby take its place."""
        await self.primary.crash()
        connection = await asyncpg.connect(self.standby.dsn)
        await connection.execute("SELECT pg_promote()")
        await connection.close()


def source_of(primary: Primary) -> str:
    """Return the address by which a standby follows a primary."""
    return primary.dsn_of("postgres")


@asynccontextmanager
async def pair(folder: Path, primary: Primary, *, by: str | None = None) -> AsyncIterator[Pair]:
    """Let a standby follow a primary that runs; `by` is another way to its address."""
    async with Standby(folder / "standby", of=primary, by=by) as standby:
        yield Pair(primary=primary, standby=standby)

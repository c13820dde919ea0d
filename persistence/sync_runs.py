"""The record of syncs and imports: how far each is, how it ended, and which one can go on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import text

from persistence.database import Database, execute, fetch_all, fetch_one
from persistence.statements import Row
from persistence.tables.sync_runs import RunKind, RunOutcome

_RESUMED_WITHIN: Final = timedelta(hours=6)
"""After that the source may have changed too much behind a run for it to go on."""
_KEPT: Final = 1000

# Whether this database keeps a record at all; a foreign catalogue does not.
KEPT: Final = text("SELECT to_regclass('catalogue.sync_runs') IS NOT NULL AS kept")

# Take up the last run of its fingerprint if it is recent and did not end well.
TAKE_UP: Final = text(
    """
    UPDATE catalogue.sync_runs SET outcome = 'running', ended_at = NULL, touched_at = now()
    WHERE id = (SELECT id FROM catalogue.sync_runs WHERE fingerprint = :fingerprint
                ORDER BY started_at DESC, id DESC LIMIT 1)
      AND outcome <> 'done' AND reached IS NOT NULL
      AND started_at > now() - CAST(:within AS interval)
    RETURNING id, reached, CAST(report AS text) AS report
    """
)

# Open a record, and forget those that nobody will look at.
BEGIN: Final = text(
    """
    WITH forgotten AS (
        DELETE FROM catalogue.sync_runs
        WHERE id <= (SELECT id FROM catalogue.sync_runs ORDER BY id DESC OFFSET :kept LIMIT 1))
    INSERT INTO catalogue.sync_runs (kind, fingerprint, source, target, lines, outcome, started_at,
                                     touched_at, written, refused)
    VALUES (:kind, :fingerprint, :source, :target, :lines, 'running', now(), now(), 0, 0)
    RETURNING id, reached, CAST(report AS text) AS report
    """
)

# Remember how far a run is.
REACH: Final = text(
    """
    UPDATE catalogue.sync_runs
    SET reached = :reached, report = CAST(:report AS jsonb), written = :written,
        refused = :refused, touched_at = now()
    WHERE id = :id
    """
)

# Remember how a run ended.
END: Final = text(
    """
    UPDATE catalogue.sync_runs
    SET outcome = :outcome, report = CAST(:report AS jsonb), written = :written,
        refused = :refused, touched_at = now(), ended_at = now()
    WHERE id = :id
    """
)

# The last run of each kind, and when one of its kind last ended well.
LATEST: Final = text(
    """
    SELECT DISTINCT ON (kind) kind, source, target, lines, outcome, started_at, touched_at,
           ended_at, written, refused, CAST(report AS text) AS report, now() AS now,
           max(ended_at) FILTER (WHERE outcome = 'done') OVER (PARTITION BY kind) AS succeeded_at
    FROM catalogue.sync_runs ORDER BY kind, started_at DESC, id DESC
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BegunRun:
    """A run under way; `reached` and `report` are those of the run it goes on with."""

    id: int
    reached: str | None
    report: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """The last run of its kind, as of `now` by the database's own clock."""

    kind: RunKind
    source: str
    target: str
    lines: tuple[int, ...]
    outcome: RunOutcome
    started_at: datetime
    touched_at: datetime
    ended_at: datetime | None
    written: int
    refused: int
    report: Mapping[str, Any] | None
    succeeded_at: datetime | None
    """When a run of this kind last ended well."""
    now: datetime


class PostgresSyncRuns:
    """The record of runs in a database of ours."""

    def __init__(self, engine: Database) -> None:
        """Take the pool of a database that has our tables."""
        self._engine = engine

    async def kept(self) -> bool:
        """Say whether this database has the table at all."""
        row = await fetch_one(self._engine, KEPT)
        return row is not None and bool(row.kept)

    async def begin(
        self,
        *,
        kind: str,
        fingerprint: str,
        source: str,
        target: str,
        lines: Sequence[int],
        afresh: bool,
    ) -> BegunRun:
        """Open a record, or take up that of a recent run of the same fingerprint."""
        same = {"fingerprint": fingerprint}
        row = None
        if not afresh:
            row = await fetch_one(self._engine, TAKE_UP, same | {"within": _RESUMED_WITHIN})
        if row is None:
            facts = {"kind": kind, "source": source, "target": target, "lines": list(lines)}
            row = await fetch_one(self._engine, BEGIN, same | facts | {"kept": _KEPT})
        if row is None:
            raise AssertionError("a record was opened")
        return BegunRun(id=row.id, reached=row.reached, report=_read(row.report))

    async def reach(self, run: int, key: str, report: Mapping[str, Any]) -> None:
        """Remember that everything up to a key is done."""
        await execute(self._engine, REACH, _facts(run, report) | {"reached": key})

    async def end(self, run: int, outcome: str, report: Mapping[str, Any]) -> None:
        """Remember how a run ended."""
        await execute(self._engine, END, _facts(run, report) | {"outcome": RunOutcome(outcome)})

    async def latest(self) -> tuple[PastRun, ...]:
        """Return the last run of each kind."""
        return tuple(_past(row) for row in await fetch_all(self._engine, LATEST))


def _facts(run: int, report: Mapping[str, Any]) -> dict[str, Any]:
    counted = {"written": report["written"], "refused": report["refused"]}
    return {"id": run, "report": json.dumps(report)} | counted


def _read(report: str | None) -> Mapping[str, Any] | None:
    return None if report is None else json.loads(report)


def _past(row: Row) -> PastRun:
    values = dict(row)
    return PastRun(
        **values
        | {
            "kind": RunKind(row.kind),
            "outcome": RunOutcome(row.outcome),
            "lines": tuple(row.lines),
            "report": _read(row.report),
        }
    )

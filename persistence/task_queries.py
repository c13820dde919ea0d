"""The queue of staff tasks: by deadline, by session, and counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text

from booking_flow.flow import State
from booking_flow.model.task import TaskKind
from booking_flow.ports import StoredTask
from persistence.database import Database, fetch_all, fetch_one
from persistence.statements import Row
from persistence.tasks import COLUMNS, EVERY, task_of

_QUEUED: Final = "".join(
    (
        "SELECT ",
        COLUMNS,
        ", coalesce(s.reference, t.facts ->> 'reference', '') AS reference, s.state,",
        " s.hold_until,",
        " booking_now() AS now FROM (",
        EVERY,
        ") AS t LEFT JOIN booking_sessions s ON s.id = t.session_id",
    )
)

# Tasks nobody has answered, those that are due first on top.
TASKS: Final = text(
    "".join(
        (
            _QUEUED,
            """
            WHERE t.closed_at IS NULL
              AND (t.due_at, t.id) > (coalesce(CAST(:after_at AS timestamptz), '-infinity'),
                                      coalesce(CAST(:after_id AS uuid),
                                               '00000000-0000-0000-0000-000000000000'))
              AND (CAST(:kind AS text) IS NULL OR t.kind = :kind)
              AND (CAST(:claimant AS uuid) IS NULL OR t.claimed_account = :claimant)
              AND (NOT CAST(:overdue AS boolean) OR t.due_at < booking_now())
            ORDER BY t.due_at, t.id LIMIT :limit
            """,
        )
    )
)

# All tasks of one session.
OF_SESSION: Final = text(
    "".join((_QUEUED, " WHERE t.session_id = :session_id ORDER BY t.due_at, t.id"))
)

# One task.
ONE: Final = text("".join((_QUEUED, " WHERE t.id = :id")))

# How many tasks wait, how many should have been answered by now, and how many are somebody's.
COUNTS: Final = text(
    """
    SELECT count(*) AS waiting, count(*) FILTER (WHERE due_at < booking_now()) AS overdue,
           count(*) FILTER (WHERE claimed_account = CAST(:account_id AS uuid)) AS mine
    FROM (
        SELECT due_at, claimed_account FROM staff_tasks WHERE closed_at IS NULL
        UNION ALL
        SELECT due_at, claimed_account FROM forgotten_claims
        WHERE entered_as = 'task' AND closed_at IS NULL
    ) AS open
    """
)


# What is open of each kind, and since when the oldest.
BACKLOGS: Final = text(
    """
    SELECT kind, count(*) AS waiting, count(*) FILTER (WHERE due_at < booking_now()) AS overdue,
           booking_now() - min(opened_at) AS oldest
    FROM (
        SELECT kind, due_at, opened_at FROM staff_tasks WHERE closed_at IS NULL
        UNION ALL
        SELECT 'forgotten', due_at, entered_at FROM forgotten_claims
        WHERE entered_as = 'task' AND closed_at IS NULL
    ) AS open GROUP BY kind
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskBacklog:
    """How many tasks of a kind are open and overdue, and how old the oldest is."""

    kind: TaskKind
    waiting: int
    overdue: int
    oldest: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedTask:
    """A task with the session it is about."""

    task: StoredTask
    reference: str
    state: State | None
    """None where the session is not in this database."""
    hold_until: datetime | None
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFilter:
    """Which open tasks are looked for; what is not set leaves none out."""

    kind: TaskKind | None = None
    claimant: UUID | None = None
    overdue: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCounts:
    """How many tasks wait for anybody, are overdue, and are claimed by one person."""

    waiting: int
    overdue: int
    mine: int


ALL: Final = TaskFilter()


class SupportWork:
    """The queue of tasks as staff see it."""

    def __init__(self, engine: Database) -> None:
        """Take a pool whose statements commit by themselves."""
        self._engine = engine

    async def tasks(
        self,
        *,
        limit: int,
        after_at: datetime | None = None,
        after_id: UUID | None = None,
        only: TaskFilter = ALL,
    ) -> Sequence[QueuedTask]:
        """Return a page of open tasks, the most urgent first."""
        values = {
            "limit": limit,
            "after_at": after_at,
            "after_id": after_id,
            "kind": only.kind and only.kind.value,
            "claimant": only.claimant,
            "overdue": only.overdue,
        }
        return [_queued(row) for row in await fetch_all(self._engine, TASKS, values)]

    async def task(self, task_id: UUID) -> QueuedTask | None:
        """Return a task, open or closed, or None."""
        row = await fetch_one(self._engine, ONE, {"id": task_id})
        return _queued(row) if row else None

    async def counts(self, account_id: UUID) -> TaskCounts:
        """Return how many tasks wait, are overdue, and are claimed by this account."""
        (row,) = await fetch_all(self._engine, COUNTS, {"account_id": account_id})
        return TaskCounts(waiting=row.waiting, overdue=row.overdue, mine=row.mine)

    async def backlogs(self) -> Sequence[TaskBacklog]:
        """Return what is open, by kind; no kind of which nothing is."""
        return [
            TaskBacklog(
                kind=TaskKind(row.kind),
                waiting=row.waiting,
                overdue=row.overdue,
                oldest=row.oldest,
            )
            for row in await fetch_all(self._engine, BACKLOGS)
        ]

    async def tasks_of(self, session_id: UUID) -> Sequence[QueuedTask]:
        """Return the tasks of a session, answered ones as well."""
        rows = await fetch_all(self._engine, OF_SESSION, {"session_id": session_id})
        return [_queued(row) for row in rows]


def _queued(row: Row) -> QueuedTask:
    return QueuedTask(
        task=task_of(row),
        reference=row.reference,
        state=State(row.state) if row.state else None,
        hold_until=row.hold_until,
        now=row.now,
    )

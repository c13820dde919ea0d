"""Staff tasks as facts: what is open, and all there is to know of one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import click

from booking_flow.model.session import Session
from booking_flow.policy import Policy
from booking_flow.ports import StoredTask
from booking_flow.saga import EFFECTS
from booking_flow.staff.people import Role
from booking_flow.staff.task_resolution import POSSIBLE
from booking_http.cli.sign_in import Credentials, signed_in
from booking_http.settings import Settings
from booking_http.web.models import rfc3339
from booking_http.wiring import vault_of
from persistence.attempts import StepEntry, steps
from persistence.audit import PostgresAudit
from persistence.database import create_engine
from persistence.sessions import PostgresSessionStore
from persistence.tasks import PostgresTaskStore

Facts = dict[str, Any]
_MOST: Final = 1000


async def open_tasks(database_url: str) -> list[Facts]:
    """Return the tasks nobody has answered."""
    engine = create_engine(database_url, pool_size=1, application_name="booking-flow task")
    try:
        found = await PostgresTaskStore(engine).open_tasks(limit=_MOST)
    finally:
        await engine.dispose()
    return [_facts(task) for task in found]


async def all_of(settings: Settings, task_id: UUID, who: Credentials) -> Facts | None:
    """Return a task with the lead's name, when the line was asked, and what it answered.

    Raises:
        Refused: `forbidden`, for who sees guests' names only masked.
    """
    engine = create_engine(settings.database_url.get_secret_value(), pool_size=1)
    try:
        staff = await signed_in(engine, who)
        staff.ensure(Role.AGENT)
        task = await PostgresTaskStore(engine).task(task_id)
        if task is None:
            return None
        look = staff.entry("read_task", session_ids=(task.session_id,), task_id=task.id)
        await PostgresAudit(engine).write(look)
        store = PostgresSessionStore(engine, vault_of(settings), "command line")
        loaded = await store.load(task.session_id)
        attempts = await steps(engine, task.session_id)
    finally:
        await engine.dispose()
    attempt = next((entry for entry in attempts if entry.attempt.id == task.step_id), None)
    return {
        **_facts(task),
        **_lead(loaded.session if loaded else None),
        **_attempt(attempt, settings.policy()),
    }


def print_tasks(found: list[Facts]) -> None:
    """Print each task as a block that fits a terminal."""
    for task in found:
        click.echo(f"{task['taskId']}  version {task['version']}  {task['kind']}")
        click.echo(f"  due {task['dueAt']}, opened {task['openedAt']}")
        if task["notBefore"]:
            click.echo(f"  'not booked' is accepted from {task['notBefore']}")
        for name, value in task["facts"].items():
            click.echo(f"  {name:<12} {value}")
        click.echo(f"  answers      {', '.join(task['answers'])}\n")
    click.echo(f"{len(found)} open" if found else "nothing waits for a person")


def _facts(task: StoredTask) -> Facts:
    return {
        "taskId": str(task.id),
        "version": task.version,
        "kind": task.kind.value,
        "openedAt": rfc3339(task.opened_at),
        "dueAt": rfc3339(task.due_at),
        "notBefore": task.not_before and rfc3339(task.not_before),
        "sessionId": str(task.session_id),
        "facts": dict(task.facts),
        "answers": [kind.value for kind in POSSIBLE[task.kind]],
        "closedAt": task.closed_at and rfc3339(task.closed_at),
        "closedBy": task.closed_by,
        "answer": task.answer,
    }


def _lead(session: Session | None) -> Facts:
    if session is None or not session.details.passengers:
        return {"lead": None, "passengers": 0}
    lead = session.details.passengers[0]
    names = f"{lead.title} {lead.first_name} {lead.last_name}"
    return {"lead": names, "passengers": len(session.details.passengers)}


def _attempt(entry: StepEntry | None, policy: Policy) -> Facts:
    if entry is None:
        return {"asked": None}
    attempt = entry.attempt
    latest = attempt.claimed_at + timedelta(
        seconds=policy.lease_seconds(EFFECTS[attempt.name].limits)
    )
    return {
        "asked": {
            "step": attempt.name.value,
            "status": attempt.status.value,
            "from": rfc3339(attempt.claimed_at),
            "until": rfc3339(latest),
            "intent": {name: said for name, said in entry.intent.items() if name != "card"},
            "evidence": dict(entry.evidence),
        }
    }

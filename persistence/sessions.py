"""The store of sessions: every commit is one guarded statement."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import Final
from uuid import UUID

import asyncpg
from sqlalchemy import TextClause, text

from booking_flow.flow import State
from booking_flow.model.audit import AuditEntry
from booking_flow.model.change import Change, IdempotencyBinding
from booking_flow.model.history import Event, EventKind, Origin
from booking_flow.model.session import NO_DETAILS, Loaded, Session
from booking_flow.model.step import OwedUndo
from booking_flow.ports import CommitResult, Committed, Replay
from booking_flow.supplier import SupplierCall
from persistence import clock, commit_inserts, erasure, idempotency, redaction, undos
from persistence.codec import encode, encode_or_none
from persistence.commit_plan import Shape, makes_work, shape_of
from persistence.commit_statement import commit_statement
from persistence.commit_values import (
    FIRST_FENCE,
    Values,
    binding_values,
    birth_values,
    call_rows,
    change_values,
    event_rows,
    origin_values,
    quote_values,
    session_values,
)
from persistence.database import Database, execute, fetch_all, fetch_one, transaction
from persistence.encryption import Vault
from persistence.errors import Erased, refused_by, taken_by_another
from persistence.notify import Wakeups
from persistence.outbox_rows import NOBODY, Channels, announcements
from persistence.personal import details_values, open_details, passenger_values
from persistence.rows import SESSION, session_of
from persistence.session_insert import birth_statement
from persistence.statements import Row

_COLUMNS: Final = "".join(
    (
        "SELECT ",
        SESSION,
        """,
       k.wrapped_key, t.name AS step_name, t.status AS step_status, t.claimed_at,
       t.fence, t.intent, b.reservation, b.supplier_booking_id, b.status AS booking_status,
       b.total AS booking_total, b.paid, b.currency AS booking_currency, b.paid_currency,
       b.payment_due_at, b.collect_by, b.balance_due_date, b.card_brand, b.card_last4, b.kept,
       b.reminded_at,
       (SELECT jsonb_agg(jsonb_build_object(
                   'amount', jsonb_build_object('amount', CAST(p.amount AS text),
                                                'currency', p.currency),
                   'at', p.at,
                   'by_card', p.step_id IS NOT NULL OR p.card_last4 IS NOT NULL,
                   'card', CASE WHEN p.card_last4 IS NOT NULL THEN
                       jsonb_build_object('brand', p.card_brand, 'last4', p.card_last4) END)
                   ORDER BY p.id)
        FROM booking_payments p WHERE p.session_id = b.session_id) AS receipts,
       (SELECT jsonb_agg(jsonb_build_array(d.facts ->> 'duplicate', d.answer)
                         ORDER BY d.opened_at, d.id)
        FROM staff_tasks d
        WHERE d.session_id = b.session_id AND d.kind = 'duplicate_booking') AS duplicates,
       booking_now() AS now,
       least((SELECT min(c.opened_at) FROM staff_tasks c WHERE c.session_id = s.id
              AND c.kind = 'conflict' AND c.closed_at IS NULL),
             (SELECT min(f.entered_at) FROM forgotten_claims f WHERE f.session_id = s.id
              AND f.entered_as = 'task' AND f.closed_at IS NULL)) AS disputed_since,
       EXISTS (SELECT FROM forgotten_claims f WHERE f.entered_at IS NULL) AS stopped""",
    )
)
_TABLES: Final = """
FROM booking_sessions s
LEFT JOIN session_keys k ON k.session_id = s.id
LEFT JOIN saga_steps t ON t.session_id = s.id AND t.id = s.open_step
LEFT JOIN bookings b ON b.session_id = s.id
"""
_LOAD: Final = "".join(
    (
        _COLUMNS,
        ", q.quote",
        _TABLES,
        "LEFT JOIN session_quotes q ON q.session_id = s.id WHERE s.id = :id",
    )
)

# A session with all that belongs to its value, in one round trip.
LOAD: Final = text(_LOAD)

# Many sessions without their prices, which are most of what a session takes to read.
LOAD_EACH: Final = text(
    "".join((_COLUMNS, ", NULL AS quote", _TABLES, "WHERE s.id = ANY(CAST(:ids AS uuid[]))"))
)

# The same for who knows its secret.
LOAD_FOR_GUEST: Final = text("".join((_LOAD, " AND s.secret_hash = :secret_hash")))

# A session's data key, wrapped.
WRAPPED_KEY: Final = text("SELECT wrapped_key FROM session_keys WHERE session_id = :id")

# Evidence alone, when nothing changed.
RECORD_CALLS: Final = text(
    "".join(
        (
            "WITH moved AS (SELECT CAST(:id AS uuid) AS id, booking_now() AS now),",
            commit_inserts.CALLS,
            " SELECT 1",
        )
    )
)

# Calls after which no session began; what they said is kept nowhere.
RECORD_PASSING_CALLS: Final = text(
    """
    INSERT INTO calls_without_session (id, endpoint, at, duration_s, outcome, http_status,
                                       error_code)
    SELECT c.id, c.endpoint, booking_now() - make_interval(secs => c.ago), c.duration_s,
           c.outcome, c.http_status, c.error_code
    FROM jsonb_to_recordset(CAST(:calls AS jsonb)) AS c(
        id uuid, endpoint text, ago float, duration_s float, outcome text, http_status integer,
        error_code integer)
    ON CONFLICT DO NOTHING
    """
)

Draft = tuple[TextClause, Values]
"""The statement of a commit, and its values."""
KEYS_REMEMBERED: Final = 10_000
"""Wrapped data keys that a process keeps, those of the sessions it loaded last."""
_BORN: Final = Event(kind=EventKind.CREATED, from_state=None, to_state=State.CREATED)


class PostgresSessionStore:
    """Sessions in PostgreSQL; `owner` names this process on the steps it claims."""

    def __init__(
        self, engine: Database, vault: Vault, owner: str, channels: Channels = NOBODY
    ) -> None:
        """Take a pool whose statements commit by themselves, the keys, and who is told."""
        self._engine = engine
        self._vault = vault
        self._owner = owner
        self._channels = channels
        self._wakeups = Wakeups(engine)
        self._wrapped_keys: dict[UUID, bytes] = {}

    async def close(self) -> None:
        """Send what is still to be told; the pool belongs to whoever made it."""
        await self._wakeups.sent()

    async def now(self) -> datetime:
        """Return the database's clock, the one all deadlines are compared by."""
        return await clock.now(self._engine)

    async def create(
        self,
        session: Session,
        *,
        secret_hash: bytes,
        origin: Origin,
        binding: IdempotencyBinding | None,
        calls: Sequence[SupplierCall],
    ) -> CommitResult:
        """Insert a session with its event 0; LOST when its reference is taken."""
        statement = birth_statement(
            bind=binding is not None,
            calls=bool(calls),
            details=session.details != NO_DETAILS,
            quote=session.quote is not None,
        )
        wrapped = self._vault.new_key()
        values = {
            **session_values(session),
            **birth_values(session),
            **quote_values(session),
            **details_values(self._vault, wrapped, session.id, session.details),
            **origin_values(origin),
            **binding_values(binding, step_id=None),
            "secret_hash": secret_hash,
            "wrapped_key": wrapped,
            "master_id": self._vault.master_id,
            "events": encode(event_rows([_BORN], first_seq=session.version)),
            "calls": encode(call_rows(calls)),
        }
        written = await self._write(statement, values, binding)
        if written.result is CommitResult.DONE:
            self._wakeups.announce(session.id, session.version)
        return written.result

    async def load(self, session_id: UUID) -> Loaded | None:
        """Return the session as it is now, or None."""
        return self._loaded(await fetch_one(self._engine, LOAD, {"id": session_id}))

    async def load_for_guest(self, session_id: UUID, secret_hash: bytes) -> Loaded | None:
        """Return the session if the secret is its own; None tells nothing of which is wrong."""
        values = {"id": session_id, "secret_hash": secret_hash}
        return self._loaded(await fetch_one(self._engine, LOAD_FOR_GUEST, values))

    async def commit(
        self,
        change: Change,
        *,
        origin: Origin,
        calls: Sequence[SupplierCall] = (),
        binding: IdempotencyBinding | None = None,
        audit: AuditEntry | None = None,
    ) -> Committed:
        """Write a change under its guards, with events, evidence and audit, in one statement."""
        draft = await self._draft(change, origin=origin, calls=calls, binding=binding, audit=audit)
        written = await self._write(*draft, binding)
        self._announce(change, written)
        claimed = written.result is CommitResult.DONE and change.claim is not None
        return replace(written, fence=FIRST_FENCE if claimed else None)

    async def load_each(self, session_ids: Collection[UUID]) -> Sequence[Loaded]:
        """Return those of these sessions that there are, as they are now, without their prices."""
        rows = await fetch_all(self._engine, LOAD_EACH, {"ids": list(session_ids)})
        return [self._opened(row) for row in rows]

    async def commit_each(
        self, changes: Sequence[Change], *, origin: Origin
    ) -> Sequence[Committed]:
        """Write changes of different sessions, each under guards of its own.

        They share a transaction; where the database refuses one of them, each has its own.
        """
        if not changes:
            return ()
        drafts = [await self._draft(change, origin=origin) for change in changes]
        try:
            committed = await self._write_together(changes, drafts)
        except asyncpg.PostgresError:
            # One that is refused must not keep the others out.
            return [await self.commit(change, origin=origin) for change in changes]
        for change, written in zip(changes, committed, strict=True):
            self._announce(change, written)
        return committed

    async def _write_together(
        self, changes: Sequence[Change], drafts: Sequence[Draft]
    ) -> Sequence[Committed]:
        """Write in the order of the sessions, so that no two workers wait for one another."""
        order = sorted(range(len(drafts)), key=lambda number: changes[number].before.id)
        committed: dict[int, Committed] = {}
        async with transaction(self._engine) as opened:
            for statement, numbers in groupby(order, lambda number: drafts[number][0]):
                some = list(numbers)
                rows = await opened.fetch_each(statement, [drafts[number][1] for number in some])
                committed.update(zip(some, map(_committed, rows), strict=True))
        return [committed[number] for number in range(len(drafts))]

    async def _draft(
        self,
        change: Change,
        *,
        origin: Origin,
        calls: Sequence[SupplierCall] = (),
        binding: IdempotencyBinding | None = None,
        audit: AuditEntry | None = None,
    ) -> Draft:
        """Return the statement of a change, and its values."""
        told = announcements(change, self._channels)
        shape = shape_of(
            change,
            calls=calls,
            binding=binding,
            announced=bool(told),
            audited=audit is not None,
        )
        step = change.claim or change.settle
        values = {
            **change_values(change, owner=self._owner),
            **origin_values(origin),
            **binding_values(binding, step_id=step and step.id),
            **await self._personal(change, shape),
            "calls": encode(call_rows(calls)),
            "announced": encode(told),
            "audit": encode_or_none(audit),
        }
        return commit_statement(shape), values

    def _announce(self, change: Change, written: Committed) -> None:
        if written.result is CommitResult.DONE:
            work = makes_work(change)
            self._wakeups.announce(change.after.id, change.after.version, work=work)

    async def record_calls(self, session_id: UUID, calls: Sequence[SupplierCall]) -> None:
        """Keep evidence of calls after which nothing changed."""
        if calls:
            values = {"id": session_id, "calls": encode(call_rows(calls))}
            await execute(self._engine, RECORD_CALLS, values)

    async def record_passing_calls(self, calls: Sequence[SupplierCall]) -> None:
        """Count calls after which no session began."""
        if calls:
            await execute(self._engine, RECORD_PASSING_CALLS, {"calls": encode(call_rows(calls))})

    async def replay(self, *, scope: str, route: str, key_hash: bytes) -> Replay | None:
        """Return what an Idempotency-Key was bound to within the last 24 hours."""
        return await idempotency.find(self._engine, scope=scope, route=route, key_hash=key_hash)

    async def owed(self, session_id: UUID) -> Sequence[OwedUndo]:
        """Return the undos this session still owes, the latest first."""
        return await undos.owed(self._engine, session_id)

    async def take_owed(self, undo_id: UUID, *, lease_seconds: float, origin: Origin) -> int | None:
        """Lease an owed undo and return its fencing number; None when another has it."""
        return await undos.take(
            self._engine, undo_id, owner=self._owner, lease_seconds=lease_seconds, origin=origin
        )

    async def settle_owed(
        self, undo_id: UUID, *, fence: int, done: bool, calls: Sequence[SupplierCall]
    ) -> bool:
        """Record how an owed undo went; False when the lease was lost meanwhile."""
        return await undos.settle(self._engine, undo_id, fence=fence, done=done, calls=calls)

    async def redact(self, session_id: UUID, text: str) -> bool:
        """Take the text of a row of the timeline out for good; False where there is none."""
        kind, _, number = text.partition("-")
        take_out = redaction.redact_event if kind == "event" else redaction.redact_act
        return await take_out(self._engine, session_id, int(number))

    async def erase(self, session_id: UUID) -> bool:
        """Make what the guest typed unreadable for ever; False when it was before."""
        self._remember_key(session_id, None)
        return await erasure.erase(self._engine, session_id)

    async def _personal(self, change: Change, shape: Shape) -> Values:
        if not shape.seals:
            return {}
        after = change.after
        wrapped = self._wrapped_keys.get(after.id) or await self._wrapped_key(after.id)
        values = details_values(self._vault, wrapped, after.id, after.details)
        return values | passenger_values(self._vault, wrapped, after.id, after.details)

    async def _wrapped_key(self, session_id: UUID) -> bytes:
        row = await fetch_one(self._engine, WRAPPED_KEY, {"id": session_id})
        if row is None:
            raise Erased(session_id)
        wrapped: bytes = row.wrapped_key
        return wrapped

    def _remember_key(self, session_id: UUID, wrapped: bytes | None) -> None:
        """Spare a commit the look at the key that a load has brought; the commit guards it."""
        self._wrapped_keys.pop(session_id, None)
        if wrapped is not None:
            self._wrapped_keys[session_id] = wrapped
        if len(self._wrapped_keys) > KEYS_REMEMBERED:
            del self._wrapped_keys[next(iter(self._wrapped_keys))]

    async def _write(
        self, statement: TextClause, values: Values, binding: IdempotencyBinding | None
    ) -> Committed:
        taken = False
        try:
            row = await fetch_one(self._engine, statement, values)
        except asyncpg.PostgresError as error:
            result, taken = refused_by(error), taken_by_another(error)
        else:
            if row is not None and row.moved:
                return _committed(row)
            result = CommitResult.LOST
        found = await self._explained(result, statement, values, binding)
        return replace(found, taken=taken)

    async def _explained(
        self,
        result: CommitResult,
        statement: TextClause,
        values: Values,
        binding: IdempotencyBinding | None,
    ) -> Committed:
        """Look once more at a commit that wrote nothing: the key it binds may be old or taken."""
        if binding is not None:
            if result is CommitResult.DUPLICATE and await idempotency.free(self._engine, binding):
                return await self._write(statement, values, binding)
            if await idempotency.is_bound(self._engine, binding):
                result = CommitResult.DUPLICATE
        return Committed(result=result, now=await self.now())

    def _loaded(self, row: Row | None) -> Loaded | None:
        return None if row is None else self._opened(row)

    def _opened(self, row: Row) -> Loaded:
        self._remember_key(row.id, row.wrapped_key)
        details = open_details(self._vault, row.wrapped_key, row.id, row.details_ciphertext)
        return Loaded(session=session_of(row, details), now=row.now, stopped=row.stopped)


def _committed(row: Row) -> Committed:
    return Committed(result=CommitResult.DONE if row.moved else CommitResult.LOST, now=row.now)

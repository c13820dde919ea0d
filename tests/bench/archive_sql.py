"""The statements that multiply a session: all its rows, moved in time, under keys of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from tests.bench.copies import TABLES

TEMPLATES: Final = """
SELECT s.id, s.created_at, s.details_ciphertext, k.wrapped_key
FROM booking_sessions s JOIN session_keys k ON k.session_id = s.id
"""

# What was walked is kept aside, and the tables themselves begin empty. Without the checks of keys
# that are right by construction, which take most of the time.
MAKE: Final = (
    "DROP SCHEMA IF EXISTS walked CASCADE",
    "CREATE SCHEMA walked",
    *(f"CREATE TABLE walked.{table} AS TABLE {table}" for table in TABLES),
    "SET session_replication_role = replica",
    "SET maintenance_work_mem = '512MB'",
    "TRUNCATE booking_sessions CASCADE",
    "UPDATE clock_offset SET ahead_by = interval '0'",
    """
    CREATE UNLOGGED TABLE walked.copies (
        n bigint, id uuid, template uuid, shift interval, reference text, wrapped_key bytea,
        details bytea, cruise text, pace float)
    """,
)
COPIES: Final = (
    *("n", "id", "template", "shift", "reference"),
    *("wrapped_key", "details", "cruise", "pace"),
)

COLUMNS: Final = """
SELECT column_name AS name, data_type AS kind FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = $1 AND identity_generation IS NULL
"""

# Indexes are made at once in the end, except those that hold a constraint.
INDEXES: Final = """
SELECT i.indexname AS name, i.indexdef AS definition FROM pg_indexes i
WHERE i.schemaname = 'public' AND i.tablename = ANY ($1)
  AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conname = i.indexname)
"""

# What staff have looked at: every third booking once, and lists of what lay side by side.
LOOKS: Final = (
    """
    INSERT INTO staff_audit (at, account_id, name, action, session_ids, request_id, facts)
    SELECT b.booked_at + interval '1 day', a.id, a.name, 'read_session', ARRAY[b.session_id],
           md5(b.reservation), '{}'
    FROM bookings b CROSS JOIN (SELECT id, name FROM staff_accounts LIMIT 1) a
    WHERE right(b.supplier_booking_id, 1) IN ('1', '4', '7')
    """,
    """
    INSERT INTO staff_audit (at, account_id, name, action, session_ids, request_id, facts)
    SELECT max(c.at), a.id, a.name, 'search', array_agg(c.id), md5(min(c.reference)),
           '{"found": "20"}'
    FROM (SELECT id, reference, created_at AS at, row_number() OVER () AS n FROM booking_sessions) c
    CROSS JOIN (SELECT id, name FROM staff_accounts LIMIT 1) a
    WHERE c.n % 400 < 20 GROUP BY a.id, a.name, c.n / 400
    """,
)
DONE: Final = (
    "TRUNCATE supplier_call_sums",
    """
    INSERT INTO supplier_call_sums (hour, endpoint, outcome, step, number, slowest)
    SELECT date_trunc('hour', c.at, 'UTC') AS hour, c.endpoint, c.outcome,
           duration_step(c.duration_s) AS step, count(*), max(c.duration_s)
    FROM supplier_calls c WHERE c.at < (SELECT until FROM supplier_calls_summed)
    GROUP BY hour, c.endpoint, c.outcome, step ORDER BY hour
    """,
    "DROP TABLE walked.copies",
    "CREATE TABLE walked.made AS SELECT clock_timestamp() AS at",
    "RESET session_replication_role",
)


def _own_key(column: str) -> str:
    """Return a key that differs from copy to copy and is the same wherever a copy names it."""
    return f"CAST(md5(CAST(c.id AS text) || CAST(t.{column} AS text)) AS uuid)"


_OWN: Final[Mapping[str, str]] = {
    "booking_sessions.id": "c.id",
    "booking_sessions.reference": "c.reference",
    "booking_sessions.secret_hash": "sha256(uuid_send(c.id))",
    "booking_sessions.details_ciphertext": "c.details",
    "booking_sessions.cruise_id": "c.cruise",
    "booking_sessions.sailing": "jsonb_set(t.sailing, '{cruise_id}', to_jsonb(c.cruise))",
    "booking_sessions.basket": (
        "jsonb_set(t.basket, '{hold_until}', to_jsonb(t.hold_until + c.shift))"
    ),
    "booking_sessions.open_step": _own_key("open_step"),
    "session_references.reference": "c.reference",
    "session_keys.wrapped_key": "c.wrapped_key",
    "session_history.request_id": "md5(CAST(c.n AS text) || t.request_id)",
    "saga_steps.id": _own_key("id"),
    "supplier_calls.id": _own_key("id"),
    "supplier_calls.step_id": _own_key("step_id"),
    "supplier_calls.duration_s": "t.duration_s * c.pace",
    "supplier_calls.response": "CASE WHEN c.n % 10 = 0 THEN t.response END",
    "staff_tasks.id": _own_key("id"),
    "staff_tasks.step_id": _own_key("step_id"),
    "bookings.reservation": "'R' || CAST(c.n AS text)",
    "bookings.supplier_booking_id": "CAST(10000000 + c.n AS text)",
    "booking_payments.step_id": _own_key("step_id"),
}
"""What differs from copy to copy. Evidence is most of the bytes: one in ten has its answers."""


def statement_of(table: str, columns: Sequence[tuple[str, str]]) -> str:
    """Return the statement that multiplies a table's rows, given its columns and their types.

    They come in the order of time, as they do where nobody multiplies them.
    """
    key = "id" if table == "booking_sessions" else "session_id"
    names = ", ".join(name for name, _ in columns)
    values = ", ".join(_value(table, name, kind) for name, kind in columns)
    return (
        f"INSERT INTO {table} ({names}) SELECT {values}"
        f" FROM walked.copies c JOIN walked.{table} t ON t.{key} = c.template ORDER BY c.n"
    )


def _value(table: str, name: str, kind: str) -> str:
    if own := _OWN.get(f"{table}.{name}"):
        return own
    if name == "session_id":
        return "c.id"
    return f"t.{name} + c.shift" if kind.startswith("timestamp") else f"t.{name}"

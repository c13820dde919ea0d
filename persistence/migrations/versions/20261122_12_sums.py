"""Sums of supplier calls by the hour, and keys of guests in the order in which they came."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "20261122_12"
down_revision = "20261122_11"
branch_labels = None
depends_on = None

SUMS: Final = (
    """
    CREATE TABLE supplier_call_sums (
        hour timestamptz NOT NULL,
        endpoint TEXT NOT NULL,
        outcome TEXT NOT NULL,
        step INTEGER NOT NULL,
        number INTEGER NOT NULL,
        slowest FLOAT NOT NULL,
        CONSTRAINT pk_supplier_call_sums PRIMARY KEY (hour, endpoint, outcome, step)
    )
    """,
    """
    CREATE TABLE supplier_calls_summed (
        singleton BOOLEAN NOT NULL CONSTRAINT ck_supplier_calls_summed_one_row CHECK (singleton),
        until timestamptz NOT NULL,
        CONSTRAINT pk_supplier_calls_summed PRIMARY KEY (singleton)
    )
    """,
    """
    CREATE FUNCTION duration_step(seconds float) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CAST(ceil(ln(greatest(seconds, 0.001)) / ln(1.1)) AS integer)
    """,
    """
    INSERT INTO supplier_calls_summed (singleton, until)
    VALUES (true, date_trunc('hour', booking_now() - interval '1 hour', 'UTC'))
    """,
    """
    INSERT INTO supplier_call_sums (hour, endpoint, outcome, step, number, slowest)
    SELECT date_trunc('hour', c.at, 'UTC') AS hour, c.endpoint, c.outcome,
           duration_step(c.duration_s) AS step, count(*), max(c.duration_s)
    FROM supplier_calls c WHERE c.at < (SELECT until FROM supplier_calls_summed)
    GROUP BY hour, c.endpoint, c.outcome, step ORDER BY hour
    """,
)

# A common surname belongs to thousands of sessions, of which a page shows the latest.
BEGUN: Final = (
    "ALTER TABLE session_search ADD COLUMN begun_at timestamptz",
    """
    UPDATE session_search f SET begun_at = s.created_at
    FROM booking_sessions s WHERE s.id = f.session_id
    """,
    """
    CREATE FUNCTION note_when_begun() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.begun_at := (SELECT created_at FROM booking_sessions WHERE id = NEW.session_id);
        RETURN NEW;
    END
    $$
    """,
    """
    CREATE TRIGGER session_search_begun BEFORE INSERT ON session_search
    FOR EACH ROW EXECUTE FUNCTION note_when_begun()
    """,
    "ALTER TABLE session_search ALTER COLUMN begun_at SET NOT NULL",
    "ALTER TABLE session_search DROP CONSTRAINT pk_session_search",
    """
    ALTER TABLE session_search
    ADD CONSTRAINT pk_session_search PRIMARY KEY (kind, hash, begun_at, session_id)
    """,
)

DOWN: Final = (
    "ALTER TABLE session_search DROP CONSTRAINT pk_session_search",
    "DROP TRIGGER session_search_begun ON session_search",
    "DROP FUNCTION note_when_begun()",
    "ALTER TABLE session_search DROP COLUMN begun_at",
    "ALTER TABLE session_search ADD CONSTRAINT pk_session_search PRIMARY KEY (kind, hash, session_id)",
    "DROP TABLE supplier_calls_summed",
    "DROP TABLE supplier_call_sums",
    "DROP FUNCTION duration_step(float)",
)


def upgrade() -> None:
    for statement in (*SUMS, *BEGUN):
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)

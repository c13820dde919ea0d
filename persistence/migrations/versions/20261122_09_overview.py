"""How far each session came, and indexes by which staff count and find among millions."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "20261122_09"
down_revision = "20261122_08"
branch_labels = None
depends_on = None

# A statement of the release before writes no such column, so the database notes it by itself.
FURTHEST: Final = (
    "ALTER TABLE booking_sessions ADD COLUMN furthest TEXT DEFAULT 'created' NOT NULL",
    """
    ALTER TABLE booking_sessions ADD CONSTRAINT ck_booking_sessions_furthest_known
    CHECK (furthest IN ('created', 'priced', 'cabin_selected', 'basketed', 'booked', 'paid'))
    """,
    """
    CREATE FUNCTION note_furthest_state() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        path CONSTANT text[] :=
            '{created,priced,cabin_selected,basketed,booked,paid}';
    BEGIN
        IF array_position(path, NEW.state) > array_position(path, OLD.furthest) THEN
            NEW.furthest := NEW.state;
        END IF;
        RETURN NEW;
    END
    $$
    """,
    """
    CREATE TRIGGER booking_sessions_furthest
    BEFORE UPDATE ON booking_sessions
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state)
    EXECUTE FUNCTION note_furthest_state()
    """,
)

# What was stored before: a history tells how far its session came.
PAST: Final = """
    UPDATE booking_sessions s SET furthest = h.furthest
    FROM (
        SELECT session_id, (array_agg(to_state ORDER BY array_position(
                   '{created,priced,cabin_selected,basketed,booked,paid}', to_state) DESC))[1]
               AS furthest
        FROM session_history
        WHERE to_state IN ('priced', 'cabin_selected', 'basketed', 'booked', 'paid')
        GROUP BY session_id
    ) h
    WHERE h.session_id = s.id
"""

INDEXES: Final = (
    """
    CREATE INDEX ix_booking_sessions_state ON booking_sessions (state, created_at, id)
    INCLUDE (furthest)
    """,
    "CREATE INDEX ix_booking_sessions_cruise ON booking_sessions (cruise_id, created_at, id)",
    # Evidence comes in the order of time, so that an index of blocks finds it and costs nothing.
    "CREATE INDEX ix_supplier_calls_at ON supplier_calls USING brin (at) WITH (autosummarize=true)",
    """
    CREATE INDEX ix_supplier_calls_failed ON supplier_calls (endpoint, at)
    INCLUDE (outcome, session_id) WHERE outcome <> 'ok'
    """,
)

DOWN: Final = (
    "DROP INDEX ix_supplier_calls_failed",
    "DROP INDEX ix_supplier_calls_at",
    "DROP INDEX ix_booking_sessions_cruise",
    "DROP INDEX ix_booking_sessions_state",
    "DROP TRIGGER booking_sessions_furthest ON booking_sessions",
    "DROP FUNCTION note_furthest_state()",
    "ALTER TABLE booking_sessions DROP COLUMN furthest",
)


def upgrade() -> None:
    for statement in (*FURTHEST, PAST, *INDEXES):
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)

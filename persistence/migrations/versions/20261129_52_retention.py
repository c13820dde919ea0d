"""What is old enough goes: by a function of the owner, which keeps what is open or yet to sail."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "20261129_52"
down_revision = "20261129_44"
branch_labels = None
depends_on = None

statement_seconds: Final = 1800.0
"""The indexes hold every session."""

TABLES: Final = (
    """
    CREATE TABLE pruned_sessions (
        session_id UUID NOT NULL,
        at timestamptz NOT NULL,
        CONSTRAINT pk_pruned_sessions PRIMARY KEY (session_id)
    )
    """,
    """
    CREATE TABLE retention_progress (
        singleton BOOLEAN NOT NULL,
        position UUID NOT NULL,
        began_at timestamptz NOT NULL,
        ended_at timestamptz,
        stepped_at timestamptz NOT NULL,
        seen BIGINT NOT NULL,
        sessions BIGINT NOT NULL,
        evidence BIGINT NOT NULL,
        quotes BIGINT NOT NULL,
        CONSTRAINT pk_retention_progress PRIMARY KEY (singleton),
        CONSTRAINT ck_retention_progress_one_row CHECK (singleton)
    )
    """,
    """
    INSERT INTO retention_progress
        (singleton, position, began_at, ended_at, stepped_at, seen, sessions, evidence, quotes)
    VALUES (true, '00000000-0000-0000-0000-000000000000', booking_now(), NULL, '-infinity',
            0, 0, 0, 0)
    """,
    # Whoever deletes a session looks for what belongs to it.
    "CREATE INDEX ix_session_references_session_id ON session_references (session_id)",
    "CREATE INDEX ix_lookup_links_session_id ON lookup_links (session_id)",
)

# The owner may delete from what is append-only while it prunes, and nobody else.
REFUSE: Final = """
    CREATE OR REPLACE FUNCTION refuse_to_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' AND current_setting('booking.pruning', true) = 'on'
           AND current_user = (SELECT pg_get_userbyid(relowner) FROM pg_class
                               WHERE oid = TG_RELID) THEN
            RETURN NULL;
        END IF;
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END
    $$
    """
REFUSE_AS_BEFORE: Final = """
    CREATE OR REPLACE FUNCTION refuse_to_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END
    $$
    """

# Nobody waits for anything of this session any more: no step, debt, task, mail or run.
IS_SETTLED: Final = """
    CREATE FUNCTION is_settled(s booking_sessions) RETURNS boolean LANGUAGE sql STABLE
    SET search_path FROM CURRENT AS $$
        SELECT s.state IN ('paid', 'expired', 'cancelled')
           AND s.open_step IS NULL AND s.unwinding_since IS NULL
           AND NOT EXISTS (SELECT FROM saga_steps t WHERE t.session_id = s.id
                           AND t.status IN ('started', 'unknown', 'owed'))
           AND NOT EXISTS (SELECT FROM staff_tasks t WHERE t.session_id = s.id
                           AND t.closed_at IS NULL)
           AND NOT EXISTS (SELECT FROM forgotten_claims f WHERE f.session_id = s.id
                           AND f.closed_at IS NULL AND f.entered_as IS DISTINCT FROM 'step')
           AND NOT EXISTS (SELECT FROM outbox o WHERE o.session_id = s.id
                           AND o.delivered_at IS NULL AND o.dead_at IS NULL)
           AND NOT EXISTS (SELECT FROM bulk_items i WHERE i.session_id = s.id
                           AND i.status = 'waiting')
    $$
    """

# Whether all of a session that nobody waits for is to go: what was booked or paid later than what
# never was.
IS_DUE: Final = """
    CREATE FUNCTION is_due(s booking_sessions, drafts interval, bookings interval)
    RETURNS boolean LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
        SELECT CASE
            WHEN s.state = 'paid' OR EXISTS (SELECT FROM bookings b WHERE b.session_id = s.id)
                 OR EXISTS (SELECT FROM booking_payments p WHERE p.session_id = s.id)
            THEN s.updated_at < booking_now() - bookings
                 AND s.sailing_date < CAST(booking_now() - bookings AS date)
            ELSE s.updated_at < booking_now() - drafts
        END
    $$
    """

# Look at the next sessions in the order of their ids, which is that of their making, and delete
# what is too old. It deletes nothing earlier than the least that is written here, whoever asks.
PRUNE: Final = """
    CREATE FUNCTION prune_some(after uuid, most integer, keep_quotes interval,
                               keep_evidence interval, keep_drafts interval,
                               keep_bookings interval, dry boolean,
                               OUT last uuid, OUT seen integer, OUT sessions integer,
                               OUT evidence integer, OUT quotes integer)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    DECLARE
        looked uuid[];
        settled uuid[];
        due uuid[];
        child record;
    BEGIN
        IF keep_quotes < interval '1 day' OR keep_evidence < interval '40 days'
           OR keep_drafts < interval '40 days' OR keep_bookings < interval '365 days' THEN
            RAISE EXCEPTION 'nothing is deleted so early' USING ERRCODE = 'invalid_parameter_value';
        END IF;
        SELECT array_agg(n.id ORDER BY n.id), max(n.id::text)::uuid, count(*)
        INTO looked, last, seen
        FROM (SELECT s.id FROM booking_sessions s
              WHERE s.id > after AND s.created_at < booking_now() - interval '1 day'
              ORDER BY s.id LIMIT most) AS n;
        SELECT coalesce(array_agg(f.id), '{}') INTO settled FROM (
            SELECT s.id FROM booking_sessions s
            WHERE s.id = ANY(looked) AND s.updated_at < booking_now() - interval '1 day'
              AND is_settled(s)
            FOR UPDATE SKIP LOCKED) AS f;
        SELECT coalesce(array_agg(s.id), '{}') INTO due FROM booking_sessions s
        WHERE s.id = ANY(settled) AND is_due(s, keep_drafts, keep_bookings);
        sessions := cardinality(due);
        SELECT count(*) INTO evidence FROM supplier_calls c JOIN booking_sessions s
            ON s.id = c.session_id
        WHERE c.session_id = ANY(settled)
          AND (c.session_id = ANY(due)
               OR (c.at < booking_now() - keep_evidence
                   AND s.sailing_date < CAST(booking_now() AS date)));
        SELECT count(*) INTO quotes FROM session_quotes q JOIN booking_sessions s
            ON s.id = q.session_id
        WHERE q.session_id = ANY(settled)
          AND (q.session_id = ANY(due) OR s.updated_at < booking_now() - keep_quotes);
        IF dry THEN
            RETURN;
        END IF;
        PERFORM set_config('booking.pruning', 'on', true);
        DELETE FROM supplier_calls c USING booking_sessions s
        WHERE s.id = c.session_id AND c.session_id = ANY(settled)
          AND c.at < booking_now() - keep_evidence
          AND s.sailing_date < CAST(booking_now() AS date);
        DELETE FROM session_quotes q USING booking_sessions s
        WHERE s.id = q.session_id AND q.session_id = ANY(settled)
          AND s.updated_at < booking_now() - keep_quotes;
        INSERT INTO pruned_sessions (session_id, at)
        SELECT unnest(due), booking_now() ON CONFLICT DO NOTHING;
        FOR child IN
            SELECT c.conrelid::regclass AS name, a.attname AS key
            FROM pg_constraint c JOIN pg_attribute a
              ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
            WHERE c.confrelid = 'booking_sessions'::regclass AND c.contype = 'f'
        LOOP
            EXECUTE format('DELETE FROM %s WHERE %I = ANY($1)', child.name, child.key) USING due;
        END LOOP;
        DELETE FROM booking_sessions WHERE id = ANY(due);
        PERFORM set_config('booking.pruning', 'off', true);
    END
    $$
    """


def upgrade() -> None:
    for statement in (*TABLES, REFUSE, IS_SETTLED, IS_DUE, PRUNE):
        op.execute(statement)


def downgrade() -> None:
    op.execute(
        "DROP FUNCTION prune_some(uuid, integer, interval, interval, interval, interval, boolean)"
    )
    op.execute("DROP FUNCTION is_due(booking_sessions, interval, interval)")
    op.execute("DROP FUNCTION is_settled(booking_sessions)")
    op.execute(REFUSE_AS_BEFORE)
    op.execute("DROP INDEX ix_lookup_links_session_id")
    op.execute("DROP INDEX ix_session_references_session_id")
    op.execute("DROP TABLE retention_progress")
    op.execute("DROP TABLE pruned_sessions")

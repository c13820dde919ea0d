"""Sessions, their history, steps, evidence and tasks, and the clock of all deadlines."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "20261122_01"
down_revision = None
branch_labels = None
depends_on = None

TABLES: Final = (
    """
    CREATE TABLE booking_sessions (
        id UUID NOT NULL,
        reference TEXT NOT NULL,
        secret_hash BYTEA NOT NULL,
        state TEXT NOT NULL,
        version INTEGER NOT NULL,
        flow_version INTEGER NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        cruise_id TEXT NOT NULL,
        line_id INTEGER NOT NULL,
        sailing_date DATE NOT NULL,
        sailing JSONB NOT NULL,
        party JSONB NOT NULL,
        currency TEXT NOT NULL,
        supplier_key TEXT,
        supplier_opened_at timestamptz,
        selection JSONB,
        basket JSONB,
        item_key TEXT,
        hold_until timestamptz,
        total NUMERIC(12, 2),
        deposit NUMERIC(12, 2),
        details_ciphertext BYTEA,
        open_step UUID,
        open_step_kind TEXT,
        unwinding_since timestamptz,
        unwinding_reason TEXT,
        cancel_requested_at timestamptz,
        cards_tried INTEGER NOT NULL,
        CONSTRAINT pk_booking_sessions PRIMARY KEY (id),
        CONSTRAINT ck_booking_sessions_state_known CHECK (state IN ('created', 'priced', 'cabin_selected', 'basketed', 'booked', 'paid', 'expired', 'cancelled')),
        CONSTRAINT ck_booking_sessions_open_step_kind_known CHECK (open_step_kind IN ('forward', 'undo')),
        CONSTRAINT ck_booking_sessions_unwinding_reason_known CHECK (unwinding_reason IN ('cancel', 'expire')),
        CONSTRAINT ck_booking_sessions_currency_code CHECK (currency ~ '^[A-Z]{3}$'),
        CONSTRAINT ck_booking_sessions_version_not_negative CHECK (version >= 0),
        CONSTRAINT ck_booking_sessions_total_not_negative CHECK (total >= 0),
        CONSTRAINT ck_booking_sessions_deposit_not_negative CHECK (deposit >= 0),
        CONSTRAINT ck_booking_sessions_cards_tried_not_negative CHECK (cards_tried >= 0),
        CONSTRAINT ck_booking_sessions_secret_hash_length CHECK (length(secret_hash) = 32),
        CONSTRAINT ck_booking_sessions_open_step_whole CHECK ((open_step IS NULL) = (open_step_kind IS NULL)),
        CONSTRAINT ck_booking_sessions_unwinding_whole CHECK ((unwinding_since IS NULL) = (unwinding_reason IS NULL)),
        CONSTRAINT ck_booking_sessions_no_forward_step_while_unwinding CHECK (NOT (unwinding_since IS NOT NULL AND open_step_kind = 'forward')),
        CONSTRAINT ck_booking_sessions_basket_whole CHECK ((basket IS NULL) = (hold_until IS NULL)),
        CONSTRAINT ck_booking_sessions_basketed_holds CHECK (state <> 'basketed' OR basket IS NOT NULL)
    ) WITH (fillfactor = 80)
    """,
    """
    CREATE INDEX ix_booking_sessions_held ON booking_sessions (hold_until) WHERE state = 'basketed'
    """,
    """
    CREATE INDEX ix_booking_sessions_lapsing ON booking_sessions (expires_at) WHERE state IN ('created', 'priced', 'cabin_selected', 'basketed')
    """,
    """
    CREATE TABLE session_quotes (
        session_id UUID NOT NULL,
        quote JSONB,
        CONSTRAINT pk_session_quotes PRIMARY KEY (session_id),
        CONSTRAINT fk_session_quotes_session_id_booking_sessions FOREIGN KEY(session_id) REFERENCES booking_sessions (id)
    )
    """,
    """
    CREATE TABLE session_history (
        session_id UUID NOT NULL,
        seq INTEGER NOT NULL,
        at timestamptz NOT NULL,
        kind TEXT NOT NULL,
        trigger TEXT,
        from_state TEXT,
        to_state TEXT NOT NULL,
        actor_kind TEXT NOT NULL,
        actor_name TEXT,
        reason TEXT,
        request_id TEXT,
        trace_id TEXT,
        details JSONB NOT NULL,
        CONSTRAINT pk_session_history PRIMARY KEY (session_id, seq),
        CONSTRAINT ck_session_history_kind_known CHECK (kind IN ('created', 'transition', 'step_claimed', 'step_unknown', 'step_settled', 'late_answer', 'edited', 'cancel_requested', 'unwinding', 'note', 'override')),
        CONSTRAINT ck_session_history_trigger_known CHECK (trigger IN ('price', 'select_cabin', 'add_to_basket', 'release_basket', 'book', 'pay', 'expire', 'cancel')),
        CONSTRAINT ck_session_history_from_state_known CHECK (from_state IN ('created', 'priced', 'cabin_selected', 'basketed', 'booked', 'paid', 'expired', 'cancelled')),
        CONSTRAINT ck_session_history_to_state_known CHECK (to_state IN ('created', 'priced', 'cabin_selected', 'basketed', 'booked', 'paid', 'expired', 'cancelled')),
        CONSTRAINT ck_session_history_actor_kind_known CHECK (actor_kind IN ('guest', 'staff', 'worker')),
        CONSTRAINT ck_session_history_seq_not_negative CHECK (seq >= 0),
        CONSTRAINT ck_session_history_only_transitions_move CHECK (kind IN ('transition', 'override', 'created') OR from_state = to_state),
        CONSTRAINT fk_session_history_session_id_booking_sessions FOREIGN KEY(session_id) REFERENCES booking_sessions (id)
    )
    """,
    """
    CREATE TABLE saga_steps (
        session_id UUID NOT NULL,
        id UUID NOT NULL,
        name TEXT NOT NULL,
        kind TEXT NOT NULL,
        status TEXT NOT NULL,
        fence INTEGER NOT NULL,
        owner TEXT,
        lease_until timestamptz,
        claimed_at timestamptz NOT NULL,
        settled_at timestamptz,
        sent BOOLEAN NOT NULL,
        intent JSONB NOT NULL,
        refusal JSONB,
        evidence JSONB NOT NULL,
        item_key TEXT,
        supplier_key TEXT,
        hold_until timestamptz,
        attempts INTEGER NOT NULL,
        next_attempt_at timestamptz,
        CONSTRAINT pk_saga_steps PRIMARY KEY (session_id, id),
        CONSTRAINT ck_saga_steps_name_known CHECK (name IN ('add_to_basket', 'release', 'book', 'pay')),
        CONSTRAINT ck_saga_steps_kind_known CHECK (kind IN ('forward', 'undo')),
        CONSTRAINT ck_saga_steps_status_known CHECK (status IN ('started', 'done', 'refused', 'unknown', 'owed')),
        CONSTRAINT ck_saga_steps_fence_not_negative CHECK (fence >= 0),
        CONSTRAINT ck_saga_steps_attempts_not_negative CHECK (attempts >= 0),
        CONSTRAINT ck_saga_steps_only_undos_are_owed CHECK (status <> 'owed' OR kind = 'undo'),
        CONSTRAINT fk_saga_steps_session_id_booking_sessions FOREIGN KEY(session_id) REFERENCES booking_sessions (id)
    ) WITH (fillfactor = 80)
    """,
    """
    CREATE INDEX ix_saga_steps_due ON saga_steps (next_attempt_at) WHERE status = 'owed'
    """,
    """
    CREATE INDEX ix_saga_steps_leases ON saga_steps (lease_until) WHERE status = 'started'
    """,
    """
    CREATE UNIQUE INDEX uq_saga_steps_open ON saga_steps (session_id) WHERE status IN ('started', 'unknown')
    """,
    """
    CREATE UNIQUE INDEX uq_saga_steps_owed ON saga_steps (id) WHERE status = 'owed'
    """,
    """
    CREATE TABLE supplier_calls (
        session_id UUID NOT NULL,
        id UUID NOT NULL,
        step_id UUID,
        endpoint TEXT NOT NULL,
        at timestamptz NOT NULL,
        offset_s FLOAT NOT NULL,
        duration_s FLOAT NOT NULL,
        outcome TEXT NOT NULL,
        http_status INTEGER,
        error_code INTEGER,
        request JSONB NOT NULL,
        response JSONB,
        CONSTRAINT pk_supplier_calls PRIMARY KEY (session_id, id),
        CONSTRAINT fk_supplier_calls_session_id_booking_sessions FOREIGN KEY(session_id) REFERENCES booking_sessions (id)
    )
    """,
    """
    CREATE TABLE staff_tasks (
        session_id UUID NOT NULL,
        id UUID NOT NULL,
        kind TEXT NOT NULL,
        step_id UUID,
        opened_at timestamptz NOT NULL,
        due_at timestamptz NOT NULL,
        not_before timestamptz,
        facts JSONB NOT NULL,
        closed_at timestamptz,
        closed_by TEXT,
        CONSTRAINT pk_staff_tasks PRIMARY KEY (session_id, id),
        CONSTRAINT ck_staff_tasks_kind_known CHECK (kind IN ('book_unknown', 'pay_unknown', 'price_mismatch', 'refund', 'cancel_with_line', 'conflict', 'undo_stuck')),
        CONSTRAINT fk_staff_tasks_session_id_booking_sessions FOREIGN KEY(session_id) REFERENCES booking_sessions (id)
    )
    """,
    """
    CREATE INDEX ix_staff_tasks_open ON staff_tasks (due_at) WHERE closed_at IS NULL
    """,
    """
    CREATE UNIQUE INDEX uq_staff_tasks_id ON staff_tasks (id)
    """,
    """
    CREATE TABLE clock_offset (
        singleton BOOLEAN NOT NULL CONSTRAINT ck_clock_offset_one_row CHECK (singleton),
        ahead_by INTERVAL NOT NULL,
        CONSTRAINT pk_clock_offset PRIMARY KEY (singleton)
    )
    """,
)

CLOCK: Final = (
    "INSERT INTO clock_offset (singleton, ahead_by) VALUES (true, interval '0')",
    # plpgsql keeps the plan of the look-up from call to call.
    """
    CREATE FUNCTION booking_now() RETURNS timestamptz LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
    BEGIN
        RETURN clock_timestamp() + (SELECT ahead_by FROM clock_offset);
    END
    $$
    """,
)

APPEND_ONLY: Final = (
    """
    CREATE FUNCTION refuse_to_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END
    $$
    """,
    """
    CREATE TRIGGER session_history_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON session_history
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_rewrite()
    """,
)

DROPS: Final = (
    "DROP TABLE clock_offset",
    "DROP TABLE staff_tasks",
    "DROP TABLE supplier_calls",
    "DROP TABLE saga_steps",
    "DROP TABLE session_history",
    "DROP TABLE session_quotes",
    "DROP TABLE booking_sessions",
    "DROP FUNCTION refuse_to_rewrite()",
    "DROP FUNCTION booking_now()",
)


def upgrade() -> None:
    for statement in (*TABLES, *CLOCK, *APPEND_ONLY):
        op.execute(statement)


def downgrade() -> None:
    for statement in DROPS:
        op.execute(statement)

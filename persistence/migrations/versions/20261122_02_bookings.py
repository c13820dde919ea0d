"""Reservations, money, keys and look-ups."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "20261122_02"
down_revision = "20261122_01"
branch_labels = None
depends_on = None

TABLES: Final = (
    """
    CREATE TABLE bookings (
        session_id UUID NOT NULL,
        line_id INTEGER NOT NULL,
        reservation TEXT NOT NULL,
        supplier_booking_id TEXT,
        status TEXT NOT NULL,
        total NUMERIC(12, 2) NOT NULL,
        paid NUMERIC(12, 2) NOT NULL,
        currency TEXT NOT NULL,
        paid_currency TEXT NOT NULL,
        payment_due_at timestamptz,
        balance_due_date DATE,
        card_brand TEXT,
        card_last4 TEXT,
        booked_at timestamptz NOT NULL,
        CONSTRAINT pk_bookings PRIMARY KEY (session_id),
        CONSTRAINT uq_bookings_line_id_reservation UNIQUE (line_id, reservation),
        CONSTRAINT uq_bookings_supplier_booking_id UNIQUE (supplier_booking_id),
        CONSTRAINT ck_bookings_currency_code CHECK (currency ~ '^[A-Z]{3}$'),
        CONSTRAINT ck_bookings_paid_currency_code CHECK (paid_currency ~ '^[A-Z]{3}$'),
        CONSTRAINT ck_bookings_total_not_negative CHECK (total >= 0),
        CONSTRAINT ck_bookings_paid_not_negative CHECK (paid >= 0),
        CONSTRAINT ck_bookings_reservation_given CHECK (reservation <> ''),
        CONSTRAINT ck_bookings_card_masked CHECK (length(card_last4) <= 4),
        CONSTRAINT fk_bookings_session_id_booking_sessions FOREIGN KEY(session_id) REFERENCES booking_sessions (id)
    )
    """,
    """
    CREATE TABLE booking_passengers (
        session_id UUID NOT NULL,
        guest INTEGER NOT NULL,
        ciphertext BYTEA NOT NULL,
        CONSTRAINT pk_booking_passengers PRIMARY KEY (session_id, guest),
        CONSTRAINT fk_booking_passengers_session_id_booking_sessions FOREIGN KEY(session_id) REFERENCES booking_sessions (id)
    )
    """,
    """
    CREATE TABLE booking_payments (
        session_id UUID NOT NULL,
        id BIGINT GENERATED ALWAYS AS IDENTITY,
        at timestamptz NOT NULL,
        amount NUMERIC(12, 2) NOT NULL,
        currency TEXT NOT NULL,
        auth_code TEXT,
        card_brand TEXT,
        card_last4 TEXT,
        step_id UUID,
        CONSTRAINT pk_booking_payments PRIMARY KEY (session_id, id),
        CONSTRAINT ck_booking_payments_currency_code CHECK (currency ~ '^[A-Z]{3}$'),
        CONSTRAINT ck_booking_payments_amount_not_negative CHECK (amount >= 0),
        CONSTRAINT ck_booking_payments_card_masked CHECK (length(card_last4) <= 4),
        CONSTRAINT fk_booking_payments_session_id_booking_sessions FOREIGN KEY(session_id) REFERENCES booking_sessions (id)
    )
    """,
    """
    CREATE TABLE idempotency_keys (
        scope TEXT NOT NULL,
        route TEXT NOT NULL,
        key_hash BYTEA NOT NULL,
        session_id UUID NOT NULL,
        fingerprint BYTEA NOT NULL,
        success_status INTEGER NOT NULL,
        step_id UUID,
        at timestamptz NOT NULL,
        CONSTRAINT pk_idempotency_keys PRIMARY KEY (scope, route, key_hash),
        CONSTRAINT fk_idempotency_keys_session_id_booking_sessions FOREIGN KEY(session_id) REFERENCES booking_sessions (id)
    )
    """,
    """
    CREATE INDEX ix_idempotency_keys_step ON idempotency_keys (session_id, step_id)
    """,
    """
    CREATE TABLE session_references (
        reference TEXT NOT NULL,
        session_id UUID NOT NULL,
        CONSTRAINT pk_session_references PRIMARY KEY (reference),
        CONSTRAINT fk_session_references_session_id_booking_sessions FOREIGN KEY(session_id) REFERENCES booking_sessions (id)
    )
    """,
    """
    CREATE TABLE session_search (
        kind TEXT NOT NULL,
        hash BYTEA NOT NULL,
        session_id UUID NOT NULL,
        CONSTRAINT pk_session_search PRIMARY KEY (kind, hash, session_id),
        CONSTRAINT ck_session_search_kind_known CHECK (kind IN ('email', 'surname', 'phone')),
        CONSTRAINT fk_session_search_session_id_booking_sessions FOREIGN KEY(session_id) REFERENCES booking_sessions (id)
    )
    """,
    """
    CREATE INDEX ix_session_search_session_id ON session_search (session_id)
    """,
    """
    CREATE TABLE session_keys (
        session_id UUID NOT NULL,
        wrapped_key BYTEA NOT NULL,
        CONSTRAINT pk_session_keys PRIMARY KEY (session_id),
        CONSTRAINT fk_session_keys_session_id_booking_sessions FOREIGN KEY(session_id) REFERENCES booking_sessions (id)
    )
    """,
)

ONE_BOOKING: Final = (
    """
    CREATE FUNCTION refuse_second_booking() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'session % has a reservation already', OLD.session_id
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'one_booking_per_session';
    END
    $$
    """,
    """
    CREATE TRIGGER bookings_one_per_session
    BEFORE UPDATE ON bookings
    FOR EACH ROW
    WHEN ((OLD.session_id, OLD.line_id, OLD.reservation)
          IS DISTINCT FROM (NEW.session_id, NEW.line_id, NEW.reservation))
    EXECUTE FUNCTION refuse_second_booking()
    """,
)

DROPS: Final = (
    "DROP TABLE session_keys",
    "DROP TABLE session_search",
    "DROP TABLE session_references",
    "DROP TABLE idempotency_keys",
    "DROP TABLE booking_payments",
    "DROP TABLE booking_passengers",
    "DROP TABLE bookings",
    "DROP FUNCTION refuse_second_booking()",
)


def upgrade() -> None:
    for statement in (*TABLES, *ONE_BOOKING):
        op.execute(statement)


def downgrade() -> None:
    for statement in DROPS:
        op.execute(statement)

"""Balances that are late or reminded of, and second reservations on their tasks."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "20261129_44"
down_revision = "20261129_51"
branch_labels = None
depends_on = None

MAILS: Final = "'event', 'confirmation', 'link', 'code', 'changed'"


def _only(kinds: str) -> str:
    return f"""
    ALTER TABLE outbox
        DROP CONSTRAINT ck_outbox_kind_known,
        ADD CONSTRAINT ck_outbox_kind_known CHECK (kind IN ({kinds}))
    """


TASKS: Final = (
    "'book_unknown', 'pay_unknown', 'price_mismatch', 'refund', 'cancel_with_line', 'conflict', "
    "'undo_stuck', 'payment_unchecked', 'sailing_mismatch', 'pass_on_requests', 'correct_name', "
    "'mail_undelivered', 'erasure_requested', 'collect_payment', 'cancellation_refund'"
)


def _only_tasks(kinds: str) -> str:
    return f"""
    ALTER TABLE staff_tasks
        DROP CONSTRAINT ck_staff_tasks_kind_known,
        ADD CONSTRAINT ck_staff_tasks_kind_known CHECK (kind IN ({kinds}))
    """


ONE_PLACE: Final = (
    """
    CREATE UNIQUE INDEX uq_staff_tasks_duplicate
        ON staff_tasks ((facts ->> 'lineId'), (facts ->> 'duplicate'))
        WHERE kind = 'duplicate_booking'
    """,
    """
    CREATE FUNCTION refuse_reservation_of_a_task() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM staff_tasks t WHERE t.kind = 'duplicate_booking'
                   AND t.facts ->> 'lineId' = NEW.line_id::text
                   AND t.facts ->> 'duplicate' = NEW.reservation) THEN
            RAISE EXCEPTION 'reservation % is a second one of a session', NEW.reservation
            USING ERRCODE = 'unique_violation', CONSTRAINT = 'uq_staff_tasks_duplicate';
        END IF;
        RETURN NEW;
    END
    $$
    """,
    """
    CREATE TRIGGER bookings_beside_duplicates BEFORE INSERT ON bookings
    FOR EACH ROW EXECUTE FUNCTION refuse_reservation_of_a_task()
    """,
    """
    CREATE FUNCTION refuse_duplicate_of_a_booking() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM bookings b WHERE b.line_id::text = NEW.facts ->> 'lineId'
                   AND b.reservation = NEW.facts ->> 'duplicate') THEN
            RAISE EXCEPTION 'reservation % is a booking', NEW.facts ->> 'duplicate'
            USING ERRCODE = 'unique_violation', CONSTRAINT = 'uq_staff_tasks_duplicate';
        END IF;
        RETURN NEW;
    END
    $$
    """,
    """
    CREATE TRIGGER duplicates_beside_bookings BEFORE INSERT ON staff_tasks
    FOR EACH ROW WHEN (NEW.kind = 'duplicate_booking')
    EXECUTE FUNCTION refuse_duplicate_of_a_booking()
    """,
)
STATEMENTS: Final = (
    "ALTER TABLE bookings ADD COLUMN reminded_at timestamptz",
    "CREATE INDEX ix_bookings_balance ON bookings (balance_due_date) WHERE paid < total",
    _only(f"{MAILS}, 'reminder'"),
    _only_tasks(f"{TASKS}, 'duplicate_booking'"),
    *ONE_PLACE,
)
DROPS: Final = (
    "DROP TRIGGER duplicates_beside_bookings ON staff_tasks",
    "DROP TRIGGER bookings_beside_duplicates ON bookings",
    "DROP FUNCTION refuse_duplicate_of_a_booking()",
    "DROP FUNCTION refuse_reservation_of_a_task()",
    "DROP INDEX uq_staff_tasks_duplicate",
    "DELETE FROM staff_tasks WHERE kind = 'duplicate_booking'",
    _only_tasks(TASKS),
    "DELETE FROM outbox WHERE kind = 'reminder'",
    _only(MAILS),
    "DROP INDEX ix_bookings_balance",
    "ALTER TABLE bookings DROP COLUMN reminded_at",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    for statement in DROPS:
        op.execute(statement)

"""A text in history or audit may be replaced by one fixed word, and by nothing else."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "20261129_37"
down_revision = "20261129_36"
branch_labels = None
depends_on = None

REWRITTEN: Final = ("session_history", "staff_audit")

ALLOW: Final = """
    CREATE FUNCTION allow_redaction() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF OLD.reason IS NOT NULL AND NEW.reason = '[redacted]'
           AND to_jsonb(NEW) - 'reason' = to_jsonb(OLD) - 'reason' THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END
    $$
    """

# Whoever calls them need not have the right to change these tables.
FUNCTIONS: Final = (
    """
    CREATE FUNCTION redact_event(of_session uuid, at_seq integer) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    DECLARE
        words text;
        request text;
    BEGIN
        SELECT reason, request_id INTO words, request FROM session_history
        WHERE session_id = of_session AND seq = at_seq AND reason IS NOT NULL;
        IF NOT FOUND THEN
            RETURN false;
        END IF;
        UPDATE session_history SET reason = '[redacted]'
        WHERE session_id = of_session AND reason = words;
        UPDATE staff_audit SET reason = '[redacted]'
        WHERE session_ids @> ARRAY[of_session] AND reason = words;
        UPDATE bulk_runs SET reason = '[redacted]' WHERE request_id = request AND reason = words;
        RETURN true;
    END
    $$
    """,
    """
    CREATE FUNCTION redact_act(of_session uuid, at_number integer) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    BEGIN
        UPDATE staff_audit SET reason = '[redacted]'
        WHERE reason IS NOT NULL AND id = (
            SELECT id FROM staff_audit
            WHERE session_ids @> ARRAY[of_session] AND action NOT IN ('search', 'list_tasks')
            ORDER BY id OFFSET at_number - 1 LIMIT 1);
        RETURN FOUND;
    END
    $$
    """,
)


def upgrade() -> None:
    op.execute(ALLOW)
    for table in REWRITTEN:
        op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
        op.execute(
            f"""
            CREATE TRIGGER {table}_append_only BEFORE DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_rewrite()
            """
        )
        op.execute(
            f"""
            CREATE TRIGGER {table}_redaction BEFORE UPDATE ON {table}
            FOR EACH ROW EXECUTE FUNCTION allow_redaction()
            """
        )
    for function in FUNCTIONS:
        op.execute(function)


def downgrade() -> None:
    op.execute("DROP FUNCTION redact_act(uuid, integer)")
    op.execute("DROP FUNCTION redact_event(uuid, integer)")
    for table in REWRITTEN:
        op.execute(f"DROP TRIGGER {table}_redaction ON {table}")
        op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
        op.execute(
            f"""
            CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_rewrite()
            """
        )
    op.execute("DROP FUNCTION allow_redaction()")

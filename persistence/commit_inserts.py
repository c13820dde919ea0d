"""The rows a commit writes beside the session, each as one part of its statement.

Every part reads `moved`: the session's id and the commit's time, or no row.
"""

from __future__ import annotations

from typing import Final

from persistence.audit import audited

# The step that is about to be asked of the supplier.
CLAIMED: Final = """
claimed AS (
    INSERT INTO saga_steps (session_id, id, name, kind, status, fence, owner, lease_until,
                            claimed_at, sent, intent, evidence, item_key, supplier_key, attempts)
    SELECT m.id, CAST(:step_id AS uuid), CAST(:step_name AS text), CAST(:step_kind AS text),
           'started', CAST(:fence AS integer), CAST(:owner AS text),
           m.now + CAST(:lease AS interval), m.now, false, CAST(:intent AS jsonb), '{}',
           CAST(:step_item_key AS text), CAST(:supplier_key AS text), 1
    FROM moved m
)"""

# How the open step went; an unknown one stays open without an owner. It is due shortly, unless
# a worker has it: then that worker looks at once, and others when its lease is over.
SETTLED: Final = """
settled AS (
    UPDATE saga_steps AS t
    SET status = CAST(:step_status AS text), sent = :sent, refusal = CAST(:refusal AS jsonb),
        evidence = CAST(:evidence AS jsonb), lease_until = NULL,
        settled_at = CASE WHEN CAST(:step_status AS text) = 'unknown' THEN NULL ELSE m.now END,
        next_attempt_at = CASE WHEN CAST(:step_status AS text) = 'unknown'
            THEN coalesce(t.next_attempt_at, m.now + interval '2 seconds') END
    FROM moved m
    WHERE t.session_id = m.id AND t.id = :step_id
    RETURNING t.session_id
)"""

# The step that stays open; it reads `settled`, since a session has one open step at a time.
FOLLOW_UP: Final = """
follow_up AS (
    INSERT INTO saga_steps (session_id, id, name, kind, status, fence, owner, claimed_at, sent,
                            intent, evidence, supplier_key, attempts, next_attempt_at)
    SELECT m.id, CAST(:next_id AS uuid), CAST(:next_name AS text), CAST(:open_step_kind AS text),
           CAST(:next_status AS text), CAST(:next_fence AS integer), CAST(:owner AS text), m.now,
           true, CAST(:next_intent AS jsonb), '{}', CAST(:supplier_key AS text), 1,
           m.now + interval '2 seconds'
    FROM settled d JOIN moved m ON m.id = d.session_id
)"""

# A step that was claimed and forgotten; it is open again as it was, and due shortly.
REMEMBERED_STEP: Final = """
remembered_step AS (
    INSERT INTO saga_steps (session_id, id, name, kind, status, fence, claimed_at, sent, intent,
                            evidence, supplier_key, attempts, next_attempt_at)
    SELECT m.id, CAST(:next_id AS uuid), CAST(:next_name AS text), CAST(:open_step_kind AS text),
           CAST(:next_status AS text), CAST(:next_fence AS integer),
           CAST(:next_since AS timestamptz), true, CAST(:next_intent AS jsonb), '{}',
           CAST(:supplier_key AS text), 1, m.now + interval '2 seconds'
    FROM moved m
)"""

# Forgotten claims that are entered with the change.
REMEMBERED: Final = """
remembered AS (
    UPDATE forgotten_claims AS f SET entered_at = m.now, entered_as = CAST(:entered_as AS text)
    FROM moved m WHERE f.step_id = ANY(CAST(:remembers AS uuid[]))
)"""


def _closing(name: str, which: str, *, answer: str) -> str:
    """Return the part that closes tasks of the session, in the name of who makes the change."""
    return f"""
{name} AS (
    UPDATE staff_tasks AS t
    SET closed_at = m.now, version = t.version + 1, answer = CAST(:{answer} AS text),
        closed_by = coalesce(CAST(:actor_name AS text), CAST(:actor_kind AS text))
    FROM moved m
    WHERE t.session_id = m.id AND {which}
)"""  # noqa: S608 - all parts stand below


# Nobody has to find out any more what the settled step did. Said as plain IS NULL, a plan may read
# the index of all open tasks, of which there are thousands after a crash.
ANSWERED: Final = _closing(
    "answered",
    """t.step_id = :step_id
      AND coalesce(t.closed_at, 'infinity') = 'infinity'
      AND t.kind IN ('book_unknown', 'pay_unknown')
      AND t.id IS DISTINCT FROM CAST(:task_id AS uuid)""",
    answer="step_status",
)

# What a person answered to a task; `task` says that nobody else did.
CLOSED: Final = _closing("closed", "t.id = :task_id", answer="task_answer")

# Nobody has to collect a payment any more: it is paid, or being cancelled.
COLLECTED: Final = _closing(
    "collected",
    """t.kind = 'collect_payment' AND t.closed_at IS NULL
      AND t.id IS DISTINCT FROM CAST(:task_id AS uuid)""",
    answer="collected_as",
)

# An answer that was refused before anything was sent is not kept for replays.
UNBOUND: Final = """
unbound AS (
    DELETE FROM idempotency_keys AS k USING moved m
    WHERE k.session_id = m.id AND k.step_id = :step_id
)"""

# What the request's key is bound to; a key that is bound already ends the whole statement.
BOUND: Final = """
bound AS (
    INSERT INTO idempotency_keys (scope, route, key_hash, session_id, fingerprint, success_status,
                                  step_id, at)
    SELECT CAST(:scope AS text), CAST(:route AS text), CAST(:key_hash AS bytea), m.id,
           CAST(:fingerprint AS bytea), CAST(:success_status AS integer),
           CAST(:bound_step AS uuid), m.now
    FROM moved m
)"""

# The history of the change.
EVENTS: Final = """
events AS (
    INSERT INTO session_history (session_id, seq, at, kind, trigger, from_state, to_state,
                                 actor_kind, actor_name, reason, request_id, trace_id, details)
    SELECT m.id, e.seq, m.now, e.kind, e.trigger, e.from_state, e.to_state,
           CAST(:actor_kind AS text), CAST(:actor_name AS text), e.reason,
           CAST(:request_id AS text), CAST(:trace_id AS text), e.details
    FROM moved m CROSS JOIN jsonb_to_recordset(CAST(:events AS jsonb)) AS e(
        seq integer, kind text, trigger text, from_state text, to_state text, reason text,
        details jsonb)
)"""

# Evidence of supplier calls, dated back from the commit by how long ago each was sent.
# A settlement that is retried may bring a call once more.
CALLS: Final = """
calls AS (
    INSERT INTO supplier_calls (session_id, id, step_id, endpoint, at, offset_s, duration_s,
                                outcome, http_status, error_code, request, response)
    SELECT m.id, c.id, c.step_id, c.endpoint, m.now - make_interval(secs => c.ago), c.offset_s,
           c.duration_s, c.outcome, c.http_status, c.error_code, c.request, c.response
    FROM moved m CROSS JOIN jsonb_to_recordset(CAST(:calls AS jsonb)) AS c(
        id uuid, step_id uuid, endpoint text, ago float, offset_s float, duration_s float,
        outcome text, http_status integer, error_code integer, request jsonb, response jsonb)
    ON CONFLICT DO NOTHING
)"""

# Items that the supplier may still hold for nobody. Whoever left them there tries first; a
# worker comes a moment later.
OWED: Final = """
owed AS (
    INSERT INTO saga_steps (session_id, id, name, kind, status, fence, claimed_at, sent, intent,
                            evidence, item_key, supplier_key, hold_until, attempts,
                            next_attempt_at)
    SELECT m.id, o.id, 'release', 'undo', 'owed', 0, m.now, false, '{}', '{}',
           o.item_key, o.session_key, o.hold_until, 0, m.now + interval '2 seconds'
    FROM moved m CROSS JOIN jsonb_to_recordset(CAST(:owed AS jsonb)) AS o(
        id uuid, session_key text, item_key text, hold_until timestamptz)
)"""

# Work for a person. There is one task to collect a payment at a time: it is moved, or told again
# once it is late.
TASKS: Final = """
tasks AS (
    INSERT INTO staff_tasks AS o (session_id, id, kind, step_id, opened_at, due_at, not_before,
                                  facts)
    SELECT m.id, t.id, t.kind, t.step_id, m.now, t.due_at, t.not_before, t.facts
    FROM moved m CROSS JOIN jsonb_to_recordset(CAST(:tasks AS jsonb)) AS t(
        id uuid, kind text, step_id uuid, due_at timestamptz, not_before timestamptz, facts jsonb)
    ON CONFLICT (session_id) WHERE kind = 'collect_payment' AND closed_at IS NULL
    DO UPDATE SET due_at = excluded.due_at, facts = excluded.facts,
        told_at = CASE WHEN excluded.facts ->> 'overdue' IS NULL THEN o.told_at END,
        announced_at = CASE WHEN excluded.facts ->> 'overdue' IS NULL THEN o.announced_at END
)"""

# Money that moved.
PAYMENTS: Final = """
payments AS (
    INSERT INTO booking_payments (session_id, at, amount, currency, auth_code, card_brand,
                                  card_last4, step_id)
    SELECT m.id, m.now, p.amount, p.currency, p.auth_code, p.card_brand, p.card_last4, p.step_id
    FROM moved m CROSS JOIN jsonb_to_recordset(CAST(:payments AS jsonb)) AS p(
        amount numeric, currency text, auth_code text, card_brand text, card_last4 text,
        step_id uuid)
)"""

# The prices the guest was shown last.
QUOTE: Final = """
quoted AS (
    INSERT INTO session_quotes (session_id, quote) SELECT m.id, CAST(:quote AS jsonb) FROM moved m
    ON CONFLICT (session_id) DO UPDATE SET quote = excluded.quote
)"""

# The reservation; a trigger refuses another one for the same session.
BOOKING: Final = """
booking AS (
    INSERT INTO bookings AS b (session_id, line_id, reservation, supplier_booking_id, status,
                               total, paid, currency, paid_currency, payment_due_at,
                               collect_by, balance_due_date, card_brand, card_last4, kept,
                               reminded_at, booked_at)
    SELECT m.id, CAST(:line_id AS integer), CAST(:reservation AS text),
           CAST(:supplier_booking_id AS text), CAST(:booking_status AS text),
           CAST(:booking_total AS numeric), CAST(:paid AS numeric),
           CAST(:booking_currency AS text), CAST(:paid_currency AS text),
           CAST(:payment_due_at AS timestamptz), CAST(:collect_by AS timestamptz),
           CAST(:balance_due_date AS date), CAST(:card_brand AS text),
           CAST(:card_last4 AS text), CAST(:kept AS numeric),
           CAST(:reminded_at AS timestamptz), m.now
    FROM moved m
    ON CONFLICT (session_id) DO UPDATE
    SET line_id = excluded.line_id, reservation = excluded.reservation,
        supplier_booking_id = excluded.supplier_booking_id, status = excluded.status,
        total = excluded.total, paid = excluded.paid, currency = excluded.currency,
        paid_currency = excluded.paid_currency, payment_due_at = excluded.payment_due_at,
        collect_by = excluded.collect_by, balance_due_date = excluded.balance_due_date,
        card_brand = excluded.card_brand, card_last4 = excluded.card_last4,
        kept = excluded.kept, reminded_at = excluded.reminded_at
)"""

# Who travels, one sealed row each; a corrected name takes the place of the one that was wrong.
PASSENGERS: Final = """
passengers AS (
    INSERT INTO booking_passengers (session_id, guest, ciphertext)
    SELECT m.id, p.guest, p.ciphertext
    FROM moved m CROSS JOIN unnest(CAST(:guests AS integer[]), CAST(:sealed AS bytea[]))
        AS p(guest, ciphertext)
    ON CONFLICT (session_id, guest) DO UPDATE SET ciphertext = excluded.ciphertext
)"""

# Keys the session is no longer found by.
FORGOTTEN: Final = """
forgotten AS (
    DELETE FROM session_search AS f USING moved m
    WHERE f.session_id = m.id
      AND NOT EXISTS (
        SELECT FROM unnest(CAST(:kinds AS text[]), CAST(:hashes AS bytea[])) AS w(kind, hash)
        WHERE w.kind = f.kind AND w.hash = f.hash)
)"""

# Keys the session is found by.
FOUND_BY: Final = """
found_by AS (
    INSERT INTO session_search AS f (kind, hash, session_id, version, key_id)
    SELECT w.kind, w.hash, m.id, CAST(:search_version AS smallint), CAST(:search_key_id AS integer)
    FROM moved m CROSS JOIN unnest(CAST(:kinds AS text[]), CAST(:hashes AS bytea[]))
        AS w(kind, hash)
    ON CONFLICT (kind, hash, begun_at, session_id) DO UPDATE
    SET version = excluded.version, key_id = excluded.key_id
    WHERE (f.version, f.key_id) IS DISTINCT FROM (excluded.version, excluded.key_id)
)"""

# What staff did by it.
AUDITED: Final = audited("moved")

"""The statement that makes a session: the row, its look-ups, its key and event 0."""

from __future__ import annotations

from functools import cache
from typing import Final

from sqlalchemy import TextClause, text

from persistence import commit_inserts
from persistence.commit_statement import OUTCOME

# The session itself; named `moved` since the other parts read it as they do in a commit.
BORN: Final = """
moved AS (
    INSERT INTO booking_sessions AS s (
        id, reference, secret_hash, state, version, flow_version, created_at, updated_at,
        expires_at, cruise_id, line_id, sailing_date, sailing, party, currency, supplier_key,
        supplier_opened_at, selection, basket, item_key, hold_until, total, deposit,
        details_ciphertext, cards_tried)
    VALUES (
        :id, :reference, :secret_hash, :state, :version, :flow_version, :created_at,
        booking_now(), :expires_at, :cruise_id, :line_id, :sailing_date, :sailing, :party,
        :currency, :supplier_key, :supplier_opened_at, :selection, :basket, :item_key,
        :hold_until, :total, :deposit, :details_ciphertext, :cards_tried)
    RETURNING s.id, s.updated_at AS now
)"""

# The look-up by reference; one that is taken ends the whole statement.
REFERENCE: Final = """
referred AS (
    INSERT INTO session_references (reference, session_id)
    SELECT CAST(:reference AS text), m.id FROM moved m
)"""

# The wrapped data key.
KEY: Final = """
keyed AS (
    INSERT INTO session_keys (session_id, wrapped_key, master_id)
    SELECT m.id, CAST(:wrapped_key AS bytea), CAST(:master_id AS integer) FROM moved m
)"""


@cache
def birth_statement(*, bind: bool, calls: bool, details: bool, quote: bool) -> TextClause:
    """Return the statement that makes a session with these rows beside it."""
    wanted = {
        commit_inserts.BOUND: bind,
        commit_inserts.CALLS: calls,
        commit_inserts.FOUND_BY: details,
        commit_inserts.QUOTE: quote,
    }
    parts = [
        BORN,
        REFERENCE,
        KEY,
        commit_inserts.EVENTS,
        *(sql for sql, is_in in wanted.items() if is_in),
    ]
    return text("".join(("WITH", ",".join(parts), OUTCOME)))

"""The tables of sessions, their sagas and their bookings, as the newest migration leaves them.

Keys start with the session's id so that the tables can be sharded on it; look-ups by other keys
are small tables of their own. Functions and triggers are in the migrations alone.
Where the service has a role of its own, grant it SELECT and INSERT on `session_history` and no
more; a trigger refuses the rest to everyone else.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Index,
    Integer,
    Interval,
    LargeBinary,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from booking_flow.flow import ENDS, State, Trigger
from booking_flow.model.history import ActorKind, EventKind
from booking_flow.model.session import UnwindingReason
from booking_flow.model.step import StepStatus
from booking_flow.model.task import TaskKind
from persistence.columns import (
    EFFECTFUL,
    MOMENT,
    MONEY,
    UUID,
    StepDirection,
    metadata,
    not_negative,
    one_of,
    own_session,
    three_letters,
)

booking_sessions: Final = Table(
    "booking_sessions",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("reference", Text, nullable=False),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("flow_version", Integer, nullable=False),
    Column("created_at", MOMENT, nullable=False),
    Column("updated_at", MOMENT, nullable=False),
    Column("expires_at", MOMENT, nullable=False),
    Column("cruise_id", Text, nullable=False),
    Column("line_id", Integer, nullable=False),
    Column("sailing_date", Date, nullable=False),
    Column("sailing", JSONB, nullable=False),
    Column("party", JSONB, nullable=False),
    Column("currency", Text, nullable=False),
    Column("supplier_key", Text),
    Column("supplier_opened_at", MOMENT),
    Column("selection", JSONB),
    Column("basket", JSONB),
    Column("item_key", Text),
    Column("hold_until", MOMENT),
    Column("total", MONEY),
    Column("deposit", MONEY),
    Column("details_ciphertext", LargeBinary),
    Column("open_step", UUID),
    Column("open_step_kind", Text),
    Column("unwinding_since", MOMENT),
    Column("unwinding_reason", Text),
    Column("cancel_requested_at", MOMENT),
    Column("cards_tried", Integer, nullable=False),
    Column("pay_by", MOMENT),
    Column("furthest", Text, nullable=False, server_default=text("'created'")),
    one_of("state", State),
    one_of("furthest", [state for state in State if state not in ENDS]),
    one_of("open_step_kind", StepDirection),
    one_of("unwinding_reason", UnwindingReason),
    three_letters(),
    *not_negative("version", "total", "deposit", "cards_tried"),
    CheckConstraint("length(secret_hash) = 32", name="secret_hash_length"),
    CheckConstraint("(open_step IS NULL) = (open_step_kind IS NULL)", name="open_step_whole"),
    CheckConstraint(
        "(unwinding_since IS NULL) = (unwinding_reason IS NULL)", name="unwinding_whole"
    ),
    CheckConstraint(
        "NOT (unwinding_since IS NOT NULL AND open_step_kind = 'forward')",
        name="no_forward_step_while_unwinding",
    ),
    CheckConstraint("(basket IS NULL) = (hold_until IS NULL)", name="basket_whole"),
    CheckConstraint("state <> 'basketed' OR basket IS NOT NULL", name="basketed_holds"),
    Index(
        "ix_booking_sessions_lapsing",
        "expires_at",
        postgresql_where=text("state IN ('created', 'priced', 'cabin_selected', 'basketed')"),
    ),
    Index("ix_booking_sessions_held", "hold_until", postgresql_where=text("state = 'basketed'")),
    Index(
        "ix_booking_sessions_unwinding",
        "unwinding_since",
        postgresql_where=text("state = 'basketed' AND unwinding_since IS NOT NULL"),
    ),
    Index(
        "ix_booking_sessions_unpaid",
        "pay_by",
        postgresql_where=text("state = 'booked' AND unwinding_since IS NULL"),
    ),
    Index("ix_booking_sessions_created_at", "created_at", "id"),
    Index(
        "ix_booking_sessions_state", "state", "created_at", "id", postgresql_include=["furthest"]
    ),
    Index("ix_booking_sessions_cruise", "cruise_id", "created_at", "id"),
    postgresql_with={"fillfactor": "80"},
)

session_quotes: Final = Table(
    "session_quotes",
    metadata,
    own_session(primary_key=True),
    Column("quote", JSONB),
)

session_history: Final = Table(
    "session_history",
    metadata,
    own_session(primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", MOMENT, nullable=False),
    Column("kind", Text, nullable=False),
    Column("trigger", Text),
    Column("from_state", Text),
    Column("to_state", Text, nullable=False),
    Column("actor_kind", Text, nullable=False),
    Column("actor_name", Text),
    Column("reason", Text),
    Column("request_id", Text),
    Column("trace_id", Text),
    Column("details", JSONB, nullable=False),
    one_of("kind", EventKind),
    one_of("trigger", Trigger),
    one_of("from_state", State),
    one_of("to_state", State),
    one_of("actor_kind", ActorKind),
    *not_negative("seq"),
    CheckConstraint(
        "kind IN ('transition', 'override', 'created') OR from_state = to_state",
        name="only_transitions_move",
    ),
    Index("ix_session_history_request_id", "request_id"),
)

saga_steps: Final = Table(
    "saga_steps",
    metadata,
    own_session(primary_key=True),
    Column("id", UUID, primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("owner", Text),
    Column("lease_until", MOMENT),
    Column("claimed_at", MOMENT, nullable=False),
    Column("settled_at", MOMENT),
    Column("sent", Boolean, nullable=False),
    Column("intent", JSONB, nullable=False),
    Column("refusal", JSONB),
    Column("evidence", JSONB, nullable=False),
    Column("item_key", Text),
    Column("supplier_key", Text),
    Column("hold_until", MOMENT),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", MOMENT),
    one_of("name", EFFECTFUL),
    one_of("kind", StepDirection),
    one_of("status", StepStatus),
    *not_negative("fence", "attempts"),
    CheckConstraint("status <> 'owed' OR kind = 'undo'", name="only_undos_are_owed"),
    Index(
        "uq_saga_steps_open",
        "session_id",
        unique=True,
        postgresql_where=text("status IN ('started', 'unknown')"),
    ),
    Index("ix_saga_steps_leases", "lease_until", postgresql_where=text("status = 'started'")),
    Index("ix_saga_steps_unknown", "next_attempt_at", postgresql_where=text("status = 'unknown'")),
    Index("uq_saga_steps_owed", "id", unique=True, postgresql_where=text("status = 'owed'")),
    Index("ix_saga_steps_due", "next_attempt_at", postgresql_where=text("status = 'owed'")),
    postgresql_with={"fillfactor": "80"},
)

staff_tasks: Final = Table(
    "staff_tasks",
    metadata,
    own_session(primary_key=True),
    Column("id", UUID, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("step_id", UUID),
    Column("opened_at", MOMENT, nullable=False),
    Column("due_at", MOMENT, nullable=False),
    Column("not_before", MOMENT),
    Column("facts", JSONB, nullable=False),
    Column("closed_at", MOMENT),
    Column("closed_by", Text),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("answer", Text),
    Column("claimed_account", UUID),
    Column("claimed_by", Text),
    Column("claimed_at", MOMENT),
    Column("looked_at", MOMENT),
    Column("told_at", MOMENT),
    Column("telling_until", MOMENT),
    Column("announced_at", MOMENT),
    one_of("kind", (kind for kind in TaskKind if kind is not TaskKind.FORGOTTEN)),
    CheckConstraint(
        "(claimed_account IS NULL) = (claimed_by IS NULL)"
        " AND (claimed_by IS NULL) = (claimed_at IS NULL)",
        name="claim_whole",
    ),
    *not_negative("version"),
    Index("uq_staff_tasks_id", "id", unique=True),
    Index(
        "uq_staff_tasks_duplicate",
        text("(facts ->> 'lineId')"),
        text("(facts ->> 'duplicate')"),
        unique=True,
        postgresql_where=text("kind = 'duplicate_booking'"),
    ),
    Index(
        "uq_staff_tasks_collecting",
        "session_id",
        unique=True,
        postgresql_where=text("kind = 'collect_payment' AND closed_at IS NULL"),
    ),
    Index(
        "ix_staff_tasks_untold",
        "opened_at",
        postgresql_where=text("told_at IS NULL AND closed_at IS NULL"),
    ),
    Index(
        "ix_staff_tasks_unannounced",
        "opened_at",
        postgresql_where=text("announced_at IS NULL AND closed_at IS NULL"),
    ),
    Index("ix_staff_tasks_open", "due_at", postgresql_where=text("closed_at IS NULL")),
    Index(
        "ix_staff_tasks_unchecked",
        "looked_at",
        postgresql_where=text("kind = 'payment_unchecked' AND closed_at IS NULL"),
    ),
)

clock_offset: Final = Table(
    "clock_offset",
    metadata,
    Column("singleton", Boolean, CheckConstraint("singleton", name="one_row"), primary_key=True),
    Column("ahead_by", Interval, nullable=False),
)

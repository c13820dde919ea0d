"""The tables of what is to be sent, and of guests who ask to see their booking again."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    ARRAY,
    UUID,
    BigInteger,
    Boolean,
    Column,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)

from persistence.columns import MOMENT, metadata, not_negative, one_of, own_session
from persistence.outbox_rows import OutboxKind

_WAITING: Final = text("delivered_at IS NULL AND dead_at IS NULL")

outbox: Final = Table(
    "outbox",
    metadata,
    own_session(primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("created_at", MOMENT, nullable=False),
    Column("next_attempt_at", MOMENT, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("delivered_at", MOMENT),
    Column("dead_at", MOMENT),
    Column("last_error", Text),
    Column("task_id", UUID),
    one_of("kind", OutboxKind),
    *not_negative("attempts", "fence"),
    Index("ix_outbox_due", "channel", "next_attempt_at", postgresql_where=_WAITING),
    Index("ix_outbox_waiting", "session_id", "channel", "seq", postgresql_where=_WAITING),
    Index("ix_outbox_dead", "dead_at", postgresql_where=text("dead_at IS NOT NULL")),
    Index("ix_outbox_delivered_at", "delivered_at"),
    postgresql_with={"fillfactor": "80"},
)

lookup_requests: Final = Table(
    "lookup_requests",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("address_hash", LargeBinary, nullable=False),
    Column("reference", Text, nullable=False),
    Column("email_hash", LargeBinary, nullable=False),
    Column("older_hashes", ARRAY(LargeBinary)),
    Column("at", MOMENT, nullable=False),
    Column("handled_at", MOMENT),
    Index("ix_lookup_requests_address_hash_at", "address_hash", "at"),
    Index("ix_lookup_requests_open", "id", postgresql_where=text("handled_at IS NULL")),
    Index("ix_lookup_requests_at", "at"),
)

lookup_links: Final = Table(
    "lookup_links",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    own_session(nullable=False),
    Column("expires_at", MOMENT, nullable=False),
    Column("used_at", MOMENT),
    Index("ix_lookup_links_session_id", "session_id"),
    Index("ix_lookup_links_expires_at", "expires_at"),
)

guest_codes: Final = Table(
    "guest_codes",
    metadata,
    own_session(primary_key=True),
    Column("code_hash", LargeBinary, nullable=False),
    Column("expires_at", MOMENT, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("used_at", MOMENT),
    *not_negative("tries"),
    Index("ix_guest_codes_expires_at", "expires_at"),
)

line_notices: Final = Table(
    "line_notices",
    metadata,
    own_session(primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("asked_at", MOMENT, nullable=False),
    Column("next_look_at", MOMENT, nullable=False),
    Column("looks", Integer, nullable=False),
    Column("answered", Boolean),
    Column("settled_at", MOMENT),
    Column("token_hash", LargeBinary),
    *not_negative("looks"),
    Index("ix_line_notices_due", "next_look_at", postgresql_where=text("settled_at IS NULL")),
    Index("ix_line_notices_token_hash", "token_hash", unique=True),
    Index("ix_line_notices_asked_at", "asked_at"),
)

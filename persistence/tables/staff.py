"""The tables of the staff: accounts, what opens them, and what was done with them."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from booking_flow.staff.people import Role
from persistence.columns import MOMENT, UUID, metadata, not_negative, one_of


def own_account() -> Column[Any]:
    """Return the column that ties a row to its account."""
    return Column("account_id", UUID, ForeignKey("staff_accounts.id"), nullable=False)


staff_accounts: Final = Table(
    "staff_accounts",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("email", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("created_at", MOMENT, nullable=False),
    Column("disabled_at", MOMENT),
    UniqueConstraint("email"),
    one_of("role", Role),
    CheckConstraint("email = lower(email)", name="email_folded"),
)

staff_sessions: Final = Table(
    "staff_sessions",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    own_account(),
    Column("created_at", MOMENT, nullable=False),
    Column("last_seen_at", MOMENT, nullable=False),
    Column("expires_at", MOMENT, nullable=False),
    Column("revoked_at", MOMENT),
    Column("by_link", Boolean, nullable=False, server_default=false()),
    Column("second_factor", Boolean, nullable=False, server_default=false()),
    Index("ix_staff_sessions_account_id", "account_id"),
    Index("ix_staff_sessions_expires_at", "expires_at"),
)

staff_second_factors: Final = Table(
    "staff_second_factors",
    metadata,
    Column("account_id", UUID, ForeignKey("staff_accounts.id"), primary_key=True),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("master_id", Integer, nullable=False),
    Column("secret_ciphertext", LargeBinary, nullable=False),
    Column("last_step", BigInteger, nullable=False),
    Column("created_at", MOMENT, nullable=False),
)
"""What the codes of an account are made from, sealed, and the half minute of the last one used."""

staff_tokens: Final = Table(
    "staff_tokens",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    own_account(),
    Column("created_at", MOMENT, nullable=False),
    Column("revoked_at", MOMENT),
    Column("id", BigInteger, Identity(always=True), nullable=False),
    Column("name", Text, nullable=False, server_default=text("''")),
    Column("last_used_at", MOMENT),
    Column("expires_at", MOMENT),
    UniqueConstraint("id"),
    Index("ix_staff_tokens_account_id", "account_id"),
)

staff_links: Final = Table(
    "staff_links",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    own_account(),
    Column("created_at", MOMENT, nullable=False),
    Column("expires_at", MOMENT, nullable=False),
    Column("used_at", MOMENT),
    Index("ix_staff_links_account_id", "account_id"),
    Index("ix_staff_links_expires_at", "expires_at"),
)

staff_attempts: Final = Table(
    "staff_attempts",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("email_hash", LargeBinary, nullable=False),
    Column("address_hash", LargeBinary, nullable=False),
    Column("at", MOMENT, nullable=False),
    Index("ix_staff_attempts_email_hash_at", "email_hash", "at"),
    Index("ix_staff_attempts_address_hash_at", "address_hash", "at"),
    Index("ix_staff_attempts_at", "at"),
)

audit_seals: Final = Table(
    "audit_seals",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("last_id", BigInteger, nullable=False),
    Column("lines", Integer, nullable=False),
    Column("reasons", ARRAY(LargeBinary), nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("at", MOMENT, nullable=False),
    *not_negative("lines"),
)

staff_audit: Final = Table(
    "staff_audit",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", MOMENT, nullable=False),
    Column("account_id", UUID),
    Column("name", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("session_ids", ARRAY(UUID), nullable=False),
    Column("task_id", UUID),
    Column("reason", Text),
    Column("request_id", Text),
    Column("facts", JSONB, nullable=False),
    Index("ix_staff_audit_session_ids", "session_ids", postgresql_using="gin"),
    Index("ix_staff_audit_account_id", "account_id", "id"),
)

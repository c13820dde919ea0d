"""The tables of reservations, money, keys and look-ups."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from persistence.columns import (
    MOMENT,
    MONEY,
    UUID,
    metadata,
    not_negative,
    one_of,
    own_session,
    three_letters,
)
from persistence.encryption import KeyKind
from persistence.search import SearchKind

bookings: Final = Table(
    "bookings",
    metadata,
    own_session(primary_key=True),
    Column("line_id", Integer, nullable=False),
    Column("reservation", Text, nullable=False),
    Column("supplier_booking_id", Text),
    Column("status", Text, nullable=False),
    Column("total", MONEY, nullable=False),
    Column("paid", MONEY, nullable=False),
    Column("currency", Text, nullable=False),
    Column("paid_currency", Text, nullable=False),
    Column("payment_due_at", MOMENT),
    Column("balance_due_date", Date),
    Column("card_brand", Text),
    Column("card_last4", Text),
    Column("booked_at", MOMENT, nullable=False),
    Column("collect_by", MOMENT),
    Column("kept", MONEY),
    Column("reminded_at", MOMENT),
    UniqueConstraint("line_id", "reservation"),
    UniqueConstraint("supplier_booking_id"),
    three_letters(),
    three_letters("paid_currency"),
    *not_negative("total", "paid", "kept"),
    CheckConstraint("reservation <> ''", name="reservation_given"),
    CheckConstraint("length(card_last4) <= 4", name="card_masked"),
    Index("ix_bookings_reservation", "reservation"),
    Index("ix_bookings_balance", "balance_due_date", postgresql_where=text("paid < total")),
)

booking_passengers: Final = Table(
    "booking_passengers",
    metadata,
    own_session(primary_key=True),
    Column("guest", Integer, primary_key=True, autoincrement=False),
    Column("ciphertext", LargeBinary, nullable=False),
)

booking_payments: Final = Table(
    "booking_payments",
    metadata,
    own_session(primary_key=True),
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", MOMENT, nullable=False),
    Column("amount", MONEY, nullable=False),
    Column("currency", Text, nullable=False),
    Column("auth_code", Text),
    Column("card_brand", Text),
    Column("card_last4", Text),
    Column("step_id", UUID),
    three_letters(),
    CheckConstraint("length(card_last4) <= 4", name="card_masked"),
)

idempotency_keys: Final = Table(
    "idempotency_keys",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("route", Text, primary_key=True),
    Column("key_hash", LargeBinary, primary_key=True),
    own_session(nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("success_status", Integer, nullable=False),
    Column("step_id", UUID),
    Column("at", MOMENT, nullable=False),
    Index("ix_idempotency_keys_step", "session_id", "step_id"),
    Index("ix_idempotency_keys_at", "at"),
)

session_references: Final = Table(
    "session_references",
    metadata,
    Column("reference", Text, primary_key=True),
    own_session(nullable=False),
    Index("ix_session_references_session_id", "session_id"),
)

session_search: Final = Table(
    "session_search",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("hash", LargeBinary, primary_key=True),
    Column("begun_at", MOMENT, primary_key=True),
    own_session(primary_key=True),
    Column("version", SmallInteger, nullable=False, server_default=text("1")),
    Column("key_id", Integer),
    one_of("kind", SearchKind),
    Index("ix_session_search_session_id", "session_id"),
    Index("ix_session_search_older", "session_id", postgresql_where=text("version = 1")),
)

session_keys: Final = Table(
    "session_keys",
    metadata,
    own_session(primary_key=True),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("master_id", Integer),
)

retired_keys: Final = Table(
    "retired_keys",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("key_id", Integer, primary_key=True, autoincrement=False),
    Column("at", MOMENT, nullable=False),
    one_of("kind", KeyKind),
)

key_days: Final = Table(
    "key_days",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("key_id", Integer, primary_key=True, autoincrement=False),
    Column("first_used_at", MOMENT, nullable=False),
    one_of("kind", KeyKind),
)
"""Since when each key has been the current one of its kind."""

lines: Final = Table(
    "lines",
    metadata,
    Column("line_id", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    schema="catalogue",
)

ships: Final = Table(
    "ships",
    metadata,
    Column("ship_id", Integer, primary_key=True, autoincrement=False),
    Column("line_id", Integer, ForeignKey("catalogue.lines.line_id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text),
    Column("year_built", Integer),
    Column("guest_capacity", Integer),
    Column("deck_count", Integer),
    Column("image_url", Text),
    Column("images", JSONB),
    Column("cabin_categories", JSONB),
    schema="catalogue",
)

sailings: Final = Table(
    "sailings",
    metadata,
    Column("cruise_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("line_id", Integer, ForeignKey("catalogue.lines.line_id"), nullable=False),
    Column("ship_id", Integer, ForeignKey("catalogue.ships.ship_id"), nullable=False),
    Column("sailing_date", Date, nullable=False),
    Column("nights", Integer, nullable=False),
    Column("ports", ARRAY(Text), nullable=False),
    Column("embark_port", Text),
    Column("from_price", MONEY),
    Column("currency", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("returns_on", Date),
    Column("image_url", Text),
    Column("itinerary", JSONB),
    Column("notices", JSONB),
    three_letters(),
    *not_negative("nights", "from_price"),
    Index(
        "ix_sailings_coming",
        "sailing_date",
        "cruise_id",
        postgresql_where=text("active"),
    ),
    schema="catalogue",
)

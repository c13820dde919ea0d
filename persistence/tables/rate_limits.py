"""The tables that count what one caller does; addresses lie there as keyed hashes."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Identity, Index, LargeBinary, Table, Text

from persistence.columns import MOMENT, UUID, metadata

cap_holds: Final = Table(
    "cap_holds",
    metadata,
    Column("session_id", UUID, primary_key=True),
    Column("address_hash", LargeBinary, nullable=False),
    Column("cruise_id", Text, nullable=False),
    Column("at", MOMENT, nullable=False),
    Index("ix_cap_holds_address_hash_cruise_id", "address_hash", "cruise_id"),
    Index("ix_cap_holds_at", "at"),
)

cap_openings: Final = Table(
    "cap_openings",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("address_hash", LargeBinary, nullable=False),
    Column("unknown_proxy", Boolean, nullable=False),
    Column("at", MOMENT, nullable=False),
    Index("ix_cap_openings_address_hash_at", "address_hash", "at"),
    Index("ix_cap_openings_at", "at"),
)

cap_cards: Final = Table(
    "cap_cards",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("session_id", UUID, nullable=False),
    Column("address_hash", LargeBinary, nullable=False),
    Column("at", MOMENT, nullable=False),
    Index("ix_cap_cards_session_id_at", "session_id", "at"),
    Index("ix_cap_cards_address_hash_at", "address_hash", "at"),
    Index("ix_cap_cards_at", "at"),
)

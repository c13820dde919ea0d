"""Since when each key has been the current one of its kind, so that an old one is noticed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import text

from persistence.database import Database, execute, fetch_all
from persistence.encryption import KeyKind, key_id

NOTE: Final = text(
    """
    INSERT INTO key_days (kind, key_id, first_used_at) VALUES (:kind, :key_id, booking_now())
    ON CONFLICT DO NOTHING
    """
)
AGES: Final = text("SELECT kind, key_id, booking_now() - first_used_at AS age FROM key_days")


async def note_days(engine: Database, keys: Mapping[KeyKind, Sequence[str]]) -> None:
    """Note that the first key of each kind is in use from now on, unless that is known."""
    for kind, number in _current(keys).items():
        await execute(engine, NOTE, {"kind": kind.value, "key_id": number})


async def ages_of(
    engine: Database, keys: Mapping[KeyKind, Sequence[str]]
) -> Mapping[KeyKind, timedelta]:
    """Return for how long the first key of each kind has been in use, as far as that is known."""
    rows = await fetch_all(engine, AGES)
    known = {(KeyKind(row.kind), row.key_id): row.age for row in rows}
    return {kind: known[each] for kind in keys if (each := (kind, _current(keys)[kind])) in known}


def _current(keys: Mapping[KeyKind, Sequence[str]]) -> Mapping[KeyKind, int]:
    return {kind: key_id(kind, values[0].encode()) for kind, values in keys.items()}

"""Looking for card numbers in everything that is stored: where they stand, never what they are."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.fernet import InvalidToken
from sqlalchemy import Column, Select, String, Table, select, tuple_
from sqlalchemy.dialects.postgresql import JSONB

from booking_flow.model.card_numbers import holds_card_number
from persistence.database import Database, fetch_all
from persistence.encryption import Vault
from persistence.personal import open_details
from persistence.statements import Row
from persistence.tables import registry
from persistence.tables.bookings import session_keys
from persistence.tables.sessions import booking_sessions

_BATCH: Final = 500
_ID: Final = re.compile(r"(?=.*[a-f])[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}")
_RATES: Final = frozenset(
    {"result_no", "grade_no", "rate_code", "cabin_result", "resultno", "gradeno", "phone_e164"}
)
"""What the supplier's rates and telephones are called by: digits and dots, of any length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedPlace:
    """Where a card number stands: a table, the row's key, the column and the way within it."""

    table: str
    key: Mapping[str, str]
    column: str
    path: str = ""


async def find_cards(engine: Database, vault: Vault | None) -> AsyncIterator[ScannedPlace]:
    """Return every place with a card number, table by table; sealed details need the keys."""
    for table in registry.metadata.sorted_tables:
        columns = [column for column in table.columns if _holds_text(column)]
        if columns:
            async for place in _of_table(engine, table, columns):
                yield place
    if vault is not None:
        async for place in _sealed(engine, vault):
            yield place


def _holds_text(column: Column[Any]) -> bool:
    return isinstance(column.type, (String, JSONB))


async def _of_table(
    engine: Database, table: Table, columns: list[Column[Any]]
) -> AsyncIterator[ScannedPlace]:
    keys = list(table.primary_key.columns)
    async for row in _rows(engine, select(*dict.fromkeys([*keys, *columns])), keys):
        key = {each.name: str(row[each.name]) for each in keys}
        for column in columns:
            for path in _paths(_parsed(column, row[column.name])):
                yield ScannedPlace(table=table.name, key=_safe(key), column=column.name, path=path)


async def _rows(
    engine: Database, wanted: Select[Any], keys: Sequence[Column[Any]]
) -> AsyncIterator[Row]:
    """Return rows in the order of their keys, some at a time: each statement takes little time."""
    some = wanted.order_by(*keys).limit(_BATCH)
    statement = some
    while rows := await _fetched(engine, statement):
        for row in rows:
            yield row
        last = [rows[-1][each.name] for each in keys]
        statement = some.where(tuple_(*keys) > tuple_(*last))


async def _fetched(engine: Database, statement: Select[Any]) -> Sequence[Row]:
    return await fetch_all(engine, statement)


def _parsed(column: Column[Any], value: Any) -> Any:
    """Return JSON as values, also where the connection hands it out as text."""
    is_text = isinstance(column.type, JSONB) and isinstance(value, str)
    return msgspec.json.decode(value) if is_text else value


def _safe(key: Mapping[str, str]) -> Mapping[str, str]:
    return {name: "[…]" if holds_card_number(each) else each for name, each in key.items()}


def _paths(value: Any, path: str = "") -> Iterator[str]:
    """Return the ways to every text or number within a value that holds a card number."""
    if isinstance(value, Mapping):
        for name, each in value.items():
            if name not in _RATES:
                yield from _paths(each, f"{path}/{name}" if not holds_card_number(name) else path)
    elif isinstance(value, list | tuple):
        for index, each in enumerate(value):
            yield from _paths(each, f"{path}/{index}")
    elif isinstance(value, str | int) and not isinstance(value, bool):
        text = str(value)
        if not _ID.fullmatch(text) and holds_card_number(text):
            yield path


async def _sealed(engine: Database, vault: Vault) -> AsyncIterator[ScannedPlace]:
    wanted = select(
        booking_sessions.c.id, booking_sessions.c.details_ciphertext, session_keys.c.wrapped_key
    ).join(session_keys, session_keys.c.session_id == booking_sessions.c.id)
    async for row in _rows(engine, wanted, [booking_sessions.c.id]):
        for path in _opened(vault, row):
            key = {"id": str(row.id)}
            yield ScannedPlace(
                table="booking_sessions", key=key, column="details_ciphertext", path=path
            )


def _opened(vault: Vault, row: Row) -> Iterator[str]:
    """Return the ways within the details; those that our keys do not open are named as a whole."""
    try:
        details = open_details(vault, row.wrapped_key, UUID(str(row.id)), row.details_ciphertext)
    except (InvalidTag, InvalidToken):
        return iter(("(not opened)",))
    return _paths(msgspec.to_builtins(details))

"""Catalogues in real databases: healthy ones, and ones like those that failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import asyncpg

from adapters.simulator.sailings import SeededSailing, seeded_sailings

WANTED = {
    "cruise_lines": {"id": "integer PRIMARY KEY", "name": "varchar(100)"},
    "ships": {
        "id": "integer PRIMARY KEY",
        "cruise_line_id": "integer REFERENCES cruise_lines",
        "name": "varchar(100)",
    },
    "cruises": {
        "id": "varchar(20) PRIMARY KEY",
        "name": "varchar(200)",
        "cruise_line_id": "integer REFERENCES cruise_lines",
        "ship_id": "integer REFERENCES ships",
        "sailing_date": "date",
        "nights": "integer",
        "ports": "jsonb",
        "embark_port": "varchar(100)",
        "cheapest_price": "numeric(10,2)",
        "currency": "varchar(3)",
        "is_active": "boolean",
        "raw_data": "jsonb",
    },
}
"""The tables `cruises`, `cruise_lines` and `ships` in good health."""

NEEDED = {
    "cruises": ("id", "cruise_line_id", "ship_id", "sailing_date", "nights"),
    "cruise_lines": ("id", "name"),
    "ships": ("id", "name"),
}
"""The columns without which nothing can be booked."""

Columns = Mapping[str, Mapping[str, str | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """A catalogue's database; `url` may read only, `owner` may do anything."""

    url: str
    owner: str

    async def close(self) -> None:
        """Let nobody connect any more, and end the connections that there are."""
        name = self.owner.rpartition("/")[2]
        above = await asyncpg.connect(self.owner.removesuffix(name) + "postgres")
        await above.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")
        await above.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
        )
        await above.close()

    async def run(self, sql: str, *parameters: Any) -> list[Any]:
        connection = await asyncpg.connect(self.owner)
        try:
            return list(await connection.fetch(sql, *parameters))
        finally:
            await connection.close()


async def build(owner: str, columns: Columns | None = None) -> None:
    """Make the tables; `columns` replaces types, adds columns, and with None leaves some out."""
    connection = await asyncpg.connect(owner)
    try:
        for table, usual in WANTED.items():
            wanted = usual | dict((columns or {}).get(table, {}))
            listed = ", ".join(f"{name} {kind}" for name, kind in wanted.items() if kind)
            await connection.execute(f"CREATE TABLE {table} ({listed})")
    finally:
        await connection.close()


async def stock(owner: str, sailings: Iterable[SeededSailing] | None = None) -> None:
    """Put sailings in, into those columns that there are."""
    stocked = [rows_of(each) for each in sailings or seeded_sailings(datetime.now(UTC).date())]
    connection = await asyncpg.connect(owner)
    try:
        for table in WANTED:
            await _insert(connection, table, [rows[table] for rows in stocked])
    finally:
        await connection.close()


async def _insert(connection: Any, table: str, rows: Sequence[Mapping[str, str]]) -> None:
    there = await connection.fetch(
        "SELECT attname, format_type(atttypid, atttypmod) AS type FROM pg_attribute"
        " WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped",
        table,
    )
    used = [(one["attname"], one["type"]) for one in there if one["attname"] in rows[0]]
    names = ", ".join(name for name, _ in used)
    values = ", ".join(f"${n}::text::{kind}" for n, (_, kind) in enumerate(used, 1))
    await connection.executemany(
        f"INSERT INTO {table} ({names}) VALUES ({values}) ON CONFLICT DO NOTHING",
        [[_written(row[name], kind) for name, kind in used] for row in rows],
    )


def _written(value: str, kind: str) -> str:
    """Write a list of ports as an array, or leave it JSON."""
    if kind.endswith("[]"):
        return "{" + value.strip("[]") + "}"
    return value


def rows_of(seeded: SeededSailing) -> dict[str, dict[str, str]]:
    """Return what a sailing puts into each table, as text."""
    ports = "[" + ", ".join(f'"{port}"' for port in seeded.ports) + "]"
    return {
        "cruise_lines": {"id": str(seeded.line_id), "name": seeded.line_name},
        "ships": {
            "id": str(seeded.ship_id),
            "cruise_line_id": str(seeded.line_id),
            "name": seeded.ship_name,
        },
        "cruises": {
            "id": str(seeded.codetocruiseid),
            "name": seeded.name,
            "cruise_line_id": str(seeded.line_id),
            "ship_id": str(seeded.ship_id),
            "sailing_date": seeded.sail_date.isoformat(),
            "nights": str(seeded.nights),
            "ports": ports,
            "embark_port": seeded.ports[0],
            "cheapest_price": str(seeded.from_price),
            "currency": "USD",
            "is_active": "true",
            "raw_data": "{}",
        },
    }


def today() -> date:
    return datetime.now(UTC).date()

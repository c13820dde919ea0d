"""The statements that compare rows with a table and write them, for columns known at run time."""

# ruff: noqa: S608 - names come quoted from the database's own lists.

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from adapters.catalogue.fields import Table
from adapters.catalogue.layout import quoted
from adapters.catalogue.pairing import KEYS, Paired, Pairing
from adapters.catalogue.table_schema import Anatomy

_PARENTS: Final[Mapping[Table, tuple[Table, ...]]] = {
    Table.LINES: (),
    Table.SHIPS: (Table.LINES,),
    Table.SAILINGS: (Table.LINES, Table.SHIPS),
}


def parents_of(pairing: Pairing) -> tuple[Table, ...]:
    """Return the tables whose rows must be there before those of this one."""
    return tuple(p for p in _PARENTS[pairing.table] if KEYS[p] in pairing.names)


def comparison(pairing: Pairing, target: Anatomy) -> str:
    """Return SQL that finds the rows which differ, and what of them differs.

    Its parameters are one list of texts for each column, then for each table of `parents_of` the
    keys that count as there.
    """
    key, others = pairing.key, list(enumerate(pairing.columns))[1:]
    unlike = [(column, _differs(column, place)) for place, column in others]
    told = ", ".join(f"CASE WHEN {sql} THEN {_literal(column.name)} END" for column, sql in unlike)
    there = f"t.{key.part.sql} IS NULL"
    values = ", ".join(f"{c.written(f'r.c{n}')} AS v{n}" for n, c in enumerate(pairing.columns))
    return f"""
        SELECT s.n, CAST(s.v0 AS text) AS key, {there} AS new,
               array_remove(ARRAY[{told}]::text[], NULL) AS changed
               {_parents(pairing, target)}
        FROM (SELECT r.n, {values} FROM {_given(pairing)}) s
        LEFT JOIN {target.layout.table(pairing.table)} t ON t.{key.part.sql} = s.v0
        WHERE {" OR ".join([there, *(sql for _, sql in unlike)])}
        ORDER BY s.n
    """


def upsert(pairing: Pairing, target: Anatomy) -> str:
    """Return SQL that writes rows, given one list of texts for each column.

    It returns the `key` of each row that the table kept; a trigger may keep some out.
    """
    names = [column.part.sql for column in pairing.columns]
    values = ", ".join(c.written(f"r.c{n}") for n, c in enumerate(pairing.columns))
    changes = ", ".join(f"{name} = excluded.{name}" for name in names[1:])
    return f"""
        INSERT INTO {target.layout.table(pairing.table)} ({", ".join(names)})
        SELECT {values} FROM {_given(pairing)} ORDER BY r.n
        ON CONFLICT ({names[0]}) DO {f"UPDATE SET {changes}" if changes else "NOTHING"}
        RETURNING CAST({names[0]} AS text) AS key
    """


def rehearsal(pairing: Pairing, target: Anatomy) -> tuple[str, str]:
    """Return SQL that makes a temporary copy of the table, and SQL that writes rows into that.

    The copy has the columns, the types and the CHECKs, and no trigger, default or reference.
    """
    there = target.layout.table(pairing.table)
    # Under the table's own name, so that a refusal reads as that of the table.
    name = quoted(target.layout.tables[pairing.table])
    copy = f"pg_temp.{name}"
    copied = {column.part.name for column in pairing.columns}
    optional = "".join(
        f"ALTER TABLE {copy} ALTER {part.sql} DROP NOT NULL;"
        for part in target.parts[pairing.table].values()
        if part.not_null and part.name not in copied
    )
    names = ", ".join(column.part.sql for column in pairing.columns)
    values = ", ".join(c.written(f"r.c{n}") for n, c in enumerate(pairing.columns))
    made = (
        f"CREATE TEMPORARY TABLE IF NOT EXISTS {name} (LIKE {there} INCLUDING CONSTRAINTS);"
        f"{optional}"
    )
    return made, f"INSERT INTO {copy} ({names}) SELECT {values} FROM {_given(pairing)}"


def _given(pairing: Pairing) -> str:
    numbers = range(len(pairing.columns))
    lists = ", ".join(f"${n + 1}::text[]" for n in numbers)
    return f"unnest({lists}) WITH ORDINALITY AS r({', '.join(f'c{n}' for n in numbers)}, n)"


def _differs(column: Paired, place: int) -> str:
    stored, given = f"t.{column.part.sql}", f"s.v{place}"
    return f"{column.compared(stored)} IS DISTINCT FROM {column.compared(given)}"


def _parents(pairing: Pairing, target: Anatomy) -> str:
    return "".join(
        f", {_has(pairing, target, parent, len(pairing.columns) + n)} AS has_{parent}"
        for n, parent in enumerate(parents_of(pairing), start=1)
    )


def _has(pairing: Pairing, target: Anatomy, parent: Table, parameter: int) -> str:
    """Return SQL that says whether a row's parent is there, or counts as there."""
    value = f"s.v{pairing.names.index(KEYS[parent])}"
    key = target.parts[parent][target.inspection.columns[f"{parent}.{KEYS[parent]}"].name]
    return (
        f"(EXISTS (SELECT FROM {target.layout.table(parent)} p "
        f"WHERE p.{key.sql} = CAST({value} AS {key.type})) "
        f"OR CAST({value} AS text) = ANY(${parameter}::text[]))"
    )


def _literal(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"

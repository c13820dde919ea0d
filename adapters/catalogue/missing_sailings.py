"""Sailings that the target still sells and the source no longer has."""

# ruff: noqa: S608 - names come quoted from the database's own lists.

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from asyncpg import Connection

from adapters.catalogue.expressions import day, flag, number
from adapters.catalogue.fields import Kind, Table
from adapters.catalogue.source import Listed, list_of, needed_part, ordered_keys
from adapters.catalogue.table_schema import Anatomy, Part
from adapters.catalogue.type_casts import writing

_FEW: Final = 20


@dataclass(slots=True)
class Vanished:
    """The keys of what vanished, and how many coming sailings of each line there were."""

    keys: list[str] = field(default_factory=list)
    elsewhere: dict[str, int | None] = field(default_factory=dict)
    """Sailings that have another line in the source, with that line; none of them has vanished."""
    coming: Counter[int] = field(default_factory=Counter)
    coming_gone: Counter[int] = field(default_factory=Counter)

    def doubtful(self, lines_there: Collection[int]) -> list[str]:
        """Say of which lines so much would go that the source rather than the sailings is wrong."""
        return [
            f"{gone} of {self.coming[line]} coming sailings of line {line} are not in the source"
            for line, gone in sorted(self.coming_gone.items())
            if line not in lines_there or (gone >= _FEW and gone * 2 > self.coming[line])
        ]


async def find_vanished(
    target: Connection[Any], anatomy: Anatomy, lines: Sequence[int], there: AsyncIterable[Listed]
) -> Vanished:
    """Compare the target's active sailings with the source's of all lines, in the same order."""
    found, present = Vanished(), there.__aiter__()
    upto = await anext(present, None)
    async with target.transaction(readonly=True):
        async for row in target.cursor(_sold(anatomy), list(lines), prefetch=5000):
            key = row["key"]
            while upto is not None and upto[0] < key:
                upto = await anext(present, None)
            found.coming[row["line"]] += row["coming"]
            if upto is None or upto[0] != key:
                found.keys.append(key)
                found.coming_gone[row["line"]] += row["coming"]
            elif upto[1] not in lines:
                found.elsewhere[key] = upto[1]
    return found


def retirement(anatomy: Anatomy) -> str | None:
    """Return SQL that marks sailings inactive by a list of keys; None where no column says so."""
    active = anatomy.part(Table.SAILINGS, "active")
    if active is None:
        return None
    key = needed_part(anatomy, Table.SAILINGS, "cruise_id")
    return (
        f"UPDATE {anatomy.layout.table(Table.SAILINGS)} t "
        f"SET {active.sql} = {writing(Kind.FLAG, active.type, active.exact, _no(active))} "
        f"WHERE t.{key.sql} = ANY({list_of('$1', key)}) AND {flag('t', active)}"
    )


def _no(active: Part) -> str:
    """Return the word for no as a column would have it."""
    return "'0'" if active.exact.startswith("character") and "(1)" in active.exact else "'false'"


def _sold(anatomy: Anatomy) -> str:
    leaves = day("t", needed_part(anatomy, Table.SAILINGS, "sailing_date"))
    line = number("t", needed_part(anatomy, Table.SAILINGS, "line_id"))
    coming = f"coalesce({leaves.sql} >= CAST(current_date AS {leaves.type}), FALSE)::int"
    return ordered_keys(
        anatomy,
        more=f", {line} AS line, {coming} AS coming",
        only=flag("t", anatomy.part(Table.SAILINGS, "active")),
    )

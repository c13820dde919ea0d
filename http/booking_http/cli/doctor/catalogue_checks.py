"""The catalogue: what it lacks, what is wrong with its rows, and what can be sold from it."""

from __future__ import annotations

from datetime import date
from typing import Final

from adapters.catalogue import quality
from adapters.catalogue.fields import NOT_SOLD
from adapters.catalogue.inspection import CatalogueFinding as Seen
from adapters.catalogue.inspection import FindingKind, Inspection
from adapters.catalogue.quality import Flaw, QualityFound
from booking_http.cli.doctor.connections import Connections
from booking_http.cli.doctor.findings import DoctorFinding, Level, Reporter, some

_MISSING: Final = "Add it, let this account read it, or name another one in CATALOGUE_COLUMNS."
_NO_TABLE: Final = (
    "Name its schema in CATALOGUE_SCHEMA, its name in CATALOGUE_COLUMNS, or the database in"
    " CATALOGUE_URL; or let this account read it."
)
_TYPE: Final = "Change its type, or declare it in CATALOGUE_COLUMNS as `column::type`."
_GONE: Final = "Guests cannot find or book these sailings."
_SYNC: Final = "Run `booking-flow catalogue sync` or `catalogue import`."

FLAWS: Final[dict[Flaw, tuple[str, str, str]]] = {
    Flaw.MISSING_LINE: ("have a line that is not in the catalogue", _GONE, _SYNC),
    Flaw.MISSING_SHIP: ("have a ship that is not in the catalogue", _GONE, _SYNC),
    Flaw.OTHER_SHIP: (
        "have a ship of another line",
        "Guests read the wrong line or ship, and where the line is wrong cannot book.",
        "Let `booking-flow doctor --all` compare their lines with the supplier.",
    ),
    Flaw.SAILED: (
        "have left and are still on sale",
        "None: they are not shown, and booking one is refused as sailing_departed.",
        f"{_SYNC} Both mark what has vanished inactive.",
    ),
    Flaw.UNREADABLE: (
        "have a line, ship, number of nights or date that makes no sense",
        _GONE,
        "Correct these rows where they come from.",
    ),
    Flaw.BAD_ID: (
        "have an identifier that is no codetocruiseid",
        "The supplier does not know them: guests are told that they are sold out.",
        "Look whether CATALOGUE_COLUMNS names the right column.",
    ),
    Flaw.PADDED_ID: (
        "have blanks around their identifier",
        "None, but looking one up reads the whole table.",
        "Trim the column.",
    ),
    Flaw.TWICE: (
        "share their identifier with another row",
        "Guests see them twice in a list, and one of the two when they book.",
        "Delete all but one row, and make the column unique.",
    ),
    Flaw.SAME_SHIP: (
        "are the same voyage as another row: ship, day and nights",
        "Guests see the voyage twice; one of the two may be sold out for good.",
        "Compare both with the supplier and deactivate the one it does not know.",
    ),
}
"""What each flaw is called, what it means for a guest, and what to do."""

_GRAVE: Final = frozenset({Flaw.MISSING_LINE, Flaw.MISSING_SHIP, Flaw.UNREADABLE, Flaw.BAD_ID})
"""Flaws by which sailings of live lines cannot be sold."""


async def schema(connections: Connections, say: Reporter) -> None:
    """Say which columns are missing, of a wrong type, or of no use."""
    found = _inspected(connections)
    for seen in (*found.harmful, *found.lacking):
        say(_missing(seen))
    if found.usable:
        present = len(found.of_kind(FindingKind.PRESENT))
        say(
            DoctorFinding(
                check="catalogue.schema", said=f"{present} columns are there and can be read"
            )
        )
    if extras := found.of_kind(FindingKind.EXTRA):
        named = tuple(f"{extra.place} ({extra.type})" for extra in extras)
        said = f"{len(extras)} columns are of no use to us"
        say(DoctorFinding(check="catalogue.extra", said=said, examples=named))


def _missing(seen: Seen) -> DoctorFinding:
    field = seen.field
    todo = {FindingKind.WRONG_TYPE: _TYPE, FindingKind.MISSING_TABLE: _NO_TABLE}
    return DoctorFinding(
        check=f"catalogue.{seen.kind}",
        level=Level.FAILURE if seen.harmful else Level.WARNING,
        said=f"{seen}: {field.meaning}" if field else str(seen),
        guest=field.absent if field else NOT_SOLD,
        todo=todo.get(seen.kind, _MISSING),
    )


async def rows(connections: Connections, say: Reporter) -> None:
    """Say what is wrong with the sailings on sale."""
    found, today = _inspected(connections), _today(connections)
    live = sorted(connections.settings.live_lines)
    flaws = await quality.flaws(connections.pool, found, today=today, live_lines=live)
    for flaw in flaws:
        say(_flaw(flaw))
    if not flaws:
        say(DoctorFinding(check="catalogue.rows", said="every sailing on sale makes sense"))


def _flaw(found: QualityFound) -> DoctorFinding:
    words, guest, todo = FLAWS[found.flaw]
    grave = found.flaw in _GRAVE and found.live > 0
    return DoctorFinding(
        check=f"catalogue.{found.flaw}",
        level=Level.FAILURE if grave else Level.WARNING,
        said=f"{found.number} sailings {words}, {found.live} of them on live lines",
        guest=guest,
        todo=todo,
        examples=(some(found.examples, found.number),),
    )


async def on_sale(connections: Connections, say: Reporter) -> None:
    """Say how many sailings of each live line can be sold."""
    _inspected(connections)
    counted = await connections.reader.counts(today=_today(connections))
    by_line = {count.line_id: count for count in counted}
    others = sum(
        each.sailings for each in counted if each.line_id not in connections.settings.live_lines
    )
    for line in sorted(connections.settings.live_lines):
        count = by_line.get(line)
        if count is not None:
            said = f"line {line}, {count.name}: {count.sailings} sailings from {count.first}"
            say(DoctorFinding(check="catalogue.on_sale", said=f"{said} to {count.last}"))
            continue
        say(
            DoctorFinding(
                check="catalogue.on_sale",
                level=Level.FAILURE,
                said=f"line {line}: no sailing, while other lines have {others}",
                guest="Guests find nothing to book on this line.",
                todo=f"{_SYNC} Or the lines of the sailings are wrong: see supplier.lines.",
            )
        )


def _inspected(connections: Connections) -> Inspection:
    if connections.found is None:
        raise NotReached("the catalogue's database")
    return connections.found


def _today(connections: Connections) -> date:
    if connections.found is not None and not connections.found.usable:
        raise NotReached("the columns that are missing")
    if connections.today is None:
        raise NotReached("the booking database's tables")
    return connections.today


class NotReached(Exception):  # noqa: N818 - says how far one came
    """A check needs something that an earlier one found missing, and has nothing to add."""

"""One run into a catalogue: what is asked of it, and how it takes rows batch by batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, Protocol

from asyncpg import Connection

from adapters.catalogue.batches import Row, Writer, Written
from adapters.catalogue.fields import Table
from adapters.catalogue.layout import Layout
from adapters.catalogue.missing_sailings import Vanished, retirement
from adapters.catalogue.pairing import CannotCopy, Pairing
from adapters.catalogue.report import Report
from adapters.catalogue.run_log import Begun, Ledger, fingerprint
from adapters.catalogue.table_schema import Anatomy

_AT_ONCE: Final = 1000
_TOLD: Final = 5


class RunWatch(Protocol):
    """Somebody who is shown how far a run is."""

    def begin(self, what: str, total: int) -> None:
        """Begin something that has so many parts."""

    def advance(self, parts: int) -> None:
        """Say that so many more are done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is asked of a run, whatever it takes its rows from."""

    target: str
    """The address of the database that is written into."""
    layouts: tuple[Layout, ...]
    """How its tables may be called, the likeliest first."""
    lines: tuple[int, ...]
    environment: str | None = None
    """The target's own mark."""
    production: bool = False
    """Whether a database marked production may be written into."""
    dry_run: bool = False
    afresh: bool = False
    """Whether to begin at the beginning although an earlier run was cut off."""
    accept_vanished: bool = False
    """Whether sailings may go inactive although they are most of a line's."""
    fills: Mapping[str, str] = field(default_factory=dict)
    most_rejected: int = 1000
    """How many rows the target may reject; more, and more than it takes, end the run."""
    attempts: int = 6
    """How often it is tried, over lost connections and locks that others hold."""
    patience: float = 5.0
    """Seconds to wait for such a lock."""


@dataclass(slots=True, kw_only=True)
class Run:
    """A run under way: takes rows, counts them, and remembers how far it is."""

    order: Order
    connection: Connection[Any]
    anatomy: Anatomy
    ledger: Ledger
    watch: RunWatch
    report: Report
    begun: Begun | None = None
    writers: dict[Table, Writer] = field(default_factory=dict)
    taken: int = 0
    rejected: int = 0

    @property
    def reached(self) -> str | None:
        """Return the key up to which an earlier run has done everything."""
        return self.begun.reached if self.begun else None

    def receive(self, pairings: Mapping[Table, Pairing]) -> None:
        """Make ready to take rows of these columns."""
        for table, pairing in pairings.items():
            self.writers[table] = Writer(self.connection, pairing, self.anatomy)
            if pairing.left_out:
                self.report.left_out[table] = dict(pairing.left_out)

    async def begin(self) -> None:
        """Open the record of the run, or that of the run it goes on with."""
        if self.order.dry_run:
            return
        self.begun = await self.ledger.begin(
            kind=self.report.kind,
            fingerprint=self._fingerprint(),
            source=self.report.source,
            target=self.report.target,
            lines=self.order.lines,
            afresh=self.order.afresh,
        )
        if self.begun.report is not None:
            left_out, self.report = self.report.left_out, Report.of(self.begun.report)
            self.report.left_out, self.report.resumed = left_out, self.report.resumed + 1

    def _fingerprint(self) -> str:
        report = self.report
        columns = [writer.names for writer in self.writers.values()]
        return fingerprint(report.kind, report.source, report.target, sorted(report.lines), columns)

    async def take_parents(self, table: Table, rows: Sequence[Row]) -> None:
        """Take the rows of a table that others refer to; after a cut they come once more."""
        for start in range(0, len(rows), _AT_ONCE):
            written = await self._written(table, rows[start : start + _AT_ONCE])
            if self.report.resumed:
                written.tally.same = 0
            self._count(table, written)

    async def take_sailings(self, rows: Sequence[Row], *, upto: str) -> None:
        """Take a batch of sailings in one transaction, and remember that it is done."""
        self._count(Table.SAILINGS, await self._written(Table.SAILINGS, rows))
        await self.reach(upto)

    async def reach(self, key: str) -> None:
        """Remember that everything up to a key is done."""
        if self.begun is not None:
            await self.ledger.reach(self.begun.id, key, self.report.facts())

    async def retire(self, vanished: Vanished, lines_there: set[int]) -> None:
        """Mark sailings inactive that the source no longer has, unless that is hard to believe."""
        statement = retirement(self.anatomy)
        self._note_elsewhere(vanished)
        if doubts := self._doubts(vanished, lines_there, statement):
            self.report.doubted = True
            for doubt in doubts:
                self.report.note(f"nothing was marked inactive: {doubt}")
            return
        self.report.tables[Table.SAILINGS].count("vanished", len(vanished.keys), vanished.keys)
        if statement and not self.order.dry_run:
            for start in range(0, len(vanished.keys), _AT_ONCE):
                keys = vanished.keys[start : start + _AT_ONCE]
                await self.connection.execute(statement, keys)

    def _note_elsewhere(self, vanished: Vanished) -> None:
        for key, line in islice(vanished.elsewhere.items(), _TOLD):
            self.report.note(f"sailing {key} is of line {line} in the source; it was left as it is")
        if (more := len(vanished.elsewhere) - _TOLD) > 0:
            self.report.note(f"{more} more sailings are of another line in the source")

    def _doubts(
        self, vanished: Vanished, lines_there: set[int], statement: str | None
    ) -> list[str]:
        if vanished.keys and statement is None:
            return [f"{len(vanished.keys)} sailings are gone, and no column says what is on sale"]
        return [] if self.order.accept_vanished else vanished.doubtful(lines_there)

    async def _written(self, table: Table, rows: Sequence[Row]) -> Written:
        writer = self.writers[table]
        if not self.order.dry_run:
            async with self.connection.transaction():
                return await writer.write(rows)
        written = await writer.compare(rows)
        if not writer.rehearsed:
            self.report.note(f"rules of {table} were not tried: no temporary table may be made")
        for other in self.writers.values():
            other.promise(table, written.new)
        return written

    def _count(self, table: Table, written: Written) -> None:
        self.report.tables[table].add(written.tally)
        self.report.refuse(table, written.faults)
        self.taken += written.tally.seen
        self.rejected += len(written.faults)
        if self.rejected > max(self.order.most_rejected, self.taken):
            raise CannotCopy(
                f"more than {self.order.most_rejected} rows were refused, more than were taken; "
                f"the last, {written.faults[-1].name}, because {written.faults[-1].reason}"
            )

"""What a sync or an import did, or in a dry run would do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Self

from adapters.catalogue.fields import Table

_SAMPLES: Final = 5
_FAULTS_TOLD: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFault:
    """A row or file that was not taken, by its name."""

    name: str
    reason: str


@dataclass(slots=True, kw_only=True)
class Tally:
    """How the rows of one table fared, with a few of them by name."""

    same: int = 0
    new: int = 0
    changed: int = 0
    vanished: int = 0
    """In the target and no longer in the source."""
    refused: int = 0
    samples: dict[str, list[str]] = field(default_factory=dict)

    @property
    def seen(self) -> int:
        """Return how many rows came."""
        return self.same + self.new + self.changed + self.refused

    def count(self, fate: str, number: int, samples: Iterable[str] = ()) -> None:
        """Count rows of one fate."""
        setattr(self, fate, getattr(self, fate) + number)
        kept = self.samples.setdefault(fate, [])
        kept.extend(list(samples)[: _SAMPLES - len(kept)])

    def add(self, other: Tally) -> None:
        """Count what another one has counted."""
        for fate in ("same", "new", "changed", "vanished", "refused"):
            self.count(fate, getattr(other, fate), other.samples.get(fate, ()))


@dataclass(slots=True, kw_only=True)
class Report:
    """All there is to say of one run."""

    kind: str
    source: str
    target: str
    lines: list[int]
    dry_run: bool = False
    out_of: str | None = None
    """The table of sailings that is read, where there is one."""
    into: str | None = None
    """The table of sailings that is written."""
    environment: str | None = None
    """The target's mark."""
    left_out: dict[str, dict[str, str]] = field(default_factory=dict)
    """Columns that stay behind, by table, with the reason."""
    tables: dict[Table, Tally] = field(default_factory=lambda: {table: Tally() for table in Table})
    faults: list[RowFault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    doubted: bool = False
    """Whether what vanished was left as it was, since it is hard to believe."""
    resumed: int = 0
    """How often it went on from where it had been cut off."""
    seconds: float = 0.0

    @property
    def written(self) -> int:
        """Return how many rows were written; in a dry run, how many would be."""
        return sum(tally.new + tally.changed + tally.vanished for tally in self.tables.values())

    @property
    def refused(self) -> int:
        """Return how many rows and files were not taken."""
        return sum(tally.refused for tally in self.tables.values())

    def refuse(self, table: Table, faults: Iterable[RowFault]) -> None:
        """Remember what was not taken and why; of very many only the first are told."""
        for fault in faults:
            self.tables[table].count("refused", 1, [fault.name])
            if len(self.faults) < _FAULTS_TOLD:
                self.faults.append(fault)

    def note(self, words: str) -> None:
        """Say something once."""
        if words not in self.notes:
            self.notes.append(words)

    def facts(self) -> dict[str, Any]:
        """Return it as JSON would have it."""
        facts = asdict(self) | {"written": self.written, "refused": self.refused}
        facts["tables"] = {table.value: asdict(tally) for table, tally in self.tables.items()}
        return facts

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Self:
        """Return the report that these facts were made of."""
        known = {name: facts[name] for name in cls.__slots__}
        known["tables"] = {Table(name): Tally(**rest) for name, rest in facts["tables"].items()}
        known["faults"] = [RowFault(**fault) for fault in facts["faults"]]
        return cls(**known)

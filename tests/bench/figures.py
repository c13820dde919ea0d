"""The figures of a run: collected, shown as tables, and written down as JSON."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

RESULTS = Path(".bench") / "results.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number, and where it can be compared, its ratio to another one of the same run."""

    group: str
    name: str
    value: float
    unit: str
    ratio: float | None = None
    to: str | None = None
    """What the ratio compares with."""


@dataclass(slots=True)
class Figures:
    """All figures of a run."""

    found: list[Figure] = field(default_factory=list)

    def add(
        self,
        group: str,
        name: str,
        value: float,
        unit: str,
        *,
        over: float | None = None,
        to: str | None = None,
    ) -> None:
        """Add a figure, compared with `over`, which is called `to`."""
        ratio = value / over if over else None
        self.found.append(
            Figure(group=group, name=name, value=value, unit=unit, ratio=ratio, to=to)
        )

    def value(self, group: str, name: str) -> float:
        """Return a figure that was added before."""
        return next(one.value for one in self.found if (one.group, one.name) == (group, name))

    def show(self, console: Console) -> None:
        """Print one table for each group, and the ratios once more together."""
        for group in dict.fromkeys(one.group for one in self.found):
            console.print(_table(group, [one for one in self.found if one.group == group]))

    def write(self, folder: Path) -> Path:
        """Write everything down as JSON."""
        path = folder / RESULTS
        path.parent.mkdir(exist_ok=True)
        facts: dict[str, Any] = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
            "figures": [asdict(one) for one in self.found],
            "ratios": {f"{one.group}: {one.name}": one.ratio for one in self._compared()},
        }
        path.write_text(json.dumps(facts, indent=2) + "\n", "utf-8")
        return path

    def _compared(self) -> Iterable[Figure]:
        return (one for one in self.found if one.ratio is not None)


def _table(group: str, figures: Iterable[Figure]) -> Table:
    table = Table(title=group, title_justify="left", min_width=76)
    table.add_column("")
    table.add_column("value", justify="right")
    table.add_column("ratio", justify="right")
    table.add_column("to")
    for one in figures:
        ratio = "" if one.ratio is None else f"{one.ratio:.2f}"
        table.add_row(one.name, f"{spoken(one.value)} {one.unit}", ratio, one.to or "")
    return table


def spoken(value: float) -> str:
    """Return a number with about three digits that mean something."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def median(values: Sequence[float]) -> float:
    """Return the middle value, which one slow moment of the machine does not move."""
    return statistics.median(values)

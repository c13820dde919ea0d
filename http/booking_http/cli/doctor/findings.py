"""What the doctor says: findings with what they mean for a guest and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from adapters.catalogue.row_fixes import RowFix
from booking_flow.model.agreement import Fact


class Level(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARNING = "warning"
    """Guests can book; something is worse than it could be."""
    FAILURE = "failure"
    """Guests run into it, or nothing can be booked."""


_STATUS: Final = {Level.OK: 0, Level.WARNING: 1, Level.FAILURE: 2}
WELL: Final = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorFinding:
    """One thing that was looked at; `guest` and `todo` are empty where all is well."""

    check: str
    """Its name for programs, such as `catalogue.missing_required`."""
    level: Level = Level.OK
    said: str
    guest: str = WELL
    todo: str = WELL
    examples: tuple[str, ...] = ()

    def facts(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "check": self.check,
            "level": self.level.value,
            "said": self.said,
            "guest": self.guest or None,
            "todo": self.todo or None,
            "examples": list(self.examples),
        }


Reporter = Callable[[DoctorFinding], None]


@dataclass(slots=True, kw_only=True)
class DoctorReport:
    """All findings, and what could be put right in the catalogue's rows."""

    environment: str
    findings: list[DoctorFinding] = field(default_factory=list)
    corrections: list[RowFix] = field(default_factory=list)

    def say(self, finding: DoctorFinding) -> None:
        """Add a finding."""
        self.findings.append(finding)

    @property
    def level(self) -> Level:
        """Return the worst level found."""
        return worst(finding.level for finding in self.findings)

    @property
    def status(self) -> int:
        """Return the exit status: 0 all is well, 1 warnings, 2 failures."""
        return _STATUS[self.level]

    def facts(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "environment": self.environment,
            "level": self.level.value,
            "status": self.status,
            "findings": [finding.facts() for finding in self.findings],
            "wrongLines": [
                {
                    "cruiseId": each.cruise_id,
                    "ours": int(each.ours),
                    "suppliers": int(each.theirs),
                }
                for each in self.corrections
                if each.fact is Fact.LINE_ID
            ],
            "proposed": [
                {
                    "cruiseId": each.cruise_id,
                    "fact": each.fact.value,
                    "ours": each.ours,
                    "suppliers": each.theirs,
                }
                for each in self.corrections
            ],
        }


def worst(levels: Iterable[Level]) -> Level:
    """Return the worst of some levels."""
    return max(levels, key=_STATUS.__getitem__, default=Level.OK)


def some(examples: Sequence[str], number: int) -> str:
    """List examples of something that was found so many times."""
    more = f" and {number - len(examples)} more" if number > len(examples) else ""
    return ", ".join(examples) + more

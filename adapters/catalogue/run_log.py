"""Where runs are remembered, so that one that was cut off goes on and operators see how it went."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class Begun(Protocol):
    """A run that is under way."""

    @property
    def id(self) -> int:
        """Return its number."""

    @property
    def reached(self) -> str | None:
        """Return the key up to which everything is done, when it goes on with an earlier run."""

    @property
    def report(self) -> Mapping[str, Any] | None:
        """Return what was done up to there."""


class Ledger(Protocol):
    """Remembers runs."""

    async def begin(
        self,
        *,
        kind: str,
        fingerprint: str,
        source: str,
        target: str,
        lines: Sequence[int],
        afresh: bool,
    ) -> Begun:
        """Begin a run, or go on with a recent one of the same fingerprint that did not end well."""

    async def reach(self, run: int, key: str, report: Mapping[str, Any]) -> None:
        """Remember that everything up to a key is done."""

    async def end(self, run: int, outcome: str, report: Mapping[str, Any]) -> None:
        """Remember how a run ended: `done`, `failed` or `interrupted`."""


class ShortMemory:
    """A ledger that forgets with the process: it bridges lost connections only."""

    id = 0
    reached: str | None = None
    report: Mapping[str, Any] | None = None

    async def begin(self, *, afresh: bool, **_: Any) -> ShortMemory:
        """Go on from where this process was."""
        if afresh:
            self.reached = self.report = None
        return self

    async def reach(self, _run: int, key: str, report: Mapping[str, Any]) -> None:
        """Remember that everything up to a key is done."""
        self.reached, self.report = key, report

    async def end(self, _run: int, _outcome: str, _report: Mapping[str, Any]) -> None:
        """Forget it."""
        self.reached = self.report = None


def fingerprint(*facts: object) -> str:
    """Return what tells runs apart that must not go on with each other."""
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]

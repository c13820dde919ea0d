"""Pauses between tries of what fails, each longer than the one before."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """How long to wait, in seconds, after so many failures in a row.

    Pauses vary by a fifth, so that what failed together is not tried together.
    """

    first: float
    longest: float
    factor: float = 2.0

    def after(self, failures: int) -> float:
        """Return the pause after the n-th failure in a row, counted from one."""
        # Beyond a hundred failures a power would be too large a number, and the pause the longest.
        grown = self.first * self.factor ** min(max(failures, 1) - 1, 100)
        return min(grown, self.longest) * random.uniform(0.8, 1.2)  # noqa: S311 - it only spreads

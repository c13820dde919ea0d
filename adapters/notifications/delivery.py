"""How handing a message to the outside world fails."""

from __future__ import annotations


class Undelivered(Exception):  # noqa: N818 - names what is known, not what went wrong
    """The message was not accepted, as far as we know; `reason` never holds anything personal."""

    def __init__(self, reason: str, *, for_good: bool = False) -> None:
        """Say why, and whether trying again is pointless."""
        super().__init__(reason)
        self.reason = reason
        self.for_good = for_good

"""Whether a process may have as many connections open as its settings take."""

from __future__ import annotations

from typing import Final

import structlog

from booking_http.runtime.process import allow_descriptors
from booking_http.settings import Settings

ADVICE: Final = "Allow more (ulimit -Hn, LimitNOFILE of systemd), or lower TRAVELTEK_CONNECTIONS."
"""What helps where too few are allowed."""
_log = structlog.get_logger(__name__)


def ensure_descriptors(settings: Settings) -> str | None:
    """Allow this process what it needs, and return what to say where that is not all of it."""
    needed = settings.descriptors()
    if (allowed := allow_descriptors(needed)) >= needed:
        return None
    return (
        f"a process may have {allowed:,} files and connections open, and TRAVELTEK_CONNECTIONS of"
        f" {settings.traveltek_connections:,} takes up to {needed:,}"
    )


def warn_of_few_descriptors(settings: Settings) -> None:
    """Allow what is needed at a start, and log where that cannot be."""
    if found := ensure_descriptors(settings):
        _log.warning("too_few_descriptors", found=found, todo=ADVICE)

"""How old the catalogue is, as far as the record of syncs and imports tells."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from adapters.catalogue.cache import Memory
from persistence.sync_runs import PostgresSyncRuns

_SECONDS: Final = 60.0


class CatalogueAge:
    """Looks the last run that ended well up, and shows it again for a minute."""

    def __init__(self, runs: PostgresSyncRuns | None) -> None:
        """Take the record of runs; None where another program keeps the catalogue."""
        self._runs = runs
        self._known = Memory[datetime | None](seconds=_SECONDS, most=1)

    async def updated_at(self) -> datetime | None:
        """Return when a run last ended well; None where no run of ours did.

        Raises:
            StoreUnavailable: the database is away.
        """
        return await self._known.recall(None, self._look_up)

    async def _look_up(self) -> datetime | None:
        latest = await self._runs.latest() if self._runs is not None else ()
        return max((run.succeeded_at for run in latest if run.succeeded_at), default=None)

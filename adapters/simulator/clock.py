"""The supplier's own clock: the machine's time plus an offset that tests may advance."""

from collections.abc import Callable
from datetime import date, datetime, timedelta


class SupplierClock:
    """Tells the supplier's time, which runs apart from the time of the service under test."""

    def __init__(self, source: Callable[[], datetime], *, offset_seconds: float = 0.0) -> None:
        self._source = source
        self.offset_seconds = offset_seconds

    def now(self) -> datetime:
        """Return the supplier's present moment in UTC."""
        return self._source() + timedelta(seconds=self.offset_seconds)

    def today(self) -> date:
        """Return the supplier's present day."""
        return self.now().date()

    def advance(self, seconds: float) -> None:
        """Move the supplier's time forward; holds, sessions and tokens lapse by it."""
        self.offset_seconds += seconds


def zoneless(moment: datetime, *, utc_offset_hours: float) -> str:
    """Write a moment as the supplier does for holds: local time, no zone named."""
    local = moment + timedelta(hours=utc_offset_hours)
    return local.strftime("%Y-%m-%d %H:%M:%S")


def zulu(moment: datetime) -> str:
    """Write a moment as the supplier's `*utc` fields do."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

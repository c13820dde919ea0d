"""Finding out who calls, and telling operators of a proxy whose word is left alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic
from typing import Final

import structlog
from aiohttp import web

from booking_http.setting_types import Network
from booking_http.web.client_address import ClientAddress, caller_of, read_address
from booking_http.web.metrics import Metrics

_SELDOM: Final = 3600.0
_ADVICE: Final = {
    "untrusted": "name the proxy in TRUSTED_PROXIES; until then all its guests are one caller",
    "unreadable": "let the proxy write the client's address into one header",
}
_WITHOUT_SHOPS: Final = (
    "one address opens more sessions than CAP_OPENINGS_PER_ADDRESS; name the servers of shops in"
    " SHOP_NETWORKS, or set it to none; the next release refuses without it"
)
_log = structlog.get_logger(__name__)


class Callers:
    """Finds out who calls; what was ignored is counted, and logged once an hour."""

    def __init__(
        self,
        *,
        trusted: Sequence[Network],
        metrics: Metrics,
        seconds: Callable[[], float] = monotonic,
    ) -> None:
        """Take the networks of our own proxies, and where to count."""
        self._trusted = trusted
        self._metrics = metrics
        self._seconds = seconds
        self._told: dict[str, float] = {}

    def caller_of(self, request: web.Request) -> ClientAddress:
        """Return whom a request counts for."""
        found = caller_of(request, trusted=self._trusted)
        if found.ignored is not None:
            self._metrics.forwarded_ignored.labels(found.ignored).inc()
            self._tell(found.ignored, request.remote or "")
        return found

    def note_opening_over_cap(self, *, enforced: bool) -> None:
        """Count an opening that is refused, or would be if SHOP_NETWORKS were set."""
        self._metrics.openings_over_cap.labels("refused" if enforced else "let through").inc()
        if not enforced and self._due("openings"):
            _log.warning("opening_over_cap_let_through", todo=_WITHOUT_SHOPS)

    def _tell(self, why: str, remote: str) -> None:
        """Log it seldom, and only of proxies: anybody on the internet may send such a header."""
        address = read_address(remote)
        if address is None or address.is_global or not self._due(why):
            return
        _log.warning("forwarded_header_ignored", why=why, proxy=remote, todo=_ADVICE[why])

    def _due(self, what: str) -> bool:
        now = self._seconds()
        if now - self._told.get(what, float("-inf")) < _SELDOM:
            return False
        self._told[what] = now
        return True

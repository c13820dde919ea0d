"""How often one session, and how much at once one address, may have the supplier asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import ceil
from time import monotonic
from typing import Final

from booking_flow.errors import RefusalCode
from booking_http.web.problems import Problem, problem

_MINUTE: Final = 60.0


class RequestCaps:
    """Counts the requests of this process that ask the supplier."""

    def __init__(
        self,
        *,
        per_session: int,
        at_once: int | None,
        seconds: Callable[[], float] = monotonic,
    ) -> None:
        """Take the most per minute of a session, and at once of an address; None is no limit."""
        self._per_session = per_session
        self._at_once = at_once
        self._seconds = seconds
        self._begun = seconds()
        self._asked: Counter[str] = Counter()
        self._under_way: Counter[str] = Counter()

    @contextmanager
    def counted(self, *, session: str, address: str) -> Iterator[None]:
        """Count a request for as long as the block runs; `session` is empty where there is none.

        Raises:
            Problem: `rate_limited`, with the time after which there is room again.
        """
        self._count(session)
        if self._at_once is not None and self._under_way[address] >= self._at_once:
            raise too_many("Too many requests from here are under way.", seconds=1)
        self._under_way[address] += 1
        try:
            yield
        finally:
            self._under_way[address] -= 1
            if not self._under_way[address]:
                del self._under_way[address]

    def _count(self, session: str) -> None:
        if (over := self._seconds() - self._begun) >= _MINUTE:
            self._asked.clear()
            self._begun, over = self._seconds(), 0.0
        if session and self._asked[session] >= self._per_session:
            raise too_many("Too many requests in this session.", seconds=_MINUTE - over)
        if session:
            self._asked[session] += 1


def too_many(detail: str, *, seconds: float) -> Problem:
    """Build the problem of a caller who has had enough for so many seconds."""
    found = problem(RefusalCode.RATE_LIMITED, detail)
    found.headers = {"Retry-After": str(max(1, ceil(seconds)))}
    return found

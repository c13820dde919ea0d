"""Work that comes to its end although whoever asked for it no longer waits."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

T = TypeVar("T")
_log = structlog.get_logger(__name__)


class BackgroundWork:
    """Runs work in tasks of its own, which neither a hang-up nor a time limit ends."""

    def __init__(self) -> None:
        """Begin with nothing under way."""
        self._running: set[asyncio.Task[Any]] = set()

    async def within(self, seconds: float, work: Coroutine[Any, Any, T]) -> T | None:
        """Return what the work came to, or None when it goes on after so many seconds."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        await asyncio.wait({task}, timeout=seconds)
        if task.done():
            return task.result()
        task.add_done_callback(_tell_of_failure)
        return None

    async def finished(self, seconds: float) -> None:
        """Wait for what is under way, but no longer than so many seconds."""
        if self._running:
            await asyncio.wait(set(self._running), timeout=seconds)


def _tell_of_failure(task: asyncio.Task[Any]) -> None:
    """Say what nobody waits for any more."""
    if not task.cancelled() and (fault := task.exception()) is not None:
        _log.error("background_work_failed", exc_info=fault)

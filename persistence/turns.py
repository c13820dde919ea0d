"""Turns of those who want the same lock: one at a time asks the database, the others wait here."""

from __future__ import annotations

from asyncio import Lock
from weakref import WeakValueDictionary


class Turns:
    """Locks of this process by key, so that who waits for a lock of the database is one alone.

    Everybody else would hold a connection meanwhile, and one caller all of them.
    """

    def __init__(self) -> None:
        """Begin with nobody waiting."""
        self._locks: WeakValueDictionary[str, Lock] = WeakValueDictionary()

    def of(self, key: str) -> Lock:
        """Return the lock of a key; it is forgotten when nobody has or wants it."""
        return self._locks.setdefault(key, Lock())

"""Passwords: hashed by argon2, checked beside the event loop, and as slowly for nobody's."""

from __future__ import annotations

import asyncio
import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 12
"""Characters that a password has at least."""
_TURNS = 2
_HASHER = PasswordHasher()


def hash_password(password: str) -> str:
    """Return what is kept of a password."""
    return _HASHER.hash(password)


def new_secret() -> str:
    """Make a password, cookie or token that nobody can guess."""
    return secrets.token_urlsafe(32)


class Passwords:
    """Checks few passwords at a time, so that guessing eats neither memory nor processors."""

    def __init__(self) -> None:
        """Let everyone wait for their turn."""
        self._turns = asyncio.Semaphore(_TURNS)

    async def is_right(self, password: str, password_hash: str | None) -> bool:
        """Whether the password is the one hashed; without a hash it takes as long to say no."""
        async with self._turns:
            matches = await asyncio.to_thread(_matches, password, password_hash or _nobodys())
        return matches and password_hash is not None


def _matches(password: str, password_hash: str) -> bool:
    try:
        return _HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys() -> str:
    return hash_password(new_secret())

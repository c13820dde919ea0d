"""What a guest's `sessionId` is: a uuid7 that names the row and a secret that opens it."""

from __future__ import annotations

import hashlib
import re
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import uuid_utils

from booking_http.api.idempotency import KeyedHashes

_SHAPE: Final = re.compile(
    r"([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})\.([A-Za-z0-9_-]{43})"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestToken:
    """The two halves of a `sessionId`; only the secret's hash is ever stored."""

    uuid: UUID
    secret: str = field(repr=False)

    @property
    def text(self) -> str:
        """Return the `sessionId` as the guest holds it."""
        return f"{self.uuid}.{self.secret}"

    @property
    def secret_hash(self) -> bytes:
        """Return what the row keeps of the secret."""
        return hashlib.sha256(self.secret.encode()).digest()


def parse(text: str) -> GuestToken | None:
    """Read a `sessionId`; None when it has not the shape of one."""
    found = _SHAPE.fullmatch(text)
    return GuestToken(uuid=UUID(found[1]), secret=found[2]) if found else None


def new_uuid() -> UUID:
    """Return a new row key: a uuid7, so that rows lie in the order they were made."""
    return UUID(int=uuid_utils.uuid7().int)


def random_token() -> GuestToken:
    """Make a `sessionId` with a secret that nothing can derive again."""
    return GuestToken(uuid=new_uuid(), secret=secrets.token_urlsafe(32))


def derived_token(uuid: UUID, *, idempotency_key: str, hashes: KeyedHashes) -> GuestToken:
    """Make the `sessionId` that a replay of the same Idempotency-Key can make again."""
    digest = hashes.digest("session-secret", uuid.bytes, idempotency_key.encode())
    return GuestToken(uuid=uuid, secret=urlsafe_b64encode(digest).rstrip(b"=").decode())

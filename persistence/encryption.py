"""Personal data at rest: a data key per session, wrapped by master keys that rotate."""

from __future__ import annotations

import hmac
import os
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE: Final = 12


class KeyKind(StrEnum):
    """What a key of the settings is for."""

    MASTER = "master"
    """Wraps data keys; `MASTER_KEYS`."""
    SEARCH = "search"
    """Keys the hashes that guests are found by; `SEARCH_KEYS`."""
    HASH = "hash"
    """Keys the hashes of requests, addresses and sign-ins; `HASH_KEY`."""


def key_id(kind: KeyKind, key: bytes) -> int:
    """Return the number that a key is known by where the key itself must not stand; 31 bits."""
    digest = sha256(b"booking-flow\0" + kind.value.encode() + b"\0" + key).digest()
    return int.from_bytes(digest[:4], "big") >> 1


class Vault:
    """Seals and opens personal data, and hashes what must be found without being read.

    `masters` are Fernet keys, the current one first; the older ones still unwrap. `search_keys`
    key the hashes that guests are found by, the current one first.
    """

    def __init__(self, masters: Sequence[str], *, search_keys: Sequence[bytes]) -> None:
        """Take the keys; at least one master, and 32 bytes of each key to hash with."""
        if not masters:
            raise ValueError("a vault needs at least one master key")
        if not search_keys or any(len(key) < 32 for key in search_keys):
            raise ValueError("the key for hashes needs at least 32 bytes")
        self._given = tuple(masters)
        self._masters = MultiFernet([Fernet(master) for master in masters])
        self._search_keys = tuple(search_keys)
        self.master_id = key_id(KeyKind.MASTER, masters[0].encode())
        self.search_key_id = key_id(KeyKind.SEARCH, search_keys[0])

    def by_search_key(self) -> Sequence[Vault]:
        """Return a vault for each key that hashes are made by, the current one first."""
        older = (Vault(self._given, search_keys=[key]) for key in self._search_keys[1:])
        return (self, *older)

    def new_key(self) -> bytes:
        """Make a data key and return it wrapped; it is never stored in the clear."""
        return self._masters.encrypt(AESGCM.generate_key(256))

    def rewrap(self, wrapped: bytes) -> bytes:
        """Wrap a data key by the current master; what it sealed stays as it is."""
        return self._masters.rotate(wrapped)

    def seal(self, wrapped: bytes, plain: bytes, *, session_id: UUID, field: str) -> bytes:
        """Encrypt `plain` for one field of one session; nowhere else can it be opened."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher(wrapped).encrypt(nonce, plain, _bound_to(session_id, field))

    def open(self, wrapped: bytes, sealed: bytes, *, session_id: UUID, field: str) -> bytes:
        """Decrypt what `seal` made for the same field of the same session."""
        nonce, body = sealed[:_NONCE], sealed[_NONCE:]
        return self._cipher(wrapped).decrypt(nonce, body, _bound_to(session_id, field))

    def seal_for_a_while(self, plain: bytes) -> str:
        """Encrypt something short-lived for an address; the time stands in it."""
        return self._masters.encrypt(plain).decode()

    def open_while_fresh(self, token: str, *, life: timedelta) -> bytes | None:
        """Decrypt what `seal_for_a_while` made; None where it is older, or was not made by us."""
        try:
            return self._masters.decrypt(token.encode(), ttl=int(life.total_seconds()))
        except InvalidToken:
            return None

    def keyed_hash(self, purpose: str, value: str | bytes) -> bytes:
        """Return the keyed hash of `value`, different for every purpose."""
        data = value.encode() if isinstance(value, str) else value
        return hmac.digest(self._search_keys[0], purpose.encode() + b"\0" + data, sha256)

    def _cipher(self, wrapped: bytes) -> AESGCM:
        return AESGCM(self._masters.decrypt(wrapped))


def _bound_to(session_id: UUID, field: str) -> bytes:
    return session_id.bytes + field.encode()

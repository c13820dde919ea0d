"""Personal data at rest: a data key per session, wrapped by master keys that rotate."""

from __future__ import annotations

import hmac
import os
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE: Final = 12


class Vault:
    """Seals and opens personal data, and hashes what must be found without being read.

    `masters` are Fernet keys, the current one first; the older ones still unwrap. `hash_key`
    does not rotate with them, since stored hashes cannot be computed anew.
    """

    def __init__(self, masters: Sequence[str], *, hash_key: bytes) -> None:
        """Take the keys; at least one master and 32 bytes to hash with."""
        if not masters:
            raise ValueError("a vault needs at least one master key")
        if len(hash_key) < 32:
            raise ValueError("the key for hashes needs at least 32 bytes")
        self._masters = MultiFernet([Fernet(master) for master in masters])
        self._hash_key = hash_key

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
        return hmac.digest(self._hash_key, purpose.encode() + b"\0" + data, sha256)

    def _cipher(self, wrapped: bytes) -> AESGCM:
        return AESGCM(self._masters.decrypt(wrapped))


def _bound_to(session_id: UUID, field: str) -> bytes:
    return session_id.bytes + field.encode()

"""Idempotency-Key: what a key is bound to, and how two requests are told apart."""

from __future__ import annotations

import hmac
import json
import re
from dataclasses import dataclass, field
from typing import Final

from booking_flow.model.change import IdempotencyBinding
from booking_http.web.problems import EdgeCode, problem

_SHAPE: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{14,253})[\x21-\x7e]")
_GUESSED_BY_NOBODY: Final = re.compile(
    r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}|[A-Za-z0-9+/_-]{32,253}={0,2}"
)
_NEVER_HASHED: Final = frozenset({"cvv"})


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedHashes:
    """Hashes only this service can make; `key` is derived from the newest master key."""

    key: bytes = field(repr=False)

    def digest(self, purpose: str, *parts: bytes) -> bytes:
        """Return the keyed hash of `parts` for one purpose."""
        framed = b"".join(
            len(part).to_bytes(8, "big") + part for part in (purpose.encode(), *parts)
        )
        return hmac.digest(self.key, framed, "sha256")

    def address(self, address: str) -> bytes:
        """Return the hash under which a caller's address is remembered."""
        return self.digest("address", address.encode())


def read_key(header: str | None) -> str | None:
    """Check an Idempotency-Key header; None when there is none."""
    if header is not None and not _SHAPE.fullmatch(header):
        raise problem(
            EdgeCode.BAD_REQUEST, "Idempotency-Key has 16 to 255 printable ASCII characters."
        )
    return header


def read_secret_key(header: str | None) -> str | None:
    """Check the Idempotency-Key of a request that opens a session; None when there is none.

    Whoever knows it and shares the address is shown the session's secret, so nobody may guess it.
    """
    if header is not None and not _GUESSED_BY_NOBODY.fullmatch(header):
        raise problem(
            EdgeCode.BAD_REQUEST,
            "Idempotency-Key is a UUID here, or at least 32 characters of hex or base64.",
        )
    return header


def bind(
    key: str, *, scope: str, route: str, body: object, success_status: int, hashes: KeyedHashes
) -> IdempotencyBinding:
    """Tie a key to one request of one caller; neither key nor body can be read back."""
    return IdempotencyBinding(
        scope=scope,
        route=route,
        key_hash=hashes.digest("idempotency-key", key.encode()),
        fingerprint=hashes.digest("idempotency-body", route.encode(), canonical(body)),
        success_status=success_status,
    )


def canonical(body: object) -> bytes:
    """Return the same bytes for bodies that mean the same, without the card's security code."""
    return json.dumps(
        _without_secrets(body), sort_keys=True, separators=(",", ":"), ensure_ascii=True
    ).encode()


def _without_secrets(value: object) -> object:
    if isinstance(value, dict):
        return {k: _without_secrets(v) for k, v in value.items() if k not in _NEVER_HASHED}
    if isinstance(value, list):
        return [_without_secrets(item) for item in value]
    return value

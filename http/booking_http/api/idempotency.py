"""Idempotency-Key: what a key is bound to, and how two requests are told apart."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from booking_flow.model.card_numbers import holds_card_number, issuer_of
from booking_flow.model.change import IdempotencyBinding
from booking_http.web.problems import EdgeCode, problem

_SHAPE: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{14,253})[\x21-\x7e]")
_GUESSED_BY_NOBODY: Final = re.compile(
    r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}|[A-Za-z0-9+/_-]{32,253}={0,2}"
)
_LETTER: Final = re.compile("[A-Za-z]")
_CARD: Final = frozenset({"cardNumber", "cvv", "expiryYear"})
"""Of a card brand, last four digits and month of expiry tell two requests apart; with more of it
whoever has the database and its keys could find the number out."""
_VERSION: Final = b"\x02"
"""Precedes a fingerprint; the first ones, of 32 bytes, had none and held the card's number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedHashes:
    """Hashes only this service can make; what the `older` ones made is accepted meanwhile."""

    key: bytes = field(repr=False)
    older: tuple[KeyedHashes, ...] = ()

    @classmethod
    def of(cls, keys: Sequence[str]) -> KeyedHashes:
        """Return the hashes by the first of these keys, which accept those by the others."""
        current, *older = (key.encode() for key in keys)
        return cls(key=current, older=tuple(cls(key=key) for key in older))

    @property
    def accepted(self) -> tuple[KeyedHashes, ...]:
        """Return these hashes and the older ones."""
        return (self, *self.older)

    def is_digest(self, given: str, purpose: str, *parts: bytes) -> bool:
        """Whether this is the hash of `parts` in hex, by any key that is accepted."""
        made = (each.digest(purpose, *parts).hex().encode() for each in self.accepted)
        return any(hmac.compare_digest(given.encode(), each) for each in made)

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
    # Only a key without letters: one random UUID in ten thousand looks like a card number in part.
    if header is not None and not _LETTER.search(header) and holds_card_number(header):
        raise problem(EdgeCode.BAD_REQUEST, "Idempotency-Key must not hold a card number.")
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
        fingerprint=_VERSION + hashes.digest("idempotency-body:2", route.encode(), canonical(body)),
        success_status=success_status,
        older_fingerprints=(hashes.digest("idempotency-body", route.encode(), _with_card(body)),),
    )


def canonical(body: object) -> bytes:
    """Return the same bytes for bodies that mean the same; no card can be found out from them."""
    return _json(_without_cards(body))


def _with_card(body: object) -> bytes:
    """Return what the first fingerprints were made of; to go one release after 0.3."""
    return _json(_without(body, frozenset({"cvv"})))


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def _without_cards(value: object) -> object:
    if isinstance(value, dict):
        kept = {k: _without_cards(v) for k, v in value.items() if k not in _CARD}
        return kept | _mask(value)
    if isinstance(value, list):
        return [_without_cards(item) for item in value]
    return value


def _mask(body: dict[str, object]) -> dict[str, object]:
    number = body.get("cardNumber")
    if not isinstance(number, str):
        return {}
    issuer = issuer_of(number)
    return {"cardBrand": issuer and issuer.name, "cardLast4": number[-4:]}


def _without(value: object, left_out: frozenset[str]) -> object:
    if isinstance(value, dict):
        return {k: _without(v, left_out) for k, v in value.items() if k not in left_out}
    if isinstance(value, list):
        return [_without(item, left_out) for item in value]
    return value


def same_request(stored: bytes, binding: IdempotencyBinding) -> bool:
    """Whether a stored fingerprint is of this request, made by this program or the one before."""
    made = (binding.fingerprint, *binding.older_fingerprints)
    return any(hmac.compare_digest(stored, each) for each in made)

"""What a commit writes of personal data: sealed details, sealed passengers, search hashes."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from booking_flow.model.party import Details
from booking_flow.model.session import NO_DETAILS
from persistence.codec import decode, encode
from persistence.encryption import Vault
from persistence.search import VERSION, search_hashes

DETAILS: Final = "details"


def details_values(
    vault: Vault, wrapped: bytes, session_id: UUID, details: Details
) -> dict[str, Any]:
    """Seal the details and hash what they can be found by."""
    hashes = search_hashes(vault, details)
    return {
        "details_ciphertext": _seal(vault, wrapped, session_id, details),
        "kinds": [kind.value for kind, _ in hashes],
        "hashes": [value for _, value in hashes],
        "search_version": VERSION,
        "search_key_id": vault.search_key_id,
    }


def passenger_values(
    vault: Vault, wrapped: bytes, session_id: UUID, details: Details
) -> dict[str, Any]:
    """Seal each passenger for a row of their own."""
    guests = range(1, len(details.passengers) + 1)
    return {
        "guests": list(guests),
        "sealed": [
            vault.seal(
                wrapped, encode(passenger).encode(), session_id=session_id, field=f"guest {guest}"
            )
            for guest, passenger in zip(guests, details.passengers, strict=True)
        ],
    }


def open_details(
    vault: Vault, wrapped: bytes | None, session_id: UUID, sealed: bytes | None
) -> Details:
    """Read the details back; once erased there are none."""
    if wrapped is None or sealed is None:
        return NO_DETAILS
    return decode(vault.open(wrapped, sealed, session_id=session_id, field=DETAILS), Details)


def _seal(vault: Vault, wrapped: bytes, session_id: UUID, details: Details) -> bytes | None:
    if details == NO_DETAILS:
        return None
    return vault.seal(wrapped, encode(details).encode(), session_id=session_id, field=DETAILS)

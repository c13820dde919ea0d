"""How staff find a session by e-mail, surname or phone without these being readable."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from enum import StrEnum

from booking_flow.model.party import Details
from persistence.encryption import Vault


class SearchKind(StrEnum):
    """What a session can be found by."""

    EMAIL = "email"
    SURNAME = "surname"
    PHONE = "phone"


def normalise(kind: SearchKind, value: str) -> str:
    """Return the form in which two spellings of one thing are equal."""
    if kind is SearchKind.PHONE:
        return "".join(character for character in value if character.isdecimal()).lstrip("0")
    folded = unicodedata.normalize("NFKD", value.casefold())
    plain = "".join(character for character in folded if not unicodedata.combining(character))
    return "".join(plain.split())


def search_hash(vault: Vault, kind: SearchKind, value: str) -> bytes:
    """Return the keyed hash a session is found under."""
    return vault.keyed_hash(f"search:{kind.value}", normalise(kind, value))


def search_hashes(vault: Vault, details: Details) -> list[tuple[SearchKind, bytes]]:
    """Return every key under which a session with these details is found."""
    return sorted({(kind, search_hash(vault, kind, value)) for kind, value in _found_by(details)})


def _found_by(details: Details) -> Iterator[tuple[SearchKind, str]]:
    if details.contact is not None:
        yield SearchKind.EMAIL, details.contact.email
        yield SearchKind.SURNAME, details.contact.last_name
        yield SearchKind.PHONE, details.contact.phone
    for passenger in details.passengers:
        yield SearchKind.SURNAME, passenger.last_name

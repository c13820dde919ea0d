"""How staff find a session by e-mail, name or phone without these being readable.

Names and telephones lie there under every key by which somebody may ask for them. The hashes
carry a version: those of the release before are asked for as well, and made anew by and by
(`persistence/search_renewal.py`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from booking_flow.model.names import keys_of_query, search_keys
from booking_flow.model.party import Details
from persistence.encryption import Vault

VERSION: Final = 2
"""Of what is hashed; the first knew surnames and telephones as a whole only."""
SHORTEST_PHONE: Final = 6
"""Digits by which a telephone is looked for at least."""
_TRUNK: Final = re.compile(r"\(\s*0\s*\)")


class SearchKind(StrEnum):
    """What a session can be found by; a surname stands for any name."""

    EMAIL = "email"
    SURNAME = "surname"
    PHONE = "phone"


def phone_digits(text: str) -> str:
    """Return the digits of a telephone without what is dialled before them in its own country."""
    return "".join(filter(str.isdecimal, _TRUNK.sub("", text))).lstrip("0")


def search_hashes(vault: Vault, details: Details) -> list[tuple[SearchKind, bytes]]:
    """Return every hash under which a session with these details is found."""
    found = {(kind, _hash(vault, kind, key)) for kind, key in _found_by(details)}
    return sorted(found)


def hashes_of_query(vault: Vault, kind: SearchKind, words: str) -> list[bytes]:
    """Return the hashes under which what somebody asks for may lie, the older ones among them."""
    keys = {SearchKind.SURNAME: keys_of_query, SearchKind.PHONE: _asked_phone}.get(kind)
    return sorted(
        {
            made
            for each in vault.by_search_key()
            for made in (
                *(_hash(each, kind, key) for key in (keys(words) if keys else ())),
                first_hash(each, kind, words),
            )
        }
    )


def _asked_phone(words: str) -> frozenset[str]:
    return frozenset({phone_digits(words)})


def _hash(vault: Vault, kind: SearchKind, key: str) -> bytes:
    if kind is SearchKind.EMAIL:
        return first_hash(vault, kind, key)
    return vault.keyed_hash(f"search:{VERSION}:{kind.value}", key)


def _found_by(details: Details) -> Iterator[tuple[SearchKind, str]]:
    contact = details.contact
    if contact is not None:
        yield SearchKind.EMAIL, contact.email
        for phone in filter(None, (contact.phone, contact.phone_e164)):
            yield from ((SearchKind.PHONE, key) for key in _phone_keys(phone))
    for someone in (contact, *details.passengers):
        if someone is not None:
            keys = search_keys(someone.first_name, someone.last_name)
            yield from ((SearchKind.SURNAME, key) for key in keys)


def _phone_keys(phone: str) -> Iterator[str]:
    """Return every ending by which a telephone may be looked for."""
    digits = phone_digits(phone)
    yield digits
    yield from (digits[start:] for start in range(1, len(digits) - SHORTEST_PHONE + 1))


def first_hash(vault: Vault, kind: SearchKind, value: str) -> bytes:
    """Return the only hash of the first version, which is that of e-mail addresses still."""
    return vault.keyed_hash(f"search:{kind.value}", _first_form(kind, value))


def _first_form(kind: SearchKind, value: str) -> str:
    if kind is SearchKind.PHONE:
        return "".join(character for character in value if character.isdecimal()).lstrip("0")
    folded = unicodedata.normalize("NFKD", value.casefold())
    plain = "".join(character for character in folded if not unicodedata.combining(character))
    return "".join(plain.split())

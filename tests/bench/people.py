"""Guests by the hundred thousand: a few surnames are everywhere and most are rare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, product
from random import Random
from typing import Any, Final
from uuid import UUID

from booking_flow.model.party import Contact, Details
from persistence.encryption import Vault
from persistence.personal import details_values
from tests.support.service import HASH_KEY, MASTER_KEY

_STARTS: Final = "Ash Bar Bed Cal Cor Dal Ed Far Gar Had Hol Kel Lan Mar Nor Oak Pem Ros Sel Tor"
_MIDDLES: Final = "a ber den do el en fi ga i la ma ne o ra ri sa ta ve win yo"
_ENDS: Final = "brook burn by cliff cote dale field ford gate ham holt hurst ley low mere ridge"
SURNAMES: Final = tuple(map("".join, product(_STARTS.split(), _MIDDLES.split(), _ENDS.split())))
_SPREAD: Final = 12
"""The larger, the rarer the commonest surname; with this one guest in eighty has it."""
_WEIGHTS: Final = tuple(accumulate(1 / (rank + _SPREAD) for rank in range(1, len(SURNAMES) + 1)))
FIRST_NAMES: Final = ("Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gwen", "Hugo", "Ida", "Jon")
_REGULARS: Final = 400_000
"""How many e-mail addresses and telephones there are."""


class People:
    """Draws guests and seals what they typed, as the store does."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._vault = Vault([MASTER_KEY], search_keys=[HASH_KEY.encode()])
        self._key = self._vault.new_key()

    @property
    def wrapped_key(self) -> bytes:
        """Return the data key; they all share one, since making a million takes a minute."""
        return self._key

    def surnames(self, number: int) -> Sequence[str]:
        """Draw so many surnames, the first in the list most often."""
        return self._random.choices(SURNAMES, cum_weights=_WEIGHTS, k=number)

    def values(self, session_id: UUID, surname: str, typed: Details) -> dict[str, Any]:
        """Return what is stored of somebody with this surname who typed such details."""
        return details_values(self._vault, self._key, session_id, self._of(surname, typed))

    def _of(self, surname: str, typed: Details) -> Details:
        contact = self._contact(surname, typed.contact) if typed.contact else None
        travellers = tuple(replace(each, last_name=surname) for each in typed.passengers)
        return replace(typed, contact=contact, passengers=travellers)

    def _contact(self, surname: str, typed: Contact) -> Contact:
        regular, first = self._random.randrange(_REGULARS), self._random.choice(FIRST_NAMES)
        return replace(
            typed,
            first_name=first,
            last_name=surname,
            email=f"{first}.{surname}{regular}@example.test".lower(),
            phone=f"+1 555 {regular:07}",
        )

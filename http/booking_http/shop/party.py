"""Who travels, as it stands in an address or a form: adults, and an age for each child."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from booking_flow.model.party import MAX_CHILD_AGE
from booking_http.shop.texts import N_

MOST: Final = 8
"""Guests who can be booked together."""
CHILDREN: Final = MOST - 1
OLDEST_CHILD: Final = MAX_CHILD_AGE
AGE_MISSING: Final = N_("Choose how old each child will be on the day of sailing.")
TOO_MANY: Final = N_("At most %(most)s guests can be booked together. Call us for more.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyChoice:
    """A party that a guest chose; an age that is not chosen yet is None."""

    adults: int = 2
    ages: tuple[int | None, ...] = ()

    @property
    def children(self) -> int:
        """How many children travel."""
        return len(self.ages)

    @property
    def size(self) -> int:
        """How many people travel."""
        return self.adults + self.children

    @property
    def fields(self) -> dict[str, str]:
        """Return the party as a form has it."""
        ages = {f"age{number}": str(age) for number, age in self.numbered if age is not None}
        return {"adults": str(self.adults), "children": str(self.children), **ages}

    @property
    def numbered(self) -> list[tuple[int, int | None]]:
        """Return the children's ages by their numbers."""
        return list(enumerate(self.ages, start=1))

    @property
    def fault(self) -> str | None:
        """Say why nobody can ask for prices for this party, if so."""
        if self.size > MOST:
            return TOO_MANY
        return AGE_MISSING if None in self.ages else None


def party_of(fields: Mapping[str, str]) -> PartyChoice:
    """Read a party; what cannot be is taken for what it usually is."""
    adults = _number(fields.get("adults"), least=1, most=MOST)
    children = _number(fields.get("children"), least=0, most=CHILDREN) or 0
    ages = tuple(
        _number(fields.get(f"age{number}"), least=0, most=OLDEST_CHILD)
        for number in range(1, children + 1)
    )
    return PartyChoice(adults=2 if adults is None else adults, ages=ages)


def _number(text: str | None, *, least: int, most: int) -> int | None:
    if text is None or not text.isascii() or not text.isdecimal() or len(text) > 2:
        return None
    return number if least <= (number := int(text)) <= most else None

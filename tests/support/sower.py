"""Card numbers that nobody else has, to be typed where none belongs and looked for everywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Final
from uuid import uuid4

from booking_flow.model.card_numbers import luhn_valid

_BEGINNING: Final = "411723"
_BETWEEN: Final = rb"(?:[ \xc2\xa0+-]|%20|%C2%A0|&nbsp;|\\u00a0|\\xa0)*"
"""What separates groups of digits, as pages, addresses and logs write it."""
_SEPARATOR: Final = re.compile(_BETWEEN)
_ALIKE: Final = re.compile(
    rb"4117" + _BETWEEN + rb"23\d\d" + _BETWEEN + rb"\d{4}" + _BETWEEN + rb"\d{4}"
)


@dataclass(slots=True)
class Sower:
    """Makes card numbers that nobody else has, each written as people write them."""

    sown: list[str] = field(default_factory=list)
    _stems: Iterator[int] = field(default_factory=lambda: count(uuid4().int % 10**9))

    def bare(self) -> str:
        """Return the next number, without separators."""
        stem = f"{_BEGINNING}{next(self._stems) % 10**9:09}"
        number = next(stem + str(n) for n in range(10) if luhn_valid(stem + str(n)))
        self.sown.append(number)
        return number

    def spaced(self) -> str:
        """Return the next number in groups."""
        number, separator = self.bare(), (" ", "-", "  ", "\u00a0")[len(self.sown) % 4]
        return separator.join(number[start : start + 4] for start in range(0, 16, 4))

    def found_in(self, text: str) -> list[str]:
        """Return the last digits of numbers that are in a text, in whatever spelling."""
        return self.found_in_bytes(text.encode())

    def found_in_bytes(self, content: bytes) -> list[str]:
        """Return the last digits of numbers that are in what is written in UTF-8."""
        alike = {_SEPARATOR.sub(b"", found).decode() for found in _ALIKE.findall(content)}
        return [number[-4:] for number in self.sown if number in alike]

"""Card numbers in texts where none belongs, however they are spaced (ISO/IEC 7812)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Who issues cards, by the first digits of their numbers and how many digits these have."""

    name: str
    prefixes: tuple[range, ...]
    """Whole prefixes as numbers; all numbers of one range have as many digits as its first."""
    lengths: frozenset[int]


VISA: Final = Issuer(name="Visa", prefixes=(range(4, 5),), lengths=frozenset({13, 16, 19}))
MASTERCARD: Final = Issuer(
    name="Mastercard", prefixes=(range(51, 56), range(2221, 2721)), lengths=frozenset({16})
)
AMEX: Final = Issuer(
    name="American Express", prefixes=(range(34, 35), range(37, 38)), lengths=frozenset({15})
)
DISCOVER: Final = Issuer(
    name="Discover",
    prefixes=(range(6011, 6012), range(644, 650), range(65, 66)),
    lengths=frozenset({16, 19}),
)
DINERS: Final = Issuer(
    name="Diners Club",
    prefixes=(range(300, 306), range(36, 37), range(38, 40)),
    lengths=frozenset({14, 16, 19}),
)
JCB: Final = Issuer(name="JCB", prefixes=(range(3528, 3590),), lengths=frozenset(range(16, 20)))
UNIONPAY: Final = Issuer(
    name="UnionPay", prefixes=(range(62, 63), range(81, 82)), lengths=frozenset(range(16, 20))
)
MAESTRO: Final = Issuer(
    name="Maestro",
    prefixes=tuple(
        range(prefix, prefix + 1)
        for prefix in (5018, 5020, 5038, 5893, 6304, 6759, 6761, 6762, 6763, 6767)
    ),
    lengths=frozenset(range(13, 20)),
)
"""Its numbers of twelve digits are left out: reservations and telephones have as many."""
ISSUERS: Final = (VISA, MASTERCARD, AMEX, DISCOVER, DINERS, JCB, UNIONPAY, MAESTRO)
_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
_PREFIX: Final = 4
SHORTEST: Final = min(min(issuer.lengths) for issuer in ISSUERS)
"""How many digits the shortest card number has."""
_STRETCH: Final = re.compile(rf"[^A-Za-z]{{{SHORTEST},}}")
"""Where a card number can be at all, since a letter ends it; most texts have no such place."""
_DIALLED: Final = 13
"""Digits of a telephone with its country's code, mobile ones in Germany (+49) among them, of which
every tenth would be a Visa card of the old length."""


def _whole_prefixes(issuer: Issuer) -> Iterator[str]:
    for span in issuer.prefixes:
        for prefix in map(str, span):
            missing = _PREFIX - len(prefix)
            yield from (f"{prefix}{rest:0{missing}}"[:_PREFIX] for rest in range(10**missing))


_BY_PREFIX: Final = MappingProxyType(
    {prefix: issuer for issuer in ISSUERS for prefix in _whole_prefixes(issuer)}
)


@dataclass(slots=True)
class _Run:
    """Digits that no letter separates: their values, their places in the text, and their groups."""

    values: list[int] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    begins: list[bool] = field(default_factory=list)
    """Whether a separator, or nothing, stands before a digit."""
    dialled: set[int] = field(default_factory=set)
    """Which digits follow a plus, as those of a telephone do."""


def issuer_of(number: str) -> Issuer | None:
    """Return whose numbers begin as this one does."""
    return _BY_PREFIX.get(number[:_PREFIX])


def luhn_valid(number: str) -> bool:
    """Whether the check digit fits (ISO/IEC 7812-1, annex B)."""
    digits = [int(digit) for digit in reversed(number)]
    return (sum(digits[::2]) + sum(_DOUBLED[digit] for digit in digits[1::2])) % 10 == 0


def holds_card_number(text: str) -> bool:
    """Whether a text that a person typed holds a card number.

    Whatever is no letter and no digit separates digits; a letter ends a run of them. A hit begins
    and ends with a group of digits or lies at either end of one group, so that neighbouring
    telephone numbers are none. The time is in proportion to the length of the text.
    """
    return any(True for _ in _spans(text, anywhere=False))


def mask_card_numbers(text: str, mask: str) -> str:
    """Replace every run of digits that could be a card number, wherever it begins within others."""
    if len(text) < SHORTEST:
        return text
    kept, end = [], 0
    for start, stop in sorted(_spans(text, anywhere=True)):
        if stop > end:
            kept += [text[end : max(start, end)], mask if start >= end else ""]
            end = stop
    return "".join((*kept, text[end:]))


def _spans(text: str, *, anywhere: bool) -> Iterator[tuple[int, int]]:
    for stretch in _STRETCH.finditer(text):
        if _begins_somewhere(stretch[0]):
            for run in _runs(stretch[0], at=stretch.start()):
                yield from _spans_of_run(run, anywhere=anywhere)


def _begins_somewhere(text: str) -> bool:
    """Whether digits are left for a number after the first of some issuer, whatever is between."""
    digits = "".join(filter(str.isdigit, text))
    if not digits.isascii():
        digits = "".join(str(unicodedata.digit(each)) for each in digits)
    starts = range(len(digits) - SHORTEST + 1)
    return any(issuer_of(digits[start:]) for start in starts)


def _runs(text: str, *, at: int) -> Iterator[_Run]:
    run, begins, before = _Run(), True, ""
    for place, character in enumerate(text, start=at):
        value = unicodedata.digit(character, -1)
        if value >= 0:
            if before == "+":
                run.dialled.add(len(run.values))
            run.values.append(value)
            run.places.append(place)
            run.begins.append(begins)
        elif character.isalpha():
            yield run
            run = _Run()
        begins, before = value < 0, character
    yield run


def _spans_of_run(run: _Run, *, anywhere: bool) -> Iterator[tuple[int, int]]:
    digits = "".join(map(str, run.values))
    sums = (_sums(run, plain=0), _sums(run, plain=1))
    for start in range(len(digits)):
        for end in _ends(digits, start):
            total = sums[(end - 1) % 2]
            fits = (total[end] - total[start]) % 10 == 0
            if fits and (anywhere or _stands_alone(run, start, end)):
                yield run.places[start], run.places[end - 1] + 1


def _ends(digits: str, start: int) -> Iterable[int]:
    issuer = issuer_of(digits[start : start + _PREFIX])
    lengths = issuer.lengths if issuer else ()
    return [start + length for length in lengths if start + length <= len(digits)]


def _sums(run: _Run, *, plain: int) -> list[int]:
    """Return the sums of all digits before each; every second one, by its parity, is doubled."""
    values = (
        value if index % 2 == plain else _DOUBLED[value] for index, value in enumerate(run.values)
    )
    return list(accumulate(values, initial=0))


def _stands_alone(run: _Run, start: int, end: int) -> bool:
    if start in run.dialled and end - start <= _DIALLED:
        return False
    begins = run.begins[start]
    ends = end == len(run.begins) or run.begins[end]
    one_group = not any(run.begins[start + 1 : end])
    return (begins and ends) or (one_group and (begins or ends))

"""Names of people: what is seen of them, and when two spellings are one name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import product
from typing import Final

_STROKES: Final = str.maketrans(
    dict(zip("øłđðħŧŋ\u0131ȷɓɗƙƴĸɨʉ", "olddhtnijbdkykiu", strict=True))
    | {"æ": "ae", "œ": "oe", "þ": "th", "ß": "ss"}
)
"""Letters that no decomposition takes apart; some are their neighbours with a stroke."""
_DIGRAPHS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})
"""How German and the Nordic languages write these without their marks."""
_APOSTROPHES: Final = frozenset("\u02b9\u02ba\u02bb\u02bc\u02bd\u02be\u02bf\u02c8\ua78b\ua78c")
"""Modifier letters that are typed for an apostrophe, such as that of Hawaiian."""
_KANA_MARKS: Final = frozenset("\u3099\u309a")
"""They make another syllable, not another spelling."""
_UNSEEN: Final = frozenset(
    map(
        chr,
        (
            *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0),
            *(*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)),
        ),
    )
)
"""Letters and marks that nobody sees (Unicode's default ignorable code points)."""
_PART: Final = re.compile(r"[\s\-\u2010-\u2015]+")
_TITLES: Final = frozenset(
    ("mr", "mrs", "ms", "miss", "mx", "dr", "prof", "sir", "herr", "frau", "mme", "mlle", "sr")
)
_MOST_PARTS: Final = 4


def clean(text: str) -> str:
    """Drop what cannot be seen, bidirectional controls among it, and make blanks single ones."""
    seen = (
        " " if unicodedata.category(each)[0] == "Z" else each
        for each in text
        if unicodedata.category(each) != "Cf" and each not in _UNSEEN
    )
    return re.sub(" +", " ", unicodedata.normalize("NFC", "".join(seen))).strip()


def has_letter(text: str) -> bool:
    """Whether a letter of any script can be seen in it."""
    return any(_is_letter(each) for each in text)


def _is_letter(character: str) -> bool:
    ignored = character in _UNSEEN or character in _APOSTROPHES
    return not ignored and unicodedata.category(character)[0] == "L"


def fold(text: str) -> str:
    """Return what all spellings of a name have in common; only nothing folds to nothing.

    Case, marks, strokes, ligatures, apostrophes, hyphens and blanks make no difference; scripts
    do. Folding twice changes nothing more.
    """
    folded = _folded(text)
    while (again := _folded(folded)) != folded:
        folded = again
    return folded or text


def _folded(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.casefold()).translate(_STROKES)
    return unicodedata.normalize("NFC", "".join(filter(_counts, letters)))


def _counts(character: str) -> bool:
    """Whether a character tells one name from another: vowel signs do, accents do not."""
    if character in _UNSEEN or character in _APOSTROPHES:
        return False
    match unicodedata.category(character)[0]:
        case "L" | "N":
            return True
        case "M":
            return unicodedata.combining(character) == 0 or character in _KANA_MARKS
        case _:
            return False


def spellings(text: str) -> frozenset[str]:
    """Return the folded spellings of a name: Müller is Muller and Mueller."""
    return frozenset(fold(each) for each in _written(text))


def _written(text: str) -> Iterator[str]:
    yield text
    yield unicodedata.normalize("NFC", text.casefold()).translate(_DIGRAPHS)


def same_name(one: str, other: str) -> bool:
    """Whether two names may be spellings of one; a part of a name is not the name."""
    return not spellings(one).isdisjoint(spellings(other))


def search_keys(first: str, last: str) -> frozenset[str]:
    """Return everything folded under which a person is looked for.

    That is each name and each part of it by itself, and any of the first names with any of the
    last ones, whichever stands in front.
    """
    found: set[str] = set()
    for ours, family in zip(_written(first), _written(last), strict=True):
        firsts, lasts = _parts(ours), _parts(family)
        pairs = ((a + b, b + a) for a, b in product(firsts, lasts))
        found |= {*firsts, *lasts, *(each for pair in pairs for each in pair)}
    return frozenset(found)


def _parts(name: str) -> set[str]:
    """Return a name and its parts, folded; an initial beside others finds too many."""
    halves = [fold(part) for part in _PART.split(name)[:_MOST_PARTS]]
    return {fold(name)} | {key for key in halves if key and not _initial(key)}


def _initial(key: str) -> bool:
    return len(key) == 1 and key.isascii()


def keys_of_query(query: str) -> frozenset[str]:
    """Return what somebody may look for who types this: a name or several, titles apart.

    A word that is a title elsewhere may be the name itself, so both are looked for.
    """
    words = query.replace(",", " ").split()
    meant = [query, " ".join(word for word in words if not _title(word))]
    while words and _title(words[0]):
        words = words[1:]
        meant.append(" ".join(words))
    return frozenset().union(*(spellings(each) for each in meant if each))


def _title(word: str) -> bool:
    return word.strip(".").casefold() in _TITLES

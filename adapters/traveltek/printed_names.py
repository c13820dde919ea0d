"""How the cruise line prints a name (traveltek.md, section 7)."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from anyascii import anyascii

from booking_flow.model.party import Passenger

_SIGNS: Final = frozenset(".'`-\u2018\u2019\u2010\u2011\u2012\u2013\u00b4")
_UNPRINTED: Final = re.compile(r"[^A-Za-z .'-]+")


def printed_name(name: str) -> str:
    """Return a name in the letters A to Z, as tickets and machine-readable passports have it.

    The one rule for all scripts: marks and strokes go, other scripts are transliterated, blanks,
    hyphens, apostrophes and full stops stay, anything else goes. Empty where no letter is left.
    """
    written = anyascii("".join(filter(_is_written, name))).replace("`", "'")
    printed = " ".join(_UNPRINTED.sub("", written).split())
    return printed if re.search("[A-Za-z]", printed) else ""


def _is_written(character: str) -> bool:
    """Whether a character is part of a name: a digit or a picture is not, though it has a name."""
    return unicodedata.category(character)[0] in "LMZ" or character in _SIGNS


def printed_first(passenger: Passenger) -> str:
    """Return a traveller's first name for the wire."""
    return passenger.printed_first_name or printed_name(passenger.first_name)


def printed_last(passenger: Passenger) -> str:
    """Return a traveller's last name for the wire."""
    return passenger.printed_last_name or printed_name(passenger.last_name)

"""Languages of the guest's pages: one catalogue of texts, and which language a browser wants."""

from __future__ import annotations

import gettext
from collections.abc import Sequence
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Final

from babel import Locale, negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES: Final[tuple[str, ...]] = ("en", "de")
"""The first is what the texts are written in."""
NAMES: Final = {"en": "English", "de": "Deutsch"}
_FOLDER: Final = Path(__file__).resolve().parent / "translations"
_MOST: Final = 10
"""Languages of a browser that are looked at."""


def N_(text: str) -> str:  # noqa: N802 - what gettext's tools look for
    """Mark a text that is translated where it is shown."""
    return text


@lru_cache
def catalogue(language: str) -> gettext.NullTranslations:
    """Return the texts in a language; English is what the texts themselves are."""
    file = _FOLDER / f"{language}.po"
    if not file.exists():
        return gettext.NullTranslations()
    compiled = BytesIO()
    with file.open("rb") as source:
        write_mo(compiled, read_po(source, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


@lru_cache
def locale_of(language: str, *, country: str = "") -> Locale:
    """Return how numbers and dates are written."""
    return Locale.parse(f"{language}_{country}" if country else language)


def wanted(accepted: str, *, chosen: str | None) -> str:
    """Return the language to speak: the one chosen, or the best of an Accept-Language header."""
    if chosen in LANGUAGES:
        return chosen
    return negotiate_locale(_ranked(accepted), LANGUAGES, sep="-") or LANGUAGES[0]


def _ranked(header: str) -> Sequence[str]:
    """Return the languages of a header, the most wanted first."""
    ranges = [part.strip().partition(";q=") for part in header.split(",")[:_MOST]]
    rated = [(name, _weight(quality)) for name, _, quality in ranges if name]
    return [name for name, weight in sorted(rated, key=lambda each: -each[1]) if weight]


def _weight(quality: str) -> float:
    try:
        return float(quality or 1)
    except ValueError:
        return 0.0

"""Which texts the guest's pages show, found as gettext's tools find them."""

from __future__ import annotations

from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import booking_http.shop

FOLDER = Path(booking_http.shop.__file__).parent
TRANSLATIONS = FOLDER / "translations"
_METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
_KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}


def shown() -> list[str | tuple[str, ...]]:
    """Return every text, once, in the order of the files."""
    found = extract_from_dir(FOLDER, _METHODS, keywords=_KEYWORDS)
    return list(dict.fromkeys(message for _, _, message, _, _ in found))


def translated(language: str) -> Catalog:
    """Return what the catalogue of a language holds."""
    with (TRANSLATIONS / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)

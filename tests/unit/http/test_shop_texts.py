"""The catalogue of texts: every text of the pages in every language, with the same places."""

from __future__ import annotations

import re

import pytest

from booking_http.shop.texts import LANGUAGES, wanted
from tests.support.shop_texts import shown, translated

OTHERS = LANGUAGES[1:]
PLACES = re.compile(r"%\(\w+\)s|\{\w+\}")


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_translated_and_no_other_is_kept(language: str) -> None:
    held = {message.id: message for message in translated(language) if message.id}
    assert set(held) == set(shown())
    assert [m.id for m in held.values() if not m.string or m.fuzzy] == []


@pytest.mark.parametrize("language", OTHERS)
def test_what_goes_into_a_text_goes_into_its_translation(language: str) -> None:
    for message in translated(language):
        one = message.id if isinstance(message.id, str) else message.id[-1]
        texts = [message.string] if isinstance(message.string, str) else message.string or []
        for text in texts if message.id else ():
            assert set(PLACES.findall(text)) == set(PLACES.findall(one)), message.id


@pytest.mark.parametrize(
    ("header", "chosen", "language"),
    [
        ("", None, "en"),
        ("de-AT,de;q=0.9,en;q=0.5", None, "de"),
        ("fr,de;q=0.2", None, "de"),
        ("en;q=0.1,de;q=0.9", None, "de"),
        ("de", "en", "en"),
        ("de;q=x", "xx", "en"),
    ],
)
def test_a_browser_is_answered_in_the_language_it_wants(
    header: str, chosen: str | None, language: str
) -> None:
    assert wanted(header, chosen=chosen) == language

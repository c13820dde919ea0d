"""Looks for words in what was printed, sent or stored."""

import re
from collections.abc import Iterable


def told(words: Iterable[str], text: str) -> list[str]:
    """Return the words that stand in a text by themselves.

    Four digits inside a random id or a time are no card's last four.
    """
    return [word for word in words if re.search(rf"(?<![^\W_]){re.escape(word)}(?![^\W_])", text)]

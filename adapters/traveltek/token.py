"""The answer of token.pl (traveltek.md, section 2)."""

from __future__ import annotations

from base64 import b64encode
from typing import Final

from adapters.token_cache import Grant
from adapters.traveltek.parse_values import Node, amount, required, text
from adapters.traveltek.settings import TraveltekSettings

FORM: Final = {"grant_type": "client_credentials", "scope": "portal"}
_LONGEST = 7 * 24 * 3600.0


def basic(settings: TraveltekSettings) -> str:
    """Return the header that says who we are."""
    pair = f"{settings.username}:{settings.password}".encode()
    return "Basic " + b64encode(pair).decode("ascii")


def read_grant(answer: Node, *, settings: TraveltekSettings) -> Grant:
    """Read a token; its life is cut by a margin so that it does not end under way."""
    life = float(amount(answer.get("expires_in")) or 0)
    if life <= 0:
        life = settings.token_life_default
    margin = min(settings.token_margin, life / 2)
    value = required(text(answer.get("access_token")), "access_token")
    return Grant(value, min(life, _LONGEST) - margin)

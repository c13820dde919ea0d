"""Perl typing: respells a finished answer with the types the supplier is known to mix."""

import re
from typing import Any, Literal
from zlib import crc32

Typing = Literal["mixed", "strings", "numbers"]
TYPINGS: tuple[Typing, ...] = ("mixed", "strings", "numbers")

_NUMERIC = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")
_FLAGS = frozenset(
    {
        "modified",
        "obstructed",
        "nonrefundable",
        "military",
        "senior",
        "pastpassenger",
        "nett",
        "soldout",
    }
)
_WORD_FLAGS = frozenset({"available", "guaranteed"})
_MONEY = frozenset(
    {
        "price",
        "sprice",
        "totalprice",
        "totaldeposit",
        "searchprice",
        "fare",
        "taxes",
        "fees",
        "gratuity",
        "amount",
    }
    | {
        "outstandingbalance",
        "totaltransactionamount",
        "receivedtotal",
        "cheapestprice",
        "grossprice",
        "nettprice",
    }
)
_IDS = frozenset(
    {
        "itemkey",
        "codetocruiseid",
        "bookingid",
        "cabinid",
        "deckid",
        "id",
        "paxno",
        "guestno",
        "rows",
        "nights",
    }
)
_EMPTY: tuple[Any, ...] = ("", None, {})


def respelled(value: Any, typing: Typing, *, name: str = "", path: str = "") -> Any:
    """Respell a value and everything in it; the same answer is always respelled the same way."""
    if isinstance(value, dict) and value:
        return {
            key: respelled(item, typing, name=key, path=f"{path}.{key}")
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [
            respelled(item, typing, name=name, path=f"{path}[{n}]") for n, item in enumerate(value)
        ]
    return _leaf(value, typing, name, crc32(path.encode()))


def _leaf(value: Any, typing: Typing, name: str, chance: int) -> Any:
    """Respell one value by what it means."""
    if name in _FLAGS:
        return _flag(value, typing, chance)
    if name in _WORD_FLAGS:
        return _word_flag(value, typing, chance)
    if (
        typing == "mixed"
        and name != "defaultcurrency"
        and value in _EMPTY
        and name not in {"code", "reservation"}
    ):
        return _EMPTY[chance % 3]
    return _amount(value, typing, name, chance)


def _flag(value: Any, typing: Typing, chance: int) -> Any:
    """Spell a yes or no as 0/1, "0"/"1" or Y/N."""
    yes = value in (1, "1", "Y", True)
    spellings: tuple[Any, ...] = (int(yes), str(int(yes)), "Y" if yes else "N", yes)
    return {"strings": spellings[1], "numbers": spellings[0]}.get(typing, spellings[chance % 4])


def _word_flag(value: Any, typing: Typing, chance: int) -> Any:
    """Spell a Y or N as it is, or as 1 and 0."""
    yes = value in (1, "1", "Y", True)
    spellings: tuple[Any, ...] = ("Y" if yes else "N", int(yes), str(int(yes)))
    return {"strings": spellings[2], "numbers": spellings[1]}.get(typing, spellings[chance % 3])


def _amount(value: Any, typing: Typing, name: str, chance: int) -> Any:
    """Spell a quantity as text or as a number; words and opaque identifiers stay."""
    wants_text = typing == "strings" or (typing == "mixed" and chance % 2 == 0)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _as_text(value, name) if wants_text else value
    if (
        isinstance(value, str)
        and not wants_text
        and name in _MONEY | _IDS
        and _NUMERIC.fullmatch(value)
    ):
        return float(value) if "." in value else int(value)
    return value


def _as_text(value: float, name: str) -> str:
    """Spell a number as text, money with two places."""
    return f"{value:.2f}" if name in _MONEY else str(value)

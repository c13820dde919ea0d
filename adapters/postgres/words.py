"""The words of an address after its `?`: libpq's, as far as we and the driver keep them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "sslnegotiation": ("postgres", "direct"),
    "target_session_attrs": (
        "any",
        "read-write",
        "read-only",
        "primary",
        "standby",
        "prefer-standby",
    ),
    "load_balance_hosts": ("disable", "random"),
    "keepalives": ("1", "0"),
    # Of these the driver knows one way only, and others must not be promised.
    "channel_binding": ("disable", "prefer"),
    "gssencmode": ("disable", "prefer"),
    "client_encoding": ("utf8", "UTF8", "utf-8", "UTF-8", "auto"),
    "sslcompression": ("0",),
    "sslsni": ("1",),
}
"""Words that have only these values."""
NUMBERS: Final = (
    "connect_timeout",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
)
FILES: Final = ("sslrootcert", "sslcert", "sslkey", "sslcrl")
_PLAIN: Final = (
    "host",
    "port",
    "dbname",
    "database",
    "user",
    "password",
    "passfile",
    "service",
    "krbsrvname",
    "gsslib",
    "sslpassword",
    "ssl_min_protocol_version",
    "ssl_max_protocol_version",
    "application_name",
    "fallback_application_name",
    "options",
)
_KNOWN: Final = frozenset((*CHOICES, *NUMBERS, *FILES, *_PLAIN))
DRIVERS: Final = (
    "sslmode",
    "sslnegotiation",
    *FILES,
    "sslpassword",
    "ssl_min_protocol_version",
    "ssl_max_protocol_version",
    "passfile",
    "service",
    "krbsrvname",
    "gsslib",
)
"""What the driver understands by itself."""
SYSTEM: Final = "system"
"""The value of `sslrootcert` that trusts whom this machine trusts."""
_SSL: Final = {"true": "require", "false": "disable"}


class BadAddress(ValueError):  # noqa: N818 - names what was found
    """An address that leads to no database; the message repeats nothing that may be secret."""


def words_of(query: str) -> dict[str, str]:
    """Read what follows the `?` of an address.

    Raises:
        BadAddress: it cannot be read, or a word in it is unknown or has no such value.
    """
    given = dict(map(_word, filter(None, query.split("&"))))
    for name, value in given.items():
        _judge(name, value)
    words = {name: value for name, value in given.items() if value}
    if words.get("sslrootcert") == SYSTEM and words.setdefault("sslmode", "verify-full") != (
        "verify-full"
    ):
        raise BadAddress("with sslrootcert=system its sslmode is verify-full")
    return words


def _word(part: str) -> tuple[str, str]:
    name, separator, value = (unquote(piece) for piece in part.partition("="))
    if not separator:
        raise BadAddress("what follows its ? cannot be read as name=value")
    # What libpq calls `sslmode`, SQLAlchemy and others call `ssl`.
    return ("sslmode", _SSL.get(value, value)) if name == "ssl" else (name, value)


def _judge(name: str, value: str) -> None:
    if name not in _KNOWN:
        shown = f"the word {name} in it" if name.isidentifier() else "a word in it"
        raise BadAddress(
            f"{shown} is unknown; settings of the server are written options=-c%20name=value"
        )
    if value:
        _judge_value(name, value)


def _judge_value(name: str, value: str) -> None:
    if name in CHOICES and value not in CHOICES[name]:
        raise BadAddress(f"its {name} is one of {', '.join(CHOICES[name])}")
    if name in NUMBERS and not value.removeprefix("-").isdecimal():
        raise BadAddress(f"its {name} is a whole number")
    is_file = name in FILES and (name, value) != ("sslrootcert", SYSTEM)
    if is_file and not os.access(value, os.R_OK):
        raise BadAddress(f"its {name} names a file that is not there or cannot be read")

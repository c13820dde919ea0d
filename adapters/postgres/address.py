"""The address of a PostgreSQL: one way to read it, whoever connects."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple
from urllib.parse import quote, unquote, urlencode

from adapters.postgres.words import DRIVERS, SYSTEM, BadAddress, words_of

_SCHEMES: Final = ("postgresql", "postgres", "postgresql+asyncpg")
_ESCAPES: Final = "in a password / ? # and @ are written %2F %3F %23 and %40"
_ACCOUNT: Final = re.compile(r"([^:/?#@]*)(?::([^/?#@]*))?@(.*)", re.DOTALL)
_HOST: Final = re.compile(r"(?:\[([^\[\]]+)\]|([^\[\]:]*))(?::(.*))?")


class Host(NamedTuple):
    """One of the hosts of an address; a name that begins with a slash is a folder of sockets."""

    name: str
    port: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Keepalive:
    """How soon a connection is found to be dead; the times are seconds."""

    on: bool = True
    idle: int = 5
    interval: int = 2
    count: int = 3
    unanswered: float = 8.0
    """How long what was sent may stay without any sign of the other side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a database is and how it is reached; its text shows no account."""

    hosts: tuple[Host, ...]
    """In the order in which they are tried; none leaves the choice to the driver."""
    database: str | None
    user: str | None = field(repr=False)
    password: str | None = field(repr=False)
    drivers: Mapping[str, str] = field(repr=False)
    """Words that the driver understands by itself."""
    server_settings: Mapping[str, str] = field(repr=False)
    target: str = "any"
    """Which of the hosts will do: libpq's `target_session_attrs`."""
    shuffled: bool = False
    """Whether the hosts are tried in any order, so that many clients spread over them."""
    connect_timeout: float | None = None
    """Seconds for each host."""
    keepalive: Keepalive = Keepalive()

    def __str__(self) -> str:
        """Return where the database is, and nothing of who connects."""
        hosts = ",".join(map(_shown, self.hosts)) or "local"
        return f"{hosts}/{self.database}" if self.database else hosts

    @property
    def writable(self) -> Address:
        """The same for who has to write: of several hosts the one that lets us, unless told."""
        unsaid = self.target == "any" and len(self.hosts) > 1
        return replace(self, target="read-write") if unsaid else self

    def arguments(self) -> dict[str, Any]:
        """Return what the driver's `connect` takes, without a host."""
        words = dict(self.drivers)
        trusted = {"ssl": True} if words.get("sslrootcert") == SYSTEM else {}
        if trusted:
            del words["sslrootcert"]
        return {
            "dsn": f"postgresql://?{urlencode(words, quote_via=quote)}",
            "user": self.user,
            "password": self.password,
            "database": self.database,
            **trusted,
        }


def read_address(text: str) -> Address:
    """Read an address in the words of libpq.

    Raises:
        BadAddress: it leads to no database; the message does not repeat it.
    """
    user, password, rest = _account(_after_scheme(text.strip()))
    place, _, query = rest.partition("?")
    hosts, _, database = place.partition("/")
    if re.search(r"[@/#]", database) or "@" in hosts:
        raise BadAddress(f"it cannot be read; {_ESCAPES}")
    words = words_of(query)
    named = words.get("dbname") or words.get("database") or unquote(database)
    return Address(
        hosts=tuple(_hosts(words.get("host") or hosts, words.get("port", ""))),
        database=named or None,
        user=words.get("user") or user,
        password=words.get("password") or password,
        drivers={name: words[name] for name in DRIVERS if words.get(name)},
        server_settings=_server_settings(words),
        target=words.get("target_session_attrs", "any"),
        shuffled=words.get("load_balance_hosts") == "random",
        connect_timeout=_seconds(words.get("connect_timeout")),
        keepalive=_keepalive(words),
    )


def _after_scheme(text: str) -> str:
    scheme, separator, rest = text.partition("://")
    if not separator or scheme not in _SCHEMES:
        raise BadAddress("a database's address starts with postgresql://")
    if re.search(r"\s", rest) or not rest.isprintable():
        raise BadAddress("it has a blank or a line break in it")
    return rest


def _account(rest: str) -> tuple[str | None, str | None, str]:
    found = _ACCOUNT.fullmatch(rest)
    if found is None:
        return None, None, rest
    user, password, rest = found.groups()
    return unquote(user) or None, unquote(password or "") or None, rest


def _hosts(listed: str, ports: str) -> Iterator[Host]:
    names = [_host(part) for part in listed.split(",")] if listed else []
    given = [_port(part) for part in ports.split(",")] if ports else []
    if len(given) not in {0, 1, len(names)}:
        raise BadAddress("it names more ports than hosts, or fewer")
    for place, host in enumerate(names):
        port = given[place % len(given)] if given else host.port
        yield Host(host.name, port)


def _host(part: str) -> Host:
    found = _HOST.fullmatch(part)
    if found is None:
        raise BadAddress(f"a host in it cannot be read; {_ESCAPES}")
    name = unquote(found[1] or found[2])
    try:
        known = name if name.startswith("/") else name.encode("idna").decode()
    except UnicodeError:
        known = ""
    if not known:
        raise BadAddress("a host in it has no name, or none that can be looked up")
    return Host(known, _port(found[3]) if found[3] else None)


def _port(text: str) -> int:
    text = unquote(text)
    if not (text.isdecimal() and 0 < int(text) < 65536):
        # A password that is not escaped ends the host too early, and the rest looks like a port.
        raise BadAddress(f"its port is no number up to 65535; {_ESCAPES}")
    return int(text)


def _server_settings(words: Mapping[str, str]) -> dict[str, str]:
    called = words.get("application_name") or words.get("fallback_application_name")
    told = {"application_name": called, "options": words.get("options")}
    return {name: value for name, value in told.items() if value}


def _keepalive(words: Mapping[str, str]) -> Keepalive:
    usual = Keepalive()
    unanswered = int(words.get("tcp_user_timeout") or 0) / 1000
    return Keepalive(
        on=words.get("keepalives") != "0",
        idle=_count(words.get("keepalives_idle")) or usual.idle,
        interval=_count(words.get("keepalives_interval")) or usual.interval,
        count=_count(words.get("keepalives_count")) or usual.count,
        unanswered=unanswered if unanswered > 0 else usual.unanswered,
    )


def _count(text: str | None) -> int:
    return max(0, int(text or 0))


def _seconds(text: str | None) -> float | None:
    """Return a time limit; what libpq takes for no limit is ours, since nobody waits for ever."""
    return float(_count(text)) or None


def _shown(host: Host) -> str:
    name = f"[{host.name}]" if ":" in host.name else host.name.lower()
    return f"{name}:{host.port}" if host.port else name

"""What a service that sells for real must not be like; each risk can be accepted by its name."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from pydantic import SecretStr

from adapters.postgres.address import read_address
from booking_http.setting_types import NEVER_ACCEPTED, Risk
from booking_http.settings import Settings
from persistence.encryption import KeyKind
from persistence.rights import AccountRole


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskText:
    """What a risk is, in whose hands it puts whom, and what to do."""

    said: str
    guest: str
    todo: str


_OF_CARDS: Final = "Cards and names of guests can be read on the way."
_OF_DATA: Final = "Names, addresses and bookings of guests can be read or changed on the way."
TEXTS: Final[Mapping[Risk, RiskText]] = MappingProxyType(
    {
        Risk.SUPPLIER_HTTP: RiskText(
            said="TRAVELTEK_BASE_URL is http://",
            guest=_OF_CARDS,
            todo="Use https://; this cannot be accepted.",
        ),
        Risk.BACK_OFFICE_HTTP: RiskText(
            said="BACK_OFFICE_URL is http://", guest=_OF_DATA, todo="Use https://."
        ),
        Risk.PUBLIC_HTTP: RiskText(
            said="PUBLIC_URL is http://",
            guest="Links in mails open bookings over a connection that others read.",
            todo="Use https://.",
        ),
        Risk.REDIS_PLAIN: RiskText(
            said="REDIS_URL is redis:// to another machine",
            guest="The supplier's token can be read on the way, and with it all bookings.",
            todo="Use rediss://, or a socket.",
        ),
        Risk.DATABASE_TLS: RiskText(
            said="DATABASE_URL does not verify whose server answers",
            guest=_OF_DATA,
            todo="Add sslmode=verify-full, and sslrootcert where the authority is your own.",
        ),
        Risk.CATALOGUE_TLS: RiskText(
            said="CATALOGUE_URL does not verify whose server answers",
            guest="Sailings and prices can be changed on the way.",
            todo="Add sslmode=verify-full, and sslrootcert where the authority is your own.",
        ),
        Risk.CORS_ANY: RiskText(
            said="CORS_ORIGINS is *",
            guest="Any page may book in the name of who visits it, and read what is answered.",
            todo="Name the origins of your shops.",
        ),
        Risk.NO_PRODUCTION_SIDS: RiskText(
            said="PRODUCTION_SIDS is empty",
            guest="Bookings may be made with an account for tests, or another agency's.",
            todo="Name the accounts that sell for real.",
        ),
        Risk.DEFAULT_KEYS: RiskText(
            said="MASTER_KEYS, HASH_KEY or SEARCH_KEYS holds a key that can be guessed",
            guest="Whoever has a copy of the database can read guests' names and addresses.",
            todo="Make keys as docs/configuration.md says; rotate the old one out.",
        ),
        Risk.SUPERUSER: RiskText(
            said="the account in DATABASE_URL is a superuser",
            guest="A fault of the service may read and change everything on that server.",
            todo="Run `booking-flow migrate --grant-to ROLE`, and let the service use that role.",
        ),
        Risk.OWNER_ROLE: RiskText(
            said="the account in DATABASE_URL owns the tables, so it may rewrite the history",
            guest="What happened to a booking could be changed afterwards by a fault or a thief.",
            todo="Run `booking-flow migrate --grant-to ROLE`, and let the service use that role.",
        ),
    }
)


def risks_of_settings(settings: Settings) -> tuple[Risk, ...]:
    """Return what the settings alone tell."""
    return tuple(risk for risk, is_there in _OF_SETTINGS.items() if is_there(settings))


def risks_of_role(role: AccountRole) -> tuple[Risk, ...]:
    """Return what the database tells of our account."""
    if role.superuser:
        return (Risk.SUPERUSER,)
    return (Risk.OWNER_ROLE,) if role.owner else ()


def unaccepted(settings: Settings, risks: Sequence[Risk]) -> list[Risk]:
    """Return those that nobody has accepted by name."""
    return [risk for risk in risks if risk not in settings.production_accept]


def refusal_of_risks(risks: Sequence[Risk]) -> str:
    """Say why nothing is started, and what can be done about each."""
    lines = [f"{risk}: {TEXTS[risk].said}. {TEXTS[risk].todo}" for risk in risks]
    told = "APP_ENV is production, and this is not safe. Nothing was started."
    names = ",".join(risk for risk in risks if risk not in NEVER_ACCEPTED)
    advice = [f"To accept what is meant: PRODUCTION_ACCEPT={names}"] if names else []
    return "\n  ".join([told, *lines, *advice])


def _plain_site(url: str | None) -> bool:
    if url is None:
        return False
    parts = urlsplit(url)
    return parts.scheme == "http" and not is_this_machine(parts.hostname or "")


def _plain_redis(url: SecretStr | None) -> bool:
    parts = urlsplit(url.get_secret_value() if url else "")
    return parts.scheme == "redis" and not is_this_machine(parts.hostname or "")


def _unverified(url: SecretStr | None) -> bool:
    """Whether an address leads to another machine whose certificate nobody looks at."""
    if url is None:
        return False
    address = read_address(url.get_secret_value())
    verified = address.drivers.get("sslmode") in {"verify-ca", "verify-full"}
    verified = verified or address.drivers.get("sslrootcert") == "system"
    beyond = [host for host in address.hosts if not is_this_machine(host.name)]
    return bool(beyond) and not verified


def is_this_machine(host: str) -> bool:
    """Whether a host is a socket, or never leaves this machine."""
    if host.startswith("/") or host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _guessable(key: str) -> bool:
    """Whether a key is a pattern or words: random ones have capitals or digits in them."""
    if len(set(key)) < 10 or re.fullmatch(r"[a-z\s,._-]+", key):
        return True
    return any(word in key.lower() for word in ("change", "default", "example", "password"))


def _written_by_hand(key: str) -> bool:
    """Whether all bytes of a master key are letters, which random ones are never, or few."""
    raw = base64.urlsafe_b64decode(key)
    return len(set(raw)) < 10 or all(0x20 <= byte < 0x7F for byte in raw)


def _default_keys(settings: Settings) -> bool:
    masters = (key.get_secret_value() for key in settings.master_keys)
    hashes = (*settings.keys()[KeyKind.HASH], *settings.keys()[KeyKind.SEARCH])
    return any(map(_guessable, hashes)) or any(map(_written_by_hand, masters))


_OF_SETTINGS: Final[Mapping[Risk, Callable[[Settings], bool]]] = MappingProxyType(
    {
        Risk.SUPPLIER_HTTP: lambda settings: _plain_site(settings.traveltek_base_url),
        Risk.BACK_OFFICE_HTTP: lambda settings: _plain_site(settings.back_office_url),
        Risk.PUBLIC_HTTP: lambda settings: _plain_site(settings.public_url),
        Risk.REDIS_PLAIN: lambda settings: _plain_redis(settings.redis_url),
        Risk.DATABASE_TLS: lambda settings: _unverified(settings.database_url),
        Risk.CATALOGUE_TLS: lambda settings: _unverified(settings.catalogue_url),
        Risk.CORS_ANY: lambda settings: "*" in settings.cors_origins,
        Risk.NO_PRODUCTION_SIDS: lambda settings: not settings.production_sids,
        Risk.DEFAULT_KEYS: _default_keys,
    }
)

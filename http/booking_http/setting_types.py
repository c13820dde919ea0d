"""The kinds of values that settings have: how each is read, and what a wrong one is told."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cryptography.fernet import Fernet
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from adapters.catalogue.layout import layout_of
from booking_flow.model.party import MAX_CHILD_AGE, AgeBands, PartyRules
from booking_flow.staff.people import Role
from booking_http import addresses

_BAND: Final = re.compile(r"(\*|\d{1,9}):(\d{1,2})-(\d{1,2})")
Network = IPv4Network | IPv6Network
Names = dict[str, str | None]
MANY: Final = 1_000_000
"""More than anybody wants of anything that is counted, and what every column can hold."""
SHORTEST_KEY: Final = 32
"""Characters of a key to hash with."""
LONG: Final = 10_000_000.0
"""More seconds or minutes than anybody waits, and still a time that can be added to a date."""


class Risk(StrEnum):
    """The names by which PRODUCTION_ACCEPT accepts them."""

    SUPPLIER_HTTP = "supplier_http"
    BACK_OFFICE_HTTP = "back_office_http"
    PUBLIC_HTTP = "public_http"
    REDIS_PLAIN = "redis_plain"
    DATABASE_TLS = "database_tls"
    CATALOGUE_TLS = "catalogue_tls"
    CORS_ANY = "cors_any"
    NO_PRODUCTION_SIDS = "no_production_sids"
    DEFAULT_KEYS = "default_keys"
    SUPERUSER = "superuser"
    OWNER_ROLE = "owner_role"


class StaffTotp(StrEnum):
    """Of whom a second factor is asked."""

    OFF = "off"
    SUPERVISORS = "supervisors"
    ALL = "all"

    def asks(self, role: Role) -> bool:
        """Whether accounts of this role must have one."""
        return self is StaffTotp.ALL or (self is StaffTotp.SUPERVISORS and role is Role.SUPERVISOR)


NEVER_ACCEPTED: Final = frozenset({Risk.SUPPLIER_HTTP})
"""Card numbers go to the supplier: no setting sends them in the clear."""


def _time_zone(value: str) -> str:
    try:
        if value != "UTC":
            ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is no time zone, such as UTC or Asia/Tokyo") from None
    return value


TimeZone = Annotated[str, AfterValidator(_time_zone)]


def _split(value: Any) -> Any:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _networks(value: Any) -> Any:
    """Read networks; an empty setting stands for its default, so none are said by `none`."""
    if value == "none":
        return ()
    return [_network(place, part) for place, part in enumerate(_split(value), start=1)]


def _network(place: int, part: Any) -> Network:
    try:
        return ip_network(str(part))
    except ValueError:
        raise ValueError(f"number {place} is no network such as 10.0.0.0/8") from None


def _names(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        names = json.loads(value)
    except ValueError:
        raise ValueError("it is no JSON") from None
    if not isinstance(names, dict) or not all(isinstance(n, str | None) for n in names.values()):
        raise ValueError('it is a JSON object of names, such as {"sailings": "cruises"}')
    return names


def _fields(names: Names | None) -> Names | None:
    """Refuse names of fields that there are not; which ones there are no layout changes."""
    layout_of("own", names=names)
    return names


def _master_keys(keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    if not keys:
        raise ValueError("it names none")
    for place, key in enumerate(keys, start=1):
        try:
            Fernet(key.get_secret_value())
        except ValueError:
            raise ValueError(
                f"number {place} is no Fernet key, which is 32 bytes in url-safe base64"
            ) from None
    return keys


def _split_keys(value: Any) -> Any:
    """Read keys; a JSON list takes those with commas in them."""
    if not (isinstance(value, str) and value.startswith("[")):
        return _split(value)
    try:
        return json.loads(value)
    except ValueError:
        raise ValueError("it begins like a JSON list and is none") from None


def _hash_keys(keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    for place, key in enumerate(keys, start=1):
        if len(key.get_secret_value()) < SHORTEST_KEY:
            raise ValueError(f"number {place} has fewer than {SHORTEST_KEY} characters")
    return keys


def _origins(origins: tuple[str, ...]) -> tuple[str, ...]:
    for place, origin in enumerate(origins, start=1):
        if not addresses.is_origin(origin):
            raise ValueError(f"number {place} is no origin such as https://shop.example")
    return origins


def _terms(words: tuple[str, ...]) -> tuple[str, ...]:
    if not words:
        raise ValueError("it names none")
    return words


def _bands(bands: tuple[str, ...]) -> tuple[str, ...]:
    for place, band in enumerate(bands, start=1):
        found = _BAND.fullmatch(band)
        if not found or not int(found[2]) < int(found[3]) <= MAX_CHILD_AGE:
            raise ValueError(
                f"number {place} is no line with the ages of its oldest infant and child, "
                "such as 22:2-17"
            )
    return bands


def rules_of(bands: tuple[str, ...]) -> PartyRules:
    """Return what parties are checked by."""
    found = {band[1]: band for band in map(_BAND.fullmatch, bands) if band}
    by_line = {
        line: AgeBands(max_infant_age=int(band[2]), max_child_age=int(band[3]))
        for line, band in found.items()
    }
    usual = by_line.pop("*", None)
    lines = {int(line): ages for line, ages in by_line.items()}
    if usual is None:
        return PartyRules(lines=lines)
    return PartyRules(
        max_infant_age=usual.max_infant_age, max_child_age=usual.max_child_age, lines=lines
    )


def _hosts(hosts: tuple[str, ...]) -> tuple[str, ...]:
    for place, host in enumerate(hosts, start=1):
        if "/" in host:
            raise ValueError(f"number {place} is no name of a host")
    return hosts


def _accepted(risks: tuple[Risk, ...]) -> tuple[Risk, ...]:
    if never := NEVER_ACCEPTED.intersection(risks):
        raise ValueError(f"{', '.join(never)} cannot be accepted")
    return risks


def _currency(code: str) -> str:
    if len(code) != 3 or not (code.isascii() and code.isalpha() and code.isupper()):
        raise ValueError("it has three capital letters, such as USD")
    return code


def _hidden(judge: Callable[[str], str]) -> AfterValidator:
    """Judge a secret, and keep it one."""
    return AfterValidator(lambda secret: SecretStr(judge(secret.get_secret_value())))


def days(least: int) -> AfterValidator:
    """Take a number of days that is not too small; 0 stands for no end."""

    def judge(number: int) -> int:
        if number != 0 and not least <= number <= MANY:
            raise ValueError(f"it is 0, or at least {least}")
        return number

    return AfterValidator(judge)


Columns = Annotated[Names | None, NoDecode, BeforeValidator(_names), AfterValidator(_fields)]
Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Bands = Annotated[Words, AfterValidator(_bands)]
Terms = Annotated[Words, AfterValidator(_terms)]
Origins = Annotated[Words, AfterValidator(_origins)]
Hosts = Annotated[Words, AfterValidator(_hosts)]
Risks = Annotated[tuple[Risk, ...], NoDecode, BeforeValidator(_split), AfterValidator(_accepted)]
Secrets = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split)]
HashKeys = Annotated[
    tuple[SecretStr, ...], NoDecode, BeforeValidator(_split_keys), AfterValidator(_hash_keys)
]
MasterKeys = Annotated[Secrets, AfterValidator(_master_keys)]
Numbers = Annotated[frozenset[int], NoDecode, BeforeValidator(_split)]
Networks = Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_networks)]
Seconds = Annotated[float, Field(gt=0, le=LONG, allow_inf_nan=False)]
Percent = Annotated[Decimal, Field(ge=0, le=100, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=MANY)]
Currency = Annotated[str, AfterValidator(_currency)]
DatabaseUrl = Annotated[SecretStr, _hidden(addresses.database)]
RedisUrl = Annotated[SecretStr, _hidden(addresses.redis)]
SiteUrl = Annotated[str, AfterValidator(addresses.site)]
BaseUrl = Annotated[str, AfterValidator(addresses.base)]


def said_of(kind: str, context: Mapping[str, Any]) -> str | None:
    """Say what a setting must be, in the words of who sets it."""
    match kind:
        case "value_error":
            return str(context["error"])
        case "int_parsing" | "int_parsing_size":
            return "a whole number is needed"
        case "float_parsing" | "decimal_parsing" | "finite_number":
            return "a number is needed"
        case "bool_parsing":
            return "it is true or false"
    return _limit(context)


def _limit(context: Mapping[str, Any]) -> str | None:
    words = {
        "gt": "it is more than {:.0f}",
        "ge": "it is at least {:.0f}",
        "le": "it is at most {:.0f}",
        "min_length": "it has at least {} characters",
        "expected": "it is {}",
    }
    return next((said.format(context[key]) for key, said in words.items() if key in context), None)

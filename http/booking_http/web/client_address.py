"""Who calls: the address behind the proxies that we trust."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final, Literal

from aiohttp import web

from booking_http.setting_types import Network

Address = IPv4Address | IPv6Address
UNKNOWN: Final = "unknown"
"""Whoever a trusted proxy does not name readably; all of them count together."""
_HOUSEHOLD: Final = 64
"""The prefix of IPv6 that one customer line has, and in which it takes any address it likes."""
_WITH_PORT: Final = re.compile(r"(?:\[(?P<six>[^\]%]+)\]|(?P<four>[\d.]+))(?::(?P<port>\d{1,5}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientAddress:
    """Whom a request counts for, and why what a proxy said of them was left alone."""

    address: str
    ignored: Literal["untrusted", "unreadable"] | None = None


def caller_of(request: web.Request, *, trusted: Sequence[Network]) -> ClientAddress:
    """Return the nearest address that is not a trusted proxy's.

    Both `X-Forwarded-For` and `Forwarded` (RFC 7239) are read. A proxy writes one of them and may
    hand the other on as the client sent it, so where they disagree neither is believed.
    """
    ways = [hops for hops in (_x_forwarded_for(request), _forwarded(request)) if hops]
    remote = read_address(request.remote or "")
    if remote is None or not ways:
        return ClientAddress(address=str(remote or UNKNOWN))
    if not is_within(remote, trusted):
        return ClientAddress(address=str(remote), ignored="untrusted")
    found = {_walk(remote, hops, trusted) for hops in ways}
    if len(found) > 1 or None in found:
        return ClientAddress(address=UNKNOWN, ignored="unreadable")
    return ClientAddress(address=str(found.pop()))


def counted_as(address: str) -> str:
    """Return what a caller is counted by: the address, or the /64 that it lies in."""
    found = read_address(address)
    if not isinstance(found, IPv6Address):
        return address
    return str(ip_network((found, _HOUSEHOLD), strict=False))


def is_within(address: Address, networks: Sequence[Network]) -> bool:
    """Whether an address lies in one of the networks."""
    return any(address in network for network in networks)


def is_exempt(address: str, networks: Sequence[Network]) -> bool:
    """Whether the caller at `address` is one whom no cap binds."""
    found = read_address(address)
    return found is not None and is_within(found, networks)


def read_address(text: str) -> Address | None:
    """Read an address with or without brackets and port; None where it is not one alone."""
    found = _WITH_PORT.fullmatch(text)
    if found is None:
        return _plain(text)
    if found["port"] is not None and int(found["port"]) > 65535:
        return None
    address = _plain(found["six"] or found["four"])
    return None if found["six"] and isinstance(address, IPv4Address) else address


def _walk(nearest: Address, hops: Sequence[str], trusted: Sequence[Network]) -> Address | None:
    """Go back from hop to hop for as long as a proxy of ours wrote them."""
    for hop in reversed(hops):
        if not is_within(nearest, trusted):
            break
        found = read_address(hop)
        if found is None:
            return None
        nearest = found
    return nearest


def _x_forwarded_for(request: web.Request) -> list[str]:
    named = ",".join(request.headers.getall("X-Forwarded-For", []))
    return [hop.strip() for hop in named.split(",")] if named.strip() else []


def _forwarded(request: web.Request) -> list[str]:
    return [element.get("for", "") for element in request.forwarded]


def _plain(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return address
    # A zone is a name of whoever wrote it, and would make many callers of one.
    return None if address.scope_id else address.ipv4_mapped or address

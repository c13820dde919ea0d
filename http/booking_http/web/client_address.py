"""Who calls: the address behind the proxies that we trust."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

from aiohttp import web

from booking_http.setting_types import Network

Address = IPv4Address | IPv6Address


def caller_address(request: web.Request, *, trusted: Sequence[Network]) -> str:
    """Return the nearest address that is not a trusted proxy's, as text."""
    hops = [
        part.strip() for part in ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")
    ]
    nearest = _read(request.remote or "")
    for hop in reversed([hop for hop in hops if hop]):
        if nearest is None or not is_within(nearest, trusted):
            break
        nearest = _read(hop) or nearest
    return str(nearest) if nearest else "unknown"


def is_within(address: Address, networks: Sequence[Network]) -> bool:
    """Whether an address lies in one of the networks."""
    return any(address in network for network in networks)


def is_exempt(address: str, networks: Sequence[Network]) -> bool:
    """Whether the caller at `address` is one whom no cap binds."""
    found = _read(address)
    return found is not None and is_within(found, networks)


def _read(text: str) -> Address | None:
    try:
        address = ip_address(text.strip("[]"))
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address

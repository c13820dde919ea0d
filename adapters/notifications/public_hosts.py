"""Names resolved to public addresses only, so that no address of ours is reached by a detour."""

from __future__ import annotations

import socket
from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from adapters.notifications.delivery import Undelivered

_NAT64: Final = IPv6Network("64:ff9b::/96")
Address = IPv4Address | IPv6Address


def is_public(text: str) -> bool:
    """Whether an address lies on the open Internet, whatever it is wrapped in."""
    address = ip_address(text.partition("%")[0])
    inner = _inner(address)
    return address.is_global and not address.is_multicast and (inner is None or is_public(inner))


def _inner(address: Address) -> str | None:
    """Return the IPv4 address that an IPv6 address leads to, if it is one of those."""
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return str(IPv4Address(int(address) & 0xFFFFFFFF))
    found = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
    return str(found) if found else None


def refuse_literal(host: str, *, allowed: Collection[str]) -> None:
    """Refuse a host that is itself a private address; resolvers never see those.

    Raises:
        Undelivered: it is one, and not allowed by name.
    """
    try:
        public = host in allowed or is_public(host)
    except ValueError:
        return
    if not public:
        raise Undelivered("the address is not a public one")


class PublicResolver(AbstractResolver):
    """Resolves names, and refuses those with a private address among theirs.

    The connection is made to what was checked: nothing is resolved a second time.
    """

    def __init__(self, allowed: Collection[str], resolver: AbstractResolver | None = None) -> None:
        """Take the names that may be private, and who really resolves."""
        self._allowed = allowed
        self._resolver = resolver or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of a host."""
        found = await self._resolver.resolve(host, port, family)
        if host not in self._allowed and not all(is_public(each["host"]) for each in found):
            raise Undelivered("the name leads to an address that is not public")
        return found

    async def close(self) -> None:
        """Close the resolver."""
        await self._resolver.close()

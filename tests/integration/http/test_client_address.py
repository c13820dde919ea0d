"""Whom a request counts for: the nearest address that is not a proxy's of ours."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any
from unittest.mock import Mock

import pytest
from aiohttp.test_utils import make_mocked_request

from booking_http.web.client_address import UNKNOWN, caller_of, counted_as
from tests.support.service import Service

TRUSTED = tuple(map(ip_network, ("127.0.0.0/8", "10.0.0.0/8", "2001:db8:ff::/48")))
GUEST = "203.0.113.9"
FORWARDED_FOR = {
    GUEST: GUEST,
    "203.0.113.9:51234": GUEST,
    "[203.0.113.9]:51234": UNKNOWN,
    "[2001:db8::9]:443": "2001:db8::9",
    "[2001:db8::9]": "2001:db8::9",
    "2001:db8::9": "2001:db8::9",
    "::ffff:203.0.113.9": GUEST,
    "198.51.100.1, 203.0.113.9:51234": GUEST,
    "198.51.100.1, 203.0.113.9:1, 10.1.1.1:2, [2001:db8:ff::1]:3": GUEST,
    "198.51.100.1, unknown": UNKNOWN,
    "198.51.100.1, 203.0.113.9:port": UNKNOWN,
    "198.51.100.1, 203.0.113.9:99999": UNKNOWN,
    "198.51.100.1, fe80::1%eth0": UNKNOWN,
    "198.51.100.1, ": UNKNOWN,
    "198.51.100.1, , 10.1.1.1": UNKNOWN,
    "10.1.1.1": "10.1.1.1",
}
FORWARDED = {
    "for=203.0.113.9": GUEST,
    'For="203.0.113.9:51234";proto=https': GUEST,
    'for="[2001:db8::9]:443"': "2001:db8::9",
    'for=198.51.100.1, for="[2001:db8::9]";by=10.1.1.1': "2001:db8::9",
    "for=198.51.100.1, for=_hidden": UNKNOWN,
    "for=198.51.100.1, for=unknown": UNKNOWN,
    "for=198.51.100.1, proto=https": UNKNOWN,
    "for=198.51.100.1, =": UNKNOWN,
}


def came(remote: str = "127.0.0.1", **headers: str) -> Any:
    transport = Mock()
    transport.get_extra_info = {"peername": (remote, 4711)}.get
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return make_mocked_request("GET", "/", headers=named, transport=transport)


@pytest.mark.parametrize("header", FORWARDED_FOR)
def test_ports_and_brackets_are_read_and_an_unreadable_hop_ends_the_walk(header: str) -> None:
    """What stands before a hop that cannot be read is the client's own word."""
    found = caller_of(came(X_Forwarded_For=header), trusted=TRUSTED)
    assert found.address == FORWARDED_FOR[header]


@pytest.mark.parametrize("header", FORWARDED)
def test_the_standard_header_is_read_as_well(header: str) -> None:
    """RFC 7239, section 6: addresses of IPv6 stand in brackets, and names may hide who it was."""
    found = caller_of(came(Forwarded=header), trusted=TRUSTED)
    assert found.address == FORWARDED[header]


def test_two_headers_that_disagree_are_both_not_believed() -> None:
    """Our proxy writes one of them; the other may be the client's."""
    agreeing = came(X_Forwarded_For=GUEST, Forwarded=f"for={GUEST}")
    assert caller_of(agreeing, trusted=TRUSTED).address == GUEST
    disagreeing = came(X_Forwarded_For="198.51.100.1", Forwarded=f"for={GUEST}")
    assert caller_of(disagreeing, trusted=TRUSTED).address == UNKNOWN


def test_whoever_is_no_proxy_of_ours_names_nobody() -> None:
    for headers in ({"X_Forwarded_For": GUEST}, {"Forwarded": f"for={GUEST}"}):
        found = caller_of(came("192.0.2.1", **headers), trusted=TRUSTED)
        assert (found.address, found.ignored) == ("192.0.2.1", "untrusted")


def test_what_was_ignored_is_said() -> None:
    assert caller_of(came(), trusted=TRUSTED).ignored is None
    assert caller_of(came(X_Forwarded_For=GUEST), trusted=TRUSTED).ignored is None
    assert caller_of(came(X_Forwarded_For="?"), trusted=TRUSTED).ignored == "unreadable"


def test_a_household_is_one_caller_whatever_addresses_it_takes() -> None:
    """A customer line has a /64 of IPv6, and any number of addresses in it."""
    one, other = (counted_as(f"2001:db8:0:1::{n:x}") for n in (1, 0xFFFF))
    assert one == other != counted_as("2001:db8:0:2::1")
    assert counted_as(GUEST) != counted_as("203.0.113.8")
    assert counted_as(UNKNOWN) == UNKNOWN


@pytest.mark.parametrize("port", [":51234", ""])
async def test_a_client_cannot_name_itself_behind_a_proxy_that_writes_ports(
    make_service: Any, port: str
) -> None:
    """Each request names another address; the proxy adds the same one."""
    service: Service = await make_service(trusted_proxies="127.0.0.0/8", cap_lookups_per_address=3)
    ask = {"reference": "BF-22222222", "email": "a@example.test"}
    path = "/api/v1/booking/lookup"
    told = [
        await service.call(
            "POST", path, ask, headers={"X-Forwarded-For": f"198.51.100.{n}, {GUEST}{port}"}
        )
        for n in range(4)
    ]
    assert [reply.status for reply in told] == [202, 202, 202, 429]


async def test_nobody_is_exempt_where_that_is_said(make_service: Any) -> None:
    service: Service = await make_service(caps_exempt="none", cap_lookups_per_address=1)
    ask = {"reference": "BF-22222222", "email": "a@example.test"}
    told = [await service.call("POST", "/api/v1/booking/lookup", ask) for _ in range(2)]
    assert [reply.status for reply in told] == [202, 429]


async def test_a_proxy_that_nobody_trusts_is_counted(make_service: Any) -> None:
    """All of its guests would be one caller."""
    service: Service = await make_service(trusted_proxies="none")
    await service.call("GET", "/api/v1/booking/cruises", headers={"X-Forwarded-For": GUEST})
    measured = (await service.call("GET", "/metrics")).body
    assert 'booking_forwarded_ignored_total{why="untrusted"} 1.0' in measured

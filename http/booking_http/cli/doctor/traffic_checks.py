"""Whom the service takes its callers for."""

from __future__ import annotations

from typing import Final

from booking_http.cli.doctor.connections import Connections
from booking_http.cli.doctor.findings import DoctorFinding, Level, Reporter
from persistence.environment_mark import AppEnv
from persistence.rate_limits import PostgresCaps, Traffic

_MANY: Final = 20
"""Openings in an hour from which on it means something that one address makes most of them."""
_SHARED: Final = "Guests behind it are one caller: the busiest of them take the others' places."


async def traffic(connections: Connections, say: Reporter) -> None:
    """Say whether one address makes most of the traffic, and whether openings are capped."""
    found, settings = await PostgresCaps(connections.database).traffic(), connections.settings
    said = f"{found.openings} sessions opened in the last hour, {found.of_busiest} by one address"
    if found.by_unknown_proxy:
        say(_unknown_proxy(found))
    elif found.openings >= _MANY and found.of_busiest * 2 > found.openings:
        say(_one_address(said))
    elif settings.shop_networks is None and settings.app_env is not AppEnv.DEVELOPMENT:
        say(_uncapped(said))
    else:
        say(DoctorFinding(check="traffic", said=said))


def _unknown_proxy(found: Traffic) -> DoctorFinding:
    return DoctorFinding(
        check="traffic",
        level=Level.WARNING,
        said=f"{found.by_unknown_proxy} of {found.openings} sessions of the last hour came through"
        " a proxy that is not trusted",
        guest=_SHARED,
        todo="Name the proxy in TRUSTED_PROXIES, or a shop's server in SHOP_NETWORKS.",
    )


def _one_address(said: str) -> DoctorFinding:
    return DoctorFinding(
        check="traffic",
        level=Level.WARNING,
        said=said,
        guest=_SHARED,
        todo="A shop's server belongs into SHOP_NETWORKS and forwards its guests' addresses;"
        " a proxy belongs into TRUSTED_PROXIES. Of anybody else the caps take care.",
    )


def _uncapped(said: str) -> DoctorFinding:
    return DoctorFinding(
        check="traffic",
        level=Level.WARNING,
        said=f"{said}; SHOP_NETWORKS is not set, so no address is refused",
        guest="One address may open as many sessions as it likes.",
        todo="Set SHOP_NETWORKS to the networks of shops' servers, or to none.",
    )

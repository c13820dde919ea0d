"""Whether this installation may sell for real: the list that `serve` starts by, as findings."""

from __future__ import annotations

from collections.abc import Sequence

from booking_http.cli.doctor.connections import Connections
from booking_http.cli.doctor.findings import DoctorFinding, Level, Reporter
from booking_http.production_risks import TEXTS, risks_of_role, risks_of_settings
from booking_http.setting_types import Risk
from persistence.environment_mark import AppEnv
from persistence.rights import account_role


async def production_if_it_is(connections: Connections, say: Reporter) -> None:
    """Say what is not safe in production; elsewhere it may be as it likes."""
    if connections.settings.app_env is AppEnv.PRODUCTION:
        await production(connections, say)


async def production(connections: Connections, say: Reporter) -> None:
    """Say of every risk whether it is there, and whether somebody has accepted it."""
    settings = connections.settings
    _say(risks_of_settings(settings), settings.production_accept, say)
    role = risks_of_role(await account_role(connections.database))
    _say(role, settings.production_accept, say)
    if not role and not risks_of_settings(settings):
        say(DoctorFinding(check="production", said="nothing stands against selling for real"))


def _say(risks: Sequence[Risk], accepted: Sequence[Risk], say: Reporter) -> None:
    for risk in risks:
        known, words = risk in accepted, TEXTS[risk]
        say(
            DoctorFinding(
                check=f"production.{risk.value}",
                level=Level.WARNING if known else Level.FAILURE,
                said=f"{words.said}; accepted by PRODUCTION_ACCEPT" if known else words.said,
                guest=words.guest,
                todo=words.todo,
            )
        )

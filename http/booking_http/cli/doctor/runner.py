"""The doctor's round: every check in its order, none stopped by another's failure."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from asyncpg import PostgresError

from adapters.catalogue.row_fixes import known_ids
from adapters.catalogue.runs import RunWatch
from booking_flow.ports import StoreUnavailable
from booking_http.cli.doctor import (
    catalogue_checks,
    environment_checks,
    journal_checks,
    production_checks,
    supplier_checks,
    traffic_checks,
    upkeep_checks,
)
from booking_http.cli.doctor.catalogue_checks import NotReached
from booking_http.cli.doctor.connections import Connections, open_asking
from booking_http.cli.doctor.findings import DoctorFinding, DoctorReport, Level, Reporter
from booking_http.runtime.connection_errors import catalogue_name, database_name, rejection

Check = Callable[[Connections, Reporter], Awaitable[None]]

_CHECKS: Final[tuple[tuple[str, Check], ...]] = (
    ("database", environment_checks.booking_database),
    ("migrations", environment_checks.migrations),
    ("environment", environment_checks.environment),
    ("production", production_checks.production_if_it_is),
    ("spool", journal_checks.spool),
    ("journal", journal_checks.journal),
    ("descriptors", environment_checks.descriptors),
    ("redis", environment_checks.redis),
    ("traffic", traffic_checks.traffic),
    ("retention", upkeep_checks.retention),
    ("keys", upkeep_checks.keys),
    ("catalogue.database", environment_checks.catalogue_database),
    ("catalogue.schema", catalogue_checks.schema),
    ("catalogue.rows", catalogue_checks.rows),
    ("catalogue.on_sale", catalogue_checks.on_sale),
    ("catalogue.sync", environment_checks.last_syncs),
    ("clock.supplier", environment_checks.supplier_clock),
    ("supplier.bounds", environment_checks.bounds),
    ("supplier.hold_times", environment_checks.holds),
)


_OF_CATALOGUE: Final = ("catalogue.database", "catalogue.schema", "catalogue.rows", "supplier")
"""What is looked up in the catalogue's database; everything else is in ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """How many sailings of every line the supplier is asked for; None is all of them."""

    per_line: int | None = 5


async def examine(connections: Connections, extent: Scope, watch: RunWatch) -> DoctorReport:
    """Look at everything and say what was found."""
    report = DoctorReport(environment=connections.settings.app_env)
    watch.begin("looking", len(_CHECKS))
    for name, check in _CHECKS:
        await _guarded(name, partial(check, connections, report.say), report)
        watch.advance(1)
    await _guarded("supplier", partial(_ask_supplier, connections, extent, report, watch), report)
    return report


async def examine_production(connections: Connections) -> DoctorReport:
    """Look only at what production must not be like."""
    report = DoctorReport(environment=connections.settings.app_env)
    check = partial(production_checks.production, connections, report.say)
    await _guarded("production", check, report)
    return report


async def _ask_supplier(
    connections: Connections, extent: Scope, report: DoctorReport, watch: RunWatch
) -> None:
    async with open_asking(connections.settings, await _lines(connections)) as asking:
        if not await supplier_checks.token(asking, report.say):
            return
        if connections.today is None or connections.found is None or not connections.found.usable:
            return
        sailings = await connections.reader.sample(
            today=connections.today, per_line=extent.per_line
        )
        compared = await supplier_checks.compare(asking, sailings, watch)
        supplier_checks.lines(compared, report)
        await supplier_checks.prices(asking, compared, report.say)


async def _lines(connections: Connections) -> frozenset[int]:
    """Return every line of the catalogue, so that the supplier may name any of them."""
    if connections.found is None or not connections.found.usable:
        return connections.settings.live_lines
    return connections.settings.live_lines | await known_ids(
        connections.pool, connections.found, "lines.line_id"
    )


async def _guarded(name: str, work: Callable[[], Awaitable[None]], report: DoctorReport) -> None:
    """Turn what stopped a check into a finding."""
    try:
        await work()
    except NotReached:
        return
    except (StoreUnavailable, PostgresError, OSError) as error:
        report.say(_not_looked_at(name, error))


def _not_looked_at(name: str, error: Exception) -> DoctorFinding:
    setting = catalogue_name() if name.startswith(_OF_CATALOGUE) else database_name()
    why = str(error) if isinstance(error, StoreUnavailable) else type(error).__name__
    todo = f"Look whether the server runs, and whether {setting} leads to it."
    if (found := rejection(error)) is not None:
        why, todo = found.why, f"{setting}: {found.todo}."
    return DoctorFinding(
        check=name,
        level=Level.FAILURE,
        said=f"cannot be looked at: {why}",
        guest="Whatever needs it does not work.",
        todo=todo,
    )

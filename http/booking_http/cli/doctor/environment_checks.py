"""Where everything is, in which version, and whether it belongs together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Final

from redis.exceptions import RedisError

from adapters.traveltek.clock import clock_ahead
from booking_http.cli.catalogue_runs import environment_of
from booking_http.cli.doctor.connections import Connections
from booking_http.cli.doctor.findings import DoctorFinding, Level, Reporter
from booking_http.runtime.connection_errors import redis_rejection
from booking_http.runtime.descriptors import ADVICE, ensure_descriptors
from booking_http.runtime.environment_guard import disagreements
from persistence.clock import now
from persistence.database_info import hold_times, vitals
from persistence.environment_mark import read_mark
from persistence.errors import NoRight
from persistence.revisions import known, standing
from persistence.sync_runs import PastRun, PostgresSyncRuns
from persistence.tables.sync_runs import RunOutcome

_SKEW: Final = timedelta(seconds=30)
_OLD: Final = timedelta(hours=48)
_CLOCK_LIMIT: Final = 10.0


async def booking_database(connections: Connections, say: Reporter) -> None:
    """Say which database holds the bookings, and whether its clock is ours."""
    found = await vitals(connections.database)
    said = (
        f"booking-flow {version('booking-flow')} on PostgreSQL {found.version},"
        f" database {found.name} as {found.account}"
    )
    say(DoctorFinding(check="database", said=said))
    _say_skew(say, "database", found.now - datetime.now(UTC))


async def migrations(connections: Connections, say: Reporter) -> None:
    """Say whether the tables are those that this program needs."""
    found = await standing(connections.database)
    if found.fit:
        connections.today = (await now(connections.database)).date()
        say(DoctorFinding(check="migrations", said=found.said))
        return
    behind = found.revision is None or found.revision in known()
    say(
        DoctorFinding(
            check="migrations",
            level=Level.FAILURE,
            said=found.said,
            guest="No guest can book, and sessions that have begun cannot go on.",
            todo="Run `booking-flow migrate`." if behind else "Run a newer program.",
        )
    )


async def environment(connections: Connections, say: Reporter) -> None:
    """Say which world this is, and whether database and supplier's account belong to it."""
    settings, mark = connections.settings, await read_mark(connections.database)
    for said in disagreements(settings, mark):
        say(
            DoctorFinding(
                check="environment",
                level=Level.FAILURE,
                said=said,
                guest="Guests of one world could be booked in another.",
                todo="Correct the settings, or run `booking-flow migrate --mark-as` for a copy.",
            )
        )
        return
    marked = f"marked {mark.app_env} on {mark.marked_at:%Y-%m-%d}" if mark else "not marked yet"
    account = f"supplier account {settings.traveltek_sid}"
    say(
        DoctorFinding(
            check="environment",
            said=f"{settings.app_env}; the database is {marked}; {account}"
            f" at {settings.traveltek_base_url}",
        )
    )


async def descriptors(connections: Connections, say: Reporter) -> None:
    """Say whether a process started from here may have all its connections open."""
    settings = connections.settings
    if found := ensure_descriptors(settings):
        guest = "A crowd of guests is refused before the supplier's connections are used up."
        say(
            DoctorFinding(
                check="descriptors", level=Level.WARNING, said=found, guest=guest, todo=ADVICE
            )
        )
        return
    said = f"a process may have the {settings.descriptors():,} files and connections it takes"
    say(DoctorFinding(check="descriptors", said=said))


async def redis(connections: Connections, say: Reporter) -> None:
    """Say whether tokens and wake-ups are shared between processes."""
    if connections.redis is None:
        say(
            DoctorFinding(check="redis", said="not configured; every process fetches its own token")
        )
        return
    try:
        told = await connections.redis.info("server")
    except (RedisError, OSError, TimeoutError) as error:
        say(_without_redis(error))
        return
    name = "Valkey" if "valkey_version" in told else "Redis"
    number = told.get("valkey_version") or told.get("redis_version")
    say(DoctorFinding(check="redis", said=f"{name} {number}"))


def _without_redis(error: Exception) -> DoctorFinding:
    found = redis_rejection(error)
    return DoctorFinding(
        check="redis",
        level=Level.WARNING,
        said=found.why if found else f"does not answer: {type(error).__name__}",
        guest="Every booking still works, a little slower.",
        todo=f"REDIS_URL: {found.todo}." if found else "Start it, or correct REDIS_URL.",
    )


async def catalogue_database(connections: Connections, say: Reporter) -> None:
    """Say which database the catalogue is in, and what it consists of."""
    server = await connections.reader.server()
    connections.found = await connections.reader.inspection()
    said = (
        f"PostgreSQL {server.version}, database {server.name} as {server.account},"
        f" schema {connections.found.layout.schema}"
    )
    say(DoctorFinding(check="catalogue.database", said=said))
    await _of_other_world(connections, say)


async def _of_other_world(connections: Connections, say: Reporter) -> None:
    """Say whether a catalogue that carries a mark is another environment's."""
    try:
        marked = await environment_of(connections.settings.catalogue_dsn())
    except NoRight:
        # An account that may read the catalogue alone cannot see the mark beside it.
        return
    if marked in {None, connections.settings.app_env.value}:
        return
    say(
        DoctorFinding(
            check="catalogue.environment",
            level=Level.WARNING,
            said=f"APP_ENV is {connections.settings.app_env}, the catalogue is marked {marked}",
            guest=f"Guests see the sailings of {marked}; nothing is written there.",
            todo="Give this environment a catalogue of its own: `booking-flow catalogue sync`.",
        )
    )


async def last_syncs(connections: Connections, say: Reporter) -> None:
    """Say when sailings last came into the catalogue."""
    runs = PostgresSyncRuns(connections.database)
    past = await runs.latest() if await runs.kept() else ()
    for run in past:
        say(_last(run))
    if not past:
        say(DoctorFinding(check="catalogue.sync", said="no sync and no import has run"))


def _last(run: PastRun) -> DoctorFinding:
    said = (
        f"{run.kind}: {run.outcome} since {run.started_at:%Y-%m-%d %H:%M} UTC,"
        f" {run.written} rows written, {run.refused} refused"
    )
    well = run.outcome in {RunOutcome.DONE, RunOutcome.RUNNING}
    fresh = run.succeeded_at is not None and run.now - run.succeeded_at < _OLD
    if well and (fresh or run.outcome is RunOutcome.RUNNING):
        return DoctorFinding(check="catalogue.sync", said=said)
    return DoctorFinding(
        check="catalogue.sync",
        level=Level.WARNING,
        said=said if not well else f"{said}; none has ended well for two days",
        guest="Sailings and lead-in prices grow old; live prices do not.",
        todo="Look at its report, and run `booking-flow catalogue sync` or `import` again.",
    )


async def supplier_clock(connections: Connections, say: Reporter) -> None:
    """Say how far the supplier's clock is from ours."""
    ahead = await clock_ahead(
        connections.settings.traveltek_base_url, now=lambda: datetime.now(UTC), limit=_CLOCK_LIMIT
    )
    if ahead is None:
        say(
            DoctorFinding(
                check="clock.supplier",
                level=Level.WARNING,
                said="the supplier's site does not tell its time",
                todo="Look whether TRAVELTEK_BASE_URL can be reached from here.",
            )
        )
        return
    _say_skew(say, "supplier", ahead)


def _say_skew(say: Reporter, whose: str, ahead: timedelta) -> None:
    seconds = round(ahead.total_seconds())
    said = f"the {whose}'s clock is {abs(seconds)} s {'ahead of' if seconds > 0 else 'behind'} ours"
    if abs(ahead) <= _SKEW:
        agreed = f"the {whose}'s clock agrees with ours"
        say(DoctorFinding(check=f"clock.{whose}", said=said if seconds else agreed))
        return
    say(
        DoctorFinding(
            check=f"clock.{whose}",
            level=Level.WARNING,
            said=said,
            guest="Around midnight a sailing may count as left too early or too late.",
            todo="Let all machines keep their time by NTP.",
        )
    )


async def bounds(connections: Connections, say: Reporter) -> None:
    """Say how far holds and deposits that the supplier tells are believed."""
    settings = connections.settings
    least, most = settings.deposit_least_percent, settings.deposit_most_percent
    said = (
        f"a hold counts for at most {settings.hold_longest_minutes:g} minutes,"
        f" a deposit is {least:g} to {most:g} % of the total"
    )
    if least <= most and settings.hold_longest_minutes > settings.hold_default_minutes:
        say(DoctorFinding(check="supplier.bounds", said=said))
        return
    say(
        DoctorFinding(
            check="supplier.bounds",
            level=Level.WARNING,
            said=said,
            guest="No deposit is offered, or cabins are let go before they can be booked.",
            todo="Correct HOLD_LONGEST_MINUTES, DEPOSIT_LEAST_PERCENT and DEPOSIT_MOST_PERCENT.",
        )
    )


async def holds(connections: Connections, say: Reporter) -> None:
    """Say whether the supplier tells how long it holds a cabin."""
    told = await hold_times(connections.database)
    if told.untold == 0:
        said = f"told in each of the last {told.answers} holds" if told.answers else "none was made"
        say(DoctorFinding(check="supplier.hold_times", said=said))
        return
    minutes = f"{connections.settings.hold_default_minutes:g}"
    say(
        DoctorFinding(
            check="supplier.hold_times",
            level=Level.WARNING,
            said=f"missing from {told.untold} of the last {told.answers} holds",
            guest=f"Holds are taken to last {minutes} minutes; a cabin may be gone before that.",
            todo="Ask the supplier how long it holds cabins; set HOLD_DEFAULT_MINUTES below that.",
        )
    )

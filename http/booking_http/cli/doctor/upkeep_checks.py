"""Whether data come to their end as the settings say, and keys are not older than wanted."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from booking_http.cli.doctor.connections import Connections
from booking_http.cli.doctor.findings import DoctorFinding, Level, Reporter
from persistence.key_days import ages_of
from persistence.retention import Progress, Retention, due_now, progress

_STALE: Final = timedelta(days=1)
"""For so long no process has looked: something is wrong."""
_MANY: Final = 1000
"""More than so many are not counted."""


async def retention(connections: Connections, say: Reporter) -> None:
    """Say how many sessions are due to go, and when it was last looked for them."""
    policy = connections.settings.retention()
    if policy == Retention():
        say(DoctorFinding(check="retention", said="everything is kept for good"))
        return
    found = await progress(connections.database)
    due = await due_now(connections.database, policy, most=_MANY)
    number = f"{due}" if due < _MANY else f"{_MANY} or more"
    said = f"sessions due to go now: {number}; {_told(found)}"
    if found.idle < _STALE:
        say(DoctorFinding(check="retention", said=said))
        return
    say(
        DoctorFinding(
            check="retention",
            level=Level.WARNING,
            said=f"{said}, and nobody has looked for {found.idle.days} days",
            guest="Their data are kept for longer than was said.",
            todo="Start `serve`, and look in its log for `retention`; `booking-flow prune` works"
            " it off at once.",
        )
    )


def _told(found: Progress) -> str:
    began = f"{found.began_at:%Y-%m-%d %H:%M}"
    if found.ended_at is None:
        return f"the look that began at {began} has seen {found.done.seen}"
    return f"the last look, at {began}, let {found.done.sessions} go"


async def keys(connections: Connections, say: Reporter) -> None:
    """Say for how long the current keys have been in use."""
    settings = connections.settings
    ages = await ages_of(connections.database, settings.keys())
    said = ", ".join(f"{kind.value} {age.days} days" for kind, age in ages.items())
    wanted = settings.key_max_days
    old = [kind for kind, age in ages.items() if wanted and age > timedelta(days=wanted)]
    if not old:
        known = f"in use for: {said}" if said else "no process has used these keys yet"
        say(DoctorFinding(check="keys", said=known))
        return
    kinds = ", ".join(f"`--kind {kind.value}`" for kind in old)
    say(
        DoctorFinding(
            check="keys",
            level=Level.WARNING,
            said=f"in use for: {said}; KEY_MAX_DAYS is {wanted}",
            guest="Whoever has copied a key can read what it protects for as long.",
            todo=f"`booking-flow keys rotate` says how, for {kinds}.",
        )
    )

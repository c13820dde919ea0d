"""Whether all stored histories still fold, asked from the command line."""

# ruff: noqa: PLC0415 - imports inside the commands keep `--help` quick.

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from booking_http.cli.options import home_option

if TYPE_CHECKING:
    from persistence.history_check import Broken

_EVERY = 10_000


@click.group()
def history() -> None:
    """Look at what is stored of all sessions."""


@history.command("check")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@home_option
def check_histories(as_json: bool, home: Path) -> None:
    """Fold every stored history through the present flow; fails when one does not fold."""
    from booking_http.cli.errors import friendly_errors
    from booking_http.cli.options import database_url

    with friendly_errors():
        sessions, events, broken = asyncio.run(_check(database_url(home), as_json=as_json))
    summary = {"sessions": sessions, "events": events, "broken": broken}
    words = f"{sessions} sessions with {events} events: {broken} do not fold"
    click.echo(json.dumps(summary) if as_json else words)
    if broken:
        raise SystemExit(1)


async def _check(url: str, *, as_json: bool) -> tuple[int, int, int]:
    from persistence.database import create_engine
    from persistence.history_check import check_all

    sessions, events, broken = 0, 0, 0
    engine = create_engine(url, pool_size=1, application_name="booking-flow history")
    try:
        async for checked in check_all(engine):
            before, sessions = sessions, sessions + checked.sessions
            events, broken = events + checked.events, broken + len(checked.broken)
            for each in checked.broken:
                click.echo(_line(each, as_json=as_json))
            if sessions // _EVERY > before // _EVERY:
                click.echo(f"{sessions} sessions so far", err=True)
    finally:
        await engine.dispose()
    return sessions, events, broken


def _line(broken: Broken, *, as_json: bool) -> str:
    if not as_json:
        return f"{broken.reference}  {broken.session_id}  {broken.why}"
    facts = {"reference": broken.reference, "sessionId": str(broken.session_id)}
    return json.dumps(facts | {"problem": broken.why})

"""What is old enough to go: counted, or deleted now instead of by and by."""

# ruff: noqa: PLC0415 - imports inside the commands keep `--help` quick.

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from booking_http.cli.options import home_option
from booking_http.cli.sign_in import Credentials, acting_option

if TYPE_CHECKING:
    from booking_http.settings import Settings
    from persistence.retention import Pruned

_PATIENT_SECONDS = 120.0


@click.command()
@click.option("--dry-run", is_flag=True, help="Delete nothing; say what would go.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of lines.")
@acting_option
@home_option
def prune(*, dry_run: bool, as_json: bool, who: Credentials, home: Path) -> None:
    """Let what is older than the RETAIN_ settings say go now; `serve` does it by and by.

    Nothing goes that is open, owed, disputed or yet to sail.
    """
    from booking_http.cli.errors import friendly_errors
    from booking_http.cli.options import settings

    with friendly_errors():
        done, background = asyncio.run(_prune(settings(home), who, dry=dry_run))
    if as_json:
        click.echo(json.dumps({**asdict(done), "dryRun": dry_run, "background": background}))
        return
    word = "would go" if dry_run else "went"
    click.echo(
        f"of {done.seen:,} sessions {done.sessions:,} {word} as a whole; with {done.evidence:,}"
        f" supplier calls and {done.quotes:,} quotes in all"
    )
    click.echo(f"in the background: {background}")


async def _prune(given: Settings, who: Credentials, *, dry: bool) -> tuple[Pruned, str]:
    from booking_http.cli.sign_in import signed_in
    from persistence.audit import PostgresAudit
    from persistence.database import create_engine
    from persistence.retention import Pruned, progress, prune_all

    url = given.database_url.get_secret_value()
    engine = create_engine(
        url, pool_size=1, application_name="booking-flow prune", statement_timeout=_PATIENT_SECONDS
    )
    done = Pruned()
    try:
        if not dry:
            member = await signed_in(engine, who)
            await PostgresAudit(engine).write(member.entry("prune"))
        async for done in prune_all(engine, given.retention(), dry=dry):
            click.echo(f"{done.seen:,} sessions looked at", err=True)
        return done, _told(await progress(engine))
    finally:
        await engine.dispose()


def _told(found: Any) -> str:
    ended = f"ended at {found.ended_at:%Y-%m-%d %H:%M}" if found.ended_at else "is under way"
    return (
        f"the pass that began at {found.began_at:%Y-%m-%d %H:%M} {ended};"
        f" {found.done.seen:,} sessions looked at, {found.done.sessions:,} gone"
    )

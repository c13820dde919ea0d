"""What is waiting to be sent and what was given up, for operators."""

# ruff: noqa: PLC0415 - imports inside the commands keep `--help` quick.

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from booking_http.cli.options import home_option

if TYPE_CHECKING:
    from persistence.outbox import OutboxEntry

_HEADINGS = ("reference", "seq", "channel", "kind", "fate", "attempts", "next attempt", "error")
_PLAIN_WIDTH = 220


@click.group()
def outbox() -> None:
    """Look at what is to be sent to webhooks and by mail."""


@outbox.command("list")
@click.option("--dead", "dead_only", is_flag=True, help="Only what was given up.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@home_option
def list_entries(dead_only: bool, as_json: bool, home: Path) -> None:
    """List what has not been delivered, without personal data."""
    from booking_http.cli.errors import friendly_errors
    from booking_http.cli.options import database_url

    with friendly_errors():
        entries = asyncio.run(_entries(database_url(home), dead_only=dead_only))
    if as_json:
        click.echo(json.dumps([_facts(entry) for entry in entries], indent=2))
    else:
        _print_table(entries)


@outbox.command()
@click.argument("reference", required=False)
@click.option("--seq", type=int, help="Only this event of the session.")
@click.option("--all", "everything", is_flag=True, help="Of every session.")
@home_option
def requeue(reference: str | None, seq: int | None, everything: bool, home: Path) -> None:
    """Send again what was given up for the session with REFERENCE."""
    from booking_http.cli.errors import friendly_errors
    from booking_http.cli.options import database_url

    if everything == bool(reference):
        raise click.UsageError("name one session's reference, or --all")
    with friendly_errors():
        number = asyncio.run(_requeue(database_url(home), reference, seq))
    click.echo(f"{number} to be sent again")


async def _entries(url: str, *, dead_only: bool) -> Sequence[OutboxEntry]:
    from persistence.database import create_engine
    from persistence.outbox import Outbox

    engine = create_engine(url, pool_size=1, application_name="booking-flow outbox")
    try:
        return await Outbox(engine).entries(dead_only=dead_only)
    finally:
        await engine.dispose()


async def _requeue(url: str, reference: str | None, seq: int | None) -> int:
    from persistence.database import create_engine
    from persistence.outbox import Outbox

    engine = create_engine(url, pool_size=1, application_name="booking-flow outbox")
    try:
        return await Outbox(engine).requeue(reference, seq=seq)
    finally:
        await engine.dispose()


def _facts(entry: OutboxEntry) -> dict[str, object]:
    from booking_http.web.models import rfc3339

    return {
        "reference": entry.reference,
        "seq": entry.seq,
        "channel": entry.channel,
        "kind": entry.kind,
        "fate": entry.fate,
        "attempts": entry.attempts,
        "createdAt": rfc3339(entry.created_at),
        "nextAttemptAt": None if entry.dead_at else rfc3339(entry.next_attempt_at),
        "deadAt": entry.dead_at and rfc3339(entry.dead_at),
        "error": entry.error,
    }


def _print_table(entries: Sequence[OutboxEntry]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*_HEADINGS, box=None, pad_edge=False)
    for entry in entries:
        facts = _facts(entry)
        names = ("reference", "seq", "channel", "kind", "fate", "attempts", "nextAttemptAt")
        table.add_row(*(Text(str(facts[name] or "-")) for name in (*names, "error")))
    width = None if sys.stdout.isatty() else _PLAIN_WIDTH
    Console(highlight=False, width=width).print(table if entries else "nothing is waiting")

"""What a restored database has forgotten, compared with journal and line from the command line."""

# ruff: noqa: PLC0415 - imports inside the commands keep `--help` quick.

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from booking_http.cli.options import home_option
from booking_http.cli.sign_in import Credentials, credentials_option

if TYPE_CHECKING:
    from booking_http.cli.reconciliation import Facts

_FORMATS = ("%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ")


@click.command()
@click.option(
    "--since",
    type=click.DateTime(_FORMATS),
    help="Ask the line for every reservation made since then (UTC) that is known.",
)
@click.option(
    "--accept",
    is_flag=True,
    help="Leave to staff what could not be entered, so that selling goes on; say who you are.",
)
@credentials_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
@home_option
def reconcile(
    *, since: datetime | None, accept: bool, who: Credentials, as_json: bool, home: Path
) -> None:
    """Compare the database with this machine's journal of claims, and say what it has forgotten.

    `serve` does so at every start; after a restore run it on each machine that has a journal.
    Claims that are forgotten are entered as steps whose outcome is unknown, or as tasks. Exit
    status: 0 nothing is open, 1 something is.
    """
    from booking_http.cli.errors import friendly_errors
    from booking_http.cli.options import settings
    from booking_http.cli.reconciliation import ReconcileOptions
    from booking_http.cli.reconciliation import reconcile as work
    from booking_http.runtime.logs import configure_logs

    configure_logs("CRITICAL")
    if accept:
        who.ensure_given()
    wishes = ReconcileOptions(
        since=since.replace(tzinfo=UTC) if since else None, accept=who if accept else None
    )
    with friendly_errors():
        found = asyncio.run(work(settings(home), wishes))
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        _print(found, asked=since is not None)
    if found["waiting"] or found["open"]:
        raise SystemExit(1)


def _print(found: Facts, *, asked: bool) -> None:
    from booking_http.cli.reconciliation import CANNOT_FIND

    if not found["compared"]:
        click.echo("JOURNAL_DIR is not set: nothing was compared here.")
    for claim in found["claims"]:
        click.echo(_told(claim))
    if found["accepted"]:
        click.echo(f"{found['accepted']} left to staff")
    for each in found["reservations"]:
        click.echo(f"{each['reservation']}  line {each['lineId']}  {each['reference']}")
        click.echo(f"  {_line(each)}")
    click.echo(
        f"{len(found['claims'])} claims were forgotten; {found['waiting']} wait to be entered,"
        f" of {found['open']} the outcome is open"
    )
    if asked:
        click.echo(CANNOT_FIND)


def _told(claim: Facts) -> str:
    known = ", ".join(
        f"{label} {claim[name]}"
        for name, label in (("outcome", "outcome"), ("reservation", "reservation"))
        if claim[name]
    )
    became = {None: "waits", "step": "a step again", "conflict": "a conflict", "task": "a task"}
    state = "open" if claim["open"] else "settled"
    return (
        f"{claim['reference']}  {claim['step']} of {claim['askedAt']}\n"
        f"  the journal knows: {known or 'no end'}; {became[claim['enteredAs']]}, {state}"
    )


def _line(each: dict[str, Any]) -> str:
    facts = [each["status"], each["price"] and f"price {each['price']}"]
    facts.append(each["received"] and f"received {each['received']}")
    return "; ".join(filter(None, (*facts, each["said"])))

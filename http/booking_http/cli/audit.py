"""Looking through what is stored, for operators."""

# ruff: noqa: PLC0415 - imports inside the commands keep `--help` quick.

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from booking_http.cli.options import home_option

if TYPE_CHECKING:
    from booking_http.settings import Settings
    from persistence.audit_chain import Verified
    from persistence.card_audit import ScannedPlace


@click.group()
def audit() -> None:
    """Look through everything that is stored."""


@audit.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@home_option
def cards(as_json: bool, home: Path) -> None:
    """Look for card numbers where none belongs; says where, never what. Fails if there are any.

    Every text of every table is read, and the guests' sealed details with the keys of the settings.
    A supervisor takes a text out on the session's page.
    """
    from booking_http.cli.errors import friendly_errors
    from booking_http.cli.options import settings

    with friendly_errors():
        found = asyncio.run(_search(settings(home), as_json=as_json))
    if not as_json:
        click.echo(f"{found} places with a card number" if found else "no card number is stored")
    if found:
        raise SystemExit(1)


@audit.command()
@click.option("--expect", metavar="DIGEST", help="The digest of some seal, as the log has it.")
@home_option
def verify(expect: str | None, home: Path) -> None:
    """Compare the audit with the chain that seals it. Fails where a line was changed since.

    The log of `serve` names each seal with its digest; --expect fails where the chain does not have
    it any more, as one that was made anew would not.
    """
    from booking_http.cli.errors import friendly_errors
    from booking_http.cli.options import database_url

    with friendly_errors():
        found, known = asyncio.run(_verified(database_url(home), expect))
    click.echo(f"{found.seals:,} seals over {found.lines:,} lines hold, {found.unsealed:,} to seal")
    click.echo(f"last digest: {found.digest or 'none'}")
    if found.broken is not None:
        raise click.ClickException(f"the lines of seal {found.broken} are not those it was made of")
    if not known:
        raise click.ClickException("the chain does not have the digest that is expected")


async def _verified(url: str, expect: str | None) -> tuple[Verified, bool]:
    from persistence import audit_chain
    from persistence.database import create_engine

    engine = create_engine(url, pool_size=1, application_name="booking-flow audit")
    try:
        known = expect is None or await audit_chain.has_digest(engine, expect)
        return await audit_chain.verify(engine), known
    finally:
        await engine.dispose()


async def _search(given: Settings, *, as_json: bool) -> int:
    from booking_http.wiring import vault_of
    from persistence.card_audit import find_cards
    from persistence.database import create_engine

    url = given.database_url.get_secret_value()
    engine = create_engine(url, pool_size=1, application_name="booking-flow audit")
    found = 0
    try:
        async for place in find_cards(engine, vault_of(given)):
            found += 1
            click.echo(_line(place, as_json=as_json))
    finally:
        await engine.dispose()
    return found


def _line(place: ScannedPlace, *, as_json: bool) -> str:
    if as_json:
        facts = {"table": place.table, "key": dict(place.key), "column": place.column}
        return json.dumps(facts | {"path": place.path})
    key = " ".join(f"{name}={value}" for name, value in place.key.items())
    return f"{place.table}  {key}  {place.column}{place.path}"

"""Who of the staff may come in: adding, listing and shutting out, and tokens for scripts."""

# ruff: noqa: PLC0415 - imports inside the commands keep `--help` quick.

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from booking_http.cli.options import home_option

if TYPE_CHECKING:
    from persistence.staff import Account, PostgresStaff

R = TypeVar("R")
_ROLES = click.Choice(["viewer", "agent", "supervisor"])


def _base(_: click.Context, __: click.Parameter, address: str) -> str:
    from booking_http import addresses

    try:
        return addresses.base(address)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.group()
def staff() -> None:
    """Say who may look after sessions: viewers read, agents act, supervisors override."""


@staff.command("add")
@click.argument("email")
@click.option("--name", required=True, help="As it stands in the history of what they do.")
@click.option("--role", type=_ROLES, default="viewer", show_default=True)
@click.option("--ask-password", is_flag=True, help="Ask for a password instead of making one.")
@home_option
def add_account(email: str, name: str, role: str, ask_password: bool, home: Path) -> None:
    """Add an account for EMAIL and print its password, once, unless it was asked for."""
    from booking_http.staff.passwords import hash_password, new_secret

    _ensure_address(email)
    password = _asked() if ask_password else new_secret()
    hashed = hash_password(password)
    if not _with_staff(home, lambda accounts: _add(accounts, email, name, role, hashed)):
        raise click.ClickException(f"{email} has an account already")
    click.echo(f"{email} may sign in as {role}")
    if not ask_password:
        click.echo(f"password: {password}")


@staff.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of lines.")
@home_option
def list_accounts(as_json: bool, home: Path) -> None:
    """List the accounts."""
    found = _with_staff(home, lambda accounts: accounts.accounts())
    if as_json:
        click.echo(json.dumps([_facts(account) for account in found], indent=2))
        return
    for account in found:
        shut = "  disabled" if account.disabled_at else ""
        click.echo(f"{account.email}  {account.role}  {account.name}{shut}")


@staff.command("disable")
@click.argument("email")
@home_option
def disable_account(email: str, home: Path) -> None:
    """Shut the account of EMAIL, and end all its sign-ins and tokens."""
    if not _with_staff(home, lambda accounts: accounts.disable(email)):
        raise click.ClickException(f"{email} has no account that is open")
    click.echo(f"{email} may not come in any more")


@staff.command("token")
@click.argument("email")
@home_option
def grant_token(email: str, home: Path) -> None:
    """Print a new API token for the account of EMAIL; it is shown only now."""
    from booking_http.staff.passwords import new_secret

    token = new_secret()
    if not _with_staff(home, lambda accounts: _grant(accounts, email, token)):
        raise click.ClickException(f"{email} has no account that is open")
    click.echo(token)


@staff.command("link")
@click.argument("email")
@click.option(
    "--url",
    envvar="PUBLIC_URL",
    show_envvar=True,
    default="http://127.0.0.1:8080",
    show_default=True,
    callback=_base,
    help="Where staff reach the service.",
)
@home_option
def make_link(email: str, url: str, home: Path) -> None:
    """Print a link that signs EMAIL in, once and within half an hour."""
    from booking_http.cli.errors import friendly_errors
    from booking_http.cli.options import database_url

    with friendly_errors():
        path = asyncio.run(_granted(database_url(home), email))
    if path is None:
        raise click.ClickException(f"{email} has no account that is open")
    click.echo(f"{url.rstrip('/')}{path}")


async def _granted(url: str, email: str) -> str | None:
    from booking_http.staff.sign_in_links import grant_link
    from persistence.database import create_engine

    engine = create_engine(url, pool_size=1, application_name="booking-flow staff")
    try:
        return await grant_link(engine, email)
    finally:
        await engine.dispose()


def _with_staff(home: Path, work: Callable[[PostgresStaff], Awaitable[R]]) -> R:
    """Do something with the accounts of the database that is meant."""
    from booking_http.cli.errors import friendly_errors
    from booking_http.cli.options import database_url

    with friendly_errors():
        return asyncio.run(_opened(database_url(home), work))


async def _opened(url: str, work: Callable[[PostgresStaff], Awaitable[R]]) -> R:
    from persistence.database import create_engine
    from persistence.staff import PostgresStaff

    engine = create_engine(url, pool_size=1, application_name="booking-flow staff")
    try:
        return await work(PostgresStaff(engine))
    finally:
        await engine.dispose()


async def _add(accounts: PostgresStaff, email: str, name: str, role: str, hashed: str) -> bool:
    from booking_flow.staff.people import Role
    from booking_http.api.guest_token import new_uuid

    return await accounts.add(
        new_uuid(), email=email, name=name, role=Role(role), password_hash=hashed
    )


async def _grant(accounts: PostgresStaff, email: str, token: str) -> bool:
    found = await accounts.find(email)
    if found is None or found.account.disabled_at is not None:
        return False
    await accounts.grant_token(found.account.id, token)
    return True


def _asked() -> str:
    from booking_http.staff.passwords import SHORTEST

    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    if len(password) < SHORTEST:
        raise click.ClickException(f"a password has at least {SHORTEST} characters")
    return password


def _ensure_address(email: str) -> None:
    local, _, domain = email.strip().rpartition("@")
    if not local or "." not in domain:
        raise click.UsageError(f"{email} is not an e-mail address")


def _facts(account: Account) -> dict[str, object]:
    from booking_http.web.models import rfc3339

    return {
        "email": account.email,
        "name": account.name,
        "role": account.role.value,
        "disabledAt": account.disabled_at and rfc3339(account.disabled_at),
    }

"""Who of the staff may come in: adding, listing and shutting out, and tokens for scripts."""

# ruff: noqa: PLC0415 - imports inside the commands keep `--help` quick.

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from booking_http.cli.options import home_option
from booking_http.cli.sign_in import Credentials, acting_option

if TYPE_CHECKING:
    from persistence.database import Database
    from persistence.staff import Account, ApiToken, PostgresStaff
    from persistence.staff_changes import StaffChanges

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
@acting_option
@home_option
def add_account(
    *, email: str, name: str, role: str, ask_password: bool, who: Credentials, home: Path
) -> None:
    """Add an account for EMAIL and print its password, once, unless it was asked for."""
    from booking_http.staff.passwords import hash_password, new_secret

    _ensure_address(email)
    password = _asked() if ask_password else new_secret()
    hashed = hash_password(password)
    if not _changed(home, who, lambda changes: _add(changes, email, name, role, hashed)):
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
        factor = "  second factor" if account.has_second_factor else ""
        shut = "  disabled" if account.disabled_at else ""
        click.echo(f"{account.email}  {account.role}  {account.name}{factor}{shut}")


@staff.command("disable")
@click.argument("email")
@acting_option
@home_option
def disable_account(email: str, who: Credentials, home: Path) -> None:
    """Shut the account of EMAIL, and end all its sign-ins and tokens."""
    if not _changed(home, who, lambda changes: changes.disable(email)):
        raise click.ClickException(
            f"{email} has no account that is open, or is the last supervisor"
        )
    click.echo(f"{email} may not come in any more")


@staff.command("enable")
@click.argument("email")
@acting_option
@home_option
def enable_account(email: str, who: Credentials, home: Path) -> None:
    """Open the account of EMAIL again; its sign-ins and tokens stay ended."""
    if not _changed(home, who, lambda changes: changes.enable(email)):
        raise click.ClickException(f"{email} has no account that is disabled")
    click.echo(f"{email} may come in again")


@staff.command("role")
@click.argument("email")
@click.argument("role", type=_ROLES)
@acting_option
@home_option
def change_role(email: str, role: str, who: Credentials, home: Path) -> None:
    """Let EMAIL be ROLE from the next request on."""
    from booking_flow.staff.people import Role

    if not _changed(home, who, lambda changes: changes.set_role(email, Role(role))):
        raise click.ClickException(
            f"{email} has no account of another role, or is the last supervisor"
        )
    click.echo(f"{email} is {role} now")


@staff.command("reset-factor")
@click.argument("email")
@acting_option
@home_option
def reset_factor(email: str, who: Credentials, home: Path) -> None:
    """Ask EMAIL for no codes any more, and end all sign-ins.

    Where STAFF_TOTP asks for codes they set up another authenticator at the next sign-in.
    """
    if not _changed(home, who, lambda changes: changes.reset_factor(email)):
        raise click.ClickException(f"{email} has no second factor")
    click.echo(f"{email} is signed out, and is asked for no code")


@staff.command("password")
@click.argument("email")
@click.option("--ask-password", is_flag=True, help="Ask for a password instead of making one.")
@acting_option
@home_option
def reset_password(email: str, ask_password: bool, who: Credentials, home: Path) -> None:
    """Give EMAIL another password, print it once, and end all sign-ins.

    Who is to choose it themselves gets a link by `staff link`.
    """
    from booking_http.staff.passwords import hash_password, new_secret

    password = _asked() if ask_password else new_secret()
    hashed = hash_password(password)
    if not _changed(home, who, lambda changes: changes.set_password(email, hashed)):
        raise click.ClickException(f"{email} has no account that is open")
    click.echo(f"{email} is signed out")
    if not ask_password:
        click.echo(f"password: {password}")


@staff.command("token")
@click.argument("email")
@click.option("--name", default="", help="What the token is for, as the list of them shows it.")
@click.option(
    "--days",
    type=click.IntRange(1, 3650),
    default=365,
    show_default=True,
    help="How long it opens the account.",
)
@acting_option
@home_option
def grant_token(*, email: str, name: str, days: int, who: Credentials, home: Path) -> None:
    """Print a new API token for the account of EMAIL; it is shown only now."""
    from booking_http.staff.passwords import new_secret

    token, life = new_secret(), timedelta(days=days)
    if not _changed(
        home, who, lambda changes: changes.grant_token(email, token, name=name, life=life)
    ):
        raise click.ClickException(f"{email} has no account that is open")
    click.echo(token)


@staff.command("tokens")
@click.argument("email")
@home_option
def list_tokens(email: str, home: Path) -> None:
    """List the API tokens of EMAIL by number, with their last use and their end."""
    for token in _with_staff(home, lambda accounts: accounts.tokens(email)):
        click.echo(_token_line(token))


@staff.command("revoke")
@click.argument("email")
@click.argument("number", type=int)
@acting_option
@home_option
def revoke_token(email: str, number: int, who: Credentials, home: Path) -> None:
    """End the API token NUMBER of EMAIL."""
    if not _changed(home, who, lambda changes: changes.revoke_token(email, number)):
        raise click.ClickException(f"{email} has no such token that is open")
    click.echo(f"token {number} opens nothing any more")


def _token_line(token: ApiToken) -> str:
    from booking_http.web.models import rfc3339

    used = f"used {rfc3339(token.last_used_at)}" if token.last_used_at else "never used"
    ends = f"ends {rfc3339(token.expires_at)}" if token.expires_at else "has no end"
    shut = [] if token.is_open else ["ended"]
    return "  ".join([str(token.number), token.name or "-", used, ends, *shut])


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
@acting_option
@home_option
def make_link(*, email: str, url: str, who: Credentials, home: Path) -> None:
    """Print a link that signs EMAIL in, once and within half an hour."""
    from booking_http.staff.sign_in_links import grant_link

    path = _changed(home, who, lambda changes: grant_link(changes, email))
    if path is None:
        raise click.ClickException(f"{email} has no account that is open")
    click.echo(f"{url.rstrip('/')}{path}")


def _changed(home: Path, who: Credentials, change: Callable[[StaffChanges], Awaitable[R]]) -> R:
    """Change something about accounts in the name of who acts, and return what came of it."""

    async def work(engine: Database) -> R:
        from booking_flow.staff.people import Role
        from booking_http.cli.sign_in import signed_in
        from persistence.staff_changes import StaffChanges

        member = await signed_in(engine, who)
        member.ensure(Role.SUPERVISOR)
        return await change(StaffChanges(engine, member))

    return _with_database(home, work)


def _with_staff(home: Path, work: Callable[[PostgresStaff], Awaitable[R]]) -> R:
    """Do something with the accounts of the database that is meant."""

    async def opened(engine: Database) -> R:
        from persistence.staff import PostgresStaff

        return await work(PostgresStaff(engine))

    return _with_database(home, opened)


def _with_database(home: Path, work: Callable[[Database], Awaitable[R]]) -> R:
    from booking_http.cli.errors import friendly_errors
    from booking_http.cli.options import database_url

    with friendly_errors():
        return asyncio.run(_opened(database_url(home), work))


async def _opened(url: str, work: Callable[[Database], Awaitable[R]]) -> R:
    from persistence.database import create_engine

    engine = create_engine(url, pool_size=1, application_name="booking-flow staff")
    try:
        return await work(engine)
    finally:
        await engine.dispose()


async def _add(changes: StaffChanges, email: str, name: str, role: str, hashed: str) -> bool:
    from booking_flow.staff.people import Role
    from booking_http.api.guest_token import new_uuid

    return await changes.add(
        new_uuid(), email=email, name=name, role=Role(role), password_hash=hashed
    )


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
        "secondFactor": account.has_second_factor,
        "disabledAt": account.disabled_at and rfc3339(account.disabled_at),
    }

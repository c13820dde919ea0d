"""Who of the staff a command acts for: an account by its token, or an operator by name."""

# ruff: noqa: PLC0415 - imports inside the commands keep `--help` quick.

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from booking_flow.staff.people import StaffMember
    from persistence.database import Database

F = TypeVar("F", bound=Callable[..., Any])
_NOBODY = (
    "say who you are: set STAFF_TOKEN to a token that `booking-flow staff token` printed, "
    "or give --as-operator NAME"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What somebody brings along to a command; `operator` is who works at the machine itself."""

    token: str | None = field(default=None, repr=False)
    operator: str | None = None

    @property
    def given(self) -> bool:
        """Whether there is anything."""
        return bool(self.token or self.operator)

    def ensure_given(self) -> None:
        """Refuse who does not say who they are.

        Raises:
            UsageError: neither is given.
        """
        if not self.given:
            raise click.UsageError(_NOBODY)


def credentials_option(command: F) -> F:
    """Give a command the options by which it is told who acts, as the argument `who`."""

    @click.option(
        "--token",
        envvar="STAFF_TOKEN",
        show_envvar=True,
        help="An API token of a staff account; others see options in the list of processes.",
    )
    @click.option(
        "--as-operator",
        metavar="NAME",
        help="Act as NAME without an account; the audit says that it was an operator.",
    )
    @wraps(command)
    def signed(*args: Any, token: str | None, as_operator: str | None, **more: Any) -> Any:
        return command(*args, who=Credentials(token=token, operator=as_operator), **more)

    return signed  # type: ignore[return-value]  # click reads the options, not the signature


def acting_option(command: F) -> F:
    """Give a command these options; who says nothing acts as the user of this machine."""

    @credentials_option
    @wraps(command)
    def signed(*args: Any, who: Credentials, **more: Any) -> Any:
        from getpass import getuser

        return command(*args, who=who if who.given else Credentials(operator=getuser()), **more)

    return signed  # type: ignore[return-value]  # click reads the options, not the signature


async def signed_in(database: Database, who: Credentials) -> StaffMember:
    """Return who acts; the name of an operator goes before a token that is set for the shell.

    Raises:
        ClickException: the token opens no account.
    """
    from booking_flow.staff.people import StaffMember, operator
    from persistence.staff import PostgresStaff

    if who.operator:
        return operator(who.operator)
    account = await PostgresStaff(database).by_token(who.token or "")
    if account is None:
        raise click.ClickException("STAFF_TOKEN is a token of no account that is open")
    return StaffMember(name=account.name, role=account.role, account_id=account.id)

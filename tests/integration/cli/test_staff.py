"""Accounts of the staff on the command line."""

from __future__ import annotations

import asyncio
import json

import pytest
from click.testing import CliRunner, Result

from booking_flow.staff.people import Role
from booking_http.cli.main import main
from booking_http.staff.passwords import Passwords
from persistence.database import Database, create_engine
from persistence.staff import PostgresStaff

EMAIL = "ada@agency.test"


@pytest.fixture
async def accounts(database_url: str) -> PostgresStaff:
    """Return the accounts of an empty database."""
    engine: Database = create_engine(database_url, pool_size=1)
    return PostgresStaff(engine)


async def staff(database_url: str, *arguments: str, typed: str | None = None) -> Result:
    environment = {"DATABASE_URL": database_url}
    run = CliRunner().invoke
    return await asyncio.to_thread(run, main, ["staff", *arguments], input=typed, env=environment)


async def add(database_url: str, *more: str, typed: str | None = None) -> Result:
    named = ("--name", "Ada Example", "--role", "agent")
    return await staff(database_url, "add", EMAIL.upper(), *named, *more, typed=typed)


async def test_an_account_is_added_with_a_password_that_is_printed_once(
    database_url: str, accounts: PostgresStaff
) -> None:
    done = await add(database_url)
    assert done.exit_code == 0, done.output
    password = done.output.partition("password: ")[2].strip()
    found = await accounts.find(EMAIL)
    assert found is not None
    assert (found.account.role, found.account.name) == (Role.AGENT, "Ada Example")
    assert await Passwords().is_right(password, found.password_hash)
    assert found.password_hash.startswith("$argon2id$")
    twice = await add(database_url)
    assert (twice.exit_code, twice.output) == (
        1,
        f"Error: {EMAIL.upper()} has an account already\n",
    )


async def test_a_password_may_be_typed_and_is_not_printed(
    database_url: str, accounts: PostgresStaff
) -> None:
    done = await add(database_url, "--ask-password", typed="correct horse\ncorrect horse\n")
    assert done.exit_code == 0, done.output
    assert "horse" not in done.output
    found = await accounts.find(EMAIL)
    assert found is not None
    assert await Passwords().is_right("correct horse", found.password_hash)


async def test_a_short_password_and_a_strange_address_are_refused(database_url: str) -> None:
    short = await add(database_url, "--ask-password", typed="short\nshort\n")
    assert "at least 12 characters" in short.output
    strange = await staff(database_url, "add", "ada", "--name", "Ada")
    assert (strange.exit_code, "is not an e-mail address" in strange.output) == (2, True)


async def test_a_token_opens_until_its_account_is_disabled(
    database_url: str, accounts: PostgresStaff
) -> None:
    await add(database_url)
    token = (await staff(database_url, "token", EMAIL)).output.strip()
    opened = await accounts.by_token(token)
    assert opened is not None
    assert opened.email == EMAIL
    assert (await staff(database_url, "disable", EMAIL)).exit_code == 0
    assert await accounts.by_token(token) is None
    for command in ("disable", "token"):
        assert (await staff(database_url, command, EMAIL)).exit_code == 1


async def test_accounts_are_listed(database_url: str) -> None:
    await add(database_url)
    await staff(database_url, "disable", EMAIL)
    listed = await staff(database_url, "list")
    assert listed.output == f"{EMAIL}  agent  Ada Example  disabled\n"
    (account,) = json.loads((await staff(database_url, "list", "--json")).output)
    assert (account["email"], account["role"]) == (EMAIL, "agent")
    assert account["disabledAt"]


async def test_a_link_is_printed_for_who_has_an_account(database_url: str) -> None:
    await add(database_url)
    made = await staff(database_url, "link", EMAIL, "--url", "https://cruises.test/")
    assert made.exit_code == 0, made.output
    assert made.output.startswith("https://cruises.test/console/sign-in/link/")
    assert (await staff(database_url, "disable", EMAIL)).exit_code == 0
    shut = await staff(database_url, "link", EMAIL)
    assert (shut.exit_code, shut.output) == (1, f"Error: {EMAIL} has no account that is open\n")

"""Keys of the settings: a new one, making anew what older ones made, and retiring them."""

# ruff: noqa: PLC0415 - imports inside the commands keep `--help` quick.

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from booking_http.cli.options import home_option
from booking_http.cli.sign_in import Credentials, acting_option

if TYPE_CHECKING:
    from booking_http.settings import Settings
    from persistence.database import Database
    from persistence.encryption import KeyKind
    from persistence.key_rotation import Rewrapped

R = TypeVar("R")
Facts = dict[str, Any]
_KINDS = click.Choice(["master", "search", "hash"])
_PATIENT_SECONDS = 600.0
_STEPS = """\
1. Every process must know the new key before one uses it. Restart all of them with
{first}
2. Then restart all of them with
{then}
3. {last}
"""
_REWRAP = (
    "Run `booking-flow keys rewrap` with these settings, `booking-flow keys retire {number}`,"
    " and take the older keys out."
)
_WAIT = (
    "Run `booking-flow keys rewrap` where SEARCH_KEYS is not set. After a day nobody asks again by"
    " what the older key hashed: run `booking-flow keys retire {number}`, and empty"
    " HASH_KEYS_OLDER."
)


@click.group()
def keys() -> None:
    """Rotate the keys of personal data and hashes, make anew what older ones made, retire them."""


@keys.command()
@click.option("--kind", type=_KINDS, default="master", show_default=True)
@home_option
def rotate(kind: str, home: Path) -> None:
    """Print the settings with a new key, and in which order they go to the processes.

    Nothing is changed: the settings are yours to keep. The new key is printed only now.
    """
    from booking_http.cli.errors import friendly_errors
    from booking_http.cli.options import settings
    from persistence.encryption import KeyKind, key_id

    with friendly_errors():
        given = settings(home).keys()[KeyKind(kind)]
    first, then = _restarts(kind, given, _new_key(kind))
    number = _name(KeyKind(kind), key_id(KeyKind(kind), given[0].encode()))
    last = (_WAIT if kind == "hash" else _REWRAP).format(number=number)
    click.echo(_STEPS.format(first=first, then=then, last=last), nl=False)


def _restarts(kind: str, given: Sequence[str], new: str) -> tuple[str, str]:
    """Return the settings for which the new key is known, and those that use it."""
    if kind == "hash":
        older = f"HASH_KEYS_OLDER={_written([new, *given[1:]])}"
        return older, f"HASH_KEY={new}\nHASH_KEYS_OLDER={_written(given)}"
    name = {"master": "MASTER_KEYS", "search": "SEARCH_KEYS"}[kind]
    known = [given[0], new, *given[1:]]
    return f"{name}={_written(known)}", f"{name}={_written([new, *given])}"


def _written(keys: Sequence[str]) -> str:
    """Return keys as a setting takes them; those with a comma make it a JSON list."""
    plain = not any(set(key) & {",", " "} for key in keys)
    return ",".join(keys) if plain else json.dumps(list(keys))


def _new_key(kind: str) -> str:
    import secrets

    from cryptography.fernet import Fernet

    return Fernet.generate_key().decode() if kind == "master" else secrets.token_urlsafe(32)


@keys.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of lines.")
@home_option
def list_keys(as_json: bool, home: Path) -> None:
    """List the keys of the settings by name, with how much each has made that is still there."""
    found = _with_keys(home, _listed)
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for each in found:
        uses = [] if each["uses"] is None else [f"{each['uses']:,} made by it"]
        click.echo("  ".join([str(each["key"]), *uses, *_marks(each)]))


def _marks(facts: Facts) -> list[str]:
    marks = {"current": facts["current"], "retired": facts["retired"]}
    return [word for word, is_so in (marks | {"unknown": not facts["inSettings"]}).items() if is_so]


async def _listed(database: Database, given: Settings) -> list[Facts]:
    from persistence.encryption import KeyKind

    return [
        each for kind in KeyKind for each in await _listed_of(database, kind, given.keys()[kind])
    ]


async def _listed_of(database: Database, kind: KeyKind, values: Sequence[str]) -> list[Facts]:
    """Return the keys of a kind, and those that made something and are not in the settings."""
    from persistence.encryption import KeyKind, key_id
    from persistence.key_rotation import retired, uses_of

    gone, uses = await retired(database), await uses_of(database, kind)
    given: list[int | None] = [key_id(kind, value.encode()) for value in values]
    found: list[Facts] = [
        {
            "key": _name(kind, number),
            "uses": None if kind is KeyKind.HASH else uses.get(number, 0),
            "current": number == given[0],
            "inSettings": number in given,
            "retired": (kind, number) in gone,
        }
        for number in dict.fromkeys([*given, *uses])
    ]
    return found


@keys.command()
@acting_option
@home_option
def rewrap(who: Credentials, home: Path) -> None:
    """Wrap all data keys by the current master key, and hash anew what guests are found by.

    It works beside the service, a few hundred sessions at a time; stopped anywhere, it is begun
    again and passes over what is done.
    """

    async def work(database: Database, given: Settings) -> Rewrapped:
        from booking_http.wiring import vault_of
        from persistence.key_rotation import Rewrapped, rewrap

        done = Rewrapped()
        await _note(database, who, "keys_rewrap", {})
        async for done in rewrap(database, vault_of(given)):
            click.echo(f"{done.seen:,} of {done.total:,} sessions", err=True)
        return done

    done = _with_keys(home, work)
    click.echo(f"{done.wrapped:,} keys wrapped and {done.hashed:,} sessions hashed anew")
    if done.unreadable:
        raise click.ClickException(
            f"{done.unreadable:,} data keys are opened by no key in MASTER_KEYS: add the one that"
            " wrapped them, or erase these guests and reset these second factors"
        )


@keys.command()
@click.argument("key")
@acting_option
@home_option
def retire(key: str, who: Credentials, home: Path) -> None:
    """Let KEY, as `keys list` names it, be used no more by any process.

    It is refused while KEY is the current one, or anything is there that it made.
    """

    async def work(database: Database, given: Settings) -> None:
        from persistence.key_rotation import StillUsed, ensure_unused, retire

        kind, number = _read(key)
        _ensure_followed(given, kind, number)
        try:
            for each, of_it in _same_key(given, kind, number):
                await ensure_unused(database, each, of_it)
            await retire(database, kind, number)
        except StillUsed as used:
            raise click.ClickException(
                f"{used.uses:,} of what is there was made by {key}, {used.unknown:,} by nobody"
                " knows which; run `booking-flow keys rewrap`"
            ) from None
        await _note(database, who, "keys_retire", {"key": key})

    _with_keys(home, work)
    click.echo(f"{key} is retired; take it out of the settings")


def _ensure_followed(given: Settings, kind: KeyKind, number: int) -> None:
    from persistence.encryption import key_id

    if key_id(kind, given.keys()[kind][0].encode()) == number:
        raise click.ClickException("that is the current key; rotate first")


def _same_key(given: Settings, kind: KeyKind, number: int) -> list[tuple[KeyKind, int]]:
    """Return as what else a key of the settings is in use: HASH_KEY may be one to search by."""
    from persistence.encryption import KeyKind, key_id

    values = given.keys()[kind] if kind is KeyKind.HASH else ()
    raw = [value.encode() for value in values]
    search = KeyKind.SEARCH
    return [(search, key_id(search, key)) for key in raw if key_id(kind, key) == number]


def _name(kind: KeyKind, number: int | None) -> str:
    return f"{kind.value}:{'?' if number is None else format(number, '08x')}"


def _read(name: str) -> tuple[KeyKind, int]:
    from persistence.encryption import KeyKind

    kind, _, number = name.partition(":")
    try:
        return KeyKind(kind), int(number, 16)
    except ValueError:
        raise click.UsageError(f"{name} is no name of a key such as master:0a1b2c3d") from None


async def _note(database: Database, who: Credentials, action: str, facts: dict[str, str]) -> None:
    from booking_http.cli.sign_in import signed_in
    from persistence.audit import PostgresAudit

    member = await signed_in(database, who)
    await PostgresAudit(database).write(member.entry(action, facts=facts))


def _with_keys(home: Path, work: Callable[[Database, Settings], Awaitable[R]]) -> R:
    """Do something with the database and the keys of the settings."""
    from booking_http.cli.errors import friendly_errors
    from booking_http.cli.options import settings

    with friendly_errors():
        return asyncio.run(_opened(settings(home), work))


async def _opened(given: Settings, work: Callable[[Database, Settings], Awaitable[R]]) -> R:
    async with _database(given) as database:
        return await work(database, given)


@asynccontextmanager
async def _database(given: Settings) -> AsyncIterator[Database]:
    from persistence.database import create_engine

    url = given.database_url.get_secret_value()
    engine = create_engine(
        url,
        pool_size=1,
        application_name="booking-flow keys",
        statement_timeout=_PATIENT_SECONDS,
    )
    try:
        yield engine
    finally:
        await engine.dispose()

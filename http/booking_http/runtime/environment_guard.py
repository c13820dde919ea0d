"""Development, staging and production kept apart: whose database and supplier account these are."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from types import MappingProxyType
from typing import Final

import structlog

from booking_flow.ports import StoreUnavailable
from booking_http.production_risks import (
    TEXTS,
    refusal_of_risks,
    risks_of_role,
    risks_of_settings,
    unaccepted,
)
from booking_http.runtime.connection_errors import (
    DATABASE_ERRORS,
    Rejection,
    database_name,
    rejection,
)
from booking_http.runtime.process import CannotRun
from booking_http.setting_types import Risk
from booking_http.settings import Settings
from persistence.database import Database
from persistence.encryption import KeyKind, key_id
from persistence.environment_mark import AppEnv, Mark, bind, read_mark
from persistence.key_rotation import retired
from persistence.rights import account_role, may_work

_PAUSE: Final = 1.0
_AWAY: Final = Rejection(why="the database is away", todo="start it", final=False)
_UNMARKED: Final = Rejection(
    why="the database has no tables or no mark yet", todo="run `booking-flow migrate`", final=False
)
_WAITING: Final = (_AWAY, _UNMARKED)
_READ_ONLY: Final = Rejection(
    why="the account in it may not change sessions",
    todo="grant it SELECT, INSERT and UPDATE on the tables, or name an account that has them",
)
_log = structlog.get_logger(__name__)


def disagreements(settings: Settings, mark: Mark | None) -> list[str]:
    """Say in which ways settings, database and supplier's account belong to different worlds."""
    return [*_of_database(settings, mark), *_of_account(settings)]


def other_world(app_env: AppEnv, mark: Mark | None) -> str | None:
    """Say that a database belongs to another world than `app_env`, if it does."""
    if mark is None or mark.app_env is app_env:
        return None
    return f"APP_ENV is {app_env}, but the database is marked {mark.app_env}"


@asynccontextmanager
async def guard_environment(settings: Settings, database: Database) -> AsyncIterator[None]:
    """Refuse to start in a world that database or supplier's account do not belong to.

    A database that is away, or has no tables yet, is compared as soon as it can be; the process
    then stops by itself if it is another world's.

    Raises:
        CannotRun: they belong to different worlds, and the settings do not say that this is meant;
            or the database does not let us in, which no waiting changes.
    """
    _ensure_agreement(settings, None)
    _ensure_safe(settings, risks_of_settings(settings))
    doubt = await _doubt(settings, database)
    if doubt is None:
        yield
        return
    if doubt.final:
        raise CannotRun(doubt.of(database_name()))
    _tell(doubt)
    later = asyncio.create_task(_compare_later(settings, database, doubt))
    try:
        yield
    finally:
        later.cancel()
        with suppress(asyncio.CancelledError):
            await later


async def _compare_later(settings: Settings, database: Database, told: Rejection) -> None:
    """Compare until it can be done; a no is told and not final, now that we have been up."""
    try:
        # The database is somebody else's to start and to migrate.
        while (doubt := await _doubt(settings, database)) is not None:
            if doubt != told:
                _tell(doubt)
            told = doubt
            await asyncio.sleep(_PAUSE)
    except CannotRun as error:
        _log.critical("stopping", why=str(error))
        os.kill(os.getpid(), signal.SIGTERM)


def _tell(doubt: Rejection) -> None:
    tell = _log.warning if doubt in _WAITING else _log.error
    told = {"setting": database_name(), "why": doubt.why, "todo": doubt.todo}
    tell("environment_not_compared", **told)


async def _doubt(settings: Settings, database: Database) -> Rejection | None:
    """Compare once; return what is in the way, or None when that is done."""
    try:
        mark = await read_mark(database)
        _ensure_agreement(settings, mark)
        if mark is None:
            return _UNMARKED
        if not await may_work(database):
            return _READ_ONLY
        _ensure_safe(settings, risks_of_role(await account_role(database)))
        _ensure_keys(settings, await retired(database))
        await _bind(settings, database, mark)
    except DATABASE_ERRORS as error:
        if (found := rejection(error)) is None and not isinstance(error, StoreUnavailable):
            raise
        return found or _AWAY
    return None


async def _bind(settings: Settings, database: Database, mark: Mark) -> None:
    if disagreements(settings, mark):
        return
    await bind(database, supplier_sid=settings.traveltek_sid)
    # Another process may have been quicker to bind another account.
    _ensure_agreement(settings, await read_mark(database))


def _ensure_agreement(settings: Settings, mark: Mark | None) -> None:
    found = disagreements(settings, mark)
    if found and not settings.accept_other_environment:
        raise CannotRun(refusal(found))
    if found:
        _log.warning("other_environment_accepted", disagreements=found)


def _ensure_safe(settings: Settings, risks: Sequence[Risk]) -> None:
    """Refuse production with a risk that nobody accepted, and log at every start what somebody did.

    Raises:
        CannotRun: each such risk is named.
    """
    if settings.app_env is not AppEnv.PRODUCTION:
        return
    if refused := unaccepted(settings, risks):
        raise CannotRun(refusal_of_risks(refused))
    for risk in risks:
        _log.warning("production_risk_accepted", risk=risk.value, said=TEXTS[risk].said)


def _ensure_keys(settings: Settings, gone: frozenset[tuple[KeyKind, int]]) -> None:
    """Refuse to make anything by a key that is retired.

    Raises:
        CannotRun: the current key of some kind is.
    """
    current = ((kind, keys[0]) for kind, keys in settings.keys().items())
    found = [kind for kind, key in current if (kind, key_id(kind, key.encode())) in gone]
    if found:
        names = ", ".join(CURRENT[kind] for kind in found)
        raise CannotRun(
            f"the current key in {names} is retired; put the one that followed it first"
        )


CURRENT: Final[Mapping[KeyKind, str]] = MappingProxyType(
    {
        KeyKind.MASTER: "MASTER_KEYS",
        KeyKind.SEARCH: "SEARCH_KEYS",
        KeyKind.HASH: "HASH_KEY",
    }
)
"""The settings that name the current key of each kind."""


def refusal(found: list[str]) -> str:
    """Say why nothing is started, and what can be done."""
    return (
        f"{'; '.join(found)}. Nothing was started. Correct the settings; or, for a copy that is to"
        " live here from now on, run `booking-flow migrate --mark-as`; or, if this is meant, set"
        " ACCEPT_OTHER_ENVIRONMENT=true"
    )


def _of_database(settings: Settings, mark: Mark | None) -> list[str]:
    other = other_world(settings.app_env, mark)
    if other is not None:
        return [other]
    if mark is not None and mark.supplier_sid not in {None, settings.traveltek_sid}:
        return [
            f"TRAVELTEK_SID is {settings.traveltek_sid}, but the bookings of this database were"
            f" made with {mark.supplier_sid}"
        ]
    return []


def _of_account(settings: Settings) -> list[str]:
    real = settings.traveltek_sid in settings.production_sids
    if settings.app_env is AppEnv.PRODUCTION:
        if settings.production_sids and not real:
            return [f"TRAVELTEK_SID {settings.traveltek_sid} is not among PRODUCTION_SIDS"]
        return []
    if real:
        return [
            f"TRAVELTEK_SID {settings.traveltek_sid} sells for real, APP_ENV is {settings.app_env}"
        ]
    return []

"""The revisions that this program knows, and whether it can run on the tables of a database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from alembic.config import Config
from alembic.script import Script, ScriptDirectory
from sqlalchemy import text

from persistence.database import Database, fetch_one
from persistence.errors import NoTable

SCRIPTS: Final = Path(__file__).parent / "migrations"

# Which revision the tables are at.
REVISION: Final = text("SELECT version_num AS revision FROM alembic_version")

# The newest revision of the oldest program that may still run on these tables.
OLDEST: Final = text("SELECT oldest_program FROM installation")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long a revision's statements may wait for a lock, and how long each may take."""

    lock: float = 1.0
    statement: float = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionStanding:
    """The tables beside this program: `fit` says whether it can run on them."""

    revision: str | None
    fit: bool
    said: str


async def standing(engine: Database) -> RevisionStanding:
    """Compare the tables with what this program knows.

    They may be ahead of it: a newer program has migrated, and says from which on others may run.
    """
    revision = await _revision(engine)
    if revision == head():
        return RevisionStanding(revision=revision, fit=True, said=f"the tables are at {revision}")
    if revision is None or revision in known():
        said = f"the tables are at {revision or 'nothing'}, this program needs {head()}"
        return RevisionStanding(revision=revision, fit=False, said=said)
    row = await fetch_one(engine, OLDEST)
    return ahead(revision, oldest=row.oldest_program if row else None)


def ahead(revision: str, *, oldest: str | None) -> RevisionStanding:
    """Say whether this program can run on tables of a newer one; `oldest` is their word for it."""
    fit = oldest in known()
    serve = "still serve" if fit else "no longer serve"
    said = f"the tables are at {revision} and {serve} this program, which knows {head()}"
    return RevisionStanding(revision=revision, fit=fit, said=said)


async def _revision(engine: Database) -> str | None:
    try:
        row = await fetch_one(engine, REVISION)
    except NoTable:
        return None
    return None if row is None else row.revision


@cache
def known() -> Sequence[str]:
    """Return all revisions that this program knows, the newest first."""
    return tuple(script.revision for script in _scripts().walk_revisions())


def head() -> str:
    """Return the newest revision there is."""
    return known()[0]


def applied(revision: str | None) -> Sequence[str]:
    """Return what has been done where the tables are at a revision, the latest first."""
    return () if revision is None else known()[known().index(revision) :]


def pending(target: str, there: str | None) -> Sequence[str]:
    """Return the revisions from where the tables are to a target, in the order of doing them."""
    found = _scripts().iterate_revisions(target, there or "base", implicit_base=True)
    return [script.revision for script in found][::-1]


def limits_of(revision: str) -> Limits:
    """Return the limits that a revision declares for itself, or the usual ones."""
    usual, module = Limits(), _script(revision).module
    return Limits(
        lock=getattr(module, "lock_seconds", usual.lock),
        statement=getattr(module, "statement_seconds", usual.statement),
    )


def oldest_program(revision: str | None) -> str | None:
    """Return the oldest program that may run on tables at a revision, as the revisions declare."""
    declared = (getattr(_script(each).module, "oldest_program", None) for each in applied(revision))
    return next(filter(None, declared), None)


def config(connection: Any = None) -> Config:
    """Return what alembic needs to know, with the connection that it is to work over."""
    found = Config()
    found.set_main_option("script_location", str(SCRIPTS))
    found.attributes["connection"] = connection
    return found


@cache
def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(config())


def _script(revision: str) -> Script:
    found = _scripts().get_revision(revision)
    if found is None:
        raise AssertionError("only known revisions are asked for")
    return found

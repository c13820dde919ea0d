"""What a person can put right is told in a sentence; everything else keeps its traceback."""

# ruff: noqa: PLC0415 - what is only needed to name an error is only imported when there is one.

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from booking_flow.errors import Refusal, Refused


@contextmanager
def friendly_errors(setting: str | None = None) -> Iterator[None]:
    """Turn what is in the way into a message and exit code 1.

    `setting` is what the database is called that is worked on, if not the one of all bookings.
    """
    try:
        yield
    except _refused() as refused:
        raise click.ClickException(_reasons(refused.refusal)) from None
    except _in_the_way() as error:
        raise click.ClickException(str(error)) from None
    except _of_databases() as error:
        from booking_http.runtime.connection_errors import database_name, told

        if (words := told(setting or database_name(), error)) is None:
            raise
        raise click.ClickException(words) from None


def _refused() -> type[Refused]:
    from booking_flow.errors import Refused

    return Refused


def _reasons(refusal: Refusal) -> str:
    """Return why something was refused, with both sides where they disagree."""
    sides = [f"{fault.pointer.removeprefix('/')}: {fault.detail}" for fault in refusal.errors]
    return "\n  ".join([refusal.detail or refusal.code.value, *sides])


def _in_the_way() -> tuple[type[Exception], ...]:
    from adapters.catalogue.pairing import CannotCopy
    from adapters.embedded import EmbeddedServerError
    from adapters.simulator.app import UnsafeBindingError
    from booking_http.runtime.process import CannotRun
    from booking_http.settings import SettingsError

    return CannotCopy, CannotRun, EmbeddedServerError, SettingsError, UnsafeBindingError


def _of_databases() -> tuple[type[Exception], ...]:
    from booking_http.runtime.connection_errors import DATABASE_ERRORS

    return DATABASE_ERRORS

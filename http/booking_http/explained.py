"""What a person can put right is told in a sentence; everything else keeps its traceback."""

# ruff: noqa: PLC0415 - what is only needed to name an error is only imported when there is one.

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click


@contextmanager
def explained() -> Iterator[None]:
    """Turn what is in the way into a message and exit code 1."""
    try:
        yield
    except _in_the_way() as error:
        raise click.ClickException(str(error)) from None
    except _away() as error:
        raise click.ClickException(f"the database cannot be reached ({error})") from None


def _in_the_way() -> tuple[type[Exception], ...]:
    from adapters.catalogue.pairing import CannotCopy
    from adapters.embedded import EmbeddedServerError
    from adapters.simulator.app import UnsafeBindingError
    from booking_http.process import CannotRun
    from booking_http.settings import SettingsError

    return CannotCopy, CannotRun, EmbeddedServerError, SettingsError, UnsafeBindingError


def _away() -> type[Exception]:
    from booking_flow.ports import StoreUnavailable

    return StoreUnavailable

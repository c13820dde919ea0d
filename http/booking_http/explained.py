"""What a person can put right is told in a sentence; everything else keeps its traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from adapters.catalogue.pairing import CannotCopy
from adapters.embedded import EmbeddedServerError
from adapters.simulator.app import UnsafeBindingError
from booking_http.rejections import DATABASE_ERRORS, told
from booking_http.serving import CannotRun
from booking_http.settings import SettingsError
from booking_http.whereabouts import database_name


@contextmanager
def explained(setting: str | None = None) -> Iterator[None]:
    """Turn what is in the way into a message and exit code 1.

    `setting` is what the database is called that is worked on, if not the one of all bookings.
    """
    try:
        yield
    except (CannotCopy, CannotRun, EmbeddedServerError, SettingsError, UnsafeBindingError) as error:
        raise click.ClickException(str(error)) from None
    except DATABASE_ERRORS as error:
        if (words := told(setting or database_name(), error)) is None:
            raise
        raise click.ClickException(words) from None

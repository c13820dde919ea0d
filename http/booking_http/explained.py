"""What a person can put right is told in a sentence; everything else keeps its traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from adapters.catalogue.pairing import CannotCopy
from adapters.embedded import EmbeddedServerError
from adapters.simulator.app import UnsafeBindingError
from booking_flow.ports import StoreUnavailable
from booking_http.serving import CannotRun
from booking_http.settings import SettingsError


@contextmanager
def explained() -> Iterator[None]:
    """Turn what is in the way into a message and exit code 1."""
    try:
        yield
    except (CannotCopy, CannotRun, EmbeddedServerError, SettingsError, UnsafeBindingError) as error:
        raise click.ClickException(str(error)) from None
    except StoreUnavailable as error:
        raise click.ClickException(f"the database cannot be reached ({error})") from None

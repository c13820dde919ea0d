"""Every setting with its default and what it is, as the page docs/configuration.md shows them."""

# ruff: noqa: PLC0415 - imports inside the command keep `--help` quick.

from __future__ import annotations

import re
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

_HEAD: Final = "| setting | default | what it is |\n|---|---|---|\n"
_TABLE: Final = re.compile(re.escape(_HEAD) + r"(\|.*\n)*")
_PAGE: Final = click.Path(dir_okay=False, exists=True, path_type=Path)


@click.command()
@click.option("--write", type=_PAGE, help="Put the table into this page.")
@click.option("--check", type=_PAGE, help="Fail when the table of this page is stale.")
def settings(write: Path | None, check: Path | None) -> None:
    """Print every setting with its default and what it is, as a table in Markdown."""
    if write is not None:
        write.write_text(page_with_table(write.read_text("utf-8")), "utf-8")
    elif check is not None:
        page = check.read_text("utf-8")
        if page != page_with_table(page):
            raise click.ClickException(f"{check} is stale; run `booking-flow settings --write`")
    else:
        click.echo(table(), nl=False)


def page_with_table(page: str) -> str:
    """Return a page with its table of settings as it should be."""
    return _TABLE.sub(lambda _: table(), page)


def table() -> str:
    """Return the table of all settings, in the order in which they are declared."""
    from booking_http.settings import Settings

    rows = (_row(name, field) for name, field in Settings.model_fields.items())
    return "".join((_HEAD, *rows))


def _row(name: str, field: FieldInfo) -> str:
    said = " ".join((field.description or "").split())
    return f"| `{name.upper()}` | {_default(field)} | {said} |\n"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    return "none" if field.default in (None, ()) else f"`{written(field.default)}`"


def written(default: object) -> str:
    """Return a default as it would be set."""
    match default:
        case Enum():
            return str(default.value)
        case bool():
            return str(default).lower()
        case float():
            return f"{default:g}"
        case frozenset():
            return ",".join(sorted(map(str, default)))
        case tuple():
            return ",".join(map(str, default))
    return str(default)

"""The command line; each command imports what it needs, so that `--help` is quick."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="booking-flow")
def main() -> None:
    """Live cruise booking: the service, its demo and the tools of those who run it."""


@main.command()
@click.option("--check", is_flag=True, help="Write nothing; fail when a diagram is stale.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("diagrams"),
    show_default=True,
    help="Where the diagrams lie.",
)
def diagrams(check: bool, folder: Path) -> None:
    """Draw the flow and the saga from the code."""
    from booking_http import diagrams as drawn  # noqa: PLC0415 - keeps `--help` quick

    if not check:
        drawn.write(folder)
        click.echo(f"wrote {', '.join(sorted(drawn.draw_all()))} to {folder}/")
    elif names := drawn.stale(folder):
        sys.exit(f"stale in {folder}/: {', '.join(names)}; run `booking-flow diagrams`")

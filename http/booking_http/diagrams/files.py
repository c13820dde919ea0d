"""The files that are drawn from the code: what they should hold, and which of them do not."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from booking_http.diagrams import (
    dot,
    flow_picture,
    mermaid,
    outcomes_picture,
    page_pictures,
    readme,
    saga_picture,
)
from booking_http.diagrams.drawn import DRAWN

FOLDER: Final = Path("diagrams")
"""Where reviewers find them, from the root of the repository."""


def draw_all() -> dict[str, str]:
    """Return every generated file of `diagrams/` by name."""
    return {
        "README.md": readme.text(),
        "flow.mmd": mermaid.flow_text(),
        "flow.svg": flow_picture.svg(),
        "outcomes.svg": dot.to_svg(outcomes_picture.dot()),
        "saga.mmd": mermaid.saga_text(),
        "saga.svg": dot.to_svg(saga_picture.dot()),
    }


def draw_pages() -> dict[str, str]:
    """Return every picture that the console shows, by name."""
    return {"flow.svg": page_pictures.flow_svg(), "saga.svg": page_pictures.saga_svg()}


def write(folder: Path = FOLDER, *, pages: Path = DRAWN) -> None:
    """Write every picture for reviewers into `folder`, and those of the console into `pages`."""
    for path, text in _files(folder, pages).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="\n")


def stale(folder: Path = FOLDER, *, pages: Path = DRAWN) -> list[str]:
    """Return the files that differ from what the code says, or are missing."""
    files = _files(folder, pages).items()
    return [f"{path.parent.name}/{path.name}" for path, text in files if not _holds(path, text)]


def _files(folder: Path, pages: Path) -> dict[Path, str]:
    drawn = {folder / name: text for name, text in draw_all().items()}
    return drawn | {pages / name: text for name, text in draw_pages().items()}


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_bytes() == text.encode()

"""The files of `diagrams/`: what they should hold, and which of them do not."""

from __future__ import annotations

from pathlib import Path

from booking_http.diagrams import dot, flow_picture, mermaid, readme, saga_picture


def draw_all() -> dict[str, str]:
    """Return every generated file of `diagrams/` by name."""
    return {
        "README.md": readme.text(),
        "flow.mmd": mermaid.flow_text(),
        "flow.svg": dot.to_svg(flow_picture.dot()),
        "saga.mmd": mermaid.saga_text(),
        "saga.svg": dot.to_svg(saga_picture.dot()),
    }


def write(folder: Path) -> None:
    """Write every diagram into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in draw_all().items():
        (folder / name).write_text(text, "utf-8", newline="\n")


def stale(folder: Path) -> list[str]:
    """Return the names of the files that differ from what the code says, or are missing."""
    return [name for name, text in draw_all().items() if not _holds(folder / name, text)]


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_bytes() == text.encode()

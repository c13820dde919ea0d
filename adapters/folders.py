"""Folders in which something must survive this process: whether they can be written, and how."""

from __future__ import annotations

import os
from errno import ENOTDIR
from pathlib import Path
from tempfile import NamedTemporaryFile


def reason(fault: Exception) -> str:
    """Say what is in the way, without a path."""
    return (fault.strerror if isinstance(fault, OSError) else None) or type(fault).__name__


def hindrance_of(folder: Path) -> str | None:
    """Say what keeps a file from being written in a folder now, or None; it waits for the disk."""
    try:
        require_writable(folder)
    except OSError as fault:
        return reason(fault)
    return None


def require_writable(folder: Path) -> None:
    """Prove that files can be kept in a folder, which is made if it is missing.

    Raises:
        OSError: a file in it cannot be written, brought to the disk and removed.
    """
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(ENOTDIR, os.strerror(ENOTDIR))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Its name ends otherwise than those of what is kept, should we die before it is gone.
    with NamedTemporaryFile(dir=folder, prefix="writable-", suffix=".new") as file:
        file.write(b"x")
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Bring a folder's own list of names to the disk, where the system knows how.

    Without it a new name may be lost, and the file with it.
    """
    if not hasattr(os, "O_DIRECTORY"):
        return
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)

"""The demo's folder: its data, its keys, and the promise to delete nothing else."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from cryptography.fernet import Fernet

from adapters.embedded.folder import FolderLock
from booking_http.runtime.process import CannotRun, writing

_NOTE: Final = "about.txt"
_ABOUT: Final = (
    "Data of `booking-flow demo`; `booking-flow demo --fresh` deletes it and starts over.\n"
)
_FOLDERS: Final = ("postgres", "valkey", "simulator", "spool", "journal")
_FILES: Final = ("keys.json", "running.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoKeys:
    """The keys that guard personal data in the demo's database."""

    master_key: str
    hash_key: str


class DemoHome:
    """Where a demo keeps what it makes; one demo at a time."""

    def __init__(self, path: Path) -> None:
        """Take the folder, which need not exist."""
        self.path = path.absolute()

    def folder(self, name: str) -> Path:
        """Return the place of one part's data."""
        return self.path / name

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Hold the folder for one demo; the kernel lets go of it with the process.

        Raises:
            CannotRun: another demo has it, it is a folder of something else, or we may not write
                there.
        """
        with self._opened() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CannotRun(f"a demo is running in {self.path}; stop it first") from None
            try:
                yield
            finally:
                (self.path / "running.json").unlink(missing_ok=True)

    def forget(self) -> None:
        """Delete what earlier demos made here, and nothing else."""
        for name in _FOLDERS:
            self._await_end(self.path / name)
            shutil.rmtree(self.path / name, ignore_errors=True)
        for name in _FILES:
            (self.path / name).unlink(missing_ok=True)

    def keys(self) -> DemoKeys:
        """Return the keys of this folder's data, made on first use and readable by us alone."""
        file = self.path / "keys.json"
        if not file.exists():
            made = {
                "master_key": Fernet.generate_key().decode(),
                "hash_key": secrets.token_urlsafe(32),
            }
            _write_private(file, json.dumps(made))
        return DemoKeys(**json.loads(file.read_text("ascii")))

    def publish(self, settings: Mapping[str, str]) -> None:
        """Let commands in other terminals find what they need while this demo runs."""
        _write_private(self.path / "running.json", json.dumps(dict(settings)))

    def database_url(self) -> str | None:
        """Return the database of the demo that runs here, or None."""
        return self.settings().get("database_url")

    def settings(self) -> Mapping[str, str]:
        """Return what the demo that runs here has published; nothing when none runs.

        Raises:
            CannotRun: it is somebody else's.
        """
        file = self.path / "running.json"
        try:
            found: dict[str, str] = json.loads(file.read_text("utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except (OSError, ValueError) as error:
            raise CannotRun(f"what the demo in {self.path} says cannot be read") from error
        return found

    def _opened(self) -> TextIO:
        """Make the folder if need be, and open the file that says who has it."""
        with writing(self.path, advice="choose another folder with --home"):
            self._make()
            return (self.path / "demo.lock").open("w")

    def _make(self) -> None:
        if self.path.exists() and not self.path.is_dir():
            raise CannotRun(f"{self.path} is not a folder")
        note = self.path / _NOTE
        if not note.exists() and self.path.exists() and any(self.path.iterdir()):
            raise CannotRun(f"{self.path} holds something that no demo made; choose another folder")
        self.path.mkdir(parents=True, exist_ok=True)
        note.write_text(_ABOUT, "utf-8")

    def _await_end(self, folder: Path) -> None:
        """Wait for a server whose demo was killed to be gone from its folder."""
        if folder.is_dir():
            FolderLock(folder / "server.lock").release()


def _write_private(path: Path, text: str) -> None:
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)

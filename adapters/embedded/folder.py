"""The folder of an embedded server: who owns it, and that only one server uses it."""

import fcntl
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from adapters.embedded.progress import Notice, Progress, signs_of, to_stderr

NOBODY = 65534
ENTER_ALL = 'for place; do [ -x "$place" ] || exit 1; done'


class EmbeddedServerError(Exception):
    """An embedded server cannot do what was asked, for the reason in the message."""


def identity_for(*, folder: Path, program: Path) -> str:
    """Say as whom a server that refuses root runs: `self`, `nobody`, or root under another number.

    User 65534 needs no account, but must be able to enter every parent of the folder and of the
    program. Their permissions are not ours to open: below a private one a user namespace has to do.
    """
    if os.geteuid() != 0:
        return "self"
    os.chown(folder, NOBODY, NOBODY)
    return "nobody" if nobody_may_enter(folder, program) else "namespace"


def give_to(identity: str, folder: Path) -> None:
    """Hand the folder and all below it to the one who runs the server, if it has another owner."""
    if os.geteuid() != 0:
        return
    owner = NOBODY if identity == "nobody" else 0
    for place in (folder, *folder.rglob("*")):
        if place.lstat().st_uid != owner:
            os.chown(place, owner, owner, follow_symlinks=False)


def private_folder(path: Path) -> Path:
    """Make the folder if it is missing, closed to others; parents are made as usual."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise EmbeddedServerError(f"{path} cannot be used as a folder: {error.strerror}") from error
    return path.resolve()


class FolderLock:
    """A lock that the kernel drops when the last process that inherited it is gone."""

    def __init__(
        self,
        path: Path,
        *,
        patience: float = 60.0,
        tell: Callable[[str], None] = to_stderr,
    ) -> None:
        try:
            self.fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise EmbeddedServerError(f"{path} cannot be opened: {error.strerror}") from error
        self._path = path
        try:
            self._acquire(
                patience, Notice(f"{path.parent}: waiting until its last server is gone", tell)
            )
        except BaseException:
            self.release()
            raise
        self.note(server=0)

    def note(self, *, server: int) -> None:
        """Write down who uses the folder, for the message to the next who tries."""
        os.ftruncate(self.fd, 0)
        os.pwrite(self.fd, f"{os.getpid()} {server}".encode(), 0)

    def release(self) -> None:
        """Close our copy; while a server that inherited it lives, the folder stays locked."""
        os.close(self.fd)

    def _acquire(self, patience: float, notice: Notice) -> None:
        progress = Progress(lambda: signs_of(int(self._noted()[1] or 0)))
        while True:
            try:
                return fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._refuse_unless_ending(progress.idle() <= patience)
            notice.when_due()
            time.sleep(0.01)

    def _noted(self) -> tuple[str, str]:
        """Return who owns the folder and which server runs there, as the owner wrote it down."""
        owner, _, server = os.pread(self.fd, 64, 0).decode().partition(" ")
        return owner, server

    def _refuse_unless_ending(self, ending: bool) -> None:
        """Refuse, except while the owner is dead: then its server is on its way out."""
        owner, server = self._noted()
        if (owner and is_alive(int(owner))) or not ending:
            place = self._path.parent
            raise EmbeddedServerError(
                f"{place} is in use by the server with pid {server}, started by process {owner}; "
                "stop that first or choose another folder"
            )


def is_alive(pid: int) -> bool:
    """Say whether a process with this pid exists, whoever owns it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def nobody_may_enter(*places: Path) -> bool:
    """Say whether user 65534 gets into every place, and so through all its parents."""
    tried = subprocess.run(
        ["/bin/sh", "-c", ENTER_ALL, "sh", *map(str, places)],
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        cwd="/",
        check=False,
        capture_output=True,
    )
    return tried.returncode == 0

"""The journal of claims as files: one line of JSON for each, on the disk before anything is sent.

Each process writes a file of its own for each day. Lines are appended and never changed, so they
may be shipped while they are written. What cannot be written is counted and told; nobody waits long
for a disk, and nobody is refused for want of one.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from errno import ENOSPC
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec
import structlog

from adapters.folders import reason, sync_folder
from booking_flow.claim_journal import JournaledClaim, JournaledEnd, JournaledStep

PATIENCE: Final = 2.0
"""Seconds for which a step waits for its line to be on the disk."""
MOST_READ: Final = 64 * 2**20
"""Bytes of the newest files that are read when a database is compared with them."""
RECENT: Final = 100
"""So many of the latest claims are compared every few seconds."""
SUFFIX: Final = ".claims.jsonl"
_SESSIONS: Final = 20_000
"""Of so many sessions the highest version is remembered."""
_MOST_WAITING: Final = 10_000
"""So many lines are kept for a disk that hangs."""
_UNFIT: Final = re.compile(r"[^A-Za-z0-9.-]+")
_log = structlog.get_logger(__name__)


class Claimed(msgspec.Struct, tag_field="line", tag="claimed", frozen=True):
    """A line of a claim; `database` is the identity of the database that it is committed in."""

    database: UUID
    claim: JournaledClaim


class Ended(msgspec.Struct, tag_field="line", tag="ended", frozen=True):
    """A line of what came of a claim."""

    database: UUID
    end: JournaledEnd


def _encode_other(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no value to write down")


_ENCODER: Final = msgspec.json.Encoder(enc_hook=_encode_other, decimal_format="string")
_DECODER: Final = msgspec.json.Decoder(Claimed | Ended)


def _now() -> datetime:
    return datetime.now(UTC)


class FileJournal:
    """Writes the journal of this process, and reads those of all in the folder."""

    def __init__(
        self,
        folder: Path,
        *,
        owner: str,
        now: Callable[[], datetime] = _now,
        patience: float = PATIENCE,
    ) -> None:
        """Take the folder, which is made when it is needed; `owner` names this process."""
        self.doubted = asyncio.Event()
        """Set while the database must be compared before anything is claimed."""
        self.doubted.set()
        self.unwritten = 0
        """How many lines were not on the disk when they should have been."""
        self.failing: str | None = None
        """Why the last line could not be written, or None."""
        self._folder = folder
        self._file = _Appended(folder, owner=owner, now=now)
        self._patience = patience
        self._database: UUID | None = None
        self._seen: OrderedDict[UUID, int] = OrderedDict()
        self._recent: deque[Claimed] = deque(maxlen=RECENT)
        self._waiting: list[_Waiting] = []
        self._writing: asyncio.Task[None] | None = None
        self._hanging = False

    async def claimed(self, claim: JournaledClaim) -> None:
        """Write a claim down; whatever is in the way, remember its version."""
        self._seen[claim.session_id] = claim.version
        self._seen.move_to_end(claim.session_id)
        if len(self._seen) > _SESSIONS:
            self._seen.popitem(last=False)
        if self._database is not None:
            line = Claimed(self._database, claim)
            self._recent.append(line)
            await self._append(line)

    async def ended(self, end: JournaledEnd) -> None:
        """Write an end down."""
        if self._database is not None:
            await self._append(Ended(self._database, end))

    def seen(self, session_id: UUID) -> int:
        """Return the highest version of a session that was journaled here, or 0."""
        return self._seen.get(session_id, 0)

    def may_claim(self) -> bool:
        """Whether the database was compared, and nothing has raised a doubt since."""
        return not self.doubted.is_set()

    def doubt(self) -> None:
        """Have the database compared before anything more is claimed."""
        self.doubted.set()

    def belongs_to(self, database: UUID | None) -> None:
        """Write lines of this database from now on; of one that is not known, none."""
        self._database = database

    def recent(self, database: UUID) -> Sequence[JournaledStep]:
        """Return the latest claims of a database that this process has written or read."""
        return [
            JournaledStep(claim=line.claim) for line in self._recent if line.database == database
        ]

    async def read(self, database: UUID) -> Sequence[JournaledStep]:
        """Return what all files together know of a database, the oldest claim first.

        What cannot be read knows nothing.
        """
        steps = await asyncio.to_thread(_known, self._folder, database)
        if not self._recent:
            self._recent.extend(Claimed(database, each.claim) for each in steps[-RECENT:])
        return steps

    def known(self, steps: Collection[UUID]) -> None:
        """Compare these claims no more every few seconds: what they are is known."""
        kept = [line for line in self._recent if line.claim.step_id not in steps]
        self._recent = deque(kept, maxlen=RECENT)

    def versions(self) -> Mapping[UUID, int]:
        """Return what was seen of every session until now."""
        return dict(self._seen)

    def compared(self, seen: Mapping[UUID, int]) -> None:
        """Doubt no more, and take the database's word for sessions that were seen before."""
        for session_id, version in seen.items():
            if self._seen.get(session_id) == version:
                del self._seen[session_id]
        self.doubted.clear()

    async def _append(self, line: Claimed | Ended) -> None:
        """Bring a line to the disk, together with others that come meanwhile."""
        try:
            waiting = _Waiting(_ENCODER.encode(line) + b"\n")
            self._begin(waiting)
            # For a disk that hangs one step has waited, and that is enough.
            patience = 0 if self._hanging else self._patience
            await asyncio.wait_for(asyncio.shield(waiting.written), patience)
        except Exception as fault:
            self._hanging = self._hanging or isinstance(fault, TimeoutError)
            self._failed(fault)
        else:
            self._recovered()

    def _begin(self, waiting: _Waiting) -> None:
        if len(self._waiting) < _MOST_WAITING:
            self._waiting.append(waiting)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                await asyncio.to_thread(self._file.append, [each.line for each in batch])
            except Exception as fault:
                for each in batch:
                    each.fail(fault)
            else:
                for each in batch:
                    each.succeed()
            self._hanging = False

    def _failed(self, fault: Exception) -> None:
        self.unwritten += 1
        if self.failing is None:
            _log.error("claims_not_journaled", why=reason(fault))
        self.failing = reason(fault)

    def _recovered(self) -> None:
        if self.failing is not None:
            _log.info("claims_journaled_again", unwritten=self.unwritten)
        self.failing = None


class _Waiting:
    """A line on its way to the disk."""

    def __init__(self, line: bytes) -> None:
        self.line = line
        self.written: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def succeed(self) -> None:
        if not self.written.done():
            self.written.set_result(None)

    def fail(self, fault: Exception) -> None:
        if not self.written.done():
            self.written.set_exception(fault)
            # Whoever has waited long enough does not ask any more.
            self.written.exception()


class _Appended:
    """The file of this process and this day."""

    def __init__(self, folder: Path, *, owner: str, now: Callable[[], datetime]) -> None:
        self._folder = folder
        self._owner = _UNFIT.sub("-", owner)
        self._now = now
        self._path: Path | None = None
        self._number = -1
        self._torn = False

    def append(self, lines: Sequence[bytes]) -> None:
        """Add lines and bring them to the disk; a line torn before them ends first."""
        self._open()
        content = (b"\n" if self._torn else b"") + b"".join(lines)
        self._torn = True
        if os.write(self._number, content) != len(content):
            raise OSError(ENOSPC, os.strerror(ENOSPC))
        os.fsync(self._number)
        self._torn = False

    def _open(self) -> None:
        """Open today's file, unless it is open and still lies in the folder."""
        path = self._folder / f"{self._now():%Y-%m-%d}-{self._owner}{SUFFIX}"
        if path == self._path and path.exists():
            return
        self._close()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._path, self._torn = path, _is_torn(self._number)
        sync_folder(self._folder)

    def _close(self) -> None:
        if self._number >= 0:
            os.close(self._number)
        self._path, self._number = None, -1


def _is_torn(number: int) -> bool:
    """Whether a file ends within a line, as one does whose process died while it wrote."""
    size = os.fstat(number).st_size
    return size > 0 and os.pread(number, 1, size - 1) != b"\n"


def _known(folder: Path, database: UUID) -> list[JournaledStep]:
    claims: dict[UUID, JournaledClaim] = {}
    ends: dict[UUID, JournaledEnd] = {}
    for line in _lines(folder):
        if line.database != database:
            continue
        if isinstance(line, Claimed):
            claims[line.claim.step_id] = line.claim
        else:
            ends[line.end.step_id] = line.end
    found = [JournaledStep(claim=claim, end=ends.get(step)) for step, claim in claims.items()]
    return sorted(found, key=lambda each: (each.claim.at, each.claim.version))


def _lines(folder: Path) -> Iterator[Claimed | Ended]:
    """Read the newest files, as much as is read at most; what is no whole line is passed over."""
    left, unreadable = MOST_READ, 0
    for file in sorted(folder.glob(f"*{SUFFIX}"), reverse=True):
        content = _end_of(file, left)
        left -= len(content)
        for raw in content.splitlines():
            try:
                yield _DECODER.decode(raw)
            except msgspec.MsgspecError:
                unreadable += bool(raw)
        if left <= 0:
            break
    if unreadable:
        _log.warning("journal_lines_unreadable", lines=unreadable)


def _end_of(file: Path, most: int) -> bytes:
    try:
        with file.open("rb") as opened:
            opened.seek(max(file.stat().st_size - most, 0))
            return opened.read(most)
    except OSError as fault:
        _log.error("journal_file_unreadable", file=file.name, why=reason(fault))
        return b""

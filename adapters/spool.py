"""A folder in which definite supplier answers survive this process while the database is away."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec
import structlog

from adapters.folders import hindrance_of, reason, sync_folder
from booking_flow.ports import SpooledAnswer

_ENCODER: Final = msgspec.json.Encoder(decimal_format="string")
_DECODER: Final = msgspec.json.Decoder(SpooledAnswer)
_log = structlog.get_logger(__name__)


class FileSpool:
    """One file for each step, on the disk before `keep` returns."""

    def __init__(self, folder: Path) -> None:
        """Take the folder; it is made when it is first needed."""
        self._folder = folder
        self._looking: asyncio.Task[str | None] | None = None

    async def keep(self, answer: SpooledAnswer) -> bool:
        """Write an answer down durably, replacing an earlier one of its step.

        False where that cannot be done now, such as on a full disk; whoever has the answer in
        memory goes on trying.
        """
        try:
            await asyncio.to_thread(self._keep, answer)
        except Exception as fault:
            _log.error("answer_not_spooled", step=str(answer.step_id), why=reason(fault))
            return False
        return True

    async def drop(self, step_id: UUID) -> None:
        """Forget the answer of a step once it is in the database.

        A file that cannot be removed is entered once more later, which changes nothing.
        """
        try:
            await asyncio.to_thread(self._drop, step_id)
        except OSError as fault:
            _log.error("spooled_answer_not_dropped", step=str(step_id), why=reason(fault))

    async def hindrance(self) -> str | None:
        """Say what would keep an answer from being written down now, or None.

        On a disk that hangs one look waits, whoever asks meanwhile waits for the same one.
        """
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(asyncio.to_thread(hindrance_of, self._folder))
        return await asyncio.shield(self._looking)

    async def read_all(self) -> Sequence[SpooledAnswer]:
        """Return what waits to be written; a file that cannot be read stays for a person."""
        return await asyncio.to_thread(self._read_all)

    def _keep(self, answer: SpooledAnswer) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._file(answer.step_id).with_suffix(".new")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(_ENCODER.encode(answer))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._file(answer.step_id))
        sync_folder(self._folder)

    def _drop(self, step_id: UUID) -> None:
        with suppress(FileNotFoundError):
            self._file(step_id).unlink()
            sync_folder(self._folder)

    def _read_all(self) -> Sequence[SpooledAnswer]:
        found = [_read(file) for file in sorted(self._folder.glob("*.json"))]
        return [answer for answer in found if answer is not None]

    def _file(self, step_id: UUID) -> Path:
        return self._folder / f"{step_id}.json"


def _read(file: Path) -> SpooledAnswer | None:
    try:
        return _DECODER.decode(file.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        _log.error("spooled answer cannot be read", file=file.name, why=type(error).__name__)
        return None

"""A definite answer is on the disk before the process goes on, and is read back as it was."""

import asyncio
import os
import threading
from datetime import UTC, date, datetime
from decimal import Decimal
from errno import ENOSPC
from pathlib import Path
from uuid import uuid4

import pytest

from adapters.folders import require_writable
from adapters.spool import FileSpool
from booking_flow.model.card import CardBrand, CardMask, Charge
from booking_flow.model.money import Money
from booking_flow.ports import SpooledAnswer
from booking_flow.supplier import BookAnswer, BookStatus, CardTransaction, FraudCategory

TOTAL = Money(Decimal("3006.56"), "USD")
ANSWER = SpooledAnswer(
    session_id=uuid4(),
    step_id=uuid4(),
    answer=BookAnswer(
        status=BookStatus.BOOKED,
        status_word="Booked",
        supplier_booking_id="13071450",
        reservation="F9WZ03",
        total=TOTAL,
        outstanding=None,
        transactions=(CardTransaction(auth_code="A1", amount=TOTAL, fraud=FraudCategory.GREEN),),
        error_codes=(7,),
        balance_due_date=date(2031, 1, 1),
        payment_due_at=datetime(2026, 12, 1, tzinfo=UTC),
    ),
    charge=Charge(amount=TOTAL, card=CardMask(brand=CardBrand.VISA, last4="1111")),
)


@pytest.fixture
def spool(tmp_path: Path) -> FileSpool:
    return FileSpool(tmp_path / "spool")


async def test_an_answer_is_read_back_as_it_was(spool: FileSpool) -> None:
    await spool.keep(ANSWER)
    assert list(await spool.read_all()) == [ANSWER]


async def test_a_folder_nobody_has_made_yet_is_empty(spool: FileSpool) -> None:
    assert list(await spool.read_all()) == []


async def test_one_file_for_each_step_that_only_its_owner_reads(
    spool: FileSpool, tmp_path: Path
) -> None:
    for _ in range(2):
        await spool.keep(ANSWER)
    (file,) = (tmp_path / "spool").iterdir()
    assert file.name == f"{ANSWER.step_id}.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "spool").stat().st_mode & 0o777 == 0o700


async def test_what_is_dropped_is_gone_and_may_be_dropped_again(spool: FileSpool) -> None:
    await spool.keep(ANSWER)
    for _ in range(2):
        await spool.drop(ANSWER.step_id)
    assert list(await spool.read_all()) == []


async def test_file_and_folder_are_on_the_disk_before_it_returns(
    spool: FileSpool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First the content, then, once it has its name, the folder."""
    synced = []
    real = os.fsync

    def fsync(number: int) -> None:
        synced.append(Path(f"/proc/self/fd/{number}").readlink().name)
        real(number)

    monkeypatch.setattr(os, "fsync", fsync)
    await spool.keep(ANSWER)
    assert synced == [f"{ANSWER.step_id}.new", "spool"]


@pytest.mark.parametrize("broken", [b"", b"{", b'{"session_id": 1}', b"\xff"])
async def test_a_file_that_cannot_be_read_stays_and_hides_no_other(
    spool: FileSpool, tmp_path: Path, broken: bytes
) -> None:
    await spool.keep(ANSWER)
    strange = tmp_path / "spool" / "strange.json"
    strange.write_bytes(broken)
    assert list(await spool.read_all()) == [ANSWER]
    assert strange.exists()


async def test_a_draft_of_a_process_that_died_while_writing_is_no_answer(
    spool: FileSpool, tmp_path: Path
) -> None:
    await spool.keep(ANSWER)
    (tmp_path / "spool" / f"{uuid4()}.new").write_bytes(b"{")
    assert list(await spool.read_all()) == [ANSWER]


async def test_a_folder_is_proved_to_be_writable_and_left_as_it_was(
    spool: FileSpool, tmp_path: Path
) -> None:
    folder = tmp_path / "spool"
    require_writable(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    await spool.keep(ANSWER)
    require_writable(folder)
    assert [file.name for file in folder.iterdir()] == [f"{ANSWER.step_id}.json"]


@pytest.mark.parametrize("place", ["file", "file/spool"])
def test_a_place_that_holds_no_files_is_no_spool(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="Not a directory"):
        require_writable(tmp_path / place)


def test_a_disk_that_keeps_nothing_is_no_spool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk may take the bytes and lose them on the way down."""

    def full(_: int) -> None:
        raise OSError(ENOSPC, os.strerror(ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        require_writable(tmp_path)
    assert list(tmp_path.iterdir()) == []


async def test_it_says_what_is_in_the_way_for_as_long_as_it_is(
    spool: FileSpool, tmp_path: Path
) -> None:
    assert await spool.hindrance() is None
    (tmp_path / "spool").rmdir()
    (tmp_path / "spool").write_text("in the way")
    assert await spool.hindrance() == "Not a directory"
    (tmp_path / "spool").unlink()
    assert await spool.hindrance() is None


async def test_on_a_disk_that_hangs_one_look_waits(
    spool: FileSpool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks every second must not take all threads, which answers are written by."""
    begun, goes_on = [], threading.Event()

    def hang(_: int) -> None:
        begun.append(1)
        goes_on.wait(10)

    monkeypatch.setattr(os, "fsync", hang)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(spool.hindrance(), 0.05)
    assert len(begun) == 1
    goes_on.set()
    assert await spool.hindrance() is None

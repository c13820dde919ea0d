"""Claims are on the disk before anything is sent, whatever the disk does nobody is kept waiting."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from errno import ENOSPC
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from adapters import claim_journal
from adapters.claim_journal import RECENT, FileJournal
from booking_flow.claim_journal import JournaledClaim, JournaledEnd, JournaledStep
from booking_flow.model.money import Money
from booking_flow.model.step import StepName, StepStatus

DATABASE, ANOTHER = uuid4(), uuid4()
NOW = datetime(2026, 11, 29, 8, tzinfo=UTC)


def a_claim(number: int = 1, **changes: Any) -> JournaledClaim:
    claim = JournaledClaim(
        session_id=uuid4(),
        version=6,
        step_id=uuid4(),
        step=StepName.BOOK,
        at=NOW + timedelta(seconds=number),
        line_id=22,
        item_key="1051375672",
        amount=Money(Decimal("500.00"), "USD"),
        intent={"itemKey": "1051375672", "amount": "500.00 USD"},
        facts={"reference": "BF-7K3Q9X2M", "ship": "Wonder of the Seas"},
    )
    return replace(claim, **changes)


def end_of(claim: JournaledClaim) -> JournaledEnd:
    return JournaledEnd(
        session_id=claim.session_id,
        step_id=claim.step_id,
        outcome=StepStatus.DONE,
        reservation="F9WZ03",
        supplier_booking_id="13071450",
        item_key=None,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def journal_in(folder: Path, **options: Any) -> FileJournal:
    """Return a journal that knows its database."""
    made = FileJournal(folder, owner="host.example:17", **{"now": lambda: NOW} | options)
    made.belongs_to(DATABASE)
    return made


@pytest.fixture
def journal(folder: Path) -> FileJournal:
    return journal_in(folder)


async def test_claims_and_ends_are_read_back_as_they_were(
    journal: FileJournal, folder: Path
) -> None:
    first, second = a_claim(), a_claim(2, amount=None, item_key=None)
    for claim in (second, first):
        await journal.claimed(claim)
    await journal.ended(end_of(first))
    found = await journal_in(folder).read(DATABASE)
    assert list(found) == [
        JournaledStep(claim=first, end=end_of(first)),
        JournaledStep(claim=second),
    ]
    assert list(await journal.read(ANOTHER)) == []


async def test_one_file_for_each_process_and_day_that_only_its_owner_reads(folder: Path) -> None:
    today = [NOW]
    journal = journal_in(folder, now=lambda: today[0])
    await journal.claimed(a_claim())
    today[0] += timedelta(days=1)
    await journal.claimed(a_claim())
    assert sorted(file.name for file in folder.iterdir()) == [
        "2026-11-29-host.example-17.claims.jsonl",
        "2026-11-30-host.example-17.claims.jsonl",
    ]
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert len(await journal.read(DATABASE)) == 2


async def test_a_file_that_was_taken_away_is_begun_anew(journal: FileJournal, folder: Path) -> None:
    await journal.claimed(a_claim())
    for file in folder.iterdir():
        file.rename(folder / f"{file.name}.shipped")
    await journal.claimed(a_claim())
    assert len(await journal.read(DATABASE)) == 1


async def test_a_line_that_was_cut_short_spoils_no_other(
    journal: FileJournal, folder: Path
) -> None:
    await journal.claimed(a_claim())
    (file,) = folder.iterdir()
    with file.open("ab") as opened:
        opened.write(b'{"line":"claimed","data')
    after = a_claim(2)
    await journal_in(folder).claimed(after)
    found = await journal.read(DATABASE)
    assert [each.claim for each in found][-1] == after
    assert len(found) == 2


async def test_of_a_database_that_is_not_known_nothing_is_written(folder: Path) -> None:
    journal, claim = FileJournal(folder, owner="a"), a_claim()
    await journal.claimed(claim)
    await journal.ended(end_of(claim))
    assert not folder.exists()
    assert journal.seen(claim.session_id) == 6


async def test_a_full_disk_is_told_and_keeps_nobody(
    journal: FileJournal, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("adapters.claim_journal.os.fsync", full)
        await journal.claimed(a_claim())
        await journal.claimed(a_claim())
    assert (journal.unwritten, journal.failing) == (2, os.strerror(ENOSPC))
    await journal.claimed(a_claim())
    assert (journal.unwritten, journal.failing) == (2, None)
    assert list(await journal_in(folder).read(DATABASE))


def full(_: int) -> None:
    raise OSError(ENOSPC, os.strerror(ENOSPC))


async def test_what_was_written_in_part_is_not_written(
    journal: FileJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line after it stands on a line of its own."""
    write = os.write
    with monkeypatch.context() as patched:
        patched.setattr(
            "adapters.claim_journal.os.write", lambda file, content: write(file, content[:9])
        )
        await journal.claimed(a_claim())
    assert journal.failing == os.strerror(ENOSPC)
    after = a_claim()
    await journal.claimed(after)
    assert [each.claim for each in await journal.read(DATABASE)] == [after]


async def test_a_disk_that_hangs_is_waited_for_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gets the lines of all when it goes on, and what waits has no end."""
    journal, sync = journal_in(folder, patience=0.2), os.fsync
    loop = asyncio.get_running_loop()
    claims = [a_claim(number) for number in range(5)]

    def slow(number: int) -> None:
        time.sleep(1)
        sync(number)

    with monkeypatch.context() as patched:
        patched.setattr("adapters.claim_journal.os.fsync", slow)
        waits = []
        for claim in claims:
            began = loop.time()
            await journal.claimed(claim)
            waits.append(loop.time() - began)
        await asyncio.sleep(3)
    assert waits[0] >= 0.2
    assert max(waits[1:]) < 0.1
    assert (journal.unwritten, journal.failing) == (5, "TimeoutError")
    await journal.claimed(a_claim(9))
    assert journal.failing is None
    assert len(await journal.read(DATABASE)) == 6


async def test_only_so_many_lines_are_kept_for_a_disk_that_hangs(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, sync = journal_in(folder, patience=0.05), os.fsync

    def slow(number: int) -> None:
        time.sleep(1)
        sync(number)

    monkeypatch.setattr(claim_journal, "_MOST_WAITING", 2)
    with monkeypatch.context() as patched:
        patched.setattr("adapters.claim_journal.os.fsync", slow)
        for number in range(6):
            await journal.claimed(a_claim(number))
        await asyncio.sleep(2.5)
    assert journal.unwritten == 6
    assert len(await journal.read(DATABASE)) == 3


async def test_many_claims_at_once_share_a_write(
    journal: FileJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    syncs: list[int] = []
    monkeypatch.setattr("adapters.claim_journal.os.fsync", syncs.append)
    await asyncio.gather(*(journal.claimed(a_claim(number)) for number in range(50)))
    assert len(await journal.read(DATABASE)) == 50
    assert len(syncs) < 10


async def test_the_newest_files_are_read_as_far_as_that_goes(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = [NOW - timedelta(days=day) for day in range(3)]
    for day in days:
        await journal_in(folder, now=lambda day=day: day).claimed(a_claim(at=day))
    size = max(file.stat().st_size for file in folder.iterdir())
    monkeypatch.setattr(claim_journal, "MOST_READ", size + 10)
    found = await journal_in(folder).read(DATABASE)
    assert [each.claim.at for each in found] == [NOW]


async def test_a_file_that_cannot_be_read_knows_nothing(folder: Path) -> None:
    (folder / "2026-11-29-a.claims.jsonl").mkdir(parents=True)
    assert list(await journal_in(folder).read(DATABASE)) == []


async def test_versions_are_those_of_claims_and_forgotten_once_they_are_compared(
    journal: FileJournal,
) -> None:
    claim, other = a_claim(), a_claim()
    assert journal.seen(claim.session_id) == 0
    await journal.claimed(claim)
    await journal.claimed(other)
    seen = journal.versions()
    assert (journal.seen(claim.session_id), journal.may_claim()) == (6, False)
    await journal.claimed(replace(claim, version=9))
    journal.compared(seen)
    assert (journal.seen(claim.session_id), journal.seen(other.session_id)) == (9, 0)
    assert journal.may_claim()
    journal.doubt()
    assert not journal.may_claim()


async def test_no_more_sessions_are_remembered_than_fit(
    journal: FileJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claim_journal, "_SESSIONS", 2)
    claims = [a_claim() for _ in range(3)]
    for claim in claims:
        await journal.claimed(claim)
    assert [journal.seen(claim.session_id) for claim in claims] == [0, 6, 6]


async def test_the_latest_claims_are_at_hand_until_it_is_known_what_they_are(
    journal: FileJournal, folder: Path
) -> None:
    claims = [a_claim(number) for number in range(RECENT + 1)]
    for claim in claims:
        await journal.claimed(claim)
    assert ids(journal.recent(DATABASE)) == [claim.step_id for claim in claims[1:]]
    assert journal.recent(ANOTHER) == []
    journal.known({claim.step_id for claim in claims[2:]})
    assert ids(journal.recent(DATABASE)) == [claims[1].step_id]
    later = journal_in(folder)
    await later.read(DATABASE)
    assert len(later.recent(DATABASE)) == RECENT


def ids(steps: Any) -> list[UUID]:
    return [each.claim.step_id for each in steps]

"""Personal data is found by those who may, read by those who may, and gone once erased."""

import asyncio
from dataclasses import replace

import asyncpg
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import text

from booking_flow.model.change import Change, begin
from booking_flow.model.history import EventKind
from booking_flow.model.party import Details
from booking_flow.model.session import NO_DETAILS, Session
from booking_flow.ports import CommitResult, StoreUnavailable
from persistence import sessions
from persistence.columns import metadata
from persistence.database import execute, fetch_all, transaction
from persistence.encryption import KeyKind, Vault
from persistence.erasure import erase, erase_within
from persistence.errors import Erased
from persistence.histories import find_by_guest
from persistence.key_rotation import NEXT, StillUsed, retire, rewrap
from persistence.search import SearchKind, first_hash
from persistence.search_renewal import FIRST, OLDER, renew, renew_hashes
from persistence.sessions import PostgresSessionStore
from tests.support.changes import BOOKING, DETAILS, GUEST, SECRET, session
from tests.support.store import Shop
from tests.support.waiting import eventually

PERSONAL = (
    "wilhelmina", "zebedee", "quillfeather", "7946 0018", "gooseberry", "leominster", "hr6 8aa",
    "1980-02-29",
)  # fmt: skip


async def dump(shop: Shop) -> str:
    """Return every row of every table as text."""
    texts = []
    for table in metadata.sorted_tables:
        rows = await shop.rows(f"SELECT CAST(t AS text) AS line FROM {table.fullname} t")
        texts += [row.line for row in rows]
    return "\n".join(texts).lower()


async def test_no_name_stands_in_any_table(shop: Shop) -> None:
    booked = await shop.booked()
    everything = await dump(shop)
    assert str(booked.id) in everything
    for word in PERSONAL:
        assert word not in everything
        assert word.encode().hex() not in everything


async def test_details_are_read_back_and_follow_each_edit(shop: Shop) -> None:
    known = await shop.created()
    assert (await shop.load(known)).details == NO_DETAILS
    for details in (DETAILS, replace(DETAILS, passengers=()), NO_DETAILS):
        change = begin(known).put(details=details).record(EventKind.EDITED)
        known = await shop.load(await shop.write(change))
        assert known.details == details


async def test_a_session_is_born_with_the_details_of_the_one_it_restarts(
    shop: Shop, vault: Vault
) -> None:
    new = session(details=DETAILS)
    await shop.store.create(new, secret_hash=SECRET, origin=GUEST, binding=None, calls=())
    assert await shop.load(new) == new
    found = await find_by_guest(shop.engine, vault, SearchKind.SURNAME, "Quillfeather")
    assert found == [new.id]


async def test_each_passenger_of_a_booking_is_sealed_apart(shop: Shop, vault: Vault) -> None:
    booked = await shop.booked()
    rows = await shop.rows(
        "SELECT p.guest, p.ciphertext, k.wrapped_key FROM booking_passengers p"
        " JOIN session_keys k USING (session_id) ORDER BY guest"
    )
    opened = [
        vault.open(
            row.wrapped_key, row.ciphertext, session_id=booked.id, field=f"guest {row.guest}"
        )
        for row in rows
    ]
    assert [b"Wilhelmina" in opened[0], b"Zebedee" in opened[1]] == [True, True]
    with pytest.raises(InvalidTag):
        vault.open(rows[0].wrapped_key, rows[0].ciphertext, session_id=booked.id, field="guest 2")


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        (SearchKind.EMAIL, " Wilhelmina@Example.test"),
        (SearchKind.SURNAME, "QUILL FEATHER"),
        (SearchKind.PHONE, "0044 (20) 7946-0018"),
    ],
)
async def test_staff_find_a_guest_however_it_is_spelled(
    shop: Shop, vault: Vault, kind: SearchKind, typed: str
) -> None:
    booked = await shop.booked()
    assert await find_by_guest(shop.engine, vault, kind, typed) == [booked.id]
    assert await find_by_guest(shop.engine, vault, kind, f"{typed}9") == []


@pytest.mark.parametrize(
    "typed",
    [
        *("Quill\u2019feather", "Quill-Feather", "Wilhelmina Quillfeather", "Zebedee"),
        *("Quillfeather, Wilhelmina", "Mrs Quillfeather", "wilhelmina  QUILLFEATHER"),
    ],
)
async def test_staff_find_a_guest_by_any_part_of_the_name(
    shop: Shop, vault: Vault, typed: str
) -> None:
    booked = await shop.booked()
    assert await find_by_guest(shop.engine, vault, SearchKind.SURNAME, typed) == [booked.id]


@pytest.mark.parametrize("typed", ["20 7946 0018", "020 79460018", "+44 (0)20 7946 0018", "460018"])
async def test_a_telephone_is_found_by_any_ending(shop: Shop, vault: Vault, typed: str) -> None:
    booked = await shop.booked()
    assert await find_by_guest(shop.engine, vault, SearchKind.PHONE, typed) == [booked.id]


FIRST_VERSION = text(
    "INSERT INTO session_search (kind, hash, session_id) VALUES ('surname', :hash, :id)"
)
FORGET_NEW = text("DELETE FROM session_search WHERE session_id = :id AND version > 1")
VERSIONS = "SELECT DISTINCT version FROM session_search"


async def as_the_first_release_left_it(shop: Shop, vault: Vault, booked: Session) -> None:
    """Leave the hash that the first release made of a surname."""
    await execute(shop.engine, FORGET_NEW, {"id": booked.id})
    old = first_hash(vault, SearchKind.SURNAME, "Quillfeather")
    await execute(shop.engine, FIRST_VERSION, {"id": booked.id, "hash": old})


async def test_what_the_first_release_hashed_is_found_until_it_is_hashed_anew(
    shop: Shop, vault: Vault
) -> None:
    for reservation in ("F9WZ03", "F9WZ04"):
        booked = await shop.booked(
            booking=replace(BOOKING, reservation=reservation, supplier_booking_id=reservation)
        )
        await as_the_first_release_left_it(shop, vault, booked)

    async def found(typed: str) -> int:
        return len(await find_by_guest(shop.engine, vault, SearchKind.SURNAME, typed))

    assert (await found("QUILL FEATHER"), await found("Wilhelmina Quillfeather")) == (2, 0)
    assert await renew_hashes(shop.engine, vault, batch=1) == 2
    assert (await found("QUILL FEATHER"), await found("Wilhelmina Quillfeather")) == (2, 2)
    assert [row.version for row in await shop.rows(VERSIONS)] == [2]
    assert await renew_hashes(shop.engine, vault) == 0


def renamed(known: Session) -> Change:
    named = [replace(each, last_name="Newname") for each in DETAILS.passengers]
    return begin(known).put(details=Details(passengers=tuple(named))).record(EventKind.EDITED)


async def test_what_is_edited_while_it_is_hashed_anew_keeps_the_hashes_of_the_edit(
    shop: Shop, vault: Vault
) -> None:
    booked = await shop.booked()
    await as_the_first_release_left_it(shop, vault, booked)
    rows = await fetch_all(shop.engine, OLDER, {"after": FIRST, "limit": 9})
    await shop.write(renamed(booked))
    assert [await renew(shop.engine, vault, row) for row in rows] == [0]
    assert await find_by_guest(shop.engine, vault, SearchKind.SURNAME, "Newname") == [booked.id]
    assert await find_by_guest(shop.engine, vault, SearchKind.SURNAME, "Quillfeather") == []


async def test_what_cannot_be_opened_keeps_its_hashes_and_stops_nothing(
    shop: Shop, vault: Vault
) -> None:
    booked = await shop.booked()
    await as_the_first_release_left_it(shop, vault, booked)
    torn = text("UPDATE booking_sessions SET details_ciphertext = 'torn, torn, torn, torn'")
    await execute(shop.engine, torn, {})
    assert await renew_hashes(shop.engine, vault) == 0
    found = await find_by_guest(shop.engine, vault, SearchKind.SURNAME, "Quillfeather")
    assert found == [booked.id]


async def test_an_edit_changes_what_a_session_is_found_by(shop: Shop, vault: Vault) -> None:
    booked = await shop.booked()
    assert DETAILS.contact is not None
    contact = replace(DETAILS.contact, email="new@example.test")
    await shop.write(
        begin(booked).put(details=replace(DETAILS, contact=contact)).record(EventKind.EDITED)
    )

    async def found(kind: SearchKind, value: str) -> bool:
        return bool(await find_by_guest(shop.engine, vault, kind, value))

    assert await found(SearchKind.EMAIL, "new@example.test")
    assert not await found(SearchKind.EMAIL, "wilhelmina@example.test")
    assert await found(SearchKind.SURNAME, "Quillfeather")


async def test_erasing_leaves_the_history_and_nothing_to_read_or_find(
    shop: Shop, vault: Vault
) -> None:
    booked = await shop.booked()
    assert await erase(shop.engine, booked.id)
    assert not await erase(shop.engine, booked.id)
    assert (await shop.load(booked)) == replace(booked, details=NO_DETAILS)
    assert await find_by_guest(shop.engine, vault, SearchKind.SURNAME, "Quillfeather") == []
    events = await shop.rows("SELECT count(*) AS n FROM session_history")
    assert events[0].n == booked.version + 1


async def test_an_erased_session_takes_no_new_details(shop: Shop) -> None:
    """Nor does the process that erased it know the key any more."""
    booked = await shop.load(await shop.booked())
    await shop.store.erase(booked.id)
    change = begin(booked).put(details=Details(dining="1")).record(EventKind.EDITED)
    with pytest.raises(Erased, match=str(booked.id)):
        await shop.commit(change)


async def wait_for_locks(shop: Shop, number: int) -> None:
    """Wait until so many connections wait for what another one has locked."""
    waiting = (
        "SELECT count(*) AS waiting FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )

    async def are_waiting() -> bool:
        (row,) = await shop.rows(waiting)
        return int(row.waiting) == number

    await eventually(are_waiting)


async def test_details_that_are_written_while_their_guest_is_erased_are_not_kept(
    shop: Shop,
) -> None:
    booked = await shop.load(await shop.booked())
    change = begin(booked).put(details=replace(DETAILS, dining="1")).record(EventKind.EDITED)
    async with transaction(shop.engine) as erasing:
        await erase_within(erasing, booked.id)
        writing = asyncio.create_task(shop.commit(change))
        await wait_for_locks(shop, 1)
    assert (await writing).result is CommitResult.LOST
    assert await shop.rows("SELECT hash FROM session_search") == []
    assert (await shop.load(booked)).details == NO_DETAILS
    with pytest.raises(Erased, match=str(booked.id)):
        await shop.commit(change)


async def test_a_commit_after_a_load_does_not_ask_for_the_key_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    booked = await shop.load(await shop.booked())
    monkeypatch.setattr(sessions, "WRAPPED_KEY", text("SELECT asked_for_the_key"))
    change = begin(booked).put(details=replace(DETAILS, dining="1")).record(EventKind.EDITED)
    await shop.write(change)
    monkeypatch.undo()
    assert (await shop.load(booked)).details.dining == "1"


async def test_keys_of_the_sessions_read_last_are_remembered(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "KEYS_REMEMBERED", 2)
    made = [await shop.load(await shop.created()) for _ in range(3)]
    monkeypatch.setattr(sessions, "WRAPPED_KEY", text("SELECT asked_for_the_key"))
    changes = [begin(each).put(details=DETAILS).record(EventKind.EDITED) for each in made]
    with pytest.raises(asyncpg.UndefinedColumnError):
        await shop.commit(changes[0])
    await shop.write(changes[1])
    await shop.write(changes[2])


async def test_a_guest_who_is_erased_while_details_are_written_is_found_by_none_of_them(
    shop: Shop,
) -> None:
    booked = await shop.booked()
    lock = text("SELECT FROM booking_sessions WHERE id = :id FOR UPDATE")
    async with transaction(shop.engine) as busy:
        await busy.fetch_all(lock, {"id": booked.id})
        writing = asyncio.create_task(shop.commit(renamed(booked)))
        await wait_for_locks(shop, 1)
        erasing = asyncio.create_task(erase(shop.engine, booked.id))
        await wait_for_locks(shop, 2)
    assert (await writing).result is CommitResult.DONE
    assert await erasing
    assert await shop.rows("SELECT hash FROM session_search") == []


async def test_hashes_that_are_renewed_while_their_guest_is_erased_are_not_kept(
    shop: Shop, vault: Vault
) -> None:
    booked = await shop.booked()
    await as_the_first_release_left_it(shop, vault, booked)
    rows = await fetch_all(shop.engine, OLDER, {"after": FIRST, "limit": 9})
    await erase(shop.engine, booked.id)
    assert [await renew(shop.engine, vault, row) for row in rows] == [0]
    assert await shop.rows("SELECT hash FROM session_search") == []


async def test_an_erased_session_still_moves(shop: Shop) -> None:
    booked = await shop.booked()
    await erase(shop.engine, booked.id)
    present = await shop.load(booked)
    await shop.write(begin(present).record(EventKind.NOTE))


async def test_keys_rotate_without_touching_what_is_sealed(shop: Shop) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    first, second = b"1" * 32, b"2" * 32
    before = PostgresSessionStore(shop.engine, Vault([old], search_keys=[first]), "w")
    made = [session(details=DETAILS) for _ in range(3)]
    for one in made:
        await before.create(one, secret_hash=SECRET, origin=GUEST, binding=None, calls=())
    only_new = Vault([new], search_keys=[second])
    with pytest.raises(InvalidToken):
        await PostgresSessionStore(shop.engine, only_new, "w").load(made[0].id)
    both = Vault([new, old], search_keys=[second, first])
    name = DETAILS.passengers[0].last_name
    found = await find_by_guest(shop.engine, both, SearchKind.SURNAME, name)
    assert sorted(found) == sorted(one.id for one in made)
    done = [each async for each in rewrap(shop.engine, both, batch=2)]
    assert [(each.seen, each.wrapped, each.hashed) for each in done] == [(2, 2, 2), (3, 3, 3)]
    again = [each async for each in rewrap(shop.engine, both)]
    assert [(each.seen, each.wrapped, each.hashed) for each in again] == [(3, 0, 0)]
    found = await find_by_guest(shop.engine, only_new, SearchKind.SURNAME, name)
    assert sorted(found) == sorted(one.id for one in made)
    for one in made:
        loaded = await PostgresSessionStore(shop.engine, only_new, "w").load(one.id)
        assert loaded is not None
        assert loaded.session.details == DETAILS


async def test_a_key_that_nobody_has_is_counted_and_stops_nothing(shop: Shop) -> None:
    booked = await shop.booked()
    stranger = Vault([Fernet.generate_key().decode()], search_keys=[b"2" * 32])
    done = [each async for each in rewrap(shop.engine, stranger)]
    assert [(each.seen, each.wrapped, each.hashed, each.unreadable) for each in done] == [
        (1, 0, 0, 1)
    ]
    assert (await shop.load(booked)) == booked


async def test_a_retired_master_wraps_nothing_more(shop: Shop, vault: Vault) -> None:
    await shop.booked()
    with pytest.raises(StillUsed):
        await retire(shop.engine, KeyKind.MASTER, vault.master_id)
    stolen = Vault([Fernet.generate_key().decode()], search_keys=[b"2" * 32])
    await retire(shop.engine, KeyKind.MASTER, stolen.master_id)
    store = PostgresSessionStore(shop.engine, stolen, "w")
    with pytest.raises(StoreUnavailable):
        await store.create(session(), secret_hash=SECRET, origin=GUEST, binding=None, calls=())


def test_hashes_differ_by_purpose_and_key() -> None:
    master = Fernet.generate_key().decode()
    one = Vault([master], search_keys=[b"1" * 32])
    other = Vault([master], search_keys=[b"2" * 32])
    hashes = {one.keyed_hash("a", "x"), one.keyed_hash("b", "x"), other.keyed_hash("a", b"x")}
    assert len(hashes) == 3
    assert one.keyed_hash("a", "x") == one.keyed_hash("a", b"x")


@pytest.mark.parametrize(
    ("masters", "keys"),
    [
        ([], [b"h" * 32]),
        ([Fernet.generate_key().decode()], [b"h" * 32, b"short"]),
        ([Fernet.generate_key().decode()], []),
    ],
)
def test_a_vault_without_proper_keys_is_refused(masters: list[str], keys: list[bytes]) -> None:
    with pytest.raises(ValueError, match="at least"):
        Vault(masters, search_keys=keys)


async def test_a_commit_does_not_wait_for_the_rotation_of_its_key(shop: Shop) -> None:
    booked = await shop.booked()
    change = begin(booked).put(details=replace(DETAILS, dining="1")).record(EventKind.EDITED)
    async with transaction(shop.engine) as rotating:
        await rotating.fetch_all(NEXT, {"after": FIRST, "limit": 9, "master_id": 1})
        async with asyncio.timeout(5):
            await shop.write(change)

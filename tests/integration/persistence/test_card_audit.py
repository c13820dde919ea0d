"""Card numbers stored by accident: found everywhere, told without being shown, taken out."""

from dataclasses import replace

import pytest
from asyncpg import PostgresError
from sqlalchemy import text

from booking_flow.model.change import begin
from booking_flow.model.history import EventKind
from booking_flow.model.session import Session
from booking_flow.staff.actions import REDACTED
from persistence.card_audit import ScannedPlace, find_cards
from persistence.database import execute
from persistence.encryption import Vault
from persistence.redaction import redact_act, redact_event
from tests.support.changes import DETAILS
from tests.support.store import Shop

CARD = "4012 8888 8888 1881"
BARE = "4012888888881881"


async def places(shop: Shop, vault: Vault | None) -> list[ScannedPlace]:
    return [place async for place in find_cards(shop.engine, vault)]


async def noted(shop: Shop, known: Session, reason: str, **details: str) -> Session:
    change = begin(known).record(EventKind.NOTE, reason=reason, details=details)
    return await shop.write(change)


async def test_a_whole_booking_holds_no_card_number(shop: Shop, vault: Vault) -> None:
    """Neither do its identifiers look like one."""
    await shop.booked()
    assert await places(shop, vault) == []


async def test_a_card_number_is_found_in_texts_in_json_and_in_sealed_details(
    shop: Shop, vault: Vault
) -> None:
    booked = await noted(shop, await shop.booked(), f"paid by {CARD}", said=BARE)
    details = replace(DETAILS, special_requests=f"charge {CARD}")
    booked = await shop.write(begin(booked).put(details=details).record(EventKind.EDITED))
    found = await places(shop, vault)
    row = {"session_id": str(booked.id), "seq": str(booked.version - 1)}
    assert found == [
        ScannedPlace(table="session_history", key=row, column="reason"),
        ScannedPlace(table="session_history", key=row, column="details", path="/said"),
        ScannedPlace(
            table="booking_sessions",
            key={"id": str(booked.id)},
            column="details_ciphertext",
            path="/special_requests",
        ),
    ]
    assert BARE not in repr(found).replace(" ", "")


async def test_details_are_read_with_the_keys_only(shop: Shop, vault: Vault) -> None:
    booked = await shop.booked()
    details = replace(DETAILS, special_requests=CARD)
    await shop.write(begin(booked).put(details=details).record(EventKind.EDITED))
    assert await places(shop, None) == []
    assert len(await places(shop, vault)) == 1


async def test_many_rows_are_all_looked_at(shop: Shop, vault: Vault) -> None:
    booked = await shop.booked()
    filler = text(
        "INSERT INTO session_history (session_id, seq, at, kind, from_state, to_state, actor_kind,"
        " reason, details) SELECT :id, n, booking_now(), 'note', 'booked', 'booked', 'staff',"
        " CASE WHEN n % 500 = 0 THEN :card ELSE 'a note' END, '{}'"
        " FROM generate_series(100, 2100) AS n"
    )
    await execute(shop.engine, filler, {"id": booked.id, "card": CARD})
    assert [place.key["seq"] for place in await places(shop, vault)] == [
        *("500", "1000", "1500", "2000")
    ]


async def reasons(shop: Shop) -> list[str]:
    found = await shop.rows(
        "SELECT reason FROM session_history WHERE reason IS NOT NULL ORDER BY session_id, seq"
    )
    return [row.reason for row in found]


AUDITED = text(
    "INSERT INTO staff_audit (at, name, action, session_ids, reason, facts)"
    " VALUES (booking_now(), 'Ada', :action, ARRAY[CAST(:id AS uuid)], :reason, '{}')"
)


async def test_a_text_is_taken_out_of_history_and_audit(shop: Shop, vault: Vault) -> None:
    known = await noted(shop, await noted(shop, await shop.created(), f"paid by {CARD}"), "kept")
    for action, reason in (("search", None), ("note", "first"), ("note", f"paid by {CARD}")):
        await execute(shop.engine, AUDITED, {"id": known.id, "action": action, "reason": reason})
    assert len(await places(shop, vault)) == 2
    assert await redact_event(shop.engine, known.id, known.version - 1)
    assert await places(shop, vault) == []
    assert await reasons(shop) == [REDACTED, "kept"]
    acts = await shop.rows("SELECT reason FROM staff_audit ORDER BY id")
    assert [row.reason for row in acts] == [None, "first", REDACTED]
    assert not await redact_event(shop.engine, known.id, 0)
    assert await shop.load(known) == known


async def test_what_staff_did_is_counted_without_what_they_only_found(shop: Shop) -> None:
    known = await shop.created()
    for action, reason in (("search", None), ("claim_task", f"x {CARD}"), ("note", "kept")):
        await execute(shop.engine, AUDITED, {"id": known.id, "action": action, "reason": reason})
    assert await redact_act(shop.engine, known.id, 1)
    assert not await redact_act(shop.engine, known.id, 9)
    acts = await shop.rows("SELECT reason FROM staff_audit ORDER BY id")
    assert [row.reason for row in acts] == [None, REDACTED, "kept"]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE session_history SET reason = 'better' RETURNING 1",
        "UPDATE session_history SET reason = '[redacted]', seq = seq + 100 RETURNING 1",
        "UPDATE session_history SET actor_name = '[redacted]' RETURNING 1",
        "DELETE FROM session_history RETURNING 1",
    ],
)
async def test_nothing_else_of_a_history_can_be_changed(shop: Shop, change: str) -> None:
    await noted(shop, await shop.created(), "as it was")
    with pytest.raises(PostgresError, match="append-only"):
        await execute(shop.engine, text(change), {})
    assert await reasons(shop) == ["as it was"]

"""A balance that can find nothing would prove nothing: each disagreement is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from tests.soak import balance
from tests.support.books import Books
from tests.support.service import Json

ONE, OTHER = UUID(int=1), UUID(int=2)
AUTH = "071452"
Check = Callable[[Books], Iterator[str]]


def _session(number: UUID, **fields: Any) -> Any:
    usual = {"state": "paid", "item_key": f"i{number.int}", "open_step": None}
    return SimpleNamespace(
        **{
            "id": number,
            "reference": f"BF-{number.int}",
            "unwinding_since": None,
            **usual,
            **fields,
        }
    )


def _booked(number: int = 1, **fields: Any) -> Json:
    usual = {"bookingId": f"b{number}", "reservation": f"R{number}", "status": "Booked"}
    return {**usual, "itemKey": f"i{number}", "total": "10.00", "currency": "USD", **fields}


def _charge(auth_code: str = AUTH) -> Json:
    return {"bookingId": "b1", "amount": "10.00", "authCode": auth_code}


def _task(kind: str, *, is_open: bool = True) -> Any:
    return SimpleNamespace(kind=kind, closed_at=None if is_open else "then")


def _row(**fields: Any) -> Any:
    usual = {"reservation": "R1", "total": Decimal(10), "currency": "USD"}
    return SimpleNamespace(**{**usual, **fields})


def _step(name: str, status: str, item_key: str | None = None) -> Any:
    return SimpleNamespace(
        session_id=ONE, name=name, status=status, item_key=item_key, found_key=None, asked_key=None
    )


def _books(**changes: Any) -> Books:
    """Return books that balance: one session that is booked and paid, unless told otherwise."""
    theirs = {"bookings": [_booked()], "charges": [_charge()], "holds": []}
    usual: Json = {
        "ledger": theirs | changes.pop("ledger", {}),
        "sessions": {ONE: _session(ONE)},
        "steps": {},
        "tasks": {},
        "bookings": {ONE: [_row()]},
        "payments": {ONE: [SimpleNamespace(auth_code=AUTH)]},
    }
    return Books(**usual | changes)


CHECKS = (
    balance.bookings,
    balance.rows,
    balance.charges,
    balance.payments,
    balance.holds,
    balance.settled,
    balance.answered,
)
HELD = {"holds": [{"itemKey": "i9"}]}
WRONG = [
    (balance.bookings, "booked twice", {"ledger": {"bookings": [_booked()] * 2}}),
    (balance.bookings, "of no session", {"ledger": {"bookings": [_booked(9)]}}),
    (balance.bookings, "neither row nor open task", {"bookings": {}}),
    (balance.bookings, "theirs R1", {"bookings": {ONE: [_row(reservation="R2")]}}),
    (balance.bookings, "nobody was told", {"bookings": {ONE: [_row(total=Decimal(11))]}}),
    (balance.rows, "not at the line", {"ledger": {"bookings": []}}),
    (balance.charges, "without a payment or a task", {"payments": {}}),
    (balance.charges, "charged 2 times", {"ledger": {"charges": [_charge()] * 2}}),
    (balance.payments, "paid without a charge", {"ledger": {"charges": []}}),
    (balance.holds, "held for nobody", {"ledger": HELD}),
    (balance.settled, "nobody asked", {"sessions": {ONE: _session(ONE, state="basketed")}}),
    (balance.settled, "left owed", {"steps": {ONE: [_step("release", "owed")]}}),
    (balance.answered, "cannot be worked off", {"tasks": {ONE: [_task("refund")]}}),
    (balance.answered, "under way", {"sessions": {ONE: _session(ONE, open_step="s")}}),
]
RIGHT = [
    (balance.bookings, {"bookings": {}, "tasks": {ONE: [_task("book_unknown")]}}),
    (balance.charges, {"payments": {}, "tasks": {ONE: [_task("refund", is_open=False)]}}),
    (balance.holds, {"ledger": HELD, "steps": {ONE: [_step("release", "owed", "i9")]}}),
    (balance.holds, {"ledger": HELD, "steps": {ONE: [_step("add_to_basket", "unknown")]}}),
]


def test_books_that_balance_balance() -> None:
    assert [line for check in CHECKS for line in check(_books())] == []


@pytest.mark.parametrize(("check", "words", "changes"), WRONG, ids=[case[1] for case in WRONG])
def test_a_disagreement_is_found(check: Check, words: str, changes: Json) -> None:
    (line,) = check(_books(**changes))
    assert words in line


@pytest.mark.parametrize(("check", "changes"), RIGHT)
def test_what_people_or_steps_account_for_is_no_disagreement(check: Check, changes: Json) -> None:
    assert list(check(_books(**changes))) == []


def test_a_guest_who_was_told_otherwise_is_found() -> None:
    assert list(balance.guests(_books(), {str(ONE): {"R1"}})) == []
    (line,) = balance.guests(_books(), {str(OTHER): {"R1"}})
    assert "a guest was told R1" in line
    (line,) = balance.guests(_books(), {str(ONE): {"R1", "R2"}})
    assert "a guest was told R2" in line

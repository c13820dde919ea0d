"""What guests do, step by step, while an observer knows for whom the service works."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from booking_http.api.action_links import BASE
from persistence.database import Database, execute
from tests.acceptance.wishes import RED
from tests.support.service import VISA, Guest, Headers, Reply, Service, once


@dataclass(slots=True, kw_only=True)
class Named(Service):
    """A service that is asked under one request id, so that an observer knows for whom it works."""

    name: str
    unseen: bool = False
    database: Database | None = None

    @classmethod
    def of(cls, service: Service, name: str, database: Database | None = None) -> Named:
        """Return the service as somebody of this name asks it."""
        return cls(
            app=service.app,
            url=service.url,
            http=service.http,
            simulator=service.simulator,
            name=name,
            database=database,
        )

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        headers: Headers | None = None,
    ) -> Reply:
        session = path.removeprefix(BASE).removeprefix("/session").strip("/").partition(".")[0]
        known = {} if self.unseen else {"X-Request-ID": f"{self.name}.{session}"}
        known |= headers or {}
        return await Service.call(self, method, path, body, raw=raw, headers=known)


@contextmanager
def unseen(guest: Guest) -> Iterator[None]:
    """Let a guest do what others do as well, and die over: no observer sees it."""
    service = guest.service
    assert isinstance(service, Named)
    service.unseen = True
    yield
    service.unseen = False


async def _held(guest: Guest) -> Reply:
    with unseen(guest):
        return await guest.to_basketed()


def _key() -> Headers:
    return once(uuid4().hex)


async def _chosen(guest: Guest) -> Reply:
    """Look at everything, say who travels, and choose without holding."""
    await guest.to_priced()
    rate = guest.rate()
    assert (await guest.specific_cabins(rate)).status == 200
    assert (await guest.breakdown(rate)).status == 200
    assert (await guest.edit({"specialRequests": "A quiet cabin."})).status == 200
    chosen = await guest.select(rate, addToBasket=False, headers=_key())
    assert chosen.status == 200, chosen
    return chosen


async def _book(guest: Guest, held: Reply, card: str | None, surname: str | None = None) -> Reply:
    payment = guest.payment(held.body["price"]["total"], card=card) if card else None
    ask = guest.booking(surname=surname or _surname(guest), payment=payment)
    return await guest.book(ask, headers=_key())


def _surname(guest: Guest) -> str:
    """Return a name of nobody else's, so that no look-up takes one for the other."""
    return "".join("abcdefghijklmnop"[int(digit, 16)] for digit in UUID(guest.uuid).hex).title()


async def to_paid(guest: Guest) -> None:
    """Book and pay at once, having looked at everything."""
    await _chosen(guest)
    held = await guest.hold(headers=_key())
    assert held.status == 200, held
    too_little = guest.booking(payment=guest.payment("1.00"))
    assert (await guest.book(too_little, headers=_key())).status == 409
    paid = await _book(guest, held, VISA)
    assert (paid.status, paid.body["state"]) == (201, "paid"), paid


async def to_paid_by_another_card(guest: Guest) -> None:
    """Have a card declined, and book with another one."""
    held = await _held(guest)
    assert (await _book(guest, held, RED)).status == 402
    assert (await _book(guest, held, VISA)).status == 201


async def to_paid_later(guest: Guest) -> None:
    """Book, and pay what is booked."""
    held = await _held(guest)
    assert (await _book(guest, held, None)).status == 201
    paid = await guest.pay(guest.payment(held.body["price"]["total"]), headers=_key())
    assert (paid.status, paid.body["state"]) == (200, "paid"), paid


async def to_paid_in_parts(guest: Guest) -> None:
    """Book, pay the deposit, and then the balance; the second leaves the state as it is."""
    held = await _held(guest)
    assert (await _book(guest, held, None)).status == 201
    deposit = guest.payment(held.body["price"]["deposit"], deposit=True)
    part = await guest.pay(deposit, headers=_key())
    assert (part.status, part.body["state"]) == (200, "paid"), part
    rest = part.body["booking"]["outstanding"]
    assert Decimal(rest) > 0
    paid = await guest.pay(guest.payment(rest), headers=_key())
    assert (paid.status, paid.body["booking"]["outstanding"]) == (200, "0.00"), paid


async def to_refused_payment(guest: Guest) -> None:
    """Book, and be refused the payment of what is booked."""
    held = await _held(guest)
    assert (await _book(guest, held, None)).status == 201
    unpaid = await guest.pay(guest.payment(held.body["price"]["total"]), headers=_key())
    assert (unpaid.code, unpaid.body["state"]) == ("supplier_error", "booked"), unpaid


async def to_booked(guest: Guest) -> None:
    """Book without a card."""
    assert (await _book(guest, await _held(guest), None)).status == 201


async def to_booked_and_paid(guest: Guest) -> None:
    """Book and pay at once."""
    assert (await _book(guest, await _held(guest), VISA)).status == 201


async def to_doubtful_money(guest: Guest) -> None:
    """Book, and pay what the line takes another amount of."""
    doubtful = await _book(guest, await _held(guest), VISA)
    assert (doubtful.status, doubtful.body["state"]) == (202, "booked"), doubtful


async def to_doubt(guest: Guest) -> None:
    """Book and never hear whether it was done."""
    held = await _held(guest)
    assert (await _book(guest, held, VISA, surname="Resetafter")).status == 202


async def to_held(guest: Guest) -> None:
    """Hold what was chosen."""
    with unseen(guest):
        await guest.to_priced()
    assert (await guest.select(headers=_key())).status == 200


async def to_released(guest: Guest) -> None:
    """Hold, let go, and hold again."""
    await _held(guest)
    assert (await guest.release()).status == 200
    assert (await guest.hold(headers=_key())).status == 200


async def to_cancelled(guest: Guest) -> None:
    """Cancel while a cabin is held, and start again."""
    await _held(guest)
    for _ in range(2):
        assert (await guest.cancel(headers=_key())).body["state"] == "cancelled"
    assert (await guest.restart(headers=_key())).status == 201


async def to_cancelling(guest: Guest) -> None:
    """Cancel while the supplier does not hear."""
    await _held(guest)
    assert (await guest.cancel(headers=_key())).body["cancellation"]["status"] == "requested"


async def to_refused(guest: Guest) -> None:
    """Be refused a cabin that was chosen."""
    with unseen(guest):
        await guest.to_priced()
    assert (await guest.select(headers=_key())).status == 409


async def to_no_answer(guest: Guest) -> None:
    """Have a cabin held and not hear of it."""
    with unseen(guest):
        await guest.to_priced()
    assert (await guest.select(headers=_key())).status == 202


async def to_no_prices(guest: Guest) -> None:
    """Ask for prices in supplier sessions that are over, however often a new one is opened."""
    with unseen(guest):
        await guest.open()
    assert (await guest.price()).status == 409


async def to_overtaken(guest: Guest) -> None:
    """Choose by identifiers that are stale whenever they are used."""
    with unseen(guest):
        await guest.to_priced()
    assert (await guest.specific_cabins(guest.rate())).status == 409
    assert (await guest.select(headers=_key())).status == 409


async def to_expired(guest: Guest) -> None:
    """Look at a session that has just ended, and start again."""
    await _held(guest)
    await _enter(guest, "UPDATE booking_sessions SET expires_at = booking_now() WHERE id = :id")
    assert (await guest.look()).status == 200
    assert (await guest.restart(headers=_key())).status == 201


async def to_an_old_key(guest: Guest) -> None:
    """Use a key once more that was used more than a day ago."""
    key = _key()
    with unseen(guest):
        await guest.to_priced()
        assert (await guest.select(addToBasket=False, headers=key)).status == 200
    aged = "UPDATE idempotency_keys SET at = at - interval '25 hours' WHERE session_id = :id"
    await _enter(guest, aged)
    assert (await guest.select(addToBasket=False, headers=key)).status == 200


async def to_chosen(guest: Guest) -> None:
    """Choose without holding."""
    with unseen(guest):
        await guest.to_priced()
    assert (await guest.select(addToBasket=False, headers=_key())).status == 200


async def to_edited(guest: Guest) -> None:
    """Say something more."""
    with unseen(guest):
        await guest.to_priced()
    assert (await guest.edit({"specialRequests": "A cot."})).status == 200


async def _enter(guest: Guest, sql: str) -> None:
    """Write into the rows of a guest's session what only time would have."""
    service = guest.service
    assert isinstance(service, Named)
    assert service.database is not None
    await execute(service.database, text(sql), {"id": UUID(guest.uuid)})

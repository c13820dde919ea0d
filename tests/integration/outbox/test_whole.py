"""The whole way: a guest books over HTTP, and the worker inside `serve` tells everybody."""

from __future__ import annotations

from typing import Any

from tests.support.receivers import Postbox, mail, part
from tests.support.waiting import eventually


async def test_a_guest_who_books_is_mailed_what_the_session_says(
    make_service: Any, postbox: Postbox
) -> None:
    service = await make_service(worker=True, **mail(postbox))
    guest = service.guest()
    await guest.to_basketed(child_ages=(8,))
    payment = guest.payment((await guest.look()).body["price"]["total"])
    assert (await guest.book(guest.booking(payment=payment))).status == 201

    async def both_came() -> bool:
        return len(postbox.mails) == 2

    await eventually(both_came)
    told, session = part(postbox.mails[0], "plain"), (await guest.look()).body
    booking, cruise = session["booking"], session["cruise"]
    for fact in (
        *(session["reference"], booking["reservation"], cruise["name"], cruise["shipName"]),
        *(f"USD {float(booking[name]):,.2f}" for name in ("total", "paid", "outstanding")),
        *(f"{one['firstName']} {one['lastName']}" for one in session["details"]["passengers"]),
        "2 adults, 1 child (aged 8)",
        "Visa ending in 1111",
    ):
        assert fact in told
    assert "4111111111111111" not in told
    assert sorted(postbox.recipients) == ["alexa@example.test", "desk@agency.test"]

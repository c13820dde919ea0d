"""Opening a session: what is refused, and what a new one knows."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from booking_flow.engine import AlreadyBound
from booking_flow.errors import RefusalCode
from booking_flow.flow import State
from booking_flow.model.party import Details, Party
from tests.integration.engine.conftest import MakeShop
from tests.support.engine import CRUISE, SOLD_OUT_CRUISE, Guest, Shop, a_command, bound, refused


async def test_a_new_session_knows_sailing_party_and_its_end(make_shop: MakeShop) -> None:
    shop = await make_shop(session_life=timedelta(minutes=90))
    guest = Guest(shop, uuid4())
    details = Details(special_requests="A cot")
    ask = guest.ask(children=1, child_ages=(8,), details=details)
    answer = await shop.engine.open_session(ask, command=a_command())
    session = answer.session
    assert session == await guest.session()
    assert (session.state, session.version) == (State.CREATED, 0)
    assert session.party == Party(adults=2, child_ages=(8,))
    assert session.sailing == await shop.catalogue.sailing(CRUISE)
    assert session.details == details
    assert session.currency == "USD"
    assert session.created_at == answer.now
    assert session.expires_at == answer.now + timedelta(minutes=90)
    assert session.supplier is not None
    assert session.supplier.opened_at == answer.now
    assert session.reference.startswith("BF-")
    assert await guest.kinds() == ["created"]
    assert set(await guest.calls()) == {"token", "cruiseresults"}


@pytest.mark.parametrize(
    ("fields", "code", "detail"),
    [
        ({"cruise_id": "1"}, RefusalCode.CRUISE_NOT_FOUND, "This cruise is not known."),
        (
            {"cruise_id": "9999999"},
            RefusalCode.SOLD_OUT,
            "This sailing is not on sale at the moment.",
        ),
        (
            {"cruise_id": SOLD_OUT_CRUISE},
            RefusalCode.SOLD_OUT,
            "This sailing is not on sale at the moment.",
        ),
        (
            {"cruise_id": "2190295"},
            RefusalCode.LINE_NOT_BOOKABLE,
            "The catalogue and the supplier disagree about this sailing's cruise line.",
        ),
        (
            {"cruise_id": "2161250"},
            RefusalCode.LINE_NOT_BOOKABLE,
            "Carnival Cruise Line cannot be booked online.",
        ),
        ({"adults": 0}, RefusalCode.PARTY_INVALID, None),
        ({"children": 1}, RefusalCode.PARTY_INVALID, None),
    ],
)
async def test_what_cannot_be_sold_is_refused_and_leaves_no_session(
    shop: Shop, fields: dict[str, Any], code: RefusalCode, detail: str | None
) -> None:
    guest = Guest(shop, uuid4())
    found = await refused(shop.engine.open_session(guest.ask(**fields), command=a_command()))
    assert found.refusal.code is code
    assert found.refusal.detail == detail
    assert found.session is None
    assert await shop.store.load(guest.id) is None


async def test_a_sailing_that_has_left_is_refused(shop: Shop) -> None:
    guest = Guest(shop, uuid4())
    ask = guest.ask(cruise_id="2190001")
    found = await refused(shop.engine.open_session(ask, command=a_command()))
    assert found.refusal.code is RefusalCode.SAILING_DEPARTED


async def test_a_search_that_finds_another_sailing_opens_no_session(shop: Shop) -> None:
    await shop.simulator.fault("cruiseresults", "other_date")
    guest = Guest(shop, uuid4())
    found = await refused(shop.engine.open_session(guest.ask(), command=a_command()))
    assert found.refusal.code is RefusalCode.SAILING_MISMATCH
    assert await shop.store.load(guest.id) is None


async def test_prices_of_another_sailing_are_not_shown(shop: Shop) -> None:
    guest = await shop.opened()
    await shop.simulator.fault("cruisecabingrades", "other_sailing")
    assert (await refused(guest.price())).refusal.code is RefusalCode.SAILING_MISMATCH
    assert (await guest.session()).quote is None


async def test_a_supplier_in_trouble_is_told_as_such(shop: Shop) -> None:
    await shop.simulator.fault("cruiseresults", "http_404", times=5)
    guest = Guest(shop, uuid4())
    found = await refused(shop.engine.open_session(guest.ask(), command=a_command()))
    assert found.refusal.code is RefusalCode.SUPPLIER_MISCONFIGURED


async def test_a_reference_that_is_taken_is_made_anew(make_shop: MakeShop) -> None:
    names = iter(["BF-AAAAAAAA", "BF-AAAAAAAA", "BF-AAAAAAAA", "BF-BBBBBBBB"])
    shop = await make_shop(references=names.__next__)
    first, second = await shop.opened(), await shop.opened()
    assert (await first.session()).reference == "BF-AAAAAAAA"
    assert (await second.session()).reference == "BF-BBBBBBBB"


async def test_after_five_references_the_guest_is_asked_to_try_again(make_shop: MakeShop) -> None:
    asked: list[str] = []

    def always_the_same() -> str:
        asked.append("BF-AAAAAAAA")
        return asked[-1]

    shop = await make_shop(references=always_the_same)
    await shop.opened()
    guest = Guest(shop, uuid4())
    found = await refused(shop.engine.open_session(guest.ask(), command=a_command()))
    assert found.refusal.code is RefusalCode.UNAVAILABLE
    assert found.refusal.detail == "No free booking reference was found."
    assert len(asked) == 1 + 6


async def test_a_key_opens_one_session(shop: Shop) -> None:
    first, second = Guest(shop, uuid4()), Guest(shop, uuid4())
    await shop.engine.open_session(first.ask(), command=bound("k"))
    with pytest.raises(AlreadyBound):
        await shop.engine.open_session(second.ask(), command=bound("k"))
    assert await shop.store.load(second.id) is None
    replay = await first.replay(bound("k"))
    assert replay is not None
    assert replay.session_id == first.id


async def restarted(guest: Guest) -> Guest:
    new = Guest(guest.shop, uuid4())
    await guest.shop.engine.restart(
        await guest.loaded(), session_id=new.id, secret_hash=b"n" * 32, command=a_command()
    )
    return new


async def test_a_session_that_ran_out_starts_again_with_party_and_details(shop: Shop) -> None:
    guest = await shop.opened(
        children=1, child_ages=(8,), details=Details(special_requests="A cot")
    )
    await shop.pass_time(2 * 3600 + 1)
    new = await restarted(guest)
    old, session = await guest.session(), await new.session()
    assert old.state is State.EXPIRED
    assert session.state is State.CREATED
    assert (session.party, session.details) == (old.party, old.details)
    assert session.sailing == old.sailing
    assert session.reference != old.reference
    assert await shop.store.load_for_guest(new.id, b"n" * 32) is not None


async def test_a_cancelled_session_starts_again(shop: Shop) -> None:
    guest = await shop.opened()
    await guest.cancel()
    assert await (await restarted(guest)).state() is State.CREATED


async def test_a_session_that_goes_on_does_not_start_again(shop: Shop) -> None:
    guest = await shop.opened()
    found = await refused(restarted(guest))
    assert found.refusal.code is RefusalCode.WRONG_STATE
    assert found.refusal.detail == "restart is not possible while created."
    assert found.session == await guest.session()

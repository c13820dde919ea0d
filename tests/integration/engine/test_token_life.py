"""A booking goes out once, so its token is made to last before anything is claimed."""

import pytest

from booking_flow.errors import RefusalCode
from booking_flow.flow import State
from tests.integration.engine.conftest import MakeShop
from tests.support.engine import refused


async def test_a_token_that_would_end_under_way_is_renewed_before_a_claim(
    make_shop: MakeShop,
) -> None:
    """The step may take 80 seconds, and the token has 30 left."""
    shop = await make_shop()
    guest = await shop.held()
    (name,) = shop.supplier._caller._tokens._known
    value, until = shop.supplier._caller._tokens._known[name]
    shop.supplier._caller._tokens._known[name] = (
        value,
        until - shop.supplier._caller._tokens.left(name) + 30,
    )
    before = await shop.simulator.received("token")
    assert (await guest.book()).session.state is State.BOOKED
    assert await shop.simulator.received("token") == before + 1
    assert (await guest.calls()).count("token") == before + 1


async def test_a_token_that_lasts_is_not_asked_for_again(make_shop: MakeShop) -> None:
    shop = await make_shop()
    guest = await shop.held()
    before = await shop.simulator.received("token")
    await guest.book()
    assert await shop.simulator.received("token") == before


async def test_tokens_that_are_all_short_are_not_renewed_at_every_step(
    make_shop: MakeShop,
) -> None:
    """The first half of their life has to do."""
    shop = await make_shop()
    await shop.simulator.control("policy", token_seconds=90)
    guest = await shop.held()
    before = await shop.simulator.received("token")
    assert (await guest.book()).session.state is State.BOOKED
    assert await shop.simulator.received("token") == before


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("http_500", RefusalCode.SUPPLIER_UNAVAILABLE),
        ("http_404", RefusalCode.SUPPLIER_MISCONFIGURED),
    ],
)
async def test_without_a_token_nothing_is_claimed(
    make_shop: MakeShop, fault: str, code: RefusalCode
) -> None:
    """And the evidence of the attempt is kept for staff."""
    shop = await make_shop()
    guest = await shop.held()
    shop.supplier._caller._tokens._known.clear()
    await shop.simulator.fault("token", fault, times=9)
    steps, asked = await guest.steps(), (await guest.calls()).count("token")
    found = await refused(guest.book())
    assert found.refusal.code is code
    assert await guest.steps() == steps
    assert (await guest.calls()).count("token") > asked
    assert await guest.state() is State.BASKETED

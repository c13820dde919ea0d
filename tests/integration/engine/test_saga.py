"""The saga as a table, compared with what its steps do at the supplier."""

from collections import Counter
from collections.abc import Awaitable

from booking_flow.flow import State
from booking_flow.model.card import PaymentType
from booking_flow.model.step import StepKind, StepName
from booking_flow.policy import PaymentChannel
from booking_flow.saga import EFFECTS, STEPS
from tests.integration.engine.conftest import MakeShop
from tests.support.engine import Shop, refused

DECLINED = "4000000000000002"


async def asked(shop: Shop, doing: Awaitable[object]) -> set[str]:
    """Return what the supplier is asked meanwhile."""
    before = await shop.simulator.received_all()
    await doing
    return set(Counter(await shop.simulator.received_all()) - Counter(before))


async def test_each_step_asks_the_supplier_for_what_it_says_and_is_undone_as_it_says(
    make_shop: MakeShop,
) -> None:
    shop = await make_shop()
    later = await make_shop(payment_channel=PaymentChannel.SUPPLIER_PAYMENT)
    found = {}
    guest = await shop.opened()
    found[StepName.OPEN_SESSION] = set(await shop.simulator.received_all())
    found[StepName.PRICE] = await asked(shop, guest.price())
    found[StepName.SELECT_CABIN] = await asked(shop, guest.select(add_to_basket=False))
    assert await guest.steps() == [], "what only reads is not claimed"
    found[StepName.ADD_TO_BASKET] = await asked(shop, guest.hold())
    assert (await shop.simulator.books())[0] == 1
    found[StepName.RELEASE] = await asked(shop, guest.release())
    assert (await shop.simulator.books())[0] == 0, "a reversible step is undone by a machine"
    await guest.price()
    await guest.select()
    await refused(guest.book(PaymentType.DEPOSIT, number=DECLINED))
    found[StepName.BOOK] = await asked(shop, guest.book())
    found[StepName.PAY] = await asked(shop, guest.at(later).pay()) - {"token"}
    assert await guest.state() is State.PAID
    assert found == {name: set(step.endpoints) for name, step in STEPS.items()}
    assert {name for name, _ in await guest.steps()} == {name.value for name in EFFECTS}
    await guest.cancel()
    assert await shop.simulator.books() == (0, 1, 1), "only people undo what is irreversible"
    assert [STEPS[StepName(name)].kind for name, _ in (await guest.steps())[-2:]] == [
        StepKind.IRREVERSIBLE
    ] * 2

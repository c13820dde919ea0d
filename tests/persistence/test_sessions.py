"""A session comes back as it was written."""

from tests.persistence.helpers import Shop


async def test_every_value_of_a_booked_session_round_trips(shop: Shop) -> None:
    written = await shop.booked()
    assert await shop.load(written) == written

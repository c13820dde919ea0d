"""A guest of a world in which anything can stop, who judges what they are told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import text

from adapters.simulator.pricing import lead_in
from adapters.simulator.state import BasketItem
from booking_http.web.problems import PROBLEMS
from persistence.database import fetch_one
from tests.acceptance.world import World
from tests.support.service import Guest, Headers, Json, Reply, once

HELD: Final = text("SELECT item_key FROM booking_sessions WHERE id = :id AND state = 'basketed'")
Wish = Callable[[Guest, Headers], Awaitable[Reply]]


class Shopper:
    """Somebody who shops with an Idempotency-Key, or twice at once without one."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.guest = Guest(world.service)
        self.asked: tuple[Wish, Headers] | None = None
        self.seen: dict[str, int] = {}

    async def wants(self, wish: Wish, *, keyed: bool = True, twice: bool = False) -> Reply | None:
        """Ask for something; None when the process stopped before it answered."""
        headers = once(str(uuid4())) if keyed else {}
        self.asked = (wish, headers)
        reply = await self._ask(wish, headers)
        return await self._ask(wish, headers) if twice else reply

    async def again(self) -> Reply | None:
        """Send the last request once more, as a client does that got no answer."""
        return await self._ask(*self.asked) if self.asked else None

    async def _ask(self, wish: Wish, headers: Headers) -> Reply | None:
        self.guest.service = self.world.service
        reply = await self.world.do(_now(wish, self.guest, headers))
        if reply is not None:
            await self.hears(reply)
        return reply

    async def look(self) -> Json | None:
        """Return the session as the guest may see it, if there is one."""
        if not self.guest.session_id:
            return None
        reply = await self._ask(lambda guest, _: guest.look(), {})
        return reply.body if reply is not None and reply.status == 200 else None

    async def hears(self, reply: Reply) -> None:
        """Judge what the guest is told."""
        assert told_the_truth(reply), reply
        if reply.status < 300 and "version" in reply.body:
            self._time_does_not_run_back(reply.body)
            await self._sees_the_price_of_the_basket(reply.body)

    def _time_does_not_run_back(self, body: Json) -> None:
        name, version = body["sessionId"], body["version"]
        assert version >= self.seen.get(name, 0), body
        self.seen[name] = version

    async def _sees_the_price_of_the_basket(self, body: Json) -> None:
        """What is shown is the held cabin's price, and never the supplier's `searchprice`."""
        if body["state"] != "basketed":
            return
        held = await self._held(UUID(body["sessionId"].partition(".")[0]))
        if held is None:
            return
        price = body["price"]
        assert (Decimal(price["total"]), price["currency"]) == (held.total, held.currency), body
        shown = {Decimal(row["amount"]) for row in price["items"]} | {Decimal(price["total"])}
        assert not shown & self._search_prices(held), body

    async def _held(self, session_id: UUID) -> BasketItem | None:
        row = await fetch_one(self.world.database, HELD, {"id": session_id})
        return self.world.supplier.state.items[row.item_key] if row else None

    def _search_prices(self, held: BasketItem) -> set[Decimal]:
        supplier = self.world.supplier
        party = supplier.state.sessions[held.session].party
        lead = lead_in(supplier.sailings[held.sailing], party, currency=held.currency)
        return {lead, lead + 7} - {held.total}


async def _now(wish: Wish, guest: Guest, headers: Headers) -> Reply:
    return await wish(guest, headers)


def told_the_truth(reply: Reply) -> bool:
    """Whether it is the session, a pending step, or one of the documented problems."""
    if reply.status in (200, 201):
        return True
    if reply.status == 202:
        return reply.body["pending"] is not None or reply.body["cancellation"] is not None
    return PROBLEMS[reply.code or "a problem needs a code"].status == reply.status

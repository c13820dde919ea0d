"""The Traveltek client: the port `Supplier` over FusionAPI."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from aiohttp import ClientSession
from redis.asyncio import Redis

from adapters.fair_queue import FairQueue
from adapters.token_cache import TokenCache
from adapters.traveltek import endpoints, requests, requests_booking
from adapters.traveltek.caller import Ask, Caller
from adapters.traveltek.parse_basket import read_added, read_basket, read_changed_basket
from adapters.traveltek.parse_book import read_booking, read_payment
from adapters.traveltek.parse_lookups import read_import, read_search, read_ship
from adapters.traveltek.parse_prices import read_breakdown, read_cabins, read_quote
from adapters.traveltek.settings import TraveltekSettings
from adapters.traveltek.wire import open_sessions
from booking_flow.model.agreement import Statement
from booking_flow.model.basket import BasketAnswer
from booking_flow.model.card import Payment
from booking_flow.model.party import Details, Party
from booking_flow.model.pricing import Breakdown, CabinList, Quote, Selection
from booking_flow.model.sailing import Sailing
from booking_flow.supplier import (
    BookAnswer,
    BookOrder,
    CallContext,
    ImportedBooking,
    PayAnswer,
    RateKey,
    SearchHit,
    Ship,
)


class TraveltekClient:
    """Live cruise booking at Traveltek; implements `booking_flow.supplier.Supplier`."""

    def __init__(
        self,
        settings: TraveltekSettings,
        http: ClientSession,
        tokens: TokenCache,
        new_id: Callable[[], UUID],
        boottime: Callable[[], float],
        *,
        effects: ClientSession | None = None,
    ) -> None:
        """Read through `http` and act through `effects`, whose connections must be fresh ones.

        `open_client` makes both. With one session for all, it must not keep connections alive.
        """
        effects = effects or http
        if effects.connector is not None and not effects.connector.force_close:
            raise ValueError("effects need a session whose connector has force_close=True")
        self._settings = settings
        self._unread: Counter[str] = Counter()
        self._caller = Caller(
            settings, reads=http, effects=effects, tokens=tokens, new_id=new_id, boottime=boottime
        )

    @property
    def crowded(self) -> int:
        """How many bookings and the like were not sent since all connections were in use."""
        return self._caller.crowded

    @property
    def queue(self) -> FairQueue:
        """Return where calls wait for their turn."""
        return self._caller.queue

    @property
    def unread(self) -> Mapping[str, int]:
        """Return how often members of answers could not be read that say what they are about."""
        return self._unread

    def _heard(self, said: Statement | None) -> None:
        self._unread.update(said.unread if said else ())

    async def resting(self) -> Sequence[str]:
        """Return which groups of reads are not sent for now, because too many have failed."""
        return await self._caller.resting()

    async def sign_in(self, *, ctx: CallContext, seconds: float = 0.0) -> float:
        """Make sure of a token, and return for how many seconds it may still be used.

        One that would not last for `seconds` is renewed first.

        Raises:
            SupplierError: the supplier gives none.
        """
        return await self._caller.sign_in(ctx, seconds=seconds)

    async def search(
        self, sailing: Sailing, party: Party, currency: str, *, ctx: CallContext
    ) -> SearchHit | None:
        """Open a session by searching for one sailing (traveltek.md, section 3)."""
        ask = Ask(
            endpoint=endpoints.RESULTS,
            content=requests.search(sailing, party, currency, settings=self._settings),
            read=lambda answer: read_search(answer, cruise_id=sailing.cruise_id),
        )
        found = await self._caller.ask(ask, ctx=ctx)
        self._heard(found.stated if found else None)
        return found

    async def grades(
        self, session_key: str, sailing: Sailing, party: Party, currency: str, *, ctx: CallContext
    ) -> Quote:
        """Return live prices; the engine dates them (traveltek.md, section 4)."""
        settings = self._settings
        content = requests.grades(session_key, sailing, party, currency, settings=settings)
        ask = Ask(
            endpoint=endpoints.GRADES,
            content=content,
            read=lambda answer: read_quote(
                answer, currency=currency, terms_field=settings.terms_field
            ),
        )
        return await self._caller.ask(ask, ctx=ctx)

    async def cabins(
        self, session_key: str, sailing: Sailing, party: Party, rate: RateKey, *, ctx: CallContext
    ) -> CabinList:
        """Return the cabins of a rate and their decks (traveltek.md, section 5)."""
        ask = Ask(
            endpoint=endpoints.CABINS,
            content=requests.cabins(session_key, sailing, party, rate),
            read=read_cabins,
        )
        return await self._caller.ask(ask, ctx=ctx)

    async def breakdown(
        self,
        session_key: str,
        sailing: Sailing,
        rate: RateKey,
        currency: str,
        *,
        ctx: CallContext,
    ) -> Breakdown:
        """Return the per-guest items of a rate (traveltek.md, section 5)."""
        ask = Ask(
            endpoint=endpoints.BREAKDOWN,
            content=requests.breakdown(session_key, sailing, rate),
            read=lambda answer: read_breakdown(answer, currency=currency),
        )
        return await self._caller.ask(ask, ctx=ctx)

    async def add_to_basket(
        self, session_key: str, selection: Selection, currency: str, *, ctx: CallContext
    ) -> BasketAnswer:
        """Hold the selected cabin; an answer in another currency still tells what is held."""
        ask = Ask(
            endpoint=endpoints.BASKET_ADD,
            content=requests.basket_add(session_key, selection, currency),
            read=lambda answer: read_added(answer, currency=currency),
        )
        return self._heard_basket(await self._caller.ask(ask, ctx=ctx))

    async def basket(self, session_key: str, currency: str, *, ctx: CallContext) -> BasketAnswer:
        """Read the basket; it may lag behind a successful add (traveltek.md, section 6)."""
        ask = Ask(
            endpoint=endpoints.BASKET,
            content=requests.basket(session_key),
            read=lambda answer: read_basket(answer, currency=currency),
        )
        return self._heard_basket(await self._caller.ask(ask, ctx=ctx))

    def _heard_basket(self, found: BasketAnswer) -> BasketAnswer:
        for item in found.items:
            self._heard(item.stated)
        return found

    async def remove_from_basket(
        self, session_key: str, item_key: str, currency: str, *, ctx: CallContext
    ) -> BasketAnswer:
        """Take an item out of the basket (traveltek.md, section 6)."""
        ask = Ask(
            endpoint=endpoints.BASKET_REMOVE,
            content=requests.basket_remove(session_key, item_key),
            read=lambda answer: read_changed_basket(answer, currency=currency),
        )
        return await self._caller.ask(ask, ctx=ctx)

    async def book(self, order: BookOrder, *, ctx: CallContext) -> BookAnswer:
        """Book, with or without a card (traveltek.md, section 7)."""
        currency = order.payment.amount.currency if order.payment else None
        ask = Ask(
            endpoint=endpoints.BOOK,
            content=requests_booking.booking(order, settings=self._settings),
            read=lambda answer: read_booking(
                answer, item_key=order.item_key, currency=currency, settings=self._settings
            ),
        )
        found = await self._caller.ask(ask, ctx=ctx)
        self._heard(found.stated)
        return found

    async def pay(
        self, session_key: str, details: Details, payment: Payment, *, ctx: CallContext
    ) -> PayAnswer:
        """Pay for the booking of this session (traveltek.md, section 8)."""
        ask = Ask(
            endpoint=endpoints.PAYMENT,
            content=requests_booking.payment(session_key, details, payment),
            read=lambda answer: read_payment(answer, asked=payment.amount, settings=self._settings),
        )
        return await self._caller.ask(ask, ctx=ctx)

    async def import_booking(
        self, line_id: int, reservation: str, currency: str, *, ctx: CallContext
    ) -> ImportedBooking | None:
        """Read a booking by its reservation number (traveltek.md, section 8)."""
        settings = self._settings
        ask = Ask(
            endpoint=endpoints.IMPORT,
            content=requests.import_booking(line_id, reservation, currency, settings=settings),
            read=lambda answer: read_import(
                answer,
                reservation=reservation,
                currency=currency,
                settings=settings,
            ),
        )
        found = await self._caller.ask(ask, ctx=ctx)
        self._heard(found.stated if found else None)
        return found

    async def ship(self, ship_id: int, *, ctx: CallContext) -> Ship:
        """Read a ship with its deck plans (traveltek.md, section 8)."""
        ask = Ask(
            endpoint=endpoints.SHIP,
            content=requests.ship(ship_id, settings=self._settings),
            read=lambda answer: read_ship(answer, ship_id=ship_id),
        )
        return await self._caller.ask(ask, ctx=ctx)


@asynccontextmanager
async def open_client(
    settings: TraveltekSettings,
    *,
    redis: Redis | None,
    new_id: Callable[[], UUID],
    boottime: Callable[[], float],
) -> AsyncIterator[TraveltekClient]:
    """Open a client with its connections; `redis` shares tokens and may be None or away."""
    async with open_sessions(settings) as (reads, effects):
        lease = 2 * settings.limit(endpoints.TOKEN)
        tokens = TokenCache(redis, lease_seconds=lease)
        yield TraveltekClient(settings, reads, tokens, new_id, boottime, effects=effects)

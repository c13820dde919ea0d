"""Making a call: token, deadline, sending and evidence; reads repeated, effects sent once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, TypeVar
from uuid import UUID

from aiohttp import ClientSession

from adapters.fair_queue import CALLER, FairQueue
from adapters.token_cache import Grant, TokenCache
from adapters.traveltek.endpoints import TOKEN, Endpoint
from adapters.traveltek.evidence import Recorder, Seen
from adapters.traveltek.parse_envelope import Envelope
from adapters.traveltek.response_classifier import BadToken, Judge
from adapters.traveltek.settings import TraveltekSettings
from adapters.traveltek.timeouts import NotNow, Patience, TurnedAway
from adapters.traveltek.token import FORM, basic, read_grant
from adapters.traveltek.wire import ACCEPT, Answer, Outgoing, WireFailure, exchange, outgoing
from booking_flow.supplier import CallContext
from booking_flow.supplier_errors import FailureKind, SupplierError

T = TypeVar("T")

_CERTAIN_OF_TOKEN = frozenset({FailureKind.MISCONFIGURED, FailureKind.REJECTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask(Generic[T]):
    """What is asked of an endpoint, without account and token, and how to read its answer."""

    endpoint: Endpoint
    content: Mapping[str, object] = field(repr=False)
    read: Callable[[Envelope], T]


class Caller:
    """Makes calls on behalf of one account."""

    def __init__(
        self,
        settings: TraveltekSettings,
        *,
        reads: ClientSession,
        effects: ClientSession,
        tokens: TokenCache,
        new_id: Callable[[], UUID],
        boottime: Callable[[], float],
    ) -> None:
        """Keep reads and effects on connections of their own."""
        self._settings = settings
        self._reads = reads
        self._effects = effects
        self._tokens = tokens
        self._boottime = boottime
        self._recorder = Recorder(new_id=new_id, boottime=boottime)
        self._patience = Patience(settings)
        self._connections = asyncio.Semaphore(settings.max_connections)
        self.crowded = 0
        """How many effects were not sent since all connections were in use."""
        self.queue = FairQueue(at_once=settings.reads_at_once, per_second=settings.calls_per_second)

    async def ask(self, ask: Ask[T], *, ctx: CallContext) -> T:
        """Make a call: repeated within bounds when it is a read, sent at most once otherwise."""
        if ask.endpoint.effect:
            return await self._attempt(ask, ctx)
        return await self._patience.reading(ask.endpoint, partial(self._attempt, ask, ctx))

    async def resting(self) -> Sequence[str]:
        """Return which groups of reads are not sent for now."""
        return await self._patience.resting()

    async def sign_in(self, ctx: CallContext, *, seconds: float = 0.0) -> float:
        """Make sure of a token, and return for how many seconds it may still be used.

        One that would not last for `seconds` is renewed, unless none lasts as long.
        """
        account = self._settings.account
        await self._token(TOKEN, ctx)
        if await self._tokens.drop_unless_lasting(account, seconds):
            await self._token(TOKEN, ctx)
        return self._tokens.left(account)

    async def _attempt(self, ask: Ask[T], ctx: CallContext) -> T:
        """Send with the token we have; one the supplier itself refuses is renewed once.

        A booking or a payment is not sent again even then: it goes out once, whatever comes back.
        """
        token = await self._token(ask.endpoint, ctx)
        try:
            return await self._send(ask, token, ctx)
        except BadToken:
            await self._tokens.forget(self._settings.account, token)
            if not ask.endpoint.again_with_new_token:
                raise
        token = await self._token(ask.endpoint, ctx)
        return await self._send(ask, token, ctx)

    async def _send(self, ask: Ask[T], token: str, ctx: CallContext) -> T:
        """Send an effect before all reads, since its lease runs; a read waits for its turn."""
        send, endpoint = partial(self._send_once, ask, token, ctx), ask.endpoint
        if not endpoint.effect:
            return await self._in_turn(endpoint, send, ctx)
        async with self._connection(endpoint, ctx):
            try:
                await self.queue.go_first(
                    seconds=self._patient_for(ctx, self._settings.queue_limit)
                )
            except TimeoutError:
                text = "the supplier wants fewer calls"
                raise NotNow(endpoint=endpoint.name, text=text) from None
            return await send()

    @asynccontextmanager
    async def _connection(self, endpoint: Endpoint, ctx: CallContext) -> AsyncIterator[None]:
        """Have one of the connections for effects, rather than a place in the driver's line.

        Raises:
            NotNow: all are in use and none came free soon: the guest had better come back.
        """
        try:
            async with asyncio.timeout(self._patient_for(ctx, self._settings.connection_wait)):
                await self._connections.acquire()
        except TimeoutError:
            self.crowded += 1
            raise NotNow(endpoint=endpoint.name, text="all connections are in use") from None
        try:
            yield
        finally:
            self._connections.release()

    async def _send_once(self, ask: Ask[T], token: str, ctx: CallContext) -> T:
        endpoint, content = ask.endpoint, {"sid": self._settings.sid, **ask.content}
        secrets = frozenset({token})
        with self._recorder.exchange(endpoint, content, secrets=secrets, ctx=ctx) as seen:
            url = self._settings.url(endpoint)
            got = await self._exchange(outgoing(endpoint, content, url=url, token=token), ctx)
            return self._judge(endpoint, seen).answer(got, ask.read)

    async def _in_turn(
        self, endpoint: Endpoint, send: Callable[[], Awaitable[T]], ctx: CallContext
    ) -> T:
        """Send when it is the caller's turn, and wait again where the supplier wants less.

        Raises:
            NotNow: the turn did not come in time, or the supplier turned us away too often.
        """
        until = self._boottime() + self._patient_for(ctx, self._settings.queue_limit)
        for left in reversed(range(self._settings.busy_attempts)):
            try:
                async with self.queue.turn(CALLER.get(), seconds=until - self._boottime()):
                    return await send()
            except TurnedAway:
                if not left:
                    raise
            except TimeoutError:
                raise NotNow(endpoint=endpoint.name, text="too many calls wait") from None
        raise AssertionError("unreachable")

    def _patient_for(self, ctx: CallContext, seconds: float) -> float:
        limit, left = seconds * self._settings.time_scale, self._left(ctx)
        return limit if left is None else min(limit, max(left, 0.0))

    async def _token(self, endpoint: Endpoint, ctx: CallContext) -> str:
        """Return a token; without one the call is not sent, whatever became of token.pl."""
        fetch = partial(self._patience.reading, TOKEN, partial(self._fetch_in_turn, ctx))
        try:
            # Another process that is to fetch it may be gone: nobody waits past the deadline.
            async with asyncio.timeout(self._left(ctx)):
                return await self._tokens.token(self._settings.account, fetch)
        except TimeoutError:
            kind, code = FailureKind.TIMEOUT, None
        except SupplierError as error:
            kind, code = error.kind, error.code
        if kind in _CERTAIN_OF_TOKEN:
            raise SupplierError(kind, endpoint=TOKEN.name, code=code)
        raise NotNow(endpoint=endpoint.name, text=f"no token: {kind.value}")

    async def _fetch_in_turn(self, ctx: CallContext) -> Grant:
        return await self._in_turn(TOKEN, partial(self._fetch, ctx), ctx)

    async def _fetch(self, ctx: CallContext) -> Grant:
        settings = self._settings
        headers = {"Accept": ACCEPT, "Authorization": basic(settings)}
        request = Outgoing(endpoint=TOKEN, url=settings.url(TOKEN), headers=headers, body=FORM)
        secrets = frozenset({settings.username, settings.password})
        with self._recorder.exchange(TOKEN, FORM, secrets=secrets, ctx=ctx) as seen:
            got = await self._exchange(request, ctx)
            return self._judge(TOKEN, seen).token(got, partial(read_grant, settings=settings))

    def _judge(self, endpoint: Endpoint, seen: Seen) -> Judge:
        return Judge(endpoint, self._settings, seen)

    async def _exchange(self, request: Outgoing, ctx: CallContext) -> Answer | WireFailure:
        """Send unless the deadline has passed: a process that was frozen must not act late."""
        endpoint, left = request.endpoint, self._left(ctx)
        if left is not None and left <= 0:
            raise NotNow(endpoint=endpoint.name, text="past the deadline")
        limit, connect = self._settings.limit(endpoint), self._settings.connecting
        got = await exchange(
            self._effects if endpoint.effect else self._reads,
            request,
            limit=limit if endpoint.effect or left is None else min(limit, left),
            connect_limit=connect if left is None else min(connect, left),
            max_bytes=self._settings.max_response_bytes,
        )
        if got.status in self._settings.busy_statuses:
            self.queue.slow_down(seconds=self._told_to_wait(got))
        return got

    def _told_to_wait(self, got: Answer | WireFailure) -> float:
        """Return how many seconds the supplier wants to be left alone."""
        named = got.retry_after if isinstance(got, Answer) else None
        if named is None or not (named.isascii() and named.isdecimal()):
            return self._settings.busy_wait * self._settings.time_scale
        return min(float(named), self._settings.busy_wait_longest)

    def _left(self, ctx: CallContext) -> float | None:
        """Return how many seconds remain in which something may be sent; None without a limit."""
        return None if ctx.deadline is None else ctx.deadline - self._boottime()

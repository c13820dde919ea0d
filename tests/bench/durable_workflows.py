"""Our engine beside DBOS, a general engine for durable workflows: the same six steps, by turns.

Once the supplier costs nothing: ours gets answers that are in memory, and the steps of DBOS have
nothing to do but be remembered. Once both make the same calls of a booking, through the same client
and to the simulator. Both run in this process and on the same PostgreSQL.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import partial
from itertools import count
from typing import Any, Final, cast

from dbos import DBOS
from sqlalchemy import text

from booking_flow.model.basket import BasketAnswer
from booking_flow.model.card import PaymentType
from booking_flow.model.pricing import Quote
from booking_flow.supplier import BookAnswer, CallContext, SearchHit, Supplier
from persistence.database import execute
from tests.bench.clients import per_second
from tests.bench.cost import postmaster
from tests.bench.figures import Figures
from tests.bench.processor import seconds_of
from tests.support.engine import Shop, Simulator, running_shop
from tests.support.testbed import Ground

GROUP: Final = "our engine and DBOS"
TURNS: Final = 3
POOL: Final = 20
"""Connections to the database of either; it is DBOS's own choice."""
STEPS: Final = ("open", "price", "choose", "hold", "book", "pay")
BEGINS: Final[Mapping[str, str]] = {"grades": "price", "add_to_basket": "hold", "book": "book"}
"""Which step a call begins. Where prices are read once more, that begins choosing."""

Workflow = Callable[[int], Awaitable[None]]
Known = dict[str, str]
"""What the supplier calls things of this booking, by what it called those of the recorded one."""
Step = Callable[[Known], Awaitable[Known]]


@dataclass(frozen=True, slots=True)
class Speed:
    """Whole bookings in a second, and the milliseconds of the processor for each."""

    rate: float = 0.0
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class Call:
    """A call of the supplier's client, and what it answered."""

    name: str
    arguments: tuple[Any, ...]
    answer: Any


class Recorded:
    """A supplier whose calls are written down."""

    def __init__(self, supplier: Any) -> None:
        self.calls: list[Call] = []
        self._supplier = supplier

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def ask(*arguments: Any, ctx: CallContext, **more: Any) -> Any:
            answer = await getattr(self._supplier, name)(*arguments, ctx=ctx, **more)
            self.calls.append(Call(name, arguments, answer))
            return answer

        return ask


class Remembered:
    """A supplier that answers at once with what another booking was answered, numbers aside."""

    def __init__(self, calls: Sequence[Call]) -> None:
        self._answers = {call.name: call.answer for call in calls}
        self._numbers = count(10_000_000)

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def ask(*_: Any, **__: Any) -> Any:
            return self._numbered(self._answers[name])

        return ask

    def _numbered(self, answer: Any) -> Any:
        number = str(next(self._numbers))
        match answer:
            case SearchHit():
                return replace(answer, session_key=number)
            case BasketAnswer():
                items = tuple(replace(item, item_key=number) for item in answer.items)
                return replace(answer, items=items)
            case BookAnswer():
                return replace(answer, supplier_booking_id=number, reservation=number)
            case _:
                return answer


async def measure_workflows(
    ground: Ground, figures: Figures, *, seconds: float, crowds: Sequence[int]
) -> None:
    """Measure both with so many at once, by turns, so that other work meets both."""
    async with _shop(ground, Recorded) as (shop, recorded):
        await _walk(shop)
        calls = tuple(recorded.calls)
    async with (
        _shop(ground, lambda client: client) as (shop, client),
        _shop(ground, lambda _: Remembered(calls)) as (alone, _),
    ):
        idle = _workflow("idle", [_nothing] * len(STEPS))
        asking = _workflow("asking", _steps(calls, client))
        async with _launched(ground):
            for number in crowds:
                for supplier, ours, theirs in (
                    ("supplier in memory", alone, idle),
                    ("simulator", shop, asking),
                ):
                    both: dict[str, Workflow] = {"DBOS": theirs, "ours": partial(_walk, ours)}
                    name = f"{supplier}, {number} at once"
                    _tell(figures, name, await _by_turns(ground, both, number, seconds))


def _tell(figures: Figures, name: str, found: Mapping[str, Speed]) -> None:
    theirs = found["DBOS"]
    figures.add(GROUP, f"{name}: DBOS", theirs.rate, "/s")
    ours = found["ours"]
    figures.add(GROUP, f"{name}: ours", ours.rate, "/s", over=theirs.rate, to="DBOS")
    for who, speed in found.items():
        figures.add(GROUP, f"{name}: {who}, processor", speed.cost, "ms")


async def _by_turns(
    ground: Ground, works: Mapping[str, Workflow], number: int, seconds: float
) -> Mapping[str, Speed]:
    found = dict.fromkeys(works, Speed())
    for turn in range(TURNS + 1):
        for who, work in works.items():
            before = _used(ground)
            rate = await per_second(work, at_once=number, for_s=seconds / TURNS)
            cost = 1000 * (_used(ground) - before) / (rate * seconds / TURNS)
            if turn:  # The first one warms up.
                told = found[who]
                found[who] = Speed(told.rate + rate / TURNS, told.cost + cost / TURNS)
    return found


def _used(ground: Ground) -> float:
    """Return the seconds of this process, and of PostgreSQL with its children."""
    return time.process_time() + seconds_of(postmaster(ground))


async def _walk(shop: Shop, _: int = 0) -> None:
    guest = await shop.held()
    await guest.book(PaymentType.FULL_PAYMENT)


@asynccontextmanager
async def _shop(ground: Ground, make: Callable[[Any], Any]) -> AsyncIterator[tuple[Shop, Any]]:
    """Run an engine over what `make` makes of the client, and yield both."""
    made: list[Any] = []

    def in_between(client: Any) -> Supplier:
        made.append(make(client))
        return cast("Supplier", made[0])

    simulator = Simulator(str(ground.simulator.base).rstrip("/"), ground.http)
    opened = running_shop(ground.dsn, simulator, in_between=in_between, pool_size=POOL)
    async with opened as shop:
        yield shop, made[0]


def _workflow(name: str, steps: Sequence[Step]) -> Workflow:
    """Return what runs these steps one after the other, each remembered before the next."""
    durable = [
        DBOS.step(name=f"{name}-{what}")(step) for what, step in zip(STEPS, steps, strict=True)
    ]

    async def walk() -> None:
        known: Known = {}
        for step in durable:
            known = await step(known)

    registered = DBOS.workflow(name=name)(walk)

    async def run(_: int) -> None:
        handle = await DBOS.start_workflow_async(registered)
        await handle.get_result()

    return run


@asynccontextmanager
async def _launched(ground: Ground) -> AsyncIterator[None]:
    await execute(ground.database, text("CREATE DATABASE dbos"))
    url = ground.postgres.dsn_of("dbos")
    config = {"system_database_url": url, "sys_db_pool_size": POOL, "log_level": "ERROR"}
    DBOS(config={"name": "bench", **config})
    DBOS.launch()
    try:
        yield
    finally:
        DBOS.destroy()
        # It has put its own in the place of the loop's, and shut it down.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())


async def _nothing(known: Known) -> Known:
    return known


def _steps(calls: Sequence[Call], client: Any) -> Sequence[Step]:
    """Return the six steps that make the recorded calls anew, each with what is its own by then."""
    parts: dict[str, list[Call]] = {step: [] for step in STEPS}
    step, looked = "open", False
    for call in calls:
        step = "choose" if call.name == "grades" and looked else BEGINS.get(call.name, step)
        looked = looked or call.name == "grades"
        parts[step].append(call)
    return [partial(_ask, part, client) for part in parts.values()]


async def _ask(calls: Sequence[Call], client: Any, known: Known) -> Known:
    for call in calls:
        arguments = (_with(known, one) for one in call.arguments)
        context = CallContext(started=time.monotonic())
        answer = await getattr(client, call.name)(*arguments, ctx=context)
        known = {**known, **dict(_numbers(call.answer, answer))}
    return known


def _numbers(before: Any, now: Any) -> Iterator[tuple[str, str]]:
    """Return what the supplier calls things of this booking, by what it called the other's."""
    match before:
        case SearchHit():
            yield before.session_key, now.session_key
        case Quote():
            yield before.grades[0].rates[0].result_no, now.grades[0].rates[0].result_no
        case BasketAnswer():
            yield before.items[0].item_key, now.items[0].item_key


def _with(known: Known, value: Any) -> Any:
    """Return a value in which every known number is replaced."""
    if isinstance(value, str):
        return known.get(value, value)
    if isinstance(value, tuple):
        return tuple(_with(known, one) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        there = {each.name: getattr(value, each.name) for each in fields(value) if each.init}
        return replace(value, **{name: _with(known, one) for name, one in there.items()})
    return value

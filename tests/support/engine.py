"""A shop of one engine over real servers, and a guest who walks through it."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from cryptography.fernet import Fernet
from sqlalchemy import text

from adapters.catalogue.layout import OWN
from adapters.catalogue.reader import CatalogueReader, open_reader
from adapters.simulator import SimulatorSettings, create_app
from adapters.simulator.sailings import EXAMPLE_SAILING, seeded_sailings
from adapters.traveltek import TraveltekClient, TraveltekSettings, open_client
from booking_flow.engine import Command, Engine, OpenSession
from booking_flow.errors import Refused
from booking_flow.flow import State, Trigger
from booking_flow.model.card import Payment, PaymentType
from booking_flow.model.change import IdempotencyBinding
from booking_flow.model.history import ActorKind, Event, EventKind, Origin, fold
from booking_flow.model.pricing import CabinList
from booking_flow.model.session import Loaded, Session
from booking_flow.model.step import StepName
from booking_flow.policy import Policy
from booking_flow.ports import ClaimJournal, Replay, Spool
from booking_flow.steps.book import BookingDetails
from booking_flow.steps.cabin_choice import CabinChoice
from booking_flow.supplier import RateKey, Supplier
from booking_http.demo.seed import row_of
from booking_http.runtime.background_work import BackgroundWork
from booking_http.runtime.waiting_answers import WaitingAnswers
from persistence import catalogue
from persistence.catalogue import CatalogueRow
from persistence.clock import set_clock_offset
from persistence.codec import decode_object
from persistence.database import Database, create_engine, execute, fetch_all, transaction
from persistence.encryption import Vault
from persistence.sessions import PostgresSessionStore
from tests.support.builders import a_card, a_contact, a_passenger
from tests.support.waiting import PATIENCE, Limits

CRUISE = str(EXAMPLE_SAILING)
SOLD_OUT_CRUISE = "2199099"
ORIGIN = Origin(actor=ActorKind.GUEST, request_id="req-1")
VAULT = Vault([Fernet.generate_key().decode()], search_keys=[b"h" * 32])
SECRET = b"s" * 32
_references = count(1)


def a_command(binding: IdempotencyBinding | None = None) -> Command:
    return Command(origin=ORIGIN, binding=binding)


def bound(key: str, *, session: str = "scope", route: str = "POST /create") -> Command:
    """Return a command under an Idempotency-Key."""
    return a_command(
        IdempotencyBinding(
            scope=session,
            route=route,
            key_hash=key.encode().ljust(32, b"."),
            fingerprint=b"f" * 32,
            success_status=201,
        )
    )


class Boottime:
    """A clock that counts on while a process is frozen."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._freeze = 0.0

    def freeze_after_next_reading(self, seconds: float) -> None:
        self._freeze = seconds

    def __call__(self) -> float:
        now = time.monotonic() + self._ahead
        self._ahead += self._freeze
        self._freeze = 0.0
        return now


class Pause:
    """Waits before a retry, and tells whoever watches that it does."""

    def __init__(self) -> None:
        self.waits: list[int] = []
        self.begun = asyncio.Event()
        self.meanwhile: Callable[[], Awaitable[None]] | None = None

    async def __call__(self, attempt: int) -> None:
        self.waits.append(attempt)
        self.begun.set()
        if self.meanwhile is not None:
            await self.meanwhile()
        await asyncio.sleep(0.03)


class Watched(WaitingAnswers):
    """Remembers what operators were told, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[str, str]] = []
        self.cut_steps: set[UUID] = set()

    def waits(self, step: StepName, step_id: UUID, fault: Exception) -> None:
        self.told.append(("waits", type(fault).__name__))
        super().waits(step, step_id, fault)

    def cut(self, step: StepName, step_id: UUID, evidence: Mapping[str, str]) -> None:
        self.told.append(("cut", evidence.get("reservation", "")))
        self.cut_steps.add(step_id)
        super().cut(step, step_id, evidence)


class Simulator:
    """The supplier's control API: what really happened there."""

    def __init__(self, base: str, http: ClientSession) -> None:
        self.base = base
        self.limits = Limits()
        self._http = http

    async def control(self, path: str, **body: Any) -> Any:
        async with self._http.post(f"{self.base}/_control/{path}", json=body) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()

    async def fault(self, endpoint: str, fault: str, *, times: int = 1, **more: Any) -> None:
        self.limits.expect(endpoint, fault, times)
        await self.control("faults", endpoint=f"{endpoint}.pl", fault=fault, times=times, **more)

    async def _show(self, path: str) -> Any:
        async with self._http.get(f"{self.base}/_control/{path}") as answer:
            return await answer.json()

    async def ledger(self) -> Any:
        return await self._show("ledger")

    async def received(self, endpoint: str) -> int:
        counts = (await self._show("calls"))["counts"]
        return int(counts.get(f"{endpoint}.pl", 0))

    async def received_all(self) -> dict[str, int]:
        counts = (await self._show("calls"))["counts"]
        return {name.removesuffix(".pl"): number for name, number in counts.items()}

    async def has_received(self, endpoint: str) -> None:
        """Wait until a call has come in."""
        async with asyncio.timeout(PATIENCE):
            while not await self.received(endpoint):  # noqa: ASYNC110 - it comes over the wire
                await asyncio.sleep(0.01)

    async def books(self) -> tuple[int, int, int]:
        """Return how many cabins are held, how many are reserved, and how many charges made."""
        ledger = await self.ledger()
        reserved = [one for one in ledger["bookings"] if one["reservation"]]
        return len(ledger["holds"]), len(reserved), len(ledger["charges"])


@dataclass(kw_only=True)
class Shop:
    """An engine and everything real behind it."""

    engine: Engine
    store: PostgresSessionStore
    supplier: TraveltekClient
    simulator: Simulator
    database: Database
    catalogue: CatalogueReader
    policy: Policy
    boottime: Boottime = field(default_factory=Boottime)
    pause: Pause = field(default_factory=Pause)
    aside: BackgroundWork = field(default_factory=BackgroundWork)
    watch: Watched = field(default_factory=Watched)

    def over(self, store: PostgresSessionStore) -> "Shop":
        """Return the shop with an engine over another store."""
        engine = Engine(
            store=store,
            supplier=self.supplier,
            catalogue=self.catalogue,
            policy=self.policy,
            new_id=uuid4,
            new_reference=lambda: "BF-ZZZZZZZZ",
            boottime=self.boottime,
            pause=self.pause,
            aside=self.aside,
            watch=self.watch,
        )
        return replace(self, engine=engine, store=store)

    async def run(self, sql: str, **parameters: Any) -> None:
        await execute(self.database, text(sql), parameters)

    async def rows(self, sql: str, **parameters: Any) -> list[Any]:
        return await fetch_all(self.database, text(sql), parameters)

    async def pass_time(self, seconds: float) -> None:
        """Move the clock of all deadlines, and nobody else's."""
        await set_clock_offset(self.database, timedelta(seconds=seconds))

    async def load(self, session_id: UUID) -> Loaded:
        loaded = await self.store.load(session_id)
        assert loaded is not None
        return loaded

    async def opened(self, **fields: Any) -> "Guest":
        """Return a guest whose session has just been opened."""
        guest = Guest(self, uuid4())
        await self.engine.open_session(guest.ask(**fields), command=a_command())
        return guest

    async def priced(self, **fields: Any) -> "Guest":
        guest = await self.opened(**fields)
        await guest.price()
        return guest

    async def selected(self) -> "Guest":
        guest = await self.priced()
        await guest.select(add_to_basket=False)
        return guest

    async def held(self) -> "Guest":
        guest = await self.priced()
        await guest.select()
        return guest

    async def booked(self, payment: PaymentType | None = None, **fields: Any) -> "Guest":
        guest = await self.held()
        await guest.book(payment, **fields)
        return guest


class Guest:
    """Walks one session through an engine; every call starts from what is stored now."""

    def __init__(self, shop: Shop, session_id: UUID) -> None:
        self.shop = shop
        self.id = session_id

    def at(self, shop: Shop) -> "Guest":
        """Return the same guest at another process of the shop."""
        return Guest(shop, self.id)

    def ask(self, **fields: Any) -> OpenSession:
        values: dict[str, Any] = {
            "session_id": self.id,
            "secret_hash": SECRET,
            "cruise_id": CRUISE,
            "adults": 2,
            "children": 0,
            "child_ages": (),
        }
        return OpenSession(**values | fields)

    async def loaded(self) -> Loaded:
        return await self.shop.load(self.id)

    async def waiting(self) -> Loaded:
        """Return it as a request has it that may wait for long."""
        return (await self.loaded()).without_prices

    async def session(self) -> Session:
        return (await self.loaded()).session

    async def state(self) -> State:
        return (await self.session()).state

    async def look(self) -> Loaded:
        return await self.shop.engine.look(await self.loaded(), command=a_command())

    async def price(self) -> Loaded:
        return await self.shop.engine.price(await self.loaded(), command=a_command())

    async def rate(self) -> RateKey:
        """Return the identifiers of the first rate shown."""
        quote = (await self.session()).quote
        assert quote is not None
        rate = quote.grades[0].rates[0]
        return RateKey(result_no=rate.result_no, grade_no=rate.grade_no, rate_code=rate.rate_code)

    async def choice(self, **fields: Any) -> CabinChoice:
        """Return the choice of the first rate shown."""
        rate = await self.rate()
        values = {"result_no": rate.result_no, "grade_no": rate.grade_no}
        return CabinChoice(**values | {"rate_code": rate.rate_code} | fields)

    async def cabins(self, rate: RateKey | None = None) -> CabinList:
        return await self.shop.engine.specific_cabins(
            await self.loaded(), rate=rate or await self.rate(), command=a_command()
        )

    async def select(
        self, *, add_to_basket: bool = True, command: Command | None = None, **fields: Any
    ) -> Loaded:
        return await self.shop.engine.select_cabin(
            await self.loaded(),
            choice=await self.choice(**fields),
            add_to_basket=add_to_basket,
            command=command or a_command(),
        )

    async def hold(self, command: Command | None = None) -> Loaded:
        return await self.shop.engine.add_to_basket(
            await self.loaded(), command=command or a_command()
        )

    async def release(self) -> Loaded:
        return await self.shop.engine.release_basket(await self.loaded(), command=a_command())

    async def payment(self, kind: PaymentType, **card: Any) -> Payment:
        """Return a card that consents to what the basket asks for."""
        basket = (await self.session()).basket
        assert basket is not None
        due = basket.deposit if kind is PaymentType.DEPOSIT else basket.total
        return Payment(card=a_card(**card), amount=due, payment_type=kind)

    async def request(
        self, payment: PaymentType | None = None, *, surname: str = "Quillfeather", **card: Any
    ) -> BookingDetails:
        travellers = tuple(
            a_passenger(first_name=name, last_name=surname) for name in ("Wilhelmina", "Zeb")
        )
        return BookingDetails(
            passengers=travellers,
            contact=a_contact(last_name=surname),
            dining=None,
            payment=await self.payment(payment, **card) if payment else None,
        )

    async def book(
        self,
        payment: PaymentType | None = None,
        *,
        command: Command | None = None,
        **fields: Any,
    ) -> Loaded:
        return await self.shop.engine.book(
            await self.waiting(),
            request=await self.request(payment, **fields),
            command=command or a_command(),
        )

    async def pay(self, kind: PaymentType = PaymentType.DEPOSIT, **card: Any) -> Loaded:
        return await self.shop.engine.pay(
            await self.waiting(),
            payment=await self.payment(kind, **card),
            command=a_command(),
        )

    async def cancel(self, reason: str | None = None) -> Loaded:
        return await self.shop.engine.cancel(
            await self.loaded(), reason=reason, command=a_command()
        )

    async def history(self) -> list[Event]:
        """Return all events, having checked that they are all and fold to the state."""
        rows = await self.shop.rows(
            "SELECT seq, kind, trigger, from_state, to_state, reason FROM session_history"
            " WHERE session_id = :id ORDER BY seq",
            id=self.id,
        )
        events = [
            Event(
                kind=EventKind(row.kind),
                from_state=State(row.from_state) if row.from_state else None,
                to_state=State(row.to_state),
                trigger=Trigger(row.trigger) if row.trigger else None,
                reason=row.reason,
            )
            for row in rows
        ]
        session = await self.session()
        assert [row.seq for row in rows] == list(range(session.version + 1))
        assert fold(events) is session.state
        return events

    async def kinds(self) -> list[str]:
        """Return what happened, in one word each."""
        return [
            event.trigger.value
            if event.trigger and event.kind is EventKind.TRANSITION
            else event.kind.value
            for event in await self.history()
        ]

    async def steps(self) -> list[tuple[str, str]]:
        """Return the attempts at steps, the oldest first, with their outcomes."""
        rows = await self.shop.rows(
            "SELECT name, status FROM saga_steps WHERE session_id = :id ORDER BY claimed_at, id",
            id=self.id,
        )
        return [(row.name, row.status) for row in rows]

    async def newest_details(self) -> dict[str, Any]:
        """Return what the newest event holds beside its reason."""
        (row,) = await self.shop.rows(
            "SELECT details FROM session_history WHERE session_id = :id ORDER BY seq DESC LIMIT 1",
            id=self.id,
        )
        return decode_object(row.details)

    async def tasks(self) -> list[str]:
        """Return the kinds of all its tasks, but for those to collect a payment."""
        rows = await self.shop.rows(
            "SELECT kind FROM staff_tasks WHERE session_id = :id AND kind <> 'collect_payment'"
            " ORDER BY opened_at, id",
            id=self.id,
        )
        return [row.kind for row in rows]

    async def calls(self) -> list[str]:
        """Return the evidence kept, by endpoint."""
        rows = await self.shop.rows(
            "SELECT endpoint FROM supplier_calls WHERE session_id = :id ORDER BY at, id",
            id=self.id,
        )
        return [row.endpoint for row in rows]

    async def replay(self, command: Command) -> Replay | None:
        binding = command.binding
        assert binding is not None
        return await self.shop.store.replay(
            scope=binding.scope, route=binding.route, key_hash=binding.key_hash
        )


async def refused(asking: Any) -> Refused:
    """Return the refusal that a call ends with."""
    try:
        await asking
    except Refused as refusal:
        return refusal
    raise AssertionError("it was not refused")


async def another_had_it_already(shop: Shop, other: Guest, reservation: str) -> None:
    """Make a state that our own guards would not let come about."""
    async with transaction(shop.database) as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(
            text("UPDATE bookings SET reservation = :number WHERE session_id = :id"),
            {"number": reservation, "id": other.id},
        )


async def seed(database: Database) -> None:
    """Put on sale what the supplier sells, one sailing it does not know, and a wrong line."""
    known = [row_of(sailing) for sailing in seeded_sailings(datetime.now(UTC).date())]
    stranger = replace(known[0].sailing, cruise_id="9999999")
    celebrity = next(row.sailing for row in known if row.sailing.line_id == 3)
    example = next(row.sailing for row in known if row.sailing.cruise_id == CRUISE)
    wrong = replace(celebrity, cruise_id="2190295", sailing_date=example.sailing_date)
    rows = [row for row in known if row.sailing.cruise_id != "2190295"]
    await catalogue.seed(
        database,
        [
            *rows,
            CatalogueRow(sailing=stranger, currency="USD"),
            CatalogueRow(sailing=wrong, currency="USD"),
        ],
    )


@asynccontextmanager
async def running_simulator(**settings: Any) -> AsyncIterator[Simulator]:
    """Run a supplier that answers at once."""
    server = TestServer(create_app(SimulatorSettings(latency_scale=0, **settings)))
    await server.start_server()
    async with ClientSession() as http:
        yield Simulator(str(server.make_url("")).rstrip("/"), http)
    await server.close()


@asynccontextmanager
async def running_shop(
    database_url: str,
    simulator: Simulator,
    *,
    client: dict[str, Any] | None = None,
    in_between: Callable[[TraveltekClient], Supplier] = lambda supplier: supplier,
    references: Callable[[], str] | None = None,
    spool: Spool | None = None,
    journal: ClaimJournal | None = None,
    haste: float = 1.0,
    pool_size: int = 4,
    **policy: Any,
) -> AsyncIterator[Shop]:
    """Run an engine; `client` changes what the supplier's client does, the rest is its policy.

    The engine asks what `in_between` makes of the client. `haste` scales the time limits of steps.
    """
    boottime, pause = Boottime(), Pause()
    aside, watch = BackgroundWork(), Watched()
    usual: dict[str, Any] = {
        "base_url": f"{simulator.base}/2.1/json",
        "sid": "10001",
        "username": "agency",
        "password": "agency-secret",
        "retry_wait": 0.01,
        "limits": simulator.limits,
    }
    database = create_engine(database_url, pool_size=pool_size, connect_timeout=2)
    store = PostgresSessionStore(database, VAULT, "engine-1")
    settings = TraveltekSettings(**usual | (client or {}))
    rules = Policy(**{"time_scale": haste, "pay_later": True} | policy)
    async with (
        open_client(settings, redis=None, new_id=uuid4, boottime=boottime) as supplier,
        open_reader(database_url, OWN, live_lines=(22, 3)) as sailings,
    ):
        engine = Engine(
            store=store,
            supplier=in_between(supplier),
            catalogue=sailings,
            policy=rules,
            new_id=uuid4,
            new_reference=references or (lambda: f"BF-{next(_references):08d}"),
            boottime=boottime,
            pause=pause,
            aside=aside,
            watch=watch,
            spool=spool,
            journal=journal,
        )
        yield Shop(
            engine=engine,
            store=store,
            supplier=supplier,
            simulator=simulator,
            database=database,
            catalogue=sailings,
            policy=rules,
            boottime=boottime,
            pause=pause,
            aside=aside,
            watch=watch,
        )
        await aside.finished(5.0)
    await database.dispose()

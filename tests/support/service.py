"""A running service and a guest who drives it, for tests of anything behind the HTTP API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

from aiohttp import ClientSession, TCPConnector, web
from aiohttp.test_utils import TestServer
from cryptography.fernet import Fernet
from pydantic_settings import BaseSettings
from pydantic_settings import PydanticBaseSettingsSource as Source
from sqlalchemy import text
from yarl import URL

import booking_http.wiring
from adapters.simulator import SimulatorSettings
from adapters.simulator import create_app as create_simulator
from adapters.simulator.images import add_pictures
from adapters.simulator.sailings import CARNIVAL_SAILING, EXAMPLE_SAILING, seeded_sailings
from adapters.traveltek.settings import TraveltekSettings
from booking_flow.model.sailing import Sailing
from booking_http.api.action_links import BASE
from booking_http.app import PARTS, create_app
from booking_http.demo.ribbon import ribbon
from booking_http.demo.seed import row_of
from booking_http.demo.simulator import PICTURES
from booking_http.runtime.connections import ServiceRunner
from booking_http.settings import Settings
from booking_http.shop.pages import RIBBON
from booking_http.wiring import Parts, traveltek_settings
from persistence.catalogue import CatalogueRow, seed
from persistence.clock import set_clock_offset
from persistence.database import create_engine, execute
from tests.support.waiting import Limits, eventually

CRUISE = str(EXAMPLE_SAILING)
CARNIVAL = str(CARNIVAL_SAILING)
SAILED = "2190001"
SOLD_OUT = "2199099"
NOT_AT_SUPPLIER = "9999999"
VISA = "4111111111111111"
AMEX = "378282246310005"
HASH_KEY = "tests only, tests only, tests only"
SIMULATED = SimulatorSettings()
MASTER_KEY = Fernet.generate_key().decode()
Json = dict[str, Any]
Headers = Mapping[str, str]
CUT = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND query LIKE 'LISTEN%'"
)


def once(key: str) -> Headers:
    """Return the header that makes a request happen once."""
    return {"Idempotency-Key": key}


class GivenSettings(Settings):
    """Settings that are what a test says, wherever it runs: files and environment say nothing."""

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: Source, *_: Source, **__: Source
    ) -> tuple[Source, ...]:
        """Look at what is given only, which is also much quicker than looking everywhere."""
        return (init_settings,)


def settings_for(*, database_url: str, supplier_url: str, **changes: Any) -> Settings:
    """Return settings of a service under test; addresses are capped only where a test asks."""
    usual: Json = {
        "database_url": database_url,
        "database_pool_size": 5,
        "master_keys": MASTER_KEY,
        "hash_key": HASH_KEY,
        "traveltek_base_url": supplier_url,
        "traveltek_sid": SIMULATED.sid,
        "traveltek_username": SIMULATED.user,
        "traveltek_password": SIMULATED.password,
        "drain_seconds": 0,
        "log_level": "ERROR",
        **{f"retain_{kind}_days": 0 for kind in ("quotes", "evidence", "drafts", "bookings")},
        "worker": False,
        "pay_later": True,
    }
    return GivenSettings(**usual | changes)


@contextmanager
def patient(limits: Mapping[str, float] | None = None, **changes: Any) -> Iterator[None]:
    """Let what is opened within wait as long as these limits say, and repeat reads at once."""

    def settings(given: Settings) -> TraveltekSettings:
        usual = traveltek_settings(given)
        quick: Json = {"limits": limits or usual.limits, "retry_wait": 0.01, "breaker_seconds": 1.5}
        return replace(usual, **quick | changes)

    with patch.object(booking_http.wiring, "traveltek_settings", settings):
        yield


async def seed_catalogue(database_url: str) -> None:
    """Put on sale what the simulator sells, and one sailing that it does not know."""
    known = [row_of(sailing) for sailing in seeded_sailings(datetime.now(UTC).date())]
    stranger = known[0].sailing
    unknown = CatalogueRow(
        sailing=Sailing(
            cruise_id=NOT_AT_SUPPLIER,
            name="Known to the catalogue only",
            line_id=stranger.line_id,
            line_name=stranger.line_name,
            ship_id=stranger.ship_id,
            ship_name=stranger.ship_name,
            sailing_date=stranger.sailing_date,
            nights=3,
        ),
        currency="USD",
    )
    engine = create_engine(database_url, pool_size=1)
    await seed(engine, [*known, unknown])
    await engine.dispose()


class Simulator:
    """The simulated supplier with its control API, the judge of what really happened."""

    def __init__(self, base: URL, http: ClientSession) -> None:
        self.base = base
        self.http = http
        self.limits = Limits()

    @property
    def api(self) -> str:
        return str(self.base / "2.1" / "json")

    async def control(self, path: str, **body: Any) -> Any:
        async with self.http.post(self.base / "_control" / path, json=body) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()

    async def fault(self, endpoint: str, fault: str, *, times: int | None = 1, **more: Any) -> None:
        self.limits.expect(endpoint, fault, times)
        await self.control("faults", endpoint=endpoint, fault=fault, times=times, **more)

    async def ledger(self) -> Any:
        async with self.http.get(self.base / "_control" / "ledger") as answer:
            return await answer.json()

    async def received(self, endpoint: str) -> int:
        async with self.http.get(self.base / "_control" / "calls") as answer:
            counts = (await answer.json())["counts"]
        return int(counts.get(endpoint, 0))

    async def has_received(self, endpoint: str, calls: int) -> None:
        """Wait until an endpoint was called so often."""

        async def enough() -> bool:
            return await self.received(endpoint) >= calls

        await eventually(enough)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the service, read."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(repr=False)

    @property
    def code(self) -> str | None:
        """The problem's code, if it is one."""
        return self.body.get("code") if isinstance(self.body, dict) else None

    @property
    def actions(self) -> list[str]:
        return [action["name"] for action in self.body["allowedActions"]]

    @property
    def pointers(self) -> list[str]:
        return [fault["pointer"] for fault in self.body["errors"]]


@dataclass(slots=True, kw_only=True)
class Service:
    """A real service over a real database and a simulated supplier."""

    app: web.Application
    url: URL
    http: ClientSession
    simulator: Simulator

    @property
    def parts(self) -> Parts:
        return self.app[PARTS]

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        headers: Headers | None = None,
    ) -> Reply:
        """Send one request, with `body` as JSON or `raw` as it is."""
        content: Json = {"data": raw} if raw is not None else {}
        if body is not None:
            content = {"json": body}
        async with self.http.request(
            method, self.url.join(URL(path)), headers=headers, **content
        ) as answer:
            is_json = "json" in answer.content_type
            read = await answer.json(content_type=None) if is_json else await answer.text()
            return Reply(answer.status, read, answer.headers)

    def guest(self) -> Guest:
        return Guest(self)

    async def cut_listeners(self) -> None:
        """End the connections that wait for wake-ups, as a failing network would."""
        await execute(self.parts.database, CUT)

    async def advance(self, **elapsed: float) -> None:
        """Move the database's clock forward, and nobody else's."""
        await set_clock_offset(self.parts.database, timedelta(**elapsed))


class Guest:
    """Somebody who books, step by step; every step returns the reply it got."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.session_id = ""
        self.sailing_date = date.max
        self.child_ages: list[int] = []
        self.adults = 0
        self.cabins: list[Json] = []

    @property
    def home(self) -> str:
        return f"{BASE}/{self.session_id}"

    @property
    def uuid(self) -> str:
        return self.session_id.partition(".")[0]

    async def open(
        self,
        cruise_id: str = CRUISE,
        *,
        adults: int = 2,
        child_ages: tuple[int, ...] = (),
        headers: Headers | None = None,
    ) -> Reply:
        self.adults, self.child_ages = adults, list(child_ages)
        party = {"adults": adults, "children": len(child_ages), "childAges": self.child_ages}
        ask = {"cruiseId": cruise_id, "passengerCount": party}
        reply = await self.service.call("POST", f"{BASE}/session", ask, headers=headers)
        if reply.status == 201:
            self.session_id = reply.body["sessionId"]
            self.sailing_date = date.fromisoformat(reply.body["cruise"]["sailingDate"])
        return reply

    async def look(self) -> Reply:
        return await self.service.call("GET", f"{BASE}/session/{self.session_id}")

    async def edit(self, changes: Json, *, headers: Headers | None = None) -> Reply:
        path = f"{BASE}/session/{self.session_id}"
        return await self.service.call("PATCH", path, changes, headers=headers)

    async def price(self) -> Reply:
        reply = await self.service.call("GET", f"{self.home}/pricing")
        if reply.status == 200:
            self.cabins = reply.body["cabins"]
        return reply

    def rate(self, cabin_code: str | None = None) -> Json:
        """Return the identifiers and total of the cheapest unrestricted rate shown."""
        rates = [
            {**rate, "cabinCode": cabin["cabinCode"]}
            for cabin in self.cabins
            for rate in cabin["rates"]
            if cabin_code in (None, cabin["cabinCode"]) and not rate["restrictedTo"]
        ]
        return min(rates, key=lambda rate: Decimal(rate["total"]))

    @staticmethod
    def key_of(rate: Json) -> Json:
        return {name: rate[name] for name in ("resultNo", "gradeNo", "rateCode")}

    async def specific_cabins(self, rate: Json) -> Reply:
        url = URL(f"{self.home}/specific-cabins").with_query(self.key_of(rate))
        return await self.service.call("GET", str(url))

    async def breakdown(self, rate: Json) -> Reply:
        url = URL(f"{self.home}/cabin-breakdown").with_query(self.key_of(rate))
        return await self.service.call("GET", str(url))

    async def select(
        self, rate: Json | None = None, *, headers: Headers | None = None, **more: Any
    ) -> Reply:
        ask = self.key_of(rate or self.rate()) | more
        return await self.service.call("POST", f"{self.home}/select-cabin", ask, headers=headers)

    async def hold(self, *, headers: Headers | None = None) -> Reply:
        return await self.service.call("POST", f"{self.home}/basket", {}, headers=headers)

    async def release(self) -> Reply:
        return await self.service.call("DELETE", f"{self.home}/basket")

    def passengers(self, surname: str = "Example") -> list[Json]:
        """Return travellers whose birth dates make the party that was priced."""
        grown = [self._passenger(n, surname, 40, "adult") for n in range(self.adults)]
        young = [
            self._passenger(n, surname, age, "infant" if age <= 2 else "child")
            for n, age in enumerate(self.child_ages)
        ]
        return grown + young

    def _passenger(self, number: int, surname: str, age: int, kind: str) -> Json:
        born = self.sailing_date - timedelta(days=int(age * 365.25) + 40)
        return {
            "title": "Mr",
            "firstName": f"Alex{'abcdefghij'[number]}",
            "lastName": surname,
            "dateOfBirth": born.isoformat(),
            "gender": "M",
            "nationality": "US",
            "passengerType": kind,
        }

    def contact(self, surname: str = "Example") -> Json:
        return {
            "title": "Mr",
            "firstName": "Alexa",
            "lastName": surname,
            "email": "alexa@example.test",
            "phone": "+1 555 0100",
            "address": "1 Example Street",
            "city": "Springfield",
            "state": "OR",
            "postalCode": "97477",
            "country": "US",
        }

    @staticmethod
    def payment(amount: str, *, card: str = VISA, cvv: str = "123", deposit: bool = False) -> Json:
        return {
            "cardNumber": card,
            "expiryMonth": 12,
            "expiryYear": 2031,
            "cvv": cvv,
            "cardholderName": "Alexa Example",
            "amount": amount,
            "paymentType": "deposit" if deposit else "full_payment",
        }

    @staticmethod
    def consent(held: Json) -> Json:
        """Return the members that say what a deposit is for: the cabin that a body shows."""
        chosen = held["selection"]
        return {
            "expectedTotal": held["price"]["total"],
            "cabinCode": chosen["cabinCode"],
            "rateCode": chosen["rateCode"],
        }

    def booking(self, *, surname: str = "Example", payment: Json | None = None) -> Json:
        return {
            "passengers": self.passengers(surname),
            "contact": self.contact(surname),
            "payment": payment,
        }

    async def book(self, ask: Json | None = None, *, headers: Headers | None = None) -> Reply:
        return await self.service.call(
            "POST", f"{self.home}/create", ask or self.booking(), headers=headers
        )

    async def pay(self, payment: Json, *, headers: Headers | None = None) -> Reply:
        return await self.service.call("POST", f"{self.home}/payment", payment, headers=headers)

    async def cancel(self, *, headers: Headers | None = None) -> Reply:
        return await self.service.call("POST", f"{self.home}/cancel", {}, headers=headers)

    async def restart(self, *, headers: Headers | None = None) -> Reply:
        return await self.service.call("POST", f"{self.home}/restart", {}, headers=headers)

    async def to_priced(self, **party: Any) -> Reply:
        opened = await self.open(**party)
        assert opened.status == 201, opened
        priced = await self.price()
        assert priced.status == 200, priced
        return priced

    async def to_basketed(self, **party: Any) -> Reply:
        await self.to_priced(**party)
        held = await self.select()
        assert held.status == 200, held
        assert held.body["state"] == "basketed", held
        return held

    async def to_booked(self, **party: Any) -> Reply:
        await self.to_basketed(**party)
        booked = await self.book()
        assert booked.status == 201, booked
        return booked


@asynccontextmanager
async def running_simulator(**settings: Any) -> AsyncIterator[Simulator]:
    """Run a simulator that answers at once."""
    usual: Json = {"latency_scale": 0} | settings
    server = TestServer(create_simulator(SimulatorSettings(**usual)))
    await server.start_server(access_log=None)
    async with ClientSession() as http:
        yield Simulator(server.make_url("/"), http)
    await server.close()


@asynccontextmanager
async def running_service(
    database_url: str, simulator: Simulator, **changes: Any
) -> AsyncIterator[Service]:
    """Run a service on a seeded database until the block ends."""
    settings = settings_for(database_url=database_url, **{"supplier_url": simulator.api} | changes)
    app = create_app(settings)
    if settings.shop:
        add_pictures(app, below=PICTURES)
        app[RIBBON] = ribbon()
    # Not aiohttp's TestServer, which cancels the handlers of clients that hang up.
    runner = ServiceRunner(app, patience=2)
    async with AsyncExitStack() as running:
        with patient(simulator.limits):
            await runner.setup()
        running.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        http = await running.enter_async_context(ClientSession(connector=TCPConnector(limit=0)))
        url = URL.build(scheme="http", host="127.0.0.1", port=runner.addresses[0][1])
        yield Service(app=app, url=url, http=http, simulator=simulator)

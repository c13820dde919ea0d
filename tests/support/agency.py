"""A travel agency that calls the simulator as the protocol says, with no client between."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import aiohttp
from aiohttp.test_utils import TestClient

from adapters.simulator.sailings import EXAMPLE_SAILING, seeded_sailings
from tests.support.waiting import PATIENCE

TODAY = date(2026, 11, 22)
SAILINGS = {sailing.codetocruiseid: sailing for sailing in seeded_sailings(TODAY)}
BASE = "/2.1/json/"
VISA = "4111111111111111"

Json = dict[str, Any]


def person(title: str = "Mr", surname: str = "Tester", **changes: Any) -> Json:
    return {
        "paxno": "1",
        "paxtype": "adult",
        "title": title,
        "firstname": "Alex",
        "lastname": surname,
        "dob": "1985-11-15",
        "gender": "M",
        "nationality": "US",
    } | changes


@dataclass
class Agency:
    """One guest's way through the supplier; each step keeps what the next one needs."""

    http: "TestClient[Any, Any]"
    cruise_id: int = EXAMPLE_SAILING
    currency: str = "USD"
    adults: int = 2
    births: list[str] = field(default_factory=list)
    token: str = ""
    session: str = ""
    row: Json = field(default_factory=dict)
    cabin: Json = field(default_factory=dict)
    item: Json = field(default_factory=dict)
    basket: Json = field(default_factory=dict)

    async def raw(self, name: str, params: Json, **options: Any) -> aiohttp.ClientResponse:
        known = {"requestid": self.token, "sid": "10001", "sessionkey": self.session}
        query = {
            key: str(value) for key, value in (known | params).items() if value not in ("", None)
        }
        return await self.http.get(BASE + name, params=query, **options)

    async def unanswered(self, name: str, calling: Coroutine[Any, Any, Any]) -> None:
        """Hang up on a call to an endpoint as soon as the supplier has it."""
        call = asyncio.create_task(calling)
        async with asyncio.timeout(PATIENCE):
            while name not in await self._called():  # noqa: ASYNC110 - it comes over the wire
                await asyncio.sleep(0.005)
        call.cancel()
        await asyncio.wait([call])

    async def _called(self) -> Json:
        counts: Json = (await (await self.http.get("/_control/calls")).json())["counts"]
        return counts

    async def get(self, name: str, **params: Any) -> Json:
        answer = await self.raw(name, params)
        body: Json = await answer.json()
        return body

    async def log_in(self, password: str = "agency-secret") -> Json:
        answer = await self.http.post(
            BASE + "token.pl",
            data={"grant_type": "client_credentials", "scope": "portal"},
            headers={"Authorization": aiohttp.encode_basic_auth("agency", password)},
        )
        body: Json = await answer.json()
        self.token = body.get("access_token", "")
        return body

    async def search(self, **params: Any) -> Json:
        if not self.token:
            await self.log_in()
        day = SAILINGS[self.cruise_id].sail_date
        window = {"startdate": day - timedelta(days=30), "enddate": day + timedelta(days=30)}
        party = {"adults": self.adults, "children": len(self.births), "infants": 0}
        birth_dates = {"childdob": ",".join(self.births)}
        self.session = ""
        body = await self.get(
            "cruiseresults.pl",
            **(
                window
                | party
                | birth_dates
                | {"currency": self.currency, "lineid": "22,3,8"}
                | params
            ),
        )
        self.session = body["meta"]["criteria"]["sessionkey"]
        return body

    async def grades(self, **params: Any) -> Json:
        births = {f"dob-{n}": born for n, born in enumerate(self.births, start=3)}
        party = {"adults": self.adults, "children": len(self.births)}
        return await self.get(
            "cruisecabingrades.pl",
            **(party | births | {"type": "cruise", "codetocruiseid": self.cruise_id} | params),
        )

    def choose(self, grades: Json, cabin_code: str, rate: str | None = None) -> Json:
        self.row = next(
            row
            for row in rate_rows(grades)
            if row["cabincode"] == cabin_code and rate in (None, row["ratecode"])
        )
        return self.row

    async def cabins(self, **params: Any) -> Json:
        names = ("resultno", "gradeno", "ratecode")
        chosen = {name: self.row[name] for name in names} | {"selectedgrade": self.row["gradeno"]}
        return await self.get(
            "cruisecabins.pl",
            **(
                chosen
                | {"codetocruiseid": self.cruise_id, "adults": self.adults, "resultkey": "default"}
                | params
            ),
        )

    async def add(self, **params: Any) -> Json:
        names = ("resultno", "gradeno", "ratecode")
        chosen = {name: self.row[name] for name in names} | {"cabinresult": self.cabin["resultno"]}
        body = await self.get(
            "basketadd.pl", **(chosen | {"type": "cruise", "resultkey": "default"} | params)
        )
        if body["results"] and body["results"][0]["basketitems"]:
            self.basket = body["results"][0]
            self.item = self.basket["basketitems"][-1]
        return body

    async def shop(self, cabin_code: str = "2N", cabin: int = 0, rate: str | None = None) -> None:
        await self.search()
        self.choose(await self.grades(), cabin_code, rate)
        self.cabin = (await self.cabins())["results"][cabin]

    async def hold(self, cabin_code: str = "2N", cabin: int = 0) -> Json:
        await self.shop(cabin_code, cabin)
        return await self.add()

    def order(
        self, *, surname: str = "Tester", card: str | None = None, deposit: bool = False
    ) -> Json:
        guests = self.adults + len(self.births)
        body: Json = {
            "sessionkey": self.session,
            "sid": "10001",
            "depositbooking": int(deposit),
            "contact": {
                "title": "Mr",
                "firstname": "Alex",
                "lastname": surname,
                "email": "pax1@example.com",
            },
            "passengers": {
                str(n): person(surname=surname, paxno=str(n)) for n in range(1, guests + 1)
            },
            "allocation": {
                self.item["itemkey"]: {"dining": {"seating": "2", "smoking": "N", "tablesize": "0"}}
            },
        }
        if card:
            body["ccard"] = self.card(card, "totaldeposit" if deposit else "totalprice")
        return body

    def card(self, number: str, amount_name: str = "totalprice") -> Json:
        return {
            "passthroughitem": int(self.item["itemkey"]),
            "amount": self.basket[amount_name],
            "nameoncard": "Alex Tester",
            "cardtype": {"4": "VIS", "5": "MSC", "3": "AMX"}[number[0]],
            "cardnumber": number,
            "expirymonth": "12",
            "expiryyear": "2030",
            "signature": "123",
        }

    async def book_raw(self, order: Json) -> aiohttp.ClientResponse:
        return await self.http.post(BASE + "book.pl", json=order, headers={"requestid": self.token})

    async def book(self, order: Json | None = None) -> Json:
        answer = await self.book_raw(order or self.order())
        body: Json = await answer.json()
        return body

    async def pay(self, **changes: Any) -> Json:
        body: Json = await (await self.pay_raw(**changes)).json()
        return body

    async def pay_raw(self, **changes: Any) -> aiohttp.ClientResponse:
        form = {
            "requestid": self.token,
            "sessionkey": self.session,
            "cardtype": "VIS",
            "cardnumber": VISA,
        }
        rest = {
            "expirymonth": "12",
            "expiryyear": "2030",
            "nameoncard": "Alex Tester",
            "cvv": "123",
        }
        amount = {"amount": str(self.basket["totaldeposit"])}
        return await self.http.post(BASE + "payment.pl", data=form | rest | amount | changes)

    async def control(self, name: str, **body: Any) -> Json:
        answer = await self.http.post(f"/_control/{name}", json=body)
        assert answer.status < 300, await answer.text()
        told: Json = await answer.json()
        return told

    async def fault(self, endpoint: str, fault: str, **more: Any) -> None:
        await self.control("faults", endpoint=endpoint, fault=fault, **more)

    async def ledger(self) -> Json:
        told: Json = await (await self.http.get("/_control/ledger")).json()
        return told


def rate_rows(grades: Json) -> list[Json]:
    """Flatten a price list into rows that can be chosen, each with all of its identifiers."""
    return [
        {"resultno": grade["resultno"], "cabincode": grade["cabincode"], **cell}
        for grade in grades["results"]
        for cell in grade["gridpricing"]
        if cell["available"] == "Y"
    ]


def guest_total(item: Json) -> Decimal:
    """Add up what the guests pay."""
    prices = [price for row in item["cruisedetail"]["perperson"] for price in row["prices"]]
    return sum((Decimal(str(price["price"])) for price in prices), Decimal(0))


def error(body: Json) -> tuple[int | None, str]:
    """Return the one error of an answer."""
    (only,) = body["errors"]
    return only["code"], only["text"]

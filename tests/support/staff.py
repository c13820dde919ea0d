"""Members of staff, for tests: they come in by a token or by a cookie, as they wish."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import text

from booking_flow.staff.people import Role, operator
from booking_http.api.guest_token import new_uuid
from booking_http.staff import passwords
from booking_http.staff.passwords import hash_password, new_secret
from booking_http.staff.wiring import BASE
from persistence.database import fetch_all
from persistence.staff_changes import StaffChanges
from persistence.statements import Row
from tests.support.service import Guest, Json, Reply, Service

PASSWORD = "a long and made-up password"
# As slow as production hashes, a suite of sign-ins would take minutes for nothing.
vars(passwords)["_HASHER"] = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
HASH = hash_password(PASSWORD)
WHY = "the guest called"


@dataclass(slots=True)
class Clerk:
    """A member of staff with the headers they send."""

    service: Service
    email: str
    name: str
    headers: dict[str, str] = field(default_factory=dict)

    async def call(
        self, method: str, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None
    ) -> Reply:
        sent = self.headers | dict(headers or {})
        return await self.service.call(method, f"{BASE}/{path}", body, headers=sent)

    async def search(self, query: str | None = None, **more: Any) -> Reply:
        asked: Json = {"query": query} if query is not None else {}
        return await self.call("POST", "search", asked | more)

    async def found(self, query: str | None = None, **more: Any) -> list[str]:
        """Return the ids of what a search finds."""
        reply = await self.search(query, **more)
        assert reply.status == 200, reply
        return [hit["sessionId"] for hit in reply.body["sessions"]]

    async def read(self, session_id: str) -> Json:
        reply = await self.call("GET", f"sessions/{session_id}")
        assert reply.status == 200, reply
        body: Json = reply.body
        return body

    async def act(
        self, session_id: str, action: str, version: int | None = None, **more: Any
    ) -> Reply:
        """Act on a session at the version it has, or at another."""
        if version is None:
            version = (await self.read(session_id))["session"]["version"]
        path, tag = f"sessions/{session_id}/{action}", {"If-Match": f'"{version}"'}
        return await self.call("POST", path, {"reason": WHY} | more, headers=tag)

    async def task(self) -> Json:
        """Return the most urgent task."""
        reply = await self.call("GET", "tasks")
        task: Json = reply.body["tasks"][0]
        return task

    async def answer(self, task: Json, kind: str, **more: Any) -> Reply:
        path, tag = f"tasks/{task['taskId']}/answer", {"If-Match": f'"{task["version"]}"'}
        return await self.call("POST", path, {"reason": WHY, "kind": kind} | more, headers=tag)

    async def sign_in(self, password: str = PASSWORD, **headers: str) -> Reply:
        body = {"email": self.email, "password": password}
        return await self.service.call("POST", f"{BASE}/sign-in", body, headers=headers)

    async def come_in_by_cookie(self) -> None:
        reply = await self.sign_in()
        assert reply.status == 200, reply
        cookie = SimpleCookie(reply.headers["Set-Cookie"])["staff_session"]
        token = reply.body["csrfToken"]
        self.headers = {"Cookie": f"staff_session={cookie.value}", "X-CSRF-Token": token}


async def hire(
    service: Service, role: Role, name: str = "Sam Example", *, password_hash: str = HASH
) -> Clerk:
    """Add an account and return somebody who comes in by its API token."""
    changes = operators(service)
    account_id, token = new_uuid(), new_secret()
    email = f"{role.value}.{account_id.hex[-6:]}@agency.test"
    await changes.add(account_id, email=email, name=name, role=role, password_hash=password_hash)
    await changes.grant_token(email, token)
    return Clerk(service, email, name, {"Authorization": f"Bearer {token}"})


def operators(service: Service) -> StaffChanges:
    """Return what an operator may change about accounts."""
    return StaffChanges(service.parts.database, operator("tests"))


async def rows(service: Service, sql: str, **values: Any) -> list[Row]:
    return await fetch_all(service.parts.database, text(sql), values)


async def audit(service: Service, action: str) -> list[Row]:
    sql = "SELECT * FROM staff_audit WHERE action = :action ORDER BY id"
    return await rows(service, sql, action=action)


def facts_of(line: Row) -> Json:
    """Return what a line of the audit says beside its reason."""
    found: Json = json.loads(line.facts)
    return found


def but_collecting(tasks: list[Json]) -> list[Json]:
    """Return the tasks but those to collect a payment."""
    return [task for task in tasks if task["kind"] != "collect_payment"]


async def in_doubt(service: Service) -> tuple[Guest, str]:
    """Return a guest whose booking was made and never answered, and its reservation."""
    guest = service.guest()
    await guest.to_basketed()
    await service.simulator.fault("book.pl", "http_500_after")
    asked = await guest.book()
    assert asked.status == 202, asked
    bookings = (await service.simulator.ledger())["bookings"]
    return guest, bookings[-1]["reservation"]

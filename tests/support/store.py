"""A shop whose sessions walk along the flow, and whose tables can be looked into."""

from dataclasses import fields
from typing import Any

from sqlalchemy import text

from booking_flow.flow import Trigger
from booking_flow.model.basket import Basket
from booking_flow.model.change import Change
from booking_flow.model.session import Session
from booking_flow.model.step import StepName
from booking_flow.model.task import StaffTask
from booking_flow.ports import CommitResult, Committed, StoredTask
from persistence.database import Database, execute, fetch_all
from persistence.sessions import PostgresSessionStore
from persistence.statements import Row
from persistence.task_queries import SupportWork
from tests.support.changes import (
    BASKET,
    BOOKING,
    DETAILS,
    GUEST,
    SECRET,
    claimed,
    priced,
    selected,
    session,
    settled,
)


class Shop:
    """Walks sessions along the flow; every step must be accepted."""

    def __init__(self, engine: Database, store: PostgresSessionStore) -> None:
        self.engine = engine
        self.store = store

    async def rows(self, sql: str, **parameters: Any) -> list[Row]:
        return await fetch_all(self.engine, text(sql), parameters)

    async def run(self, sql: str, **parameters: Any) -> None:
        await execute(self.engine, text(sql), parameters)

    async def write(self, change: Change) -> Session:
        committed = await self.commit(change)
        assert committed.result is CommitResult.DONE
        return change.after

    async def commit(self, change: Change, **also: Any) -> Committed:
        return await self.store.commit(change, origin=GUEST, **also)

    async def load(self, known: Session) -> Session:
        loaded = await self.store.load(known.id)
        assert loaded is not None
        return loaded.session

    async def tasks_of(self, known: Session) -> list[StoredTask]:
        return [each.task for each in await SupportWork(self.engine).tasks_of(known.id)]

    async def created(self, **fields: Any) -> Session:
        new = session(**fields)
        result = await self.store.create(
            new, secret_hash=SECRET, origin=GUEST, binding=None, calls=()
        )
        assert result is CommitResult.DONE
        return new

    async def selected(self) -> Session:
        return await self.write(selected(await self.write(priced(await self.created()))))

    async def basketed(self, basket: Basket = BASKET) -> Session:
        open_now = await self.write(claimed(await self.selected(), StepName.ADD_TO_BASKET))
        return await self.write(settled(open_now).move(Trigger.ADD_TO_BASKET).put(basket=basket))

    async def booking(self) -> Session:
        """Return a session whose booking is under way."""
        change = claimed(await self.basketed(), StepName.BOOK)
        return await self.write(change.put(details=DETAILS))

    async def booked(self, **fields: Any) -> Session:
        values = {"booking": BOOKING, **fields}
        change = settled(await self.booking()).move(Trigger.BOOK).put(**values)
        return await self.write(change)


def as_opened(stored: StoredTask) -> StaffTask:
    """Return a stored task as it was when a change opened it."""
    return StaffTask(**{each.name: getattr(stored, each.name) for each in fields(StaffTask)})

"""A database that was restored to an earlier moment: what it has forgotten is found and told."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import ClientError
from sqlalchemy import text

from adapters.embedded import EmbeddedPostgres
from booking_flow.errors import Refused
from booking_flow.model.task import TaskKind
from booking_flow.runtime.recovery import Recovery
from booking_flow.staff.people import Role
from booking_flow.unit_of_work import CHANGED
from persistence.database import create_engine, execute, fetch_all
from persistence.migrate import upgrade
from tests.acceptance.walks import Named
from tests.conftest import PostgresServer
from tests.support.database_moments import go_back, keep_moment
from tests.support.processes import Fate, nursery
from tests.support.restoring import (
    cluster_put_back,
    cluster_set_aside,
    copied_by_template,
    dump,
    restore,
)
from tests.support.service import (
    Guest,
    Json,
    Service,
    Simulator,
    once,
    running_service,
    seed_catalogue,
)
from tests.support.staff import hire
from tests.support.waiting import eventually
from tests.support.workers import worker_for

Running = Callable[..., AbstractAsyncContextManager[Service]]
Restored = Callable[[], AbstractAsyncContextManager[None]]
NOTED = text("SELECT session_id, entered_as FROM forgotten_claims ORDER BY session_version")


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Return where claims are journaled, which outlives every process."""
    return tmp_path / "journal"


@pytest.fixture
def running(seeded_url: str, simulator: Simulator, journal: Path) -> Running:
    return partial(running_service, seeded_url, simulator, journal_dir=str(journal))


@pytest.fixture
def restored(seeded_url: str, postgres_server: PostgresServer, tmp_path: Path) -> Restored:
    """Return a block after which the database is again as it was before."""

    @asynccontextmanager
    async def restored() -> AsyncIterator[None]:
        await dump(seeded_url, tmp_path / "dump")
        yield
        await restore(postgres_server, seeded_url, tmp_path / "dump")

    return restored


async def paying(guest: Guest) -> Json:
    """Return a booking with the money for all of it."""
    body = (await guest.look()).body
    return guest.booking(payment=guest.payment(body["price"]["total"]))


async def looked_at(service: Service) -> tuple[int, str, str | None]:
    """Return whether it is ready, and what it says of the journal."""
    ready = await service.call("GET", "/readyz?verbose")
    (part,) = [each for each in ready.body["components"] if each["name"] == "journal"]
    return ready.status, part["status"], part["detail"]


async def noted(service: Service) -> list[Any]:
    rows = await fetch_all(service.parts.database, NOTED)
    return [(str(row.session_id), row.entered_as) for row in rows]


async def open_tasks(service: Service) -> dict[str, list[Any]]:
    """Return the open tasks of each session."""
    found: dict[str, list[Any]] = {}
    for task in await service.parts.maintenance.tasks.open_tasks():
        found.setdefault(str(task.session_id), []).append(task)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """A service over a database that has forgotten a booking, with guests who were there before."""

    service: Service
    booked: Guest
    held: Guest
    chosen: Guest


async def test_the_restore_drill(
    running: Running,
    seeded_url: str,
    postgres_server: PostgresServer,
    simulator: Simulator,
    tmp_path: Path,
) -> None:
    """Two that were held in the dump are booked and paid, a third is opened and booked."""
    await simulator.control("policy", second_book="duplicate")
    keys = [once(uuid4().hex) for _ in range(2)]
    async with running() as service:
        held = [service.guest(), service.guest()]
        for guest in held:
            await guest.to_basketed()
        asks = [await paying(guest) for guest in held]
        await dump(seeded_url, tmp_path / "dump")
        for guest, ask, key in zip(held, asks, keys, strict=True):
            assert (await guest.book(ask, headers=key)).status == 201
        third = service.guest()
        await third.to_booked()
    await restore(postgres_server, seeded_url, tmp_path / "dump")
    before = await simulator.ledger()
    async with running() as service:
        found = await open_tasks(service)
        for guest, ask, key in zip(held, asks, keys, strict=True):
            guest.service = service
            pending = (await guest.look()).body["pending"]
            assert (pending["step"], pending["outcome"]) == ("book", "unknown")
            for again in (key, once(uuid4().hex)):
                assert (await guest.book(ask, headers=again)).code == "in_progress"
            (task,) = found[guest.uuid]
            assert task.kind is TaskKind.BOOK_UNKNOWN
            assert _made(task.facts["reservation"], before)
        third.service = service
        assert (await third.look()).code == "session_not_found"
        gone = found[third.uuid]
        assert [task.kind for task in gone] == [TaskKind.FORGOTTEN] * 2
        assert _made(gone[1].facts["reservation"], before)
        assert await simulator.ledger() == before
        said = "the database had forgotten claims; of 4 the outcome is open"
        assert await looked_at(service) == (200, "degraded", said)
        await _staff_settle(service, held, found, third)
        assert [(await guest.look()).body["state"] for guest in held] == ["paid", "paid"]
        assert await simulator.ledger() == before

        async def well() -> bool:
            return await looked_at(service) == (200, "up", None)

        await eventually(well)
        # Everybody else can buy.
        await service.guest().to_booked()


def _made(reservation: str, ledger: Any) -> bool:
    return reservation in {booking["reservation"] for booking in ledger["bookings"]}


async def _staff_settle(
    service: Service, held: list[Guest], found: dict[str, list[Any]], third: Guest
) -> None:
    """Answer what the journal knows; that knows no names, so a supervisor has to compare them."""
    clerk, boss = await hire(service, Role.AGENT), await hire(service, Role.SUPERVISOR)
    for guest in held:
        (task,) = found[guest.uuid]
        seen = {"taskId": str(task.id), "version": task.version}
        number = task.facts["reservation"]
        reply = await clerk.answer(seen, "reservation", reservation=number)
        assert (reply.status, reply.pointers) == (409, ["/lead surname"])
        reply = await boss.answer(seen, "reservation", reservation=number, override=True)
        assert reply.status == 200, reply
    for task in found[third.uuid]:
        seen = {"taskId": str(task.id), "version": task.version}
        reply = await clerk.answer(seen, "done")
        assert (reply.status, reply.body["kind"], reply.body["state"]) == (200, "forgotten", None)


@pytest.fixture
async def behind(
    running: Running,
    seeded_url: str,
    postgres_server: PostgresServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Behind]:
    """Restore a database that has forgotten a booking, which cannot be entered for now."""
    async with running() as service:
        booked, held, chosen = (service.guest() for _ in range(3))
        await booked.to_basketed()
        await held.to_basketed()
        await chosen.to_priced()
        await chosen.select(addToBasket=False)
        await dump(seeded_url, tmp_path / "dump")
        assert (await booked.book()).status == 201
    await restore(postgres_server, seeded_url, tmp_path / "dump")

    async def not_now(*_: Any) -> None:
        raise Refused(CHANGED)

    with monkeypatch.context() as patched:
        patched.setattr(Recovery, "forgotten", not_now)
        async with running() as service:
            for guest in (booked, held, chosen):
                guest.service = service
            found = Behind(service=service, booked=booked, held=held, chosen=chosen)
            assert await noted(service) == [(booked.uuid, None)]
            patched.undo()
            yield found


async def test_nothing_is_sold_until_all_that_is_forgotten_is_entered(
    behind: Behind, seeded_url: str, simulator: Simulator
) -> None:
    """Reading and letting go is answered as ever; nobody has to start anything again."""
    service, before = behind.service, await simulator.ledger()
    async with running_service(seeded_url, simulator) as elsewhere:
        behind.held.service = elsewhere
        for reply in (await behind.booked.book(), await behind.held.book()):
            assert (reply.status, reply.code) == (503, "unavailable")
        assert (await behind.chosen.hold()).code == "unavailable"
        for guest in (behind.booked, behind.held, behind.chosen):
            assert (await guest.look()).status == 200
        assert (await behind.held.release()).body["state"] == "cabin_selected"
        assert (await service.guest().to_priced()).status == 200
        assert (await simulator.ledger())["bookings"] == before["bookings"]
        said = "the database has forgotten claims, and nothing is sold until they are entered: 1"
        for each in (service, elsewhere):
            assert await looked_at(each) == (200, "degraded", said)
    async with worker_for(service.parts.settings) as (worker, _):
        await worker.drain()
    assert await noted(service) == [(behind.booked.uuid, "step")]
    assert (await behind.chosen.hold()).body["state"] == "basketed"


async def test_a_cluster_that_is_put_back_is_the_same_database(
    simulator: Simulator, journal: Path, tmp_path: Path
) -> None:
    """By a base copy everything keeps its number, unlike by a dump."""
    async with EmbeddedPostgres(tmp_path / "postgres") as server:
        await upgrade(server.dsn)
        await seed_catalogue(server.dsn)
        running = partial(running_service, server.dsn, simulator, journal_dir=str(journal))
        async with running() as service:
            guest = service.guest()
            await guest.to_basketed()
        await cluster_set_aside(server, tmp_path / "aside")
        async with running() as service:
            guest.service = service
            assert (await guest.book()).status == 201
        await cluster_put_back(server, tmp_path / "aside")
        async with running() as service:
            guest.service = service
            assert await noted(service) == [(guest.uuid, "step")]
            assert (await guest.book()).code == "in_progress"
    assert len((await simulator.ledger())["bookings"]) == 1


async def test_a_database_that_goes_back_under_a_running_service_is_noticed(
    make_service: Any, simulator: Simulator, journal: Path
) -> None:
    """As after a fail-over to a stand-by that has not received the last commits."""
    service: Service = await make_service(journal_dir=str(journal))
    guest = service.guest()
    await guest.to_basketed()
    await keep_moment(service.parts.database)
    ask = await paying(guest)
    assert (await guest.book(ask)).status == 201
    await go_back(service.parts.database)
    # Nobody has compared yet: the process itself has seen a later claim of this session.
    assert (await guest.book(ask)).status in {409, 503}

    async def entered() -> bool:
        return await noted(service) == [(guest.uuid, "step")]

    await eventually(entered)
    assert (await guest.look()).body["pending"]["outcome"] == "unknown"
    assert len((await simulator.ledger())["bookings"]) == 1
    await service.guest().to_booked()


async def test_a_copy_by_template_is_another_database_that_nothing_was_claimed_in(
    running: Running,
    seeded_url: str,
    postgres_server: PostgresServer,
    simulator: Simulator,
    journal: Path,
) -> None:
    async with running() as service:
        await service.guest().to_basketed()
    async with copied_by_template(postgres_server, seeded_url) as copy:
        async with running() as service:
            await service.guest().to_booked()
        async with running_service(copy, simulator, journal_dir=str(journal)) as service:
            assert await noted(service) == []
            await service.guest().to_booked()


async def test_what_was_pruned_is_not_missed(
    running: Running, restored: Restored, seeded_url: str
) -> None:
    async with restored(), running() as service:
        await service.guest().to_booked()
    engine = create_engine(seeded_url, pool_size=1)
    await execute(engine, text("UPDATE installation SET pruned_before = booking_now()"))
    await engine.dispose()
    async with running() as service:
        assert await noted(service) == []
        await service.guest().to_booked()


def lose(journal: Path) -> None:
    shutil.rmtree(journal)


def tear(journal: Path) -> None:
    for file in journal.iterdir():
        file.write_bytes(b"".join(line[:40] + b"\n" for line in file.read_bytes().splitlines()))


def put_a_file_there(journal: Path) -> None:
    shutil.rmtree(journal)
    journal.write_text("in the way")


@pytest.mark.parametrize("harm", [lose, tear, put_a_file_there])
async def test_without_its_lines_selling_goes_on(
    running: Running,
    restored: Restored,
    journal: Path,
    harm: Callable[[Path], None],
) -> None:
    """A journal that is not there, or cannot be read, says nothing."""
    async with restored(), running() as service:
        await service.guest().to_booked()
    harm(journal)
    async with running() as service:
        assert await noted(service) == []
        await service.guest().to_booked()


async def test_a_journal_that_cannot_be_written_keeps_nobody_from_booking(
    make_service: Any, tmp_path: Path
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("in the way")
    service: Service = await make_service(journal_dir=str(in_the_way))
    await service.guest().to_booked()
    said = "claims are not journaled: File exists"
    assert await looked_at(service) == (200, "degraded", said)
    measured = (await service.call("GET", "/metrics")).body
    assert "booking_claims_unjournaled 4.0" in measured


@pytest.mark.parametrize(
    ("moment", "calls"),
    [
        ("before booking_flow.runtime.step_runner.Runner._asked: _journal.claimed", 0),
        ("after booking_flow.runtime.step_runner.Runner._asked: _journal.claimed", 0),
        ("before booking_flow.runtime.settlement.Settlement._journal_end: journal.ended", 1),
        ("after booking_flow.runtime.settlement.Settlement._journal_end: journal.ended", 1),
    ],
)
async def test_killed_between_two_of_the_three_writes(
    seeded_url: str, simulator: Simulator, journal: Path, moment: str, calls: int
) -> None:
    """Database and journal need not agree on what was claimed last; selling goes on."""
    async with nursery(seeded_url, simulator, journal_dir=str(journal)) as made:
        # The first time it comes is that of the hold.
        mortal = await made.start(Fate(doomed={"somebody": (moment, 2)}))
        guest = Named.of(mortal, "somebody").guest()
        await guest.to_basketed()
        with suppress(ClientError):
            await guest.book()
            raise AssertionError(f"nobody died {moment}")
        assert await simulator.received("book.pl") == calls
        guest.service = after = await made.start()
        assert (await guest.look()).body["pending"]["step"] == "book"
        await after.guest().to_booked()
    async with running_service(seeded_url, simulator, journal_dir=str(journal)) as service:
        assert await noted(service) == []

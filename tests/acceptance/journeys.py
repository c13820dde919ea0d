"""Journeys on which processes die: what guests do, and what goes wrong for everyone meanwhile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from aiohttp import ClientError

from tests.acceptance.walks import (
    Named,
    to_an_old_key,
    to_booked_and_paid,
    to_cancelled,
    to_cancelling,
    to_chosen,
    to_doubt,
    to_edited,
    to_expired,
    to_held,
    to_no_answer,
    to_no_prices,
    to_overtaken,
    to_paid,
    to_paid_by_another_card,
    to_paid_in_parts,
    to_paid_later,
    to_refused,
    to_refused_payment,
    to_released,
)
from tests.support.processes import Fate, Nursery
from tests.support.service import Guest

Walk = Callable[[Guest], Awaitable[object]]
_COMPENSATION = "booking_flow.runtime.compensation.Compensation"
_UNIT_OF_WORK = "booking_flow.unit_of_work.UnitOfWork"
_SETTLEMENT = "booking_flow.runtime.settlement.Settlement"
ADD = "booking_flow.steps.hold._add: access.supplier.add_to_basket"
BOOK = "booking_flow.steps.book.call_book: access.supplier.book"
PAY = "booking_flow.steps.pay.call_pay: access.supplier.pay"
SETTLE = f"{_SETTLEMENT}._attempt: unit_of_work.commit"
SPOOLED = f"{_SETTLEMENT}._endure: _keep"
"""Points at which a death hurts most."""


TOGETHER = 25
"""As many as one process serves at once without taking long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """A way through the shop, and what goes wrong on it for everyone."""

    name: str
    walk: Walk
    faults: tuple[tuple[str, str], ...] = ()
    """Endpoints and what is wrong there for as long as anybody walks."""
    outage: tuple[str, int] | None = None
    """The moment at which the database is away, and how often."""
    rival: str | None = None
    """The moment at which somebody else commits first, once."""
    settings: tuple[tuple[str, str], ...] = ()
    office: bool = True
    """Whether recovery can look bookings up, or has to ask staff."""
    together: int = TOGETHER
    """How many guests share a process, and a recovery."""
    uncollected: bool = False
    """Whether an unpaid booking has to wait for a worker before somebody is to collect it."""


LATER = (("PAYMENT_CHANNEL", "supplier_payment"),)
JOURNEYS = (
    Journey(name="paid", walk=to_paid),
    Journey(name="paid by another card", walk=to_paid_by_another_card, office=False),
    Journey(name="paid later", walk=to_paid_later, settings=LATER),
    Journey(name="paid in parts", walk=to_paid_in_parts, settings=LATER),
    Journey(
        name="not paid later",
        walk=to_refused_payment,
        settings=LATER,
        faults=(("payment.pl", "session_expired"),),
    ),
    Journey(name="booked, and never heard of", walk=to_doubt, office=False),
    Journey(name="released", walk=to_released),
    Journey(name="released unheard", walk=to_released, faults=(("basketremove.pl", "http_500"),)),
    Journey(name="cancelled", walk=to_cancelled),
    Journey(
        name="cancelled unheard", walk=to_cancelling, faults=(("basketremove.pl", "http_500"),)
    ),
    Journey(name="stale", walk=to_refused, faults=(("basketadd.pl", "stale_resultno"),)),
    Journey(name="dearer", walk=to_refused, faults=(("basketadd.pl", "price_differs"),)),
    Journey(
        name="held, and never heard of", walk=to_no_answer, faults=(("basketadd.pl", "reset"),)
    ),
    Journey(name="database away", walk=to_booked_and_paid, outage=(f"before {SETTLE}", 2)),
    Journey(name="commit unconfirmed", walk=to_booked_and_paid, outage=(f"after {SETTLE}", 2)),
    Journey(
        name="edited meanwhile", walk=to_edited, rival=f"before {_UNIT_OF_WORK}.decide: commit"
    ),
    Journey(
        name="chosen meanwhile", walk=to_chosen, rival=f"before {_UNIT_OF_WORK}.decide: commit"
    ),
    Journey(name="held meanwhile", walk=to_held, rival=f"before {SETTLE}"),
    Journey(name="ended meanwhile", walk=to_expired, rival=f"before {_UNIT_OF_WORK}.lapse: commit"),
    Journey(
        name="cancelled meanwhile",
        walk=to_cancelling,
        rival=f"before {_COMPENSATION}._finish: _unit_of_work.commit",
    ),
    Journey(
        name="no prices", walk=to_no_prices, faults=(("cruisecabingrades.pl", "session_expired"),)
    ),
    Journey(name="overtaken", walk=to_overtaken, faults=(("cruisecabins.pl", "stale_resultno"),)),
    Journey(name="an old key", walk=to_an_old_key),
)


async def walk_to_death(made: Nursery, walk: Walk, moment: str) -> Guest:
    """Walk in a process that kills itself on the way, when a moment comes first."""
    service = await made.start(Fate(doomed={"somebody": (moment, 1)}))
    guest = Named.of(service, "somebody").guest()
    with suppress(ClientError):
        await walk(guest)
        raise AssertionError(f"nobody died {moment}")
    return guest

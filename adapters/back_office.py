"""Looking a booking up in the agency's back office, where an account has one.

`docs/back-office.md` describes the interface. The supplier itself offers no such look-up.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

import msgspec
from aiohttp import ClientError, ClientSession, ClientTimeout

from adapters.traveltek.printed_names import printed_last
from booking_flow.model.money import Money
from booking_flow.model.session import Session
from booking_flow.ports import Found, Lookup
from booking_flow.supplier import CallContext, ImportedBooking, SupplierCall
from booking_flow.supplier_errors import FailureKind, SupplierError

ENDPOINT: Final = "back_office"
_LIMITS: Final = ClientTimeout(total=15, connect=5)
_MAX_BYTES: Final = 256 * 1024


class NoLookup:
    """The channel of an account that has none: only people can find out."""

    available = False

    async def find(self, session: Session, *, ctx: CallContext) -> Found:  # noqa: ARG002 - a port
        """Say that there is nobody to ask."""
        return Lookup.NO_CHANNEL


class FoundBooking(msgspec.Struct, rename="camel", kw_only=True, frozen=True):
    """A booking as the back office spells it; what it does not know is null."""

    reservation: str
    status: str
    cruise_id: str
    sailing_date: date | None = None
    grade_code: str | None = None
    price: Decimal | None = None
    received: Decimal | None = None
    currency: str | None = None
    booked_on: date | None = None
    lead_surname: str | None = None
    passengers: int = 0
    internal_reference: str | None = None
    """Our reference, where book.pl carried it."""


class FoundBookings(msgspec.Struct, kw_only=True, frozen=True):
    """The answer: every booking that fits."""

    bookings: list[FoundBooking]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackOfficeAddress:
    """Where the back office answers, and what it knows us by."""

    url: str
    token: str | None = field(default=None, repr=False)
    booked_words: frozenset[str] = frozenset({"booked"})
    """The words of status, case-folded, that mean booked."""


@asynccontextmanager
async def open_back_office(
    address: BackOfficeAddress, *, new_id: Callable[[], UUID], boottime: Callable[[], float]
) -> AsyncIterator[BackOffice]:
    """Open connections to a back office, and close them again."""
    bearer = {"Authorization": f"Bearer {address.token}"} if address.token else {}
    async with ClientSession(timeout=_LIMITS, headers=bearer) as http:
        yield BackOffice(address, http=http, new_id=new_id, boottime=boottime)


class BackOffice:
    """Asks a back office for the one booking that an attempt can have made."""

    available = True

    def __init__(
        self,
        address: BackOfficeAddress,
        *,
        http: ClientSession,
        new_id: Callable[[], UUID],
        boottime: Callable[[], float],
    ) -> None:
        """`address` is the whole one that bookings are searched at."""
        self._url = address.url
        self._booked_words = address.booked_words
        self._http = http
        self._new_id = new_id
        self._boottime = boottime

    async def find(self, session: Session, *, ctx: CallContext) -> Found:
        """Look for the booking of a session whose book step is unknown.

        Raises:
            SupplierError: the back office gave no answer that can be read.
        """
        begun = self._boottime()
        try:
            bookings = await self._asked(_question(session))
        except SupplierError as error:
            ctx.calls.append(self._evidence(ctx, begun, outcome=error.kind.value))
            raise
        ctx.calls.append(self._evidence(ctx, begun, outcome="ok", found=len(bookings)))
        bookings = _ours(bookings, session.reference)
        # Of several that fit, only a person can say which one is meant.
        if len(bookings) != 1:
            return Lookup.NOT_THERE
        return _imported(bookings[0], session, booked_words=self._booked_words)

    async def _asked(self, question: Mapping[str, object]) -> list[FoundBooking]:
        try:
            async with self._http.post(self._url, json=question, allow_redirects=False) as answer:
                body = await answer.content.read(_MAX_BYTES)
        except TimeoutError:
            raise SupplierError(FailureKind.TIMEOUT, endpoint=ENDPOINT) from None
        except (ClientError, OSError):
            raise SupplierError(FailureKind.NOT_SENT, endpoint=ENDPOINT) from None
        return _read(answer.status, body)

    def _evidence(
        self, ctx: CallContext, begun: float, *, outcome: str, found: int | None = None
    ) -> SupplierCall:
        return SupplierCall(
            id=self._new_id(),
            endpoint=ENDPOINT,
            step_id=ctx.step_id,
            sent_at_offset=begun - ctx.started,
            duration=self._boottime() - begun,
            outcome=outcome,
            http_status=None,
            error_code=None,
            request={},
            response=None if found is None else {"found": found},
        )


def _read(status: int, body: bytes) -> list[FoundBooking]:
    if status != 200:
        raise SupplierError(FailureKind.BROKEN, endpoint=ENDPOINT, code=status)
    try:
        return msgspec.json.decode(body, type=FoundBookings, strict=False).bookings
    except msgspec.MsgspecError:
        raise SupplierError(FailureKind.BROKEN, endpoint=ENDPOINT) from None


def _ours(bookings: list[FoundBooking], reference: str) -> list[FoundBooking]:
    """Return those that carry our reference; without one, those that carry no other."""
    named = [each for each in bookings if each.internal_reference == reference]
    return named or [each for each in bookings if not each.internal_reference]


def _question(session: Session) -> Mapping[str, object]:
    step, passengers = session.open_step, session.details.passengers
    return {
        "reference": session.reference,
        "lineId": session.sailing.line_id,
        "cruiseId": session.sailing.cruise_id,
        "sailingDate": session.sailing.sailing_date.isoformat(),
        "gradeCode": session.selection and session.selection.cabin_code,
        "leadSurname": printed_last(passengers[0]) if passengers else None,
        "passengers": session.party.size,
        "total": session.basket and str(session.basket.total.amount),
        "currency": session.currency,
        "askedAt": step and step.since.isoformat(),
    }


def _imported(
    found: FoundBooking, session: Session, *, booked_words: frozenset[str]
) -> ImportedBooking:
    currency = found.currency or session.currency

    def money(amount: Decimal | None) -> Money | None:
        return None if amount is None else Money(amount, currency)

    return ImportedBooking(
        reservation=found.reservation,
        status=found.status,
        booked=not found.status or found.status.casefold() in booked_words,
        cruise_id=found.cruise_id,
        sailing_date=found.sailing_date,
        grade_code=found.grade_code,
        price=money(found.price),
        received=money(found.received),
        booked_on=found.booked_on,
        lead_surname=found.lead_surname,
        passengers=found.passengers,
        own_reference=found.internal_reference,
    )

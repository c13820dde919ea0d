"""Opening a booking session: the sailing, the party, and a supplier session of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from booking_flow.booking_results import refusal_of
from booking_flow.errors import Refusal, RefusalCode, Refused, refuse
from booking_flow.flow import FLOW_VERSION, State
from booking_flow.model.party import Details, Party, check_party
from booking_flow.model.sailing import Sailing, check_bookable
from booking_flow.model.session import NO_DETAILS, Loaded, Session
from booking_flow.model.step import StepKind, StepName
from booking_flow.policy import Policy
from booking_flow.ports import Catalogue, CommitResult, SessionStore
from booking_flow.steps.live_prices import Reader
from booking_flow.steps.step import ReadStep
from booking_flow.supplier import CallContext, SupplierSession
from booking_flow.supplier_errors import SupplierError
from booking_flow.unit_of_work import AlreadyBound, Command

REFERENCES = 5
"""How many references are tried for a new session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """Ask for a new session; the caller makes its id and keeps its secret."""

    session_id: UUID
    secret_hash: bytes
    cruise_id: str
    adults: int
    children: int
    child_ages: tuple[int, ...]
    details: Details = NO_DETAILS


@dataclass(frozen=True, slots=True, kw_only=True)
class SailingSearch:
    """A sailing that is looked for at the supplier, for a party."""

    sailing: Sailing
    party: Party
    now: datetime


async def search(reader: Reader, request: SailingSearch, ctx: CallContext) -> SupplierSession:
    """Open a supplier session for one sailing."""
    return await reader.search(request.sailing, request.party, now=request.now, ctx=ctx)


OPEN_SESSION: Final = ReadStep(
    name=StepName.OPEN_SESSION,
    label="Open a supplier session",
    kind=StepKind.READ,
    endpoints=("token", "cruiseresults"),
    undo_meaning="none: the supplier session lapses",
    call=search,
)


class Opener:
    """Opens sessions; two guests never share one, whatever they search for."""

    def __init__(
        self,
        *,
        store: SessionStore,
        catalogue: Catalogue,
        reader: Reader,
        policy: Policy,
        new_reference: Callable[[], str],
    ) -> None:
        """`new_reference` makes a short reference a guest can read out on the phone."""
        self._store = store
        self._catalogue = catalogue
        self._reader = reader
        self._policy = policy
        self._new_reference = new_reference

    async def open(self, ask: OpenSession, ctx: CallContext, command: Command) -> Loaded:
        """Check sailing and party, search at the supplier, and store the session."""
        sailing = await self._sailing(ask.cruise_id)
        party = self._party(ask, sailing)
        now = await self._store.now()
        self._check(sailing, now)
        try:
            session = await self._found(ask, sailing, party, now, ctx)
        except Refused:
            await self._store.record_passing_calls(ctx.calls)
            raise
        return Loaded(session=await self._create(session, ask, ctx, command), now=now)

    def _party(self, ask: OpenSession, sailing: Sailing) -> Party:
        party = check_party(
            adults=ask.adults,
            children=ask.children,
            child_ages=ask.child_ages,
            rules=self._policy.party.of_line(sailing.line_id),
        )
        if isinstance(party, Refusal):
            raise Refused(party)
        return party

    async def _sailing(self, cruise_id: str) -> Sailing:
        sailing = await self._catalogue.sailing(cruise_id)
        if sailing is None:
            raise refuse(RefusalCode.CRUISE_NOT_FOUND, "This cruise is not known.")
        return sailing

    def _check(self, sailing: Sailing, now: datetime) -> None:
        refusal = check_bookable(sailing, today=now.date(), live_lines=self._policy.live_lines)
        if refusal is not None:
            raise Refused(refusal)

    async def _found(
        self, ask: OpenSession, sailing: Sailing, party: Party, now: datetime, ctx: CallContext
    ) -> Session:
        try:
            wanted = SailingSearch(sailing=sailing, party=party, now=now)
            supplier = await OPEN_SESSION.call(self._reader, wanted, ctx)
        except SupplierError as error:
            raise Refused(refusal_of(error)) from error
        return Session(
            id=ask.session_id,
            reference=self._new_reference(),
            state=State.CREATED,
            version=0,
            flow_version=FLOW_VERSION,
            created_at=now,
            expires_at=now + self._policy.session_life,
            sailing=sailing,
            party=party,
            currency=self._policy.currency,
            supplier=supplier,
            details=ask.details,
        )

    async def _create(
        self, session: Session, ask: OpenSession, ctx: CallContext, command: Command
    ) -> Session:
        for _ in range(REFERENCES):
            result = await self._store.create(
                session,
                secret_hash=ask.secret_hash,
                origin=command.origin,
                binding=command.binding,
                calls=ctx.calls,
            )
            if result is CommitResult.DONE:
                return session
            if result is CommitResult.DUPLICATE:
                raise AlreadyBound
            session = replace(session, reference=self._new_reference())
        raise refuse(RefusalCode.UNAVAILABLE, "No free booking reference was found.")

"""What the staff's handlers work with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from adapters.oidc import Provider
from booking_flow.errors import RefusalCode, refuse
from booking_flow.model.session import Loaded
from booking_flow.policy import Policy
from booking_flow.runtime.compensation import Compensation
from booking_flow.runtime.recovery import Recovery
from booking_flow.runtime.unit_of_work import UnitOfWork
from booking_flow.saga import StepName
from booking_flow.staff.task_resolution import Desk
from booking_flow.steps.context import DecisionContext
from booking_http.api.guest_token import new_uuid
from booking_http.staff.identity_provider import provider_of
from booking_http.staff.passwords import Passwords
from booking_http.wiring import Parts
from persistence.audit import PostgresAudit
from persistence.bulk import PostgresBulk
from persistence.claims import PostgresClaims
from persistence.database import Database
from persistence.sign_ins import PostgresSignIns
from persistence.staff import PostgresStaff
from persistence.support_search import SupportSearch
from persistence.task_queries import SupportWork
from persistence.tasks import PostgresTaskStore

BASE: Final = "/api/v1/support"


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """Accounts, audit, search, and the core's ways to help a session on."""

    database: Database
    staff: PostgresStaff
    sign_ins: PostgresSignIns
    passwords: Passwords
    audit: PostgresAudit
    search: SupportSearch
    work: SupportWork
    claims: PostgresClaims
    bulk: PostgresBulk
    tasks: PostgresTaskStore
    desk: Desk
    recovery: Recovery
    unit_of_work: UnitOfWork
    compensation: Compensation
    policy: Policy
    provider: Provider | None
    """Whose word is taken for who somebody is, besides a password."""
    mails: bool
    """Whether mail leaves the house at all."""

    def moment(self, now: datetime) -> DecisionContext:
        """Return what decisions may know at this time, by the database's clock."""
        return DecisionContext(now=now, new_id=new_uuid, policy=self.policy)

    async def find_out(self, session_id: UUID) -> Loaded:
        """Look now into the open step of a session, as the worker would by and by.

        Raises:
            Refused: `in_progress`, somebody is looking into it.
        """
        lease = self.policy.lease_seconds(StepName.BOOK)
        taken = await self.work.take_step(session_id, lease_seconds=lease)
        if taken is None:
            raise refuse(RefusalCode.IN_PROGRESS, "Somebody is working on this step.")
        await self.recovery.open_step(taken)
        return await self.unit_of_work.reload(session_id)


def support_of(parts: Parts) -> Support:
    """Put the staff's parts together from those of the process."""
    database, maintenance = parts.database, parts.maintenance
    return Support(
        database=database,
        staff=PostgresStaff(database),
        sign_ins=PostgresSignIns(database),
        passwords=Passwords(),
        audit=PostgresAudit(database),
        search=SupportSearch(database, parts.vault),
        work=SupportWork(database, "support"),
        claims=PostgresClaims(database),
        bulk=PostgresBulk(database),
        tasks=maintenance.tasks,
        desk=maintenance.desk,
        recovery=maintenance.recovery,
        unit_of_work=parts.engine.unit_of_work,
        compensation=parts.engine.compensation,
        policy=parts.policy,
        provider=provider_of(parts.settings),
        mails=bool(parts.notifications.channels.confirmations),
    )

"""What the staff's handlers work with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from adapters.oidc import Provider
from booking_flow.policy import Policy
from booking_flow.staff.action import StaffActions, Work
from booking_flow.staff.task_claims import TaskClaims
from booking_flow.staff.task_resolution import Desk
from booking_http.staff.identity_provider import provider_of
from booking_http.staff.passwords import Passwords
from booking_http.wiring import Parts
from persistence.audit import PostgresAudit
from persistence.bulk import PostgresBulk
from persistence.database import Database
from persistence.encryption import Vault
from persistence.second_factors import PostgresSecondFactors
from persistence.sign_ins import PostgresSignIns
from persistence.staff import PostgresStaff
from persistence.support_search import SupportSearch
from persistence.task_queries import SupportWork

BASE: Final = "/api/v1/support"


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """Accounts, audit, search, and the core's ways to help a session on."""

    database: Database
    vault: Vault
    staff: PostgresStaff
    sign_ins: PostgresSignIns
    factors: PostgresSecondFactors
    passwords: Passwords
    audit: PostgresAudit
    search: SupportSearch
    queue: SupportWork
    bulk: PostgresBulk
    work: Work
    actions: StaffActions
    claims: TaskClaims
    desk: Desk
    policy: Policy
    provider: Provider | None
    """Whose word is taken for who somebody is, besides a password."""


def support_of(parts: Parts) -> Support:
    """Put the staff's parts together from those of the process."""
    database, maintenance = parts.database, parts.maintenance
    return Support(
        database=database,
        vault=parts.vault,
        staff=PostgresStaff(database),
        sign_ins=PostgresSignIns(database),
        factors=PostgresSecondFactors(database, parts.vault),
        passwords=Passwords(),
        audit=maintenance.audit,
        search=SupportSearch(database, parts.vault),
        queue=SupportWork(database),
        bulk=PostgresBulk(database),
        work=maintenance.staff_work,
        actions=StaffActions(maintenance.staff_work),
        claims=TaskClaims(maintenance.tasks),
        desk=maintenance.desk,
        policy=parts.policy,
        provider=provider_of(parts.settings),
    )

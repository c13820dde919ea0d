"""Links that sign in once: made on the command line, opened by a button, never by looking."""

from __future__ import annotations

from typing import Final

from booking_flow.model.audit import AuditEntry
from booking_http.service import Service
from booking_http.staff.authentication import (
    BY_LINK,
    SignedIn,
    Visitor,
    complete_sign_in,
    count_attempt,
    refuse_sign_in,
)
from booking_http.staff.passwords import new_secret
from booking_http.web.auth import unauthenticated
from persistence.audit import PostgresAudit
from persistence.database import Database
from persistence.staff import PostgresStaff
from persistence.staff_links import PostgresStaffLinks

LINK: Final = "/console/sign-in/link"


async def grant_link(database: Database, email: str) -> str | None:
    """Make a link's path for an account, and note so; None when there is none that is open."""
    found = await PostgresStaff(database).find(email)
    if found is None or found.account.disabled_at is not None:
        return None
    account, token = found.account, new_secret()
    entry = AuditEntry(account_id=account.id, name=account.name, action="grant_link")
    await PostgresAudit(database).write(entry)
    await PostgresStaffLinks(database).grant(account.id, token)
    return f"{LINK}/{token}"


async def sign_in_by_link(service: Service, visitor: Visitor, token: str) -> SignedIn:
    """Let in who has a link that nobody has used.

    Raises:
        Problem: `unauthenticated`, or `rate_limited`.
    """
    counted = await count_attempt(service, visitor, "staff-link", token)
    account = await PostgresStaffLinks(service.support.database).use(token)
    if account is None:
        await refuse_sign_in(service, visitor, None, by=BY_LINK)
        raise unauthenticated("This link was used or has run out. Ask for another one.")
    await counted.forgive()
    return await complete_sign_in(service, visitor, account, by=BY_LINK)

"""Links that sign in once: made on the command line, opened by a button, never by looking."""

from __future__ import annotations

from typing import Final

from booking_http.service import Service
from booking_http.staff.authentication import (
    BY_LINK,
    FirstFactor,
    Visitor,
    count_attempt,
    refuse_sign_in,
)
from booking_http.staff.passwords import new_secret
from booking_http.web.auth import unauthenticated
from persistence.staff_changes import StaffChanges
from persistence.staff_links import PostgresStaffLinks

LINK: Final = "/console/sign-in/link"


async def grant_link(changes: StaffChanges, email: str) -> str | None:
    """Make a link's path for an account, and note so; None when there is none that is open."""
    token = new_secret()
    return f"{LINK}/{token}" if await changes.grant_link(email, token) else None


async def prove_link(service: Service, visitor: Visitor, token: str) -> FirstFactor:
    """Return whose a link is that nobody has used; it is used up by that.

    Raises:
        Problem: `unauthenticated`, or `rate_limited`.
    """
    counted = await count_attempt(service, visitor, "staff-link", token)
    account = await PostgresStaffLinks(service.support.database).use(token)
    if account is None:
        await refuse_sign_in(service, visitor, None, by=BY_LINK)
        raise unauthenticated("This link was used or has run out. Ask for another one.")
    await counted.forgive()
    return FirstFactor(account=account, by=BY_LINK)

"""Somebody who may use the demo's console, and a link that signs them in."""

from __future__ import annotations

from typing import Final

from booking_flow.staff.people import Role, operator
from booking_http.api.guest_token import new_uuid
from booking_http.staff.passwords import hash_password, new_secret
from booking_http.staff.sign_in_links import grant_link
from persistence.database import create_engine
from persistence.staff_changes import StaffChanges

SUPERVISOR: Final = "supervisor@demo.example"


async def console_link(database_url: str) -> str | None:
    """Return the path of a new link for the demo's supervisor, who is hired if need be."""
    engine = create_engine(database_url, pool_size=1, application_name="booking-flow demo")
    try:
        changes = StaffChanges(engine, operator("demo"))
        await changes.add(
            new_uuid(),
            email=SUPERVISOR,
            name="Sam Supervisor",
            role=Role.SUPERVISOR,
            password_hash=hash_password(new_secret()),
        )
        return await grant_link(changes, SUPERVISOR)
    finally:
        await engine.dispose()

"""Who of the staff looked at a session, and what somebody of the staff looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from aiohttp import web
from pydantic import Field

from booking_flow.errors import RefusalCode
from booking_flow.staff.people import Role
from booking_http.console.auth import require_staff
from booking_http.console.pages import HEADERS, render
from booking_http.web.auth import Staff, write_audit
from booking_http.web.models import RequestModel, rfc3339
from booking_http.web.problems import problem
from booking_http.web.request_io import read_query, service_of
from persistence.audit import NEWEST, AuditLine
from persistence.histories import find_by_reference

AUDIT: Final = "/console/audit"
PAGE: Final = 100
MOST: Final = 10_000
"""Lines of an export."""


class AuditQuery(RequestModel):
    """Which session, or else which account, and the number of the last line seen."""

    reference: str | None = Field(default=None, max_length=40)
    email: str | None = Field(default=None, max_length=254)
    before: int | None = Field(default=None, ge=1, le=NEWEST)


async def show_audit(request: web.Request) -> web.Response:
    """Show the last lines about a session or of an account."""
    staff = await require_staff(request, Role.SUPERVISOR)
    query = read_query(request, AuditQuery)
    lines = await _lines(request, staff, query, limit=PAGE)
    return await render(
        request,
        "audit.html",
        staff=staff,
        query=query,
        asked=bool(query.reference or query.email),
        lines=await _told(request, lines),
        older=lines[-1].number if len(lines) == PAGE else None,
    )


async def export_audit(request: web.Request) -> web.Response:
    """Hand out the same as JSON, the last ten thousand lines."""
    staff = await require_staff(request, Role.SUPERVISOR)
    lines = await _lines(request, staff, read_query(request, AuditQuery), limit=MOST)
    return web.json_response(
        {"lines": await _told(request, lines), "more": len(lines) == MOST},
        headers={**HEADERS, "Content-Disposition": 'attachment; filename="audit.json"'},
    )


async def _lines(
    request: web.Request, staff: Staff, query: AuditQuery, *, limit: int
) -> Sequence[AuditLine]:
    """Return the lines that are asked for, and write down who looks at them."""
    service, before = service_of(request), query.before or NEWEST
    if query.reference:
        session_id = await _session_of(request, query.reference)
        await write_audit(service, staff, "read_audit", session_ids=(session_id,))
        return await service.support.audit.looked_at(session_id, before=before, limit=limit)
    if query.email:
        found = await service.support.staff.find(query.email)
        if found is None:
            raise problem(RefusalCode.NOT_FOUND, "There is no account with this address.")
        facts = {"account": found.account.email}
        await write_audit(service, staff, "read_audit", facts=facts)
        return await service.support.audit.of_account(found.account.id, before=before, limit=limit)
    return ()


async def _session_of(request: web.Request, asked: str) -> UUID:
    """Return the session of a reference; an id is taken as well, also of one that is gone."""
    try:
        return UUID(asked)
    except ValueError:
        database = service_of(request).support.database
    found = await find_by_reference(database, asked)
    if found is None:
        raise problem(RefusalCode.NOT_FOUND, "There is no session with this reference.")
    return found


async def _told(request: web.Request, lines: Sequence[AuditLine]) -> list[dict[str, Any]]:
    ids = {each for line in lines for each in line.entry.session_ids}
    names = await service_of(request).support.audit.references(ids) if ids else {}
    return [_facts(line, names) for line in lines]


def _facts(line: AuditLine, names: Mapping[UUID, str]) -> dict[str, Any]:
    entry = line.entry
    return {
        "number": line.number,
        "at": rfc3339(entry.at) if entry.at else "",
        "name": entry.name,
        "accountId": str(entry.account_id) if entry.account_id else None,
        "action": entry.action,
        "sessions": [
            {"sessionId": str(each), "reference": names.get(each)} for each in entry.session_ids
        ],
        "taskId": str(entry.task_id) if entry.task_id else None,
        "reason": entry.reason,
        "requestId": entry.request_id,
        "facts": dict(entry.facts),
    }

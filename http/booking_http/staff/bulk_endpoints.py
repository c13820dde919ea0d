"""Runs over many sessions as requests."""

from __future__ import annotations

from uuid import UUID

from aiohttp import web

from booking_flow.staff.people import Role
from booking_http.service import Service
from booking_http.staff import bulk_runs
from booking_http.staff.action_responses import BulkResponse, FailedResponse
from booking_http.staff.requests import BulkRequest
from booking_http.staff.session_search import id_of
from booking_http.web.auth import Staff, staff_of, write_audit
from booking_http.web.request_io import json_response, read_body, service_of
from persistence.bulk import BulkRun


async def start_bulk(request: web.Request) -> web.Response:
    """Begin to do something to every session of a search that needs it."""
    staff, ask = await staff_of(request, Role.AGENT), await read_body(request, BulkRequest)
    service = service_of(request)
    return json_response(
        await bulk_view(service, await bulk_runs.start(service, staff, ask)), status=202
    )


async def read_bulk(request: web.Request) -> web.Response:
    """Show how far a run has come."""
    staff, service = await staff_of(request), service_of(request)
    run = await bulk_runs.run_of(service, id_of(request, "run_id"))
    return json_response(await read_run(service, staff, run))


async def read_run(service: Service, staff: Staff, run: BulkRun) -> BulkResponse:
    """Return a run, and write down who looks at it and at the sessions that it names."""
    view = await bulk_view(service, run)
    named = tuple(UUID(each.session_id) for each in view.failures)
    await write_audit(service, staff, "read_bulk", session_ids=named, facts={"run": str(run.id)})
    return view


async def bulk_view(service: Service, run: BulkRun) -> BulkResponse:
    """Return a run with the sessions for which it did not work."""
    failures = await service.support.bulk.failed(run.id) if run.failed else ()
    return BulkResponse(
        run_id=str(run.id),
        action=run.action,
        by=run.name,
        reason=run.reason,
        started_at=run.started_at,
        ended_at=run.ended_at,
        more=run.more,
        total=run.total,
        done=run.done,
        failed=run.failed,
        left=run.left,
        failures=[
            FailedResponse(session_id=str(each.session_id), reference=each.reference, why=each.note)
            for each in failures
        ],
    )

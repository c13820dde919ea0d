"""Putting the service together: parts, middlewares, routes, and what runs beside the requests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import cache, partial
from typing import Any, Final

from aiohttp import web
from prometheus_client import CollectorRegistry

from adapters.single_flight import SingleFlight
from booking_flow.engine import allowed_triggers
from booking_flow.flow import Trigger
from booking_flow.model.session import Loaded, Session
from booking_http.api.catalogue_age import CatalogueAge
from booking_http.api.debug_lookups import DebugLookups
from booking_http.api.error_middleware import answer_broken, handle_errors
from booking_http.api.idempotency import KeyedHashes
from booking_http.api.openapi import build_document
from booking_http.routes import ROUTES, add_routes
from booking_http.runtime.connections import RULES, ConnectionRules
from booking_http.runtime.journal_verification import verifying
from booking_http.runtime.optional_services import check_optional_services
from booking_http.service import SERVICE, Service
from booking_http.settings import Settings
from booking_http.staff.wiring import support_of
from booking_http.web.callers import Callers
from booking_http.web.catalogue_gauges import CatalogueGauges
from booking_http.web.client_address import is_exempt
from booking_http.web.event_streams import EventStreams
from booking_http.web.headers import add_headers, preflight
from booking_http.web.health import Health
from booking_http.web.metrics import Metrics, UnreadMembers
from booking_http.web.operations_port import keep_apart
from booking_http.web.outbox_gauges import OutboxGauges
from booking_http.web.readiness_checks import ReadinessChecks
from booking_http.web.request_caps import RequestCaps
from booking_http.web.request_log import log_request
from booking_http.web.route import DOCUMENT
from booking_http.web.session_wakeups import SessionWakeups, watch_versions
from booking_http.web.task_gauges import TaskGauges
from booking_http.web.traffic_gauges import TrafficGauges
from booking_http.web.upkeep_gauges import UpkeepGauges
from booking_http.web.whole_service import WHOLE, WholeService
from booking_http.wiring import Parts, open_parts
from booking_http.worker.cleanup import clean_up, prune, seal_audit
from booking_http.worker.main import Worker, running_worker
from persistence.encryption import KeyKind
from persistence.guest_codes import GuestCodes
from persistence.line_notices import LineNotices
from persistence.lookups import PostgresLookups
from persistence.notify import versions
from persistence.outbox import Outbox
from persistence.rate_limits import PostgresCaps
from persistence.sync_runs import PostgresSyncRuns
from persistence.task_queries import SupportWork

PARTS: Final = web.AppKey("parts", Parts)
WORKER: Final = web.AppKey("worker", Worker)


def create_app(settings: Settings, *, whole: WholeService | None = None) -> web.Application:
    """Return the web application; its parts open when it starts and close when it has stopped.

    `whole` is what one of several processes asks about all of them.
    """
    app = web.Application(
        middlewares=[log_request, preflight, handle_errors, keep_apart],
        client_max_size=settings.max_body_bytes,
    )
    app[DOCUMENT] = _document(settings.public_url)
    app[RULES] = _rules(app, settings)
    if whole is not None:
        app[WHOLE] = whole
    add_routes(app, shop=settings.shop)
    app.on_response_prepare.append(add_headers)
    app.on_shutdown.append(_begin_to_stop)

    async def run(app: web.Application) -> AsyncIterator[None]:
        async with open_parts(settings) as parts:
            app[PARTS], app[SERVICE] = parts, service_of_parts(parts)
            streams = app[SERVICE].streams
            async with (
                verifying(parts),
                beside(
                    SessionWakeups(listener=parts.listener, streams=streams).run(),
                    streams.beat(),
                    watch_versions(
                        streams,
                        partial(versions, parts.database),
                        seconds=settings.heartbeat_seconds,
                    ),
                    clean_up(parts.database, parts.vault, keys=settings.keys()),
                    prune(parts.database, settings.retention()),
                    seal_audit(parts.database),
                    check_optional_services(parts),
                ),
                _working(app, parts),
            ):
                yield

    app.cleanup_ctx.append(run)
    return app


def _rules(app: web.Application, settings: Settings) -> ConnectionRules:
    """Return what connections may take; a proxy's are as many as its guests'."""
    exempt = (
        *settings.trusted_proxies,
        *(settings.shop_networks or ()),
        *settings.caps_exempt,
    )
    return ConnectionRules(
        header_seconds=settings.header_seconds,
        keepalive_seconds=settings.keepalive_seconds,
        per_address=settings.connections_per_address,
        exempt=lambda address: is_exempt(address, exempt),
        broken=lambda _, ours: answer_broken(app, ours=ours),
    )


@cache
def _document(server: str | None) -> Mapping[str, Any]:
    """Return the API's document, which takes longer to make than all the rest of a start."""
    return build_document(ROUTES, server=server)


def service_of_parts(parts: Parts) -> Service:
    """Return what handlers work with."""
    settings, policy = parts.settings, parts.policy

    def allowed(session: Session) -> tuple[Trigger, ...]:
        return allowed_triggers(session, policy=policy)

    checks = ReadinessChecks(
        settings=settings,
        database=parts.database,
        store=parts.store,
        cruises=parts.catalogue,
        redis=parts.redis,
        supplier=parts.supplier,
        waiting=parts.waiting,
        spool=parts.spool,
        journal=parts.journal,
        forgotten=parts.maintenance.forgotten,
        listener=parts.listener,
    )
    metrics, looked_up, caps = Metrics(), CollectorRegistry(), PostgresCaps(parts.database)
    metrics.calls_waiting.set_function(lambda: len(parts.supplier.queue))
    metrics.turned_away.set_function(lambda: parts.supplier.queue.turned_away)
    metrics.crowded.set_function(lambda: parts.supplier.crowded)
    metrics.registry.register(UnreadMembers(parts.supplier))
    metrics.waiting_answers.set_function(parts.waiting.__len__)
    if (journal := parts.journal) is not None:
        metrics.unjournaled_claims.set_function(lambda: journal.unwritten)
    runs = PostgresSyncRuns(parts.database)
    return Service(
        settings=settings,
        engine=parts.engine,
        store=parts.store,
        cruises=parts.catalogue,
        catalogue_age=CatalogueAge(None if settings.catalogue_url else runs),
        caps=caps,
        lookups=PostgresLookups(parts.database, parts.vault),
        codes=GuestCodes(parts.database, parts.vault),
        notices=LineNotices(parts.database, parts.vault),
        support=support_of(parts),
        hashes=KeyedHashes.of(settings.keys()[KeyKind.HASH]),
        callers=Callers(
            trusted=(*settings.trusted_proxies, *(settings.shop_networks or ())), metrics=metrics
        ),
        requests=RequestCaps(
            per_session=settings.cap_requests_per_session,
            at_once=settings.cap_requests_at_once if settings.shop_networks is not None else None,
        ),
        streams=EventStreams(
            per_session=settings.streams_per_session,
            per_address=settings.streams_per_address,
            heartbeat=settings.heartbeat_seconds,
        ),
        health=Health(checks.components(), environment=settings.app_env),
        metrics=metrics,
        looked_up=looked_up,
        catalogue_runs=CatalogueGauges(runs, looked_up),
        outbox=OutboxGauges(Outbox(parts.database), looked_up),
        traffic=TrafficGauges(caps, looked_up),
        tasks=TaskGauges(SupportWork(parts.database), looked_up),
        upkeep=UpkeepGauges(parts.database, settings.keys(), looked_up),
        debugging=DebugLookups(
            settings=settings,
            database=parts.database,
            catalogue=parts.catalogue,
            supplier=parts.supplier,
        ),
        allowed=allowed,
        pricings=SingleFlight[str, Loaded](),
    )


@asynccontextmanager
async def beside(*works: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run these beside the block, and cancel them with it."""
    async with AsyncExitStack() as running:
        for work in works:
            running.push_async_callback(_cancelled, asyncio.create_task(work))
        yield


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@asynccontextmanager
async def _working(app: web.Application, parts: Parts) -> AsyncIterator[None]:
    """Work off what waits beside the requests, if this process is to."""
    if not parts.settings.worker:
        yield
        return
    async with running_worker(parts, metrics=app[SERVICE].metrics) as app[WORKER]:
        yield


async def _begin_to_stop(app: web.Application) -> None:
    """Let nothing new begin that a stop would have to wait for."""
    app[SERVICE].health.stop()
    app[SERVICE].streams.stop()
    if WORKER in app:
        app[WORKER].stop()

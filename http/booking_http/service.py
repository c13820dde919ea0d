"""What handlers work with, put together once by `app`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aiohttp import web
from prometheus_client import CollectorRegistry

from adapters.single_flight import SingleFlight
from booking_flow.engine import Engine
from booking_flow.model.session import Loaded
from booking_flow.ports import SessionStore
from booking_http.api.catalogue_age import CatalogueAge
from booking_http.api.debug_lookups import DebugLookups
from booking_http.api.idempotency import KeyedHashes
from booking_http.api.rate_limits import RateLimits
from booking_http.api.session_response import Allowed
from booking_http.cruises import Cruises
from booking_http.settings import Settings
from booking_http.staff.wiring import Support
from booking_http.web.callers import Callers
from booking_http.web.catalogue_gauges import CatalogueGauges
from booking_http.web.event_streams import EventStreams
from booking_http.web.health import Health
from booking_http.web.metrics import Metrics
from booking_http.web.outbox_gauges import OutboxGauges
from booking_http.web.request_caps import RequestCaps
from booking_http.web.task_gauges import TaskGauges
from booking_http.web.traffic_gauges import TrafficGauges
from booking_http.web.upkeep_gauges import UpkeepGauges
from persistence.guest_codes import GuestCodes
from persistence.line_notices import LineNotices
from persistence.lookups import PostgresLookups


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The parts of a running service."""

    settings: Settings
    engine: Engine
    store: SessionStore
    cruises: Cruises
    catalogue_age: CatalogueAge
    caps: RateLimits
    lookups: PostgresLookups
    codes: GuestCodes
    notices: LineNotices
    support: Support
    hashes: KeyedHashes
    callers: Callers
    requests: RequestCaps
    streams: EventStreams
    health: Health
    metrics: Metrics
    looked_up: CollectorRegistry
    """What the database knows, which is the same whichever process asks it."""
    catalogue_runs: CatalogueGauges
    outbox: OutboxGauges
    traffic: TrafficGauges
    tasks: TaskGauges
    upkeep: UpkeepGauges
    debugging: DebugLookups
    allowed: Allowed
    pricings: SingleFlight[str, Loaded]


SERVICE: Final = web.AppKey("service", Service)

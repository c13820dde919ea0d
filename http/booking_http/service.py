"""What handlers work with, put together once by `app`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from booking_flow.engine import Answer, Engine
from booking_flow.ports import SessionStore
from booking_http.api.debug_lookups import Debugging
from booking_http.api.idempotency import KeyedHashes
from booking_http.api.rate_limits import Caps
from booking_http.api.session_response import Allowed
from booking_http.cruises import Cruises
from booking_http.settings import Settings
from booking_http.staff.wiring import Support
from booking_http.web.catalogue_gauges import RunGauges
from booking_http.web.event_streams import Streams
from booking_http.web.health import Health
from booking_http.web.metrics import Metrics
from booking_http.web.outbox_gauges import OutboxGauges
from booking_http.web.single_flight import Flights
from persistence.lookups import PostgresLookups


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The parts of a running service."""

    settings: Settings
    engine: Engine
    store: SessionStore
    cruises: Cruises
    caps: Caps
    lookups: PostgresLookups
    support: Support
    hashes: KeyedHashes
    streams: Streams
    health: Health
    metrics: Metrics
    catalogue_runs: RunGauges
    outbox: OutboxGauges
    debugging: Debugging
    allowed: Allowed
    pricings: Flights[str, Answer]


SERVICE: Final = web.AppKey("service", Service)

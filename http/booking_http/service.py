"""What handlers work with, put together once by `bootstrap`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from booking_flow.engine import Answer, Engine
from booking_flow.ports import SessionStore
from booking_http.caps import Caps
from booking_http.cruises import Cruises
from booking_http.debugging import Debugging
from booking_http.flights import Flights
from booking_http.health import Health
from booking_http.idempotency import KeyedHashes
from booking_http.metrics import Metrics
from booking_http.outbox_gauges import OutboxGauges
from booking_http.run_gauges import RunGauges
from booking_http.session_body import Allowed
from booking_http.settings import Settings
from booking_http.streams import Streams
from booking_http.support.parts import Support
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

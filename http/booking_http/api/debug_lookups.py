"""Where a service really is: what it looks up in its databases, and asks of the supplier."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from adapters.catalogue.inspection import Inspection
from adapters.catalogue.quality import LineCount
from adapters.catalogue.reader import CatalogueReader
from adapters.catalogue.search_statements import Filters
from adapters.traveltek.client import TraveltekClient
from adapters.traveltek.clock import clock_ahead
from booking_flow.model.party import Party
from booking_flow.model.sailing import Sailing
from booking_flow.supplier import SearchHit
from booking_flow.supplier_errors import SupplierError
from booking_http.api import debug_responses as tell
from booking_http.settings import Settings
from booking_http.wiring import passing_call
from persistence.clock import now
from persistence.database import Database
from persistence.database_info import session_counts, vitals
from persistence.environment_mark import Mark, read_mark
from persistence.revisions import head, standing

_PARTY: Final = Party(adults=2)
_CLOCK_LIMIT: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DebugLookups:
    """Tells staff which world a running service is in."""

    settings: Settings
    database: Database
    catalogue: CatalogueReader
    supplier: TraveltekClient

    async def db_info(self) -> tell.DbInfoResponse:
        """Look at the databases."""
        settings, found = self.settings, await vitals(self.database)
        mark = await read_mark(self.database)
        return tell.DbInfoResponse(
            environment=settings.app_env,
            mark=None if mark is None else _mark(mark),
            database=tell.DatabaseResponse(
                name=found.name, version=found.version, account=found.account
            ),
            revision=(await standing(self.database)).revision,
            needed_revision=head(),
            server_time=found.now,
            catalogue=await self._catalogue(),
            sessions=dict(await session_counts(self.database)),
        )

    async def check_supplier(self) -> tell.SupplierCheckResponse:
        """Sign in at the supplier and search for the first sailing on sale."""
        settings = self.settings
        ahead = await clock_ahead(
            settings.traveltek_base_url, now=lambda: datetime.now(UTC), limit=_CLOCK_LIMIT
        )
        token = await self._token()
        return tell.SupplierCheckResponse(
            environment=settings.app_env,
            base_url=settings.traveltek_base_url,
            sid=settings.traveltek_sid,
            clock_ahead_seconds=None if ahead is None else round(ahead.total_seconds()),
            token=token,
            search=await self._search() if token.good else None,
        )

    async def _catalogue(self) -> tell.CatalogueResponse:
        server, found = await self.catalogue.server(), await self.catalogue.inspection()
        today = await self._today()
        counted = await self.catalogue.counts(today=today) if found.usable else ()
        return tell.CatalogueResponse(
            database=tell.DatabaseResponse(
                name=server.name, version=server.version, account=server.account
            ),
            layout=f"{self.settings.catalogue_layout} in schema {found.layout.schema}",
            bookable=found.usable,
            lacking=_lacking(found),
            lines=[_line(each, self.settings.live_lines) for each in counted],
        )

    async def _token(self) -> tell.TokenResponse:
        try:
            left = await self.supplier.sign_in(ctx=passing_call())
        except SupplierError as error:
            return tell.TokenResponse(good=False, seconds_left=None, why_not=str(error))
        return tell.TokenResponse(good=True, seconds_left=round(left), why_not=None)

    async def _search(self) -> tell.SearchResponse | None:
        page = await self.catalogue.search(Filters(after=await self._today()), limit=1)
        if not page.sailings:
            return None
        sailing = page.sailings[0]
        try:
            hit = await self.supplier.search(
                sailing, _PARTY, self.settings.currency, ctx=passing_call()
            )
        except SupplierError as error:
            return _searched(sailing, "failed", detail=str(error))
        return _judged(sailing, hit)

    async def _today(self) -> date:
        return (await now(self.database)).date()


def _judged(sailing: Sailing, hit: SearchHit | None) -> tell.SearchResponse:
    if hit is None:
        return _searched(sailing, "not_found")
    if hit.line_id != sailing.line_id:
        return _searched(sailing, "other_line", line=hit.line_id)
    return _searched(sailing, "sold_out" if hit.sold_out else "agrees", line=hit.line_id)


def _searched(
    sailing: Sailing, outcome: tell.Outcome, *, line: int | None = None, detail: str | None = None
) -> tell.SearchResponse:
    return tell.SearchResponse(
        cruise_id=sailing.cruise_id,
        line_id=sailing.line_id,
        outcome=outcome,
        supplier_line_id=line,
        detail=detail,
    )


def _mark(mark: Mark) -> tell.MarkResponse:
    return tell.MarkResponse(
        app_env=mark.app_env, supplier_sid=mark.supplier_sid, marked_at=mark.marked_at
    )


def _lacking(found: Inspection) -> list[str]:
    return [str(finding) for finding in (*found.harmful, *found.lacking)]


def _line(count: LineCount, live: Collection[int]) -> tell.LineResponse:
    return tell.LineResponse(
        line_id=count.line_id,
        name=count.name,
        live=count.line_id in live,
        sailings=count.sailings,
        first=count.first,
        last=count.last,
    )

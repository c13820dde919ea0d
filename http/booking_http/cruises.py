"""Sailings on sale: what may be asked of the catalogue."""

from __future__ import annotations

from typing import Protocol

from adapters.catalogue.connection import Server
from adapters.catalogue.descriptions import SailingDetails, SearchCounts
from adapters.catalogue.inspection import Inspection
from adapters.catalogue.reader import CataloguePage
from adapters.catalogue.search_statements import Filters, SortKey
from booking_flow.model.sailing import Sailing


class Cruises(Protocol):
    """The catalogue as guests browse it."""

    async def sailing(self, cruise_id: str) -> Sailing | None:
        """Return a sailing by the supplier's `codetocruiseid`, or None."""

    async def inspection(self) -> Inspection:
        """Return which of the columns we ask for there are."""

    async def server(self) -> Server:
        """Return which database this is, asked now."""

    async def details(self, cruise_id: str) -> SailingDetails | None:
        """Return the same sailing with all that the catalogue tells of it, or None."""

    async def search(
        self,
        filters: Filters,
        *,
        sort: SortKey = SortKey.DATE,
        cursor: str | None = None,
        limit: int = 20,
    ) -> CataloguePage:
        """Return sailings of live lines; may raise `BadCursor`."""

    async def search_counts(self, filters: Filters) -> SearchCounts:
        """Return how many sailings the filters find, and how many with other choices."""

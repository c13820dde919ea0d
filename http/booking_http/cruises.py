"""Sailings on sale: what may be asked of the catalogue."""

from __future__ import annotations

from datetime import date
from typing import Protocol

from adapters.catalogue.connection import Server
from adapters.catalogue.inspection import Inspection
from adapters.catalogue.reader import CataloguePage
from booking_flow.model.sailing import Sailing


class Cruises(Protocol):
    """The catalogue as guests browse it."""

    async def sailing(self, cruise_id: str) -> Sailing | None:
        """Return a sailing by the supplier's `codetocruiseid`, or None."""

    async def inspection(self) -> Inspection:
        """Return which of the columns we ask for there are."""

    async def server(self) -> Server:
        """Return which database this is, asked now."""

    async def search(
        self,
        *,
        today: date,
        line: int | None = None,
        month: date | None = None,
        nights_min: int | None = None,
        nights_max: int | None = None,
        port: str | None = None,
        cursor: str | None = None,
        limit: int = 20,
    ) -> CataloguePage:
        """Return sailings of live lines that leave after `today`; may raise `BadCursor`."""

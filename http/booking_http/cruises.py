"""Sailings on sale: what may be asked of the catalogue."""

from __future__ import annotations

from datetime import date
from typing import Protocol

from booking_flow.sailing import Sailing
from persistence.catalogue import CataloguePage


class Cruises(Protocol):
    """The catalogue as guests browse it."""

    async def sailing(self, cruise_id: str) -> Sailing | None:
        """Return a sailing by the supplier's `codetocruiseid`, or None."""

    async def search(
        self,
        *,
        line: int | None = None,
        month: date | None = None,
        nights_min: int | None = None,
        nights_max: int | None = None,
        port: str | None = None,
        cursor: str | None = None,
        limit: int = 20,
    ) -> CataloguePage:
        """Return coming sailings of live lines; may raise `persistence.catalogue.BadCursor`."""

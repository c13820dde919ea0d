"""Putting right what the supplier says otherwise: proposed, confirmed, applied."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adapters.catalogue.connection import open_pool
from adapters.catalogue.inspection import inspect
from adapters.catalogue.row_fixes import MayOnlyRead, RowFix, RowsFixed, fix_rows
from booking_http.cli.catalogue_runs import environment_of
from booking_http.runtime.process import CannotRun
from booking_http.settings import Settings
from persistence.environment_mark import AppEnv


async def ensure_writable(settings: Settings, *, production: bool) -> None:
    """Refuse to correct the catalogue of production, unless `production` says that it is meant.

    Raises:
        CannotRun: the catalogue is not to be written.
    """
    marked = await environment_of(settings.catalogue_dsn())
    world = marked or settings.app_env
    if AppEnv.PRODUCTION in {world, settings.app_env} and not production:
        raise CannotRun(
            "this is a production catalogue, which is corrected where it comes from;"
            " --production corrects it here all the same. Nothing was changed"
        )


async def apply(settings: Settings, fixes: Sequence[RowFix]) -> RowsFixed:
    """Write corrections in one transaction; what one row refuses leaves the others.

    Raises:
        CannotRun: the account may only read.
    """
    async with open_pool(
        settings.catalogue_dsn(),
        size=2,
        read_only=False,
        time_zone=settings.catalogue_time_zone,
    ) as pool:
        async with pool.lent() as connection:
            found = await inspect(connection, settings.catalogue())
        try:
            return await fix_rows(pool, found, fixes)
        except MayOnlyRead as error:
            raise CannotRun(
                "the account of the catalogue may only read; run this once with a CATALOGUE_URL"
                f" whose account may update sailings ({error}). Nothing was changed"
            ) from error


def facts(fixed: RowsFixed) -> dict[str, Any]:
    """Return what became of corrections, for JSON."""
    return {
        "done": [each.cruise_id for each in fixed.done],
        "noSuchLine": [each.cruise_id for each in fixed.no_such_row],
        "changedMeanwhile": [each.cruise_id for each in fixed.changed_meanwhile],
        "refused": [{"cruiseId": each.cruise_id, "why": why} for each, why in fixed.refused],
    }

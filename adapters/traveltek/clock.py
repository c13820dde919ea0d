"""How far the supplier's clock is from ours, by the Date header of any answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from aiohttp import ClientError, ClientSession, ClientTimeout
from yarl import URL


async def clock_ahead(
    base_url: str, *, now: Callable[[], datetime], limit: float
) -> timedelta | None:
    """Return how far the supplier's clock runs ahead of ours, to a second; None if it is silent.

    Asks for the supplier's front page, which needs no account and counts as no call.
    """
    begun = now()
    try:
        async with (
            ClientSession(timeout=ClientTimeout(total=limit)) as http,
            http.get(URL(base_url).origin(), allow_redirects=False) as answer,
        ):
            told = parsedate_to_datetime(answer.headers["Date"])
    except (ClientError, OSError, TimeoutError, KeyError, ValueError):
        return None
    # The header is cut to whole seconds, so on average it is half a second old.
    return told - (begun + (now() - begun) / 2) + timedelta(milliseconds=500)

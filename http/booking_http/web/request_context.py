"""What a request carries with it: its id, who calls, and the session it is about."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final
from uuid import uuid4

from aiohttp import web

from booking_flow.model.card_numbers import holds_card_number
from booking_flow.model.session import Session
from booking_http.web.client_address import ClientAddress

_SANE: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSubject:
    """The session of a request, and the caller's own name for it."""

    session: Session
    session_id: str | None = field(repr=False)
    """None where a mailed link shows the session, and not its secret."""


REQUEST_ID: Final = web.RequestKey("request_id", str)
CALLER: Final = web.RequestKey("caller", ClientAddress)
SUBJECT: Final = web.RequestKey("visit", RequestSubject)


def request_id_of(header: str | None) -> str:
    """Take the caller's id if it is a sane one without a card number, or make one."""
    sane = header is not None and _SANE.fullmatch(header) and not holds_card_number(header)
    return header if header and sane else uuid4().hex

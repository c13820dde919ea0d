"""A guest who asks to see their booking again."""

from __future__ import annotations

from typing import Literal

from booking_http.web.models import Ask, Code, Email, Tell


class LookupAsk(Ask):
    """The booking's reference, and the e-mail address it was made with."""

    reference: Code
    email: Email


class LookupTell(Tell):
    """The request was heard; whether there is such a booking is told by mail alone."""

    status: Literal["accepted"]

"""A guest who asks to see their booking again."""

from __future__ import annotations

from typing import Literal

from booking_http.web.models import Code, Email, RequestModel, ResponseModel


class LookupRequest(RequestModel):
    """The booking's reference, and the e-mail address it was made with."""

    max_bytes = 2 * 1024

    reference: Code
    email: Email


class LookupResponse(ResponseModel):
    """The request was heard; whether there is such a booking is told by mail alone."""

    status: Literal["accepted"]

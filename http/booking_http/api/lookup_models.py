"""A guest who asks to see their booking again."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from booking_http.api.corrections import CorrectionRequest
from booking_http.api.people import MailAddress
from booking_http.api.requests import CancelRequest, PaymentRequest
from booking_http.api.responses import CorrectionResponse, SessionResponse
from booking_http.web.models import Code, Email, Moment, RequestModel, ResponseModel


class LookupRequest(RequestModel):
    """The booking's reference, and the e-mail address it was made with."""

    max_bytes = 2 * 1024

    reference: Code
    email: Email


class LineNoticeRequest(RequestModel):
    """Where to mail once the cruise line answers again, or the session is about to end."""

    max_bytes = 2 * 1024

    email: MailAddress


class LookupResponse(ResponseModel):
    """The request was heard; whether there is such a booking is told by mail alone."""

    status: Literal["accepted"]


Digits = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]


class CodeRequest(RequestModel):
    """The code that was mailed for this; it is used up by it."""

    max_bytes = 1024

    code: Digits = Field(repr=False)


class GuestCorrectionRequest(CorrectionRequest):
    """Put right what was typed wrong, with the code that was mailed for this."""

    code: Digits = Field(repr=False)


class GuestPaymentRequest(PaymentRequest):
    """Pay what is due for a booking, with the code that was mailed for this."""

    code: Digits = Field(repr=False)


class GuestCancelRequest(CancelRequest):
    """Cancel, with the code that was mailed for this, and a reason if there is one."""

    code: Digits = Field(repr=False)


class KeptCorrectionResponse(CorrectionResponse):
    """A field that was typed wrong, what it should say, and why."""

    value: str | None
    reason: str | None


class DataCopyResponse(ResponseModel):
    """All that is kept of a guest: what they typed, what was booked, and what they asked for."""

    made_at: Moment
    session: SessionResponse
    cancel_reason: str | None
    """Why the guest cancelled, in their words."""
    corrections: list[KeptCorrectionResponse]
    """With what each field was to say."""

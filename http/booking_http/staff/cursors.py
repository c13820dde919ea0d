"""Cursors: where a page ended, as text that means nothing to who carries it."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from uuid import UUID

from booking_flow.errors import Fault, RefusalCode
from booking_http.web.problems import Problem
from persistence.support_filters import CursorPlace


def write_place(at: datetime, row_id: UUID) -> str:
    """Return the cursor of what comes after this row."""
    return urlsafe_b64encode(f"{at.isoformat()} {row_id}".encode()).decode().rstrip("=")


def read_place(cursor: str | None) -> CursorPlace | None:
    """Return where to go on, or None to begin.

    Raises:
        Problem: this is none of our cursors.
    """
    if cursor is None:
        return None
    try:
        written = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        at, _, row_id = written.partition(" ")
        return CursorPlace(at=_aware(at), id=UUID(row_id))
    except (binascii.Error, UnicodeDecodeError, ValueError):
        fault = Fault(pointer="/cursor", detail="is not the cursor of a page")
        raise Problem(code=RefusalCode.VALIDATION_FAILED.value, errors=(fault,)) from None


def _aware(written: str) -> datetime:
    at = datetime.fromisoformat(written)
    if at.tzinfo is None:
        raise ValueError("without a zone it is no moment")
    return at

"""A cruise as an entry of a calendar (RFC 5545)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from booking_http.shop.formats import moment_of
from booking_http.shop.pages import Body

_OCTETS: Final = 73
"""Bytes of a line before it is folded: 75 at most, with the space that a folded one begins with."""


def calendar_of(body: Body) -> str:
    """Return the days of a booked cruise; the last day is the one after the ship is back."""
    cruise, booking = body["cruise"], body["booking"]
    first = date.fromisoformat(cruise["sailingDate"])
    after = first + timedelta(days=cruise["nights"] + 1)
    stamp = moment_of(body["serverTime"])
    lines = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//booking-flow//shop//EN",
        "BEGIN:VEVENT",
        f"UID:{body['reference']}@booking-flow",
        f"DTSTAMP:{stamp:%Y%m%dT%H%M%SZ}",
        f"DTSTART;VALUE=DATE:{first:%Y%m%d}",
        f"DTEND;VALUE=DATE:{after:%Y%m%d}",
        f"SUMMARY:{_text(cruise['name'])}\\, {_text(cruise['shipName'])}",
        f"DESCRIPTION:{_text(cruise['lineName'])} {_text(booking['reservation'])}\\, "
        f"{body['reference']}",
        "TRANSP:OPAQUE",
        "END:VEVENT",
        "END:VCALENDAR",
    )
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return " ".join(escaped.split())


def _folded(line: str) -> str:
    """Fold a line so that none is longer than calendars must take, and no letter is cut."""
    parts, rest = [], line
    while rest:
        piece = rest.encode()[:_OCTETS].decode(errors="ignore")
        parts.append(piece)
        rest = rest[len(piece) :]
    return "\r\n ".join(parts)

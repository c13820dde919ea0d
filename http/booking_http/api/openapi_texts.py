"""What the document says of names in paths, queries and headers."""

from __future__ import annotations

from typing import Any, Final

PARAMETERS: Final[dict[str, dict[str, Any]]] = {
    "session_id": {"description": "The `sessionId` as it was given; keep it secret."},
    "cruise_id": {"description": "The supplier's id of the sailing."},
    "session_uuid": {"description": "The session's id, without the secret only its guest knows."},
    "task_id": {"description": "As the list of tasks showed it."},
    "token": {"description": "The end of a mailed link."},
    "line": {"description": "The cruise line's id."},
    "ship": {"description": "The ship's id."},
    "q": {"description": "Words that the names of sailing, line, ship or ports hold."},
    "embarkPort": {"description": "The name of the port it leaves from."},
    "sort": {"description": "The order; sailings without a price come last in that of prices."},
    "month": {"description": "The month it leaves in, such as 2027-03."},
    "nightsMin": {"description": "At least so many nights."},
    "nightsMax": {"description": "At most so many nights."},
    "port": {"description": "The name of a port it calls at."},
    "cursor": {"description": "`next` of the page before."},
    "limit": {"description": "How many on a page."},
    "kind": {"description": "What there is to find out or do."},
    "mine": {"description": "Only what one works on oneself."},
    "overdue": {"description": "Only what should have been answered by now."},
    "run_id": {"description": "As the start of the run answered it."},
    "window": {"description": "How far back to look."},
    "resultNo": {"description": "As pricing showed it."},
    "gradeNo": {"description": "As pricing showed it."},
    "rateCode": {"description": "As pricing showed it."},
    "Idempotency-Key": {
        "description": "16 to 255 printable characters, unique to this request; kept for 24 hours."
        " To open a session: a UUID, or at least 32 characters of hex or base64.",
        "schema": {"type": "string", "minLength": 16, "maxLength": 255},
    },
    "If-Match": {"description": "The ETag of the version that is to be changed."},
    "Last-Event-ID": {"description": "The id of the last event seen, to go on from there."},
    "X-CSRF-Token": {"description": "`csrfToken` of the sign-in; needed beside its cookie."},
}

SHOWN: Final = {
    "session_uuid": "sessionId",
    "session_id": "sessionId",
    "cruise_id": "cruiseId",
    "task_id": "taskId",
    "run_id": "runId",
}
"""Names in paths, in the spelling of the document."""

TAGS: Final = {
    "Cruises": "Finding a sailing.",
    "Session": "One guest's way to a booking, from the first look at prices to its end.",
    "Cabins": "Live prices, cabins, and choosing one.",
    "Basket": "The cabin that the cruise line holds.",
    "Booking": "Booking the held cabin and paying for it.",
    "Look-up": "Seeing a booking again, by reference and e-mail.",
    "Support": "What staff see and do.",
    "Debug": "Which databases and supplier a running service really uses.",
    "Operations": "What operators and developers ask of the service itself.",
}

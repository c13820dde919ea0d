"""Where each thing a client may do next is done: names become methods and addresses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, Literal

from booking_flow.flow import Trigger
from booking_http.api.responses import ActionResponse

BASE: Final = "/api/v1/booking"
Method = Literal["GET", "POST", "PATCH", "DELETE"]

ACTIONS: Final[Mapping[str, tuple[Method, str]]] = MappingProxyType(
    {
        Trigger.PRICE.value: ("GET", "/{session_id}/pricing"),
        Trigger.SELECT_CABIN.value: ("POST", "/{session_id}/select-cabin"),
        Trigger.ADD_TO_BASKET.value: ("POST", "/{session_id}/basket"),
        Trigger.RELEASE_BASKET.value: ("DELETE", "/{session_id}/basket"),
        Trigger.BOOK.value: ("POST", "/{session_id}/create"),
        Trigger.PAY.value: ("POST", "/{session_id}/payment"),
        Trigger.CANCEL.value: ("POST", "/{session_id}/cancel"),
        "specific_cabins": ("GET", "/{session_id}/specific-cabins"),
        "read_session": ("GET", "/session/{session_id}"),
        "mail_code": ("POST", "/{session_id}/code"),
        "restart": ("POST", "/{session_id}/restart"),
        "open_session": ("POST", "/session"),
        "list_cruises": ("GET", "/cruises"),
    }
)


def session_href(session_id: str) -> str:
    """Return the address of a session."""
    return f"{BASE}/session/{session_id}"


def describe(names: Iterable[str], *, session_id: str | None) -> list[ActionResponse]:
    """Return the actions with their addresses; without a session, those that need none."""
    return [
        ActionResponse(name=name, method=method, href=BASE + path.format(session_id=session_id))
        for name in names
        for method, path in (ACTIONS[name],)
        if session_id is not None or "{" not in path
    ]

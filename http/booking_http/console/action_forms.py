"""What staff may do on a session's page: the core's actions as forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from booking_flow.model.session import Session
from booking_flow.staff import actions
from booking_flow.staff.action import Action, Parameters, Situation, StaffCommand
from booking_http.console.auth import Fields
from booking_http.console.forms import understand
from booking_http.staff.requests import REQUESTS
from booking_http.web.auth import Staff

_MORE: Final[Mapping[str, str]] = MappingProxyType(
    {
        actions.EXTEND.name: "session/extend.html",
        actions.RECORD.name: "session/record.html",
        actions.CORRECT.name: "session/correct.html",
        actions.REFUND.name: "session/refund.html",
        actions.DUPLICATE.name: "session/duplicate.html",
        actions.MOVE.name: "session/move.html",
        actions.REDACT.name: "session/redact.html",
    }
)
"""The templates of what forms ask for beside a reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedAction:
    """An action as this member of staff sees it now; `barred` says why they cannot take it."""

    deed: Action[Any]
    barred: str | None

    @property
    def more(self) -> str | None:
        """Return the template of what its form asks for beside a reason."""
        return _MORE.get(self.deed.name)


def offers(now: Situation, *, staff: Staff) -> Sequence[OfferedAction]:
    """Return every action, those that cannot be taken now with the reason."""
    return [
        OfferedAction(deed=action, barred=_barred(action, now, staff))
        for action in actions.ACTIONS.values()
    ]


def _barred(action: Action[Any], now: Situation, staff: Staff) -> str | None:
    if not staff.account.role.includes(action.role):
        return f"This needs the role {action.role.value}."
    return action.why_not(now)


def read_order(
    action: Action[Any], fields: Fields, staff: Staff, session: Session
) -> tuple[StaffCommand, Parameters]:
    """Read what is to be done, why, and which version of the session was seen.

    Raises:
        FormRejected: something is missing or wrong.
    """
    ask = understand(_as_sent(action, fields), REQUESTS[action.name], form=action.name)
    parameters = ask.parameters()
    if isinstance(parameters, actions.Destination):
        parameters = _seen_remains(parameters, fields)
    order = StaffCommand(
        staff=staff.member, session_id=session.id, seen=seen_in(fields), reason=ask.reason
    )
    return order, parameters


def _as_sent(action: Action[Any], fields: Fields) -> Fields:
    """Return the fields as a program would send them.

    A form's time of day is UTC, and a correction that is left empty clears its field.
    """
    if action is actions.CORRECT:
        return {"value": "", **fields}
    if action is not actions.EXTEND or "until" not in fields:
        return fields
    return {**fields, "until": f"{fields['until']}Z"}


def _seen_remains(destination: actions.Destination, fields: Fields) -> actions.Destination:
    """Add what was shown beside the state as not undone; it comes back with the form."""
    shown = fields.get(f"remains-{destination.to}", "").split()
    return replace(destination, not_undone=frozenset(shown))


def seen_in(fields: Fields) -> frozenset[int]:
    """Return the version a form was drawn for; none where it does not say."""
    version = fields.get("version", "")
    known = version.isascii() and version.isdigit() and len(version) < 10
    return frozenset({int(version)} if known else ())

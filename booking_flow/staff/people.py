"""Members of staff: who acts, in which role, and what the audit and the history note of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from booking_flow.errors import RefusalCode, refuse
from booking_flow.model.audit import AuditEntry
from booking_flow.model.history import ActorKind, Origin


class Role(StrEnum):
    """What a member of staff may do; each may do all that those before it may."""

    VIEWER = "viewer"
    """Reads, with the guests' personal data masked."""
    AGENT = "agent"
    """Reads everything, acts, and answers tasks."""
    SUPERVISOR = "supervisor"
    """Also overrides the line's record and erases guests."""

    def includes(self, other: Role) -> bool:
        """Whether this role may do what `other` may."""
        order = list(Role)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffMember:
    """Who acts; an operator at the machine has no account."""

    name: str
    role: Role
    account_id: UUID | None = None
    request_id: str | None = None

    @property
    def origin(self) -> Origin:
        """Return what the history notes of what they do."""
        return Origin(actor=ActorKind.STAFF, actor_name=self.name, request_id=self.request_id)

    def ensure(self, role: Role, detail: str | None = None) -> None:
        """Let nobody do what is not theirs.

        Raises:
            Refused: `forbidden`.
        """
        if not self.role.includes(role):
            raise refuse(RefusalCode.FORBIDDEN, detail or f"This needs the role {role.value}.")

    def entry(
        self,
        action: str,
        *,
        session_ids: tuple[UUID, ...] = (),
        task_id: UUID | None = None,
        reason: str | None = None,
        facts: Mapping[str, str] = MappingProxyType({}),
    ) -> AuditEntry:
        """Return the line that the audit holds of something they look at or do."""
        return AuditEntry(
            account_id=self.account_id,
            name=self.name,
            action=action,
            session_ids=session_ids,
            task_id=task_id,
            reason=reason,
            request_id=self.request_id,
            facts=facts,
        )


def operator(name: str) -> StaffMember:
    """Return who works at the machine itself: whoever holds its database may do anything."""
    return StaffMember(name=f"{name} (operator)", role=Role.SUPERVISOR)

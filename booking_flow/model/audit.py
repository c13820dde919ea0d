"""A line of the audit: who of the staff looked at or did what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One line; `facts` hold nothing personal, and never what was searched for."""

    account_id: UUID | None
    name: str
    action: str
    session_ids: tuple[UUID, ...] = ()
    task_id: UUID | None = None
    reason: str | None = None
    request_id: str | None = None
    facts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    at: datetime | None = None
    """When it was written; nobody says so themselves."""

"""How staff find sessions: by whatever the caller has, by what needs attention, page by page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import TextClause, text

from booking_flow.model.session import Session
from persistence.database import Database, fetch_all
from persistence.encryption import Vault
from persistence.personal import open_details
from persistence.rows import SESSION, session_of
from persistence.search import SHORTEST_PHONE, SearchKind, hashes_of_query, phone_digits
from persistence.statements import Row
from persistence.support_filters import FILTERS, WantedSessions, filters_of

_UUID: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?=\.|$)", re.IGNORECASE
)
_REFERENCE: Final = re.compile(r"(?:BF-?)?([0-9A-Z]{8})", re.IGNORECASE)

# What a page shows is read for that page alone: a common surname is found thousands of times.
_SHOWN: Final = "".join(
    (
        "SELECT ",
        SESSION,
        """,
       k.wrapped_key, CAST(NULL AS jsonb) AS quote, t.name AS step_name,
       t.status AS step_status, t.claimed_at, t.fence, t.intent, b.reservation,
       b.supplier_booking_id, b.status AS booking_status, b.total AS booking_total, b.paid,
       b.currency AS booking_currency, b.paid_currency, b.payment_due_at, b.collect_by,
       b.kept, b.reminded_at, b.balance_due_date, b.card_brand, b.card_last4, booking_now() AS now,
       (SELECT c.kind FROM staff_tasks c WHERE c.session_id = s.id AND c.closed_at IS NULL
        ORDER BY c.due_at, c.id LIMIT 1) AS task_kind,
       (SELECT min(c.due_at) FROM staff_tasks c
        WHERE c.session_id = s.id AND c.closed_at IS NULL) AS task_due_at,
       EXISTS (SELECT FROM saga_steps o
               WHERE o.session_id = s.id AND o.status = 'owed') AS owes_undo
FROM page p JOIN booking_sessions s ON s.id = p.id
LEFT JOIN session_keys k ON k.session_id = s.id
LEFT JOIN saga_steps t ON t.session_id = s.id AND t.id = s.open_step
LEFT JOIN bookings b ON b.session_id = s.id
ORDER BY p.created_at DESC, p.id DESC""",
    )
)

_PAGE: Final = "WITH page AS MATERIALIZED (SELECT found.id, found.created_at FROM (\n"
_ANY: Final = "booking_sessions s WHERE true"
_ARMS: Final[Mapping[str, str]] = {
    "id": "booking_sessions s WHERE s.id = CAST(:id AS uuid)",
    "reference": """session_references r JOIN booking_sessions s ON s.id = r.session_id
    WHERE r.reference = :reference""",
    "number": """booking_sessions s WHERE s.id IN (
        SELECT session_id FROM bookings WHERE supplier_booking_id = :number
        UNION SELECT session_id FROM bookings WHERE reservation IN (:number, upper(:number)))""",
    "request": """booking_sessions s WHERE s.id IN (
        SELECT session_id FROM session_history WHERE request_id = :request)""",
}
"""Where each kind of key is looked up."""
_BY_GUEST: Final = frozenset(kind.value for kind in SearchKind)
_TIMES: Final = ("since", "until", "before")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A session that was found, and what it waits for."""

    session: Session
    now: datetime
    task_kind: str | None
    task_due_at: datetime | None
    owes_undo: bool


class SupportSearch:
    """Searches sessions; personal keys are hashed before they reach the database."""

    def __init__(self, engine: Database, vault: Vault) -> None:
        """Take the pool and the keys."""
        self._engine = engine
        self._vault = vault

    async def find(self, wanted: WantedSessions) -> Sequence[Hit]:
        """Return a page of sessions, the latest first."""
        keys = self.keys(wanted.query) if wanted.query else {}
        filters = filters_of(wanted)
        statement = _statement(tuple(keys), tuple(filters))
        values = {name: value for found in filters.values() for name, value in found.items()}
        rows = await fetch_all(self._engine, statement, {**keys, **values, "limit": wanted.limit})
        return [self._hit(row) for row in rows]

    def keys(self, query: str) -> dict[str, Any]:
        """Return the keys that a query may mean, each under the name its statement knows."""
        words = query.strip()
        if found := _UUID.match(words):
            return {"id": UUID(found[0])}
        keys: dict[str, Any] = {"request": words, "number": words}
        if found := _REFERENCE.fullmatch(words.replace(" ", "")):
            keys["reference"] = f"BF-{found[1].upper()}"
        for kind in _kinds(words):
            keys.update(self._hashes(kind, words))
        return keys

    def _hashes(self, kind: SearchKind, words: str) -> Iterator[tuple[str, bytes]]:
        """Return the hashes a guest may lie under, each of which is an arm of its own.

        Of each the latest are read alone, in the order of time, which no list of hashes allows.
        """
        for number, each in enumerate(hashes_of_query(self._vault, kind, words)):
            yield f"{kind.value}_{number}", each

    def _hit(self, row: Row) -> Hit:
        details = open_details(self._vault, row.wrapped_key, row.id, row.details_ciphertext)
        return Hit(
            session=session_of(row, details),
            now=row.now,
            task_kind=row.task_kind,
            task_due_at=row.task_due_at,
            owes_undo=row.owes_undo,
        )


def _kinds(words: str) -> Iterator[SearchKind]:
    """Return what of a guest the words may be."""
    if "@" in words:
        yield SearchKind.EMAIL
        return
    if len(phone_digits(words)) >= SHORTEST_PHONE:
        yield SearchKind.PHONE
    yield SearchKind.SURNAME


@cache
def _statement(arms: tuple[str, ...], filters: tuple[str, ...]) -> TextClause:
    """Return the statement for this shape of search; its text never varies."""
    found = "\nUNION\n".join(_arm(name, filters) for name in arms or ("",))
    order = _ordered("found.created_at", "found.id")
    return text("".join((_PAGE, found, "\n) AS found", order, "\n)", _SHOWN)))


def _arm(name: str, filters: tuple[str, ...]) -> str:
    """Return the latest that one key finds: as many as a page shows at most."""
    conditions = [FILTERS[each] for each in filters]
    order = _ordered("s.created_at", "s.id")
    kind = name.partition("_")[0]
    if kind in _BY_GUEST:
        # The keys of guests lie in the order of time, so that older ones need not be looked at.
        conditions += [_of_key(FILTERS[each]) for each in filters if each in _TIMES]
        order = _of_key(order)
    place = _of_guest(kind, name) if kind in _BY_GUEST else _ARMS.get(name, _ANY)
    parts = ("(SELECT s.id, s.created_at FROM ", place, *_all(conditions), order)
    return "".join((*parts, ")"))


def _of_guest(kind: str, name: str) -> str:
    return "".join(
        (
            "session_search f JOIN booking_sessions s ON s.id = f.session_id",
            f"\n    WHERE f.kind = '{kind}' AND f.hash = :{name}",
        )
    )


def _all(conditions: Iterable[str]) -> Iterator[str]:
    return (f"\n    AND {each}" for each in conditions)


def _of_key(sql: str) -> str:
    return sql.replace("s.created_at", "f.begun_at").replace("s.id", "f.session_id")


def _ordered(at: str, key: str) -> str:
    """Put the latest first; what is created at the same instant lies in the order of its id."""
    return f"\nORDER BY {at} DESC, {key} DESC LIMIT :limit"

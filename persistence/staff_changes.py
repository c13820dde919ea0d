"""Changes of accounts and of what opens them, each in one commit with its line in the audit."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import TextClause, text

from booking_flow.staff.people import Role, StaffMember
from persistence.audit import audited
from persistence.codec import encode
from persistence.database import Database, fetch_one
from persistence.second_factors import SealedFactor
from persistence.staff import folded
from persistence.staff_links import LIFE as LINK_LIFE
from persistence.token_hash import hashed

ADD: Final = """
changed AS (
    INSERT INTO staff_accounts (id, email, name, role, password_hash, created_at)
    VALUES (:id, :email, :name, :role, :password_hash, booking_now())
    ON CONFLICT (email) DO NOTHING RETURNING id
)"""

# Supervisors that may come in. They are locked, so that of two who shut each other out the second
# sees what the first has done.
_SUPERVISORS: Final = """
supervisors AS MATERIALIZED (
    SELECT email FROM staff_accounts
    WHERE role = 'supervisor' AND disabled_at IS NULL ORDER BY id FOR UPDATE
),"""

# Shut an account and everything that opens it, at once.
DISABLE: Final = """
changed AS (
    UPDATE staff_accounts SET disabled_at = booking_now()
    WHERE email = :email AND disabled_at IS NULL
      AND (NOT :guarded OR role <> 'supervisor'
           OR EXISTS (SELECT FROM supervisors s WHERE s.email <> :email))
    RETURNING id
), cookies AS (
    UPDATE staff_sessions AS c SET revoked_at = booking_now() FROM changed
    WHERE c.account_id = changed.id AND c.revoked_at IS NULL
), tokens AS (
    UPDATE staff_tokens AS t SET revoked_at = booking_now() FROM changed
    WHERE t.account_id = changed.id AND t.revoked_at IS NULL
)"""

ENABLE: Final = """
changed AS (
    UPDATE staff_accounts SET disabled_at = NULL
    WHERE email = :email AND disabled_at IS NOT NULL RETURNING id
)"""

SET_ROLE: Final = """
changed AS (
    UPDATE staff_accounts SET role = :role
    WHERE email = :email AND role <> :role
      AND (NOT :guarded OR role <> 'supervisor'
           OR EXISTS (SELECT FROM supervisors s WHERE s.email <> :email))
    RETURNING id
)"""

# A new password ends every other sign-in: whoever knew the old one is out.
SET_HASH: Final = """
changed AS (
    UPDATE staff_accounts SET password_hash = :password_hash
    WHERE email = :email AND disabled_at IS NULL RETURNING id
), cookies AS (
    UPDATE staff_sessions AS c SET revoked_at = booking_now() FROM changed
    WHERE c.account_id = changed.id AND c.revoked_at IS NULL AND c.token_hash <> :kept
)"""

GRANT: Final = """
changed AS (
    INSERT INTO staff_tokens (token_hash, account_id, name, created_at, expires_at)
    SELECT :token_hash, a.id, :name, booking_now(), booking_now() + CAST(:life AS interval)
    FROM staff_accounts a WHERE a.email = :email AND a.disabled_at IS NULL RETURNING id
)"""

REVOKE: Final = """
changed AS (
    UPDATE staff_tokens AS t SET revoked_at = booking_now() FROM staff_accounts a
    WHERE t.id = :number AND t.account_id = a.id AND a.email = :email AND t.revoked_at IS NULL
    RETURNING t.id
)"""

LINK: Final = """
changed AS (
    INSERT INTO staff_links (token_hash, account_id, created_at, expires_at)
    SELECT :token_hash, a.id, booking_now(), booking_now() + CAST(:life AS interval)
    FROM staff_accounts a WHERE a.email = :email AND a.disabled_at IS NULL
    RETURNING account_id AS id
)"""

# What the codes are made from from now on; other sign-ins end, since they have not given one.
ENROL: Final = """
changed AS (
    INSERT INTO staff_second_factors (account_id, wrapped_key, master_id, secret_ciphertext,
                                      last_step, created_at)
    SELECT a.id, :wrapped_key, :master_id, :secret, :step, booking_now()
    FROM staff_accounts a WHERE a.email = :email AND a.disabled_at IS NULL
    ON CONFLICT (account_id) DO NOTHING RETURNING account_id AS id
), cookies AS (
    UPDATE staff_sessions AS c SET second_factor = c.token_hash = :kept,
        revoked_at = CASE WHEN c.token_hash <> :kept THEN booking_now() END
    FROM changed WHERE c.account_id = changed.id AND c.revoked_at IS NULL
)"""

RESET_FACTOR: Final = """
changed AS (
    DELETE FROM staff_second_factors f USING staff_accounts a
    WHERE f.account_id = a.id AND a.email = :email RETURNING a.id
), cookies AS (
    UPDATE staff_sessions AS c SET revoked_at = booking_now() FROM changed
    WHERE c.account_id = changed.id AND c.revoked_at IS NULL
)"""


@cache
def _statement(change: str) -> TextClause:
    before = _SUPERVISORS if "supervisors" in change else ""
    parts = ("WITH", before, change, ",", audited("changed"), " SELECT id FROM changed")
    return text("".join(parts))


class StaffChanges:
    """What somebody changes about accounts; False where there was nothing to change."""

    def __init__(self, engine: Database, by: StaffMember) -> None:
        """Take a pool whose statements commit by themselves, and who changes."""
        self._engine = engine
        self._by = by

    async def add(
        self, account_id: UUID, *, email: str, name: str, role: Role, password_hash: str
    ) -> bool:
        """Add an account; False when there is one with this address."""
        values = {"id": account_id, "name": name, "role": role.value}
        values |= {"password_hash": password_hash}
        return await self._change(ADD, "staff_add", email, values, role=role.value)

    async def disable(self, email: str) -> bool:
        """Shut an account with all its cookies and tokens; the last supervisor's by operators only.

        False where it is shut already, or the last one.
        """
        guarded = {"guarded": self._guarded}
        return await self._change(DISABLE, "staff_disable", email, guarded)

    async def enable(self, email: str) -> bool:
        """Open an account again; what opened it before stays shut."""
        return await self._change(ENABLE, "staff_enable", email, {})

    async def set_role(self, email: str, role: Role) -> bool:
        """Let an account be of another role, from its next request on.

        The last supervisor stays one, unless an operator says otherwise.
        """
        values = {"role": role.value, "guarded": self._guarded}
        return await self._change(SET_ROLE, "staff_role", email, values, role=role.value)

    async def set_password(self, email: str, password_hash: str, *, keep: str = "") -> bool:
        """Take another password, and end all sign-ins but the one of the cookie `keep`."""
        values = {"password_hash": password_hash, "kept": hashed(keep)}
        return await self._change(SET_HASH, "staff_password", email, values)

    async def grant_token(
        self, email: str, token: str, *, name: str = "", life: timedelta | None = None
    ) -> bool:
        """Let an API token open an account, for so long."""
        values = {"token_hash": hashed(token), "name": name, "life": life}
        return await self._change(GRANT, "staff_token", email, values, token=name)

    async def revoke_token(self, email: str, number: int) -> bool:
        """Let one API token of an account open nothing any more."""
        values = {"number": number}
        return await self._change(REVOKE, "staff_revoke", email, values, token=str(number))

    async def grant_link(self, email: str, token: str) -> bool:
        """Let a link open an account once, within half an hour."""
        values = {"token_hash": hashed(token), "life": LINK_LIFE}
        return await self._change(LINK, "grant_link", email, values)

    async def enrol(self, email: str, factor: SealedFactor, *, step: int, keep: str) -> bool:
        """Ask for codes from now on, and end all sign-ins but the one of the cookie `keep`.

        `step` is the half minute of the code that was shown, which is used by that. False where
        the account has a second factor already.
        """
        values = {
            "wrapped_key": factor.wrapped_key,
            "master_id": factor.master_id,
            "secret": factor.ciphertext,
            "step": step,
            "kept": hashed(keep),
        }
        return await self._change(ENROL, "staff_second_factor", email, values)

    async def reset_factor(self, email: str) -> bool:
        """Ask for no codes any more, and end all sign-ins; False where none were asked for."""
        return await self._change(RESET_FACTOR, "staff_second_factor_reset", email, {})

    @property
    def _guarded(self) -> bool:
        """Whether the last supervisor must stay; who works at the machine can add another one."""
        return self._by.account_id is not None

    async def _change(
        self, change: str, action: str, email: str, values: dict[str, Any], **facts: str
    ) -> bool:
        line = self._by.entry(action, facts={"account": folded(email), **facts})
        given = values | {"email": folded(email), "audit": encode(line)}
        return await fetch_one(self._engine, _statement(change), given) is not None

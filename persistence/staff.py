"""Staff accounts, and the cookies and API tokens that open them; secrets lie there hashed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text

from booking_flow.staff.people import Role
from persistence.database import Database, execute, fetch_all, fetch_one
from persistence.statements import Row
from persistence.token_hash import hashed

LIFE: Final = timedelta(hours=12)
"""How long somebody stays signed in at most."""
IDLE: Final = timedelta(hours=2)
"""After how long without a request they are signed out."""
LINK_LIFE: Final = timedelta(minutes=15)
"""How long who came by a link may choose a password without knowing the one before."""

_HAS_FACTOR: Final = (
    "EXISTS (SELECT FROM staff_second_factors f WHERE f.account_id = a.id) AS has_second_factor"
)
_ACCOUNT: Final = (
    "SELECT a.id, a.email, a.name, a.role, a.password_hash, a.disabled_at, " + _HAS_FACTOR
)

# Everyone, by their address.
ACCOUNTS: Final = text("".join((_ACCOUNT, " FROM staff_accounts a ORDER BY a.email")))

# One account, disabled or not.
BY_EMAIL: Final = text("".join((_ACCOUNT, " FROM staff_accounts a WHERE a.email = :email")))
BY_ID: Final = text("".join((_ACCOUNT, " FROM staff_accounts a WHERE a.id = :id")))

BEGIN: Final = text(
    """
    INSERT INTO staff_sessions (token_hash, account_id, created_at, last_seen_at, expires_at,
                                by_link, second_factor)
    SELECT :token_hash, :account_id, now, now, now + CAST(:life AS interval), :by_link,
           :second_factor
    FROM booking_now() AS now
    """
)

# Whose cookie this is, and that they were seen; nobody's once it is revoked, old or unused. A
# sign-in without the second factor that the account has opens nothing.
BY_COOKIE: Final = text(
    "".join(
        (
            """
            WITH seen AS (
                UPDATE staff_sessions SET last_seen_at = booking_now()
                WHERE token_hash = :token_hash AND revoked_at IS NULL
                  AND expires_at > booking_now()
                  AND last_seen_at > booking_now() - CAST(:idle AS interval)
                RETURNING account_id, second_factor
            )
            """,
            _ACCOUNT,
            """
                   , seen.second_factor
            FROM seen JOIN staff_accounts a ON a.id = seen.account_id
            WHERE a.disabled_at IS NULL
              AND (seen.second_factor
                   OR NOT EXISTS (SELECT FROM staff_second_factors f WHERE f.account_id = a.id))
            """,
        )
    )
)

# Whether a cookie still opens anything; asking is no use of it.
IS_OPEN: Final = text(
    """
    SELECT 1 FROM staff_sessions c JOIN staff_accounts a ON a.id = c.account_id
    WHERE c.token_hash = :token_hash AND c.revoked_at IS NULL AND a.disabled_at IS NULL
      AND c.expires_at > booking_now()
      AND c.last_seen_at > booking_now() - CAST(:idle AS interval)
    """
)

# Whose token this is; that it was used is noted once a minute.
BY_TOKEN: Final = text(
    "".join(
        (
            """
            WITH used AS (
                UPDATE staff_tokens SET last_used_at = booking_now()
                WHERE token_hash = :token_hash
                  AND (last_used_at IS NULL OR last_used_at < booking_now() - interval '1 minute')
            )
            """,
            _ACCOUNT,
            """
            FROM staff_tokens t JOIN staff_accounts a ON a.id = t.account_id
            WHERE t.token_hash = :token_hash AND t.revoked_at IS NULL AND a.disabled_at IS NULL
              AND (t.expires_at IS NULL OR t.expires_at > booking_now())
            """,
        )
    )
)

# The tokens of an account that open it, or did once.
TOKENS: Final = text(
    """
    SELECT t.id, t.name, t.created_at, t.last_used_at, t.expires_at, t.revoked_at,
           t.revoked_at IS NULL AND coalesce(t.expires_at > booking_now(), true) AS is_open
    FROM staff_tokens t JOIN staff_accounts a ON a.id = t.account_id
    WHERE a.email = :email ORDER BY t.id
    """
)

# Whether a link began a sign-in, so that the password need not be known to be changed.
BY_LINK: Final = text(
    """
    SELECT 1 FROM staff_sessions
    WHERE token_hash = :token_hash AND by_link
      AND created_at > booking_now() - CAST(:life AS interval)
    """
)

# Sign out: this cookie, or every one of the account.
END: Final = text(
    """
    UPDATE staff_sessions SET revoked_at = booking_now()
    WHERE account_id = :account_id AND revoked_at IS NULL
      AND (:everywhere OR token_hash = :token_hash)
    """
)

# What opens nothing any more may go.
FORGET: Final = text(
    "DELETE FROM staff_sessions WHERE expires_at < booking_now() - interval '1 day'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A member of staff; the password's hash is never printed."""

    id: UUID
    email: str
    name: str
    role: Role
    disabled_at: datetime | None
    has_second_factor: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CookieSignIn:
    """Whose cookie something is, and whether the sign-in took more than a password or a link."""

    account: Account
    second_factor: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An account with the hash its password is checked by."""

    account: Account
    password_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """An API token of an account by its number; the token itself is not kept."""

    number: int
    name: str
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None
    is_open: bool


class PostgresStaff:
    """Accounts in PostgreSQL."""

    def __init__(self, engine: Database) -> None:
        """Take a pool whose statements commit by themselves."""
        self._engine = engine

    async def accounts(self) -> Sequence[Account]:
        """Return everyone, disabled accounts as well."""
        return [account_of(row) for row in await fetch_all(self._engine, ACCOUNTS)]

    async def find(self, email: str) -> Found | None:
        """Return the account with this address, disabled or not."""
        row = await fetch_one(self._engine, BY_EMAIL, {"email": folded(email)})
        return Found(account=account_of(row), password_hash=row.password_hash) if row else None

    async def by_id(self, account_id: UUID) -> Account | None:
        """Return the account of this id, disabled or not."""
        row = await fetch_one(self._engine, BY_ID, {"id": account_id})
        return account_of(row) if row else None

    async def begin(
        self, account_id: UUID, token: str, *, by_link: bool = False, second_factor: bool = False
    ) -> None:
        """Let a cookie open an account until it is revoked or too old."""
        values = {"account_id": account_id, "token_hash": hashed(token), "life": LIFE}
        proofs = {"by_link": by_link, "second_factor": second_factor}
        await execute(self._engine, BEGIN, values | proofs)

    async def came_by_link(self, token: str) -> bool:
        """Whether a link began the sign-in of a cookie, not long ago."""
        values = {"token_hash": hashed(token), "life": LINK_LIFE}
        return await fetch_one(self._engine, BY_LINK, values) is not None

    async def tokens(self, email: str) -> Sequence[ApiToken]:
        """Return the API tokens of an account, the oldest first."""
        rows = await fetch_all(self._engine, TOKENS, {"email": folded(email)})
        return [_token_of(row) for row in rows]

    async def by_cookie(self, token: str) -> CookieSignIn | None:
        """Return whose cookie this is."""
        values = {"token_hash": hashed(token), "idle": IDLE}
        row = await fetch_one(self._engine, BY_COOKIE, values)
        if row is None:
            return None
        return CookieSignIn(account=account_of(row), second_factor=row.second_factor)

    async def is_open(self, token: str) -> bool:
        """Whether a cookie still opens an account; whoever asks has not used it."""
        values = {"token_hash": hashed(token), "idle": IDLE}
        return await fetch_one(self._engine, IS_OPEN, values) is not None

    async def by_token(self, token: str) -> Account | None:
        """Return whose API token this is."""
        row = await fetch_one(self._engine, BY_TOKEN, {"token_hash": hashed(token)})
        return account_of(row) if row else None

    async def end(self, account_id: UUID, token: str, *, everywhere: bool) -> int:
        """Revoke a cookie, or all of the account's, and return how many."""
        values = {"account_id": account_id, "token_hash": hashed(token), "everywhere": everywhere}
        return await execute(self._engine, END, values)

    async def forget(self) -> None:
        """Drop what opens nothing any more."""
        await execute(self._engine, FORGET)


def folded(email: str) -> str:
    """Return an address as accounts keep it."""
    return email.strip().lower()


def account_of(row: Row) -> Account:
    """Build the account a row of `staff_accounts` describes."""
    return Account(
        id=row.id,
        email=row.email,
        name=row.name,
        role=Role(row.role),
        disabled_at=row.disabled_at,
        has_second_factor=row.has_second_factor,
    )


def _token_of(row: Row) -> ApiToken:
    return ApiToken(
        number=row.id,
        name=row.name,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        is_open=row.is_open,
    )

"""The second factor of staff: codes that an authenticator makes every half minute (RFC 6238)."""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import pyotp
import segno

from booking_http.service import Service
from persistence.encryption import Vault

ISSUER: Final = "Booking console"
"""What authenticators call the account, beside its address."""
PATIENCE: Final = timedelta(minutes=15)
"""How long somebody may take to set an authenticator up."""
_WINDOW: Final = (-1, 0, 1)
"""Half minutes by which the clock of a telephone may be off."""


def new_factor() -> str:
    """Make a secret in base32, 160 bits of it."""
    return pyotp.random_base32()


def address_of(secret: str, email: str) -> str:
    """Return the otpauth address that an authenticator reads."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def picture_of(address: str) -> str:
    """Return an address as a QR code, to stand in a page as SVG."""
    return segno.make_qr(address).svg_inline(scale=5, light="#fff", dark="#000")


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """Return the half minute whose code this is, counted since 1970; None where it is nobody's."""
    totp = pyotp.TOTP(secret)
    present = int(now.timestamp()) // totp.interval
    given = code.encode()
    return next(
        (
            present + off
            for off in _WINDOW
            if hmac.compare_digest(totp.generate_otp(present + off).encode(), given)
        ),
        None,
    )


async def is_right_code(service: Service, account_id: UUID, code: str) -> bool:
    """Whether an account's authenticator shows this code, which is used up by that."""
    factors = service.support.factors
    found = await factors.read(account_id)
    step = step_of(found.secret, code, found.now) if found else None
    return step is not None and await factors.use(account_id, step)


def sealed_for(vault: Vault, account_id: UUID, secret: str) -> str:
    """Return a secret as a form carries it until it is confirmed by a first code."""
    return vault.seal_for_a_while(f"{account_id} {secret}".encode())


def opened_for(vault: Vault, account_id: UUID, sealed: str) -> str | None:
    """Return the secret that a form carries; None where it took too long, or is another's."""
    plain = vault.open_while_fresh(sealed, life=PATIENCE)
    owner, _, secret = (plain or b"").decode().partition(" ")
    return secret if owner == str(account_id) else None

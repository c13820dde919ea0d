"""Addresses of search results: they name no guest, end soon, and open for one account only."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Final
from uuid import UUID

from booking_http.console.auth import Fields
from persistence.encryption import Vault

FOUND: Final = "/console/found"
LIFE: Final = timedelta(minutes=30)
"""How long one can come back to what was found."""


def address_of(vault: Vault, account_id: UUID, fields: Fields) -> str:
    """Return the address under which a search is shown again."""
    asked = json.dumps({"by": str(account_id), "fields": fields}, separators=(",", ":"))
    return f"{FOUND}/{vault.seal_for_a_while(asked.encode())}"


def search_at(vault: Vault, account_id: UUID, token: str) -> Fields | None:
    """Return what was searched for; None where that is too long ago, or was somebody else."""
    plain = vault.open_while_fresh(token, life=LIFE)
    asked = json.loads(plain) if plain is not None else {}
    if asked.get("by") != str(account_id):
        return None
    fields: Fields = asked["fields"]
    return fields

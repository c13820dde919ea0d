"""Which world a database belongs to: a mark it carries, and what may be done beside it."""

from __future__ import annotations

from enum import StrEnum


class AppEnv(StrEnum):
    """The worlds that must never be taken for one another."""

    DEVELOPMENT = "development"
    STAGING = "staging"
    PRODUCTION = "production"

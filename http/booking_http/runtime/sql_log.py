"""The log of SQL statements, where LOG_SQL asks for it: their text and time, never a value."""

from __future__ import annotations

from typing import Any

import structlog

from persistence.database import Database

_log = structlog.get_logger(__name__)


def log_statements(database: Database) -> None:
    """Log each statement once it has ended; values stand in it as $1, $2 and so on."""
    database.on_statement = _tell


def _tell(ended: Any) -> None:
    _log.info("sql", statement=" ".join(ended.query.split()), ms=round(ended.elapsed * 1000, 1))

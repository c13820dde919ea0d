"""The log of SQL statements, where LOG_SQL asks for it: their text and time, never a value."""

from __future__ import annotations

import time
from typing import Any, Final

import structlog
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

_BEGUN: Final = "sql_begun"
_log = structlog.get_logger(__name__)


def log_statements(engine: AsyncEngine) -> None:
    """Log each statement of an engine once it has ended; values stand in it as $1, $2 and so on."""
    event.listen(engine.sync_engine, "before_cursor_execute", _begin)
    event.listen(engine.sync_engine, "after_cursor_execute", _end)


def _begin(connection: Any, *_: Any) -> None:
    connection.info[_BEGUN] = time.monotonic()


def _end(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
    took = time.monotonic() - connection.info.pop(_BEGUN)
    _log.info("sql", statement=" ".join(statement.split()), ms=round(took * 1000, 1))

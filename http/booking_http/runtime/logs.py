"""Logs: one JSON object a line; neither bodies, addresses of sessions, messages nor locals."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from traceback import extract_tb
from types import TracebackType
from typing import Any, Final

import structlog

EventDict = MutableMapping[str, Any]
_LIBRARIES: Final = ("aiohttp", "alembic", "asyncio", "sqlalchemy", "stamina")


def describe_exception(error: BaseException) -> dict[str, Any]:
    """Say what was raised and where; its message may quote a guest and stays out."""
    chain = [type(error).__name__]
    cause = error.__cause__ or error.__context__
    while cause is not None and len(chain) < 5:
        chain.append(type(cause).__name__)
        cause = cause.__cause__ or cause.__context__
    return {"raised": chain, "at": _places(error.__traceback__)}


def _places(trace: TracebackType | None) -> list[str]:
    frames = extract_tb(trace)[-12:]
    return [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}:{frame.name}" for frame in frames]


def _exception_without_words(_: Any, __: str, event: EventDict) -> EventDict:
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["exception"] = describe_exception(error)
    return event


def _first_line(_: Any, __: str, event: EventDict) -> EventDict:
    """Cut a library's message: asyncio's second line shows the failed task with its words."""
    event["event"] = str(event.get("event", "")).partition("\n")[0]
    return event


_SHARED: Final[list[Any]] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    _exception_without_words,
]


def _least(level: str) -> structlog.types.Processor:
    """Return what drops events below a level, before anything is done for them."""
    levels = {name.lower(): number for name, number in logging.getLevelNamesMapping().items()}

    def drop(_: Any, method: str, event: EventDict) -> EventDict:
        if levels[method] < levels[level.lower()]:
            raise structlog.DropEvent
        return event

    return drop


def configure_logs(level: str) -> None:
    """Send our own logs and the libraries' to standard error as JSON."""
    structlog.configure(
        processors=[_least(level), *_SHARED, structlog.processors.JSONRenderer()],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.NOTSET),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_first_line, *_SHARED],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))

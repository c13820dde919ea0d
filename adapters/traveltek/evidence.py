"""Recording every exchange: as evidence for staff, and as a log line for operators."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from uuid import UUID

import structlog

from adapters.traveltek.decode import printable
from adapters.traveltek.endpoints import Endpoint
from adapters.traveltek.redact import (
    MAX_LOOKED_AT,
    personal_words,
    request_evidence,
    response_evidence,
    safe_text,
)
from adapters.traveltek.wire import Answer, WireFailure
from booking_flow.supplier import CallContext, SupplierCall
from booking_flow.supplier_errors import FailureKind, SupplierError

OK: Final = "ok"
BEGINNING: Final = 160
"""Characters that are kept of an answer that cannot be read."""
UNKEPT: Final = "unkept"
"""Names the fault over which evidence could not be made."""
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Seen:
    """What an exchange has shown so far; evidence is made of it once, when the exchange ends."""

    personal: frozenset[str]
    status: int | None = None
    _answer: Answer | WireFailure | None = None
    _content: Mapping[str, object] | None = None
    _fault: Exception | None = None

    def answered(self, answer: Answer | WireFailure) -> None:
        """Note an answer before anybody has understood it."""
        self.status, self._answer = answer.status, answer

    def understood(self, content: Mapping[str, object]) -> None:
        """Note an answer's content, which is redacted where it is kept."""
        self._content = content

    def stumbled(self, fault: Exception) -> None:
        """Note that reading the answer failed in a way nobody has foreseen."""
        log.error("answer_not_read", exc_info=fault)
        self._fault = fault

    @property
    def response(self) -> Mapping[str, object] | None:
        """Return what may be kept of the answer, made anew each time; None where none came."""
        if self._answer is None:
            return None
        kept = self._kept(self._answer)
        return kept if self._fault is None else kept | {"unreadable": type(self._fault).__name__}

    def _kept(self, answer: Answer | WireFailure) -> dict[str, object]:
        if isinstance(answer, WireFailure):
            return {"failure": answer.hint}
        content = self._content
        if content is None:
            return _kept(lambda: self._unread(answer))
        kept = _kept(lambda: response_evidence(content, personal=self.personal))
        return _kept(lambda: self._unread(answer)) | kept if UNKEPT in kept else kept

    def _unread(self, answer: Answer) -> dict[str, object]:
        """Return what tells staff, and us, which answer it was: a digest and how it begins."""
        begins = answer.body[:MAX_LOOKED_AT].decode("utf-8", "replace")
        return {
            "unread_bytes": len(answer.body),
            "content_type": printable(answer.content_type[:60]),
            "sha256": sha256(answer.body).hexdigest()[:16],
            "begins": self.safe(begins)[:BEGINNING],
        }

    def safe(self, words: str) -> str:
        """Return the supplier's words as they may be kept and shown."""
        return safe_text(words, personal=self.personal)


class Recorder:
    """Appends one `SupplierCall` to the context for every exchange."""

    def __init__(self, *, new_id: Callable[[], UUID], boottime: Callable[[], float]) -> None:
        """Take ids and the clock of `CallContext.started`."""
        self._new_id = new_id
        self._boottime = boottime

    @contextmanager
    def exchange(
        self,
        endpoint: Endpoint,
        sent: Mapping[str, object],
        *,
        secrets: frozenset[str],
        ctx: CallContext,
    ) -> Iterator[Seen]:
        """Record the exchange made inside, however it ends."""
        seen, begun = Seen(personal_words(sent) | secrets), self._boottime()
        outcome, code = OK, None
        try:
            yield seen
        except SupplierError as error:
            outcome, code = error.kind.value, error.code
            raise
        except CancelledError:
            outcome = FailureKind.TIMEOUT.value
            raise
        except BaseException:
            outcome = FailureKind.BROKEN.value
            raise
        finally:
            call = SupplierCall(
                id=self._new_id(),
                endpoint=endpoint.name,
                step_id=ctx.step_id,
                sent_at_offset=begun - ctx.started,
                duration=self._boottime() - begun,
                outcome=outcome,
                http_status=seen.status,
                error_code=code,
                request=_kept(lambda: request_evidence(sent)),
                response=seen.response,
            )
            ctx.calls.append(call)
            _log(call)


def _kept(keep: Callable[[], dict[str, object]]) -> dict[str, object]:
    """Return evidence; an answer is never lost because its evidence cannot be made."""
    try:
        return keep()
    except Exception as fault:
        log.exception("evidence_not_kept")
        return {UNKEPT: type(fault).__name__}


def _log(call: SupplierCall) -> None:
    # Steps are what operators follow; of a call that went well the request's line tells enough.
    write = log.debug if call.outcome == OK else log.warning
    write(
        "supplier_call",
        endpoint=call.endpoint,
        outcome=call.outcome,
        http_status=call.http_status,
        error_code=call.error_code,
        duration=round(call.duration, 3),
    )

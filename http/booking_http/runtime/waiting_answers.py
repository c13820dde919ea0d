"""Answers of the supplier that cannot be written for now: told to operators while they wait."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import structlog

from booking_flow.model.step import StepName
from booking_flow.ports import StoreUnavailable

_log = structlog.get_logger(__name__)


class WaitingAnswers:
    """Which answers wait in this process; metrics and readiness show how many."""

    def __init__(self) -> None:
        """Begin with none."""
        self._steps: dict[UUID, StepName] = {}

    def __len__(self) -> int:
        """Return how many wait now."""
        return len(self._steps)

    def waits(self, step: StepName, step_id: UUID, fault: Exception) -> None:
        """Note that an answer waits, and say why."""
        self._steps[step_id] = step
        away = isinstance(fault, StoreUnavailable)
        _log.error(
            "answer_waits",
            step=step.value,
            step_id=str(step_id),
            # The message of any other error may quote a guest; where it was raised tells more.
            why=str(fault) if away else type(fault).__name__,
            exc_info=None if away else fault,
        )

    def cut(self, step: StepName, step_id: UUID, evidence: Mapping[str, str]) -> None:
        """Say what an answer was that is kept as an unknown outcome."""
        _log.error("answer_cut", step=step.value, step_id=str(step_id), answer=dict(evidence))

    def ended(self, step_id: UUID) -> None:
        """Note that an answer waits no longer."""
        if self._steps.pop(step_id, None) is not None:
            _log.info("answer_waits_no_longer", step_id=str(step_id))

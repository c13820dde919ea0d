"""How a refusal leaves the core: raised, with the session as it stands after it."""

from __future__ import annotations

from types import MappingProxyType

from booking_flow.refusals import Refusal, RefusalCode
from booking_flow.session import Session


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """Carries a `Refusal` out of the engine to whoever asked."""

    def __init__(self, refusal: Refusal, *, session: Session | None = None) -> None:
        """Wrap `refusal`; `session` is as it stands after the refusal, where there is one."""
        super().__init__(refusal.code.value)
        self.refusal = refusal
        self.session = session


def refuse(code: RefusalCode, detail: str | None = None, **facts: str) -> Refused:
    """Build the exception for a refusal without field errors."""
    return Refused(Refusal(code=code, detail=detail, facts=MappingProxyType(facts)))

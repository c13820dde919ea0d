"""Whether the service can do its work: what it needs must be up, what it likes may be away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from time import monotonic

from booking_http.web.health_responses import ComponentResponse, ReadyResponse
from persistence.environment_mark import AppEnv

Look = Callable[[], Awaitable[str | None]]


class Unhealthy(Exception):  # noqa: N818 - names what was found
    """A part is not as it should be; the message is for operators and holds no secret.

    With `down` there is no working without it, even if the part as such may be away.
    """

    def __init__(self, message: str, *, down: bool = False) -> None:
        """Say what was found."""
        super().__init__(message)
        self.down = down


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A part and how to look at it; `look` returns a remark, or raises."""

    name: str
    look: Look
    required: bool = False


class Health:
    """Looks at all parts together, at most once a second."""

    def __init__(
        self, components: Sequence[Component], *, environment: AppEnv, patience: float = 2.0
    ) -> None:
        self._components = components
        self._environment = environment
        self._patience = patience
        self._known: ReadyResponse | None = None
        self._looked_at = 0.0
        self.stopping = False

    def stop(self) -> None:
        """Say from now on that the process is about to stop."""
        self.stopping = True

    async def ready(self) -> ReadyResponse:
        """Return how every part is; of a process that stops only what was last seen."""
        known = None if self.stopping else await self._seen()
        # Looking takes up to seconds, in which a stop may have begun.
        return self._stopping() if known is None or self.stopping else known

    async def _seen(self) -> ReadyResponse:
        if self._known is None or monotonic() - self._looked_at > 1.0:
            found = await asyncio.gather(*map(self._look, self._components))
            self._known, self._looked_at = self._sum_up(list(found)), monotonic()
        return self._known

    def _stopping(self) -> ReadyResponse:
        return ReadyResponse(
            status="stopping",
            environment=self._environment,
            components=self._known.components if self._known else [],
        )

    def _sum_up(self, found: list[ComponentResponse]) -> ReadyResponse:
        well = all(part.status != "down" for part in found)
        return ReadyResponse(
            status="ready" if well else "not_ready",
            environment=self._environment,
            components=found,
        )

    async def _look(self, component: Component) -> ComponentResponse:
        try:
            async with asyncio.timeout(self._patience):
                remark = await component.look()
        except Unhealthy as error:
            return _told(component, well=False, down=error.down, remark=str(error))
        except Exception as error:
            return _told(component, well=False, remark=type(error).__name__)
        return _told(component, well=True, remark=remark)


def _told(
    component: Component, *, well: bool, remark: str | None, down: bool = False
) -> ComponentResponse:
    return ComponentResponse(
        name=component.name,
        status="up" if well else "down" if component.required or down else "degraded",
        required=component.required,
        detail=remark,
    )

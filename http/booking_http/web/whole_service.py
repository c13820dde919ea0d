"""What several processes are together: ready when all are, and measured by their sums.

The process that started them asks each on its Unix socket, and answers on one of its own whichever
of them was asked by an operator.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from aiohttp import ClientError, ClientSession, ClientTimeout, UnixConnector, web
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from booking_http.runtime.serve_processes import ServeProcess, ServeProcesses
from booking_http.web.health_responses import ComponentResponse, ReadyResponse
from booking_http.web.metric_sums import MetricSums
from persistence.environment_mark import AppEnv

_NAME: Final = "all.sock"
_PATIENCE: Final = 3.0
"""Seconds that one process has to tell; looking at its parts takes up to two."""
_AWAY: Final = (ClientError, OSError, TimeoutError, ValueError)
"""What comes of a process that is gone, hangs, or answers something else."""
_WORST_FIRST: Final = ("down", "degraded", "up")


class WholeService:
    """What one of several processes knows of all of them, by asking whoever started it."""

    def __init__(self, folder: Path, environment: AppEnv) -> None:
        """Take the folder with the sockets."""
        self._address = folder / _NAME
        self._environment = environment

    async def ready(self) -> ReadyResponse:
        """Return how all are together."""
        try:
            return ReadyResponse.model_validate_json(await _asked(self._address, "/readyz"))
        except _AWAY:
            why = "the process that started this one does not answer"
            return together([], environment=self._environment, why=why)

    async def counted(self) -> bytes:
        """Return the sums of what the processes counted, as `/metrics` shows them."""
        return await _asked(self._address, "/metrics", patience=2 * _PATIENCE)


WHOLE: Final = web.AppKey("whole", WholeService)


class Overseer:
    """Asks all processes, on behalf of whichever of them is asked."""

    def __init__(self, processes: ServeProcesses, environment: AppEnv) -> None:
        """Take the processes, which may come and go."""
        self._processes = processes
        self._environment = environment
        self._sums, self._registry = MetricSums(), CollectorRegistry()
        self._starts: dict[int, int] = {}
        self._serving = Gauge(
            "booking_processes", "Processes of this service that serve.", registry=self._registry
        )
        self._restarts = Counter(
            "booking_process_restarts_total",
            "How often a process was started again after it had ended.",
            registry=self._registry,
        )
        self._registry.register(self._sums)

    async def readyz(self, _: web.Request) -> web.Response:
        """Tell how all are together."""
        told = await asyncio.gather(*map(_readiness, self._processes.all))
        found = [each for each in told if each is not None]
        missing = len(told) - len(found)
        why = f"{len(found)} of {len(told)} serve" if missing else None
        whole = together(found, environment=self._environment, why=why)
        return web.Response(text=whole.model_dump_json())

    async def metrics(self, _: web.Request) -> web.Response:
        """Tell the sums of what all count."""
        told = await asyncio.gather(*map(_metrics, self._processes.all))
        for process, text in zip(self._processes.all, told, strict=True):
            self._note(process, text)
        self._serving.set(sum(each.listening for each in self._processes.all))
        return web.Response(body=generate_latest(self._registry))

    def _note(self, process: ServeProcess, text: str | None) -> None:
        """Keep what was told, and what those counted that ran before under the same number."""
        if (before := self._starts.get(process.number, 1)) < process.starts:
            self._restarts.inc(process.starts - before)
        if before < process.starts or process.running is None:
            self._sums.forget(process.number)
        self._starts[process.number] = process.starts
        if text is not None:
            self._sums.tell(process.number, text)

    @asynccontextmanager
    async def answering(self, folder: Path) -> AsyncIterator[None]:
        """Answer the processes beside the block."""
        app = web.Application()
        app.router.add_get("/readyz", self.readyz)
        app.router.add_get("/metrics", self.metrics)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            await web.UnixSite(runner, folder / _NAME).start()
            yield
        finally:
            await runner.cleanup()


def together(
    found: Sequence[ReadyResponse], *, environment: AppEnv, why: str | None
) -> ReadyResponse:
    """Return what several processes are together; `why` names what is missing, if anything is."""
    statuses = {each.status for each in found} | ({"not_ready"} if why else set())
    worst = next(each for each in ("stopping", "not_ready", "ready") if each in statuses)
    processes = ComponentResponse(
        name="processes", status="down" if why else "up", required=True, detail=why
    )
    return ReadyResponse(
        status=worst,
        environment=environment,
        components=[processes, *_worst_parts(each.components for each in found)],
    )


def _worst_parts(found: Iterable[Sequence[ComponentResponse]]) -> list[ComponentResponse]:
    """Return each part as whoever sees it worst."""
    parts: dict[str, ComponentResponse] = {}
    for part in (each for components in found for each in components):
        known = parts.setdefault(part.name, part)
        if _WORST_FIRST.index(part.status) < _WORST_FIRST.index(known.status):
            parts[part.name] = part
    return list(parts.values())


async def _readiness(process: ServeProcess) -> ReadyResponse | None:
    if not process.listening:
        return None
    try:
        return ReadyResponse.model_validate_json(await _asked(process.address, "/readyz?verbose"))
    except _AWAY:
        return None


async def _metrics(process: ServeProcess) -> str | None:
    if not process.listening:
        return None
    try:
        return (await _asked(process.address, "/metrics")).decode()
    except _AWAY:
        return None


async def _asked(address: Path, path: str, *, patience: float = _PATIENCE) -> bytes:
    """Return the answer of a process on this machine, whatever its status."""
    async with (
        ClientSession(
            connector=UnixConnector(path=str(address)), timeout=ClientTimeout(total=patience)
        ) as http,
        http.get(f"http://localhost{path}") as answer,
    ):
        if answer.status != 503:
            answer.raise_for_status()
        return await answer.read()

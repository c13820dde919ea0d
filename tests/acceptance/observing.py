"""An observer at every point of engine and stores, built into them while they are imported.

The product knows nothing of it: `observe()` makes Python compile the watched modules with a call
around each await. A point is passed by whoever the work is done for, told by the request's id
(`<name>.<session>`) or, in a worker, by the session. Those who are to die at a point stand still
there until the last one has come; then the process gets its signal.
"""

from __future__ import annotations

import ast
import asyncio
import importlib.abc
import importlib.machinery
import os
import signal
import sys
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, ModuleType, TracebackType
from typing import Any, Final, TextIO

import structlog

from tests.acceptance.points import AFTER, BEFORE, WATCHED, points_of
from tests.acceptance.rivals import commit_first

DIES: Final = "dies"
"""What the log says of somebody who has come to the end."""
PIECE: Final[ContextVar[str]] = ContextVar("piece", default="")
"""The piece of work that is done; outside of a worker there is none."""


@dataclass(slots=True)
class Doom:
    """A moment: that of the n-th time a point is passed."""

    moment: str
    count: int


@dataclass(slots=True, kw_only=True)
class Observer:
    """Sees every point; lets the doomed stand still, and the database be away for some."""

    doomed: dict[str, Doom] = field(default_factory=dict)
    outages: dict[str, Doom] = field(default_factory=dict)
    """For whom the database is away at a moment, as often as said."""
    rivals: dict[str, Doom] = field(default_factory=dict)
    """Before whom somebody else commits at a moment, as often as said."""
    how: int = signal.SIGKILL
    log: TextIO | None = None
    traced: bool = False

    async def reach(self, moment: str) -> None:
        """Note that a moment has come for somebody."""
        whose, session = self._whose()
        if self.traced:
            self._note(whose, moment)
        doom = self.doomed.get(whose)
        if doom is not None and doom.moment == moment:
            doom.count -= 1
            if doom.count == 0:
                await self._die(whose)
        if _comes(self.outages, whose, moment):
            raise _unavailable()
        if _comes(self.rivals, whose, moment):
            await commit_first(session)

    async def _die(self, whose: str) -> None:
        del self.doomed[whose]
        self._note(whose, DIES)
        if self.doomed:
            await asyncio.get_running_loop().create_future()
        os.kill(os.getpid(), self.how)

    def _note(self, whose: str, what: str) -> None:
        if self.log is not None:
            self.log.write(f"{whose}\t{what}\n")

    def _whose(self) -> tuple[str, str]:
        """Return who is worked for, and the session if it is known."""
        known = PIECE.get() or str(structlog.contextvars.get_contextvars().get("request_id", ""))
        whose, _, session = known.partition(".")
        return whose, session


def _comes(dooms: Mapping[str, Doom], whose: str, moment: str) -> bool:
    """Whether this is a moment for somebody, and count it."""
    doom = dooms.get(whose)
    if doom is None or doom.moment != moment or doom.count == 0:
        return False
    doom.count -= 1
    return True


OBSERVER: Final = Observer()
"""Of this process; a process that is forked sets it up for itself."""


def plan(
    *,
    doomed: Mapping[str, Sequence[Any]],
    outages: Mapping[str, Sequence[Any]],
    rivals: Mapping[str, Sequence[Any]],
    how: int,
    log: str | None,
    traced: bool,
) -> None:
    """Tell the observer of this process what is to happen."""
    OBSERVER.doomed = {whose: Doom(*doom) for whose, doom in doomed.items()}
    OBSERVER.outages = {whose: Doom(*doom) for whose, doom in outages.items()}
    OBSERVER.rivals = {whose: Doom(*doom) for whose, doom in rivals.items()}
    OBSERVER.how, OBSERVER.traced = how, traced
    OBSERVER.log = Path(log).open("a", buffering=1) if log else None  # noqa: SIM115 - dies with it


def read(log: Path) -> Iterator[tuple[str, str]]:
    """Return what an observer wrote: of whom, and what."""
    lines = log.read_text("utf-8").splitlines() if log.exists() else []
    for line in lines:
        whose, _, what = line.partition("\t")
        yield whose, what


def _unavailable() -> Exception:
    from booking_flow.ports import StoreUnavailable  # noqa: PLC0415 - it may be watched itself

    return StoreUnavailable("away")


async def passing(point: str, awaited: Awaitable[Any]) -> Any:
    """Await something, observed before and after."""
    try:
        await OBSERVER.reach(f"{BEFORE} {point}")
    except Exception:
        if asyncio.iscoroutine(awaited):
            awaited.close()
        raise
    try:
        answer = await awaited
    except Exception:
        await OBSERVER.reach(f"{AFTER} {point}")
        raise
    await OBSERVER.reach(f"{AFTER} {point}")
    return answer


class Within:
    """An asynchronous context, observed before it is entered and after it is left."""

    def __init__(self, point: str, context: Any) -> None:
        self._point, self._context = point, context

    async def __aenter__(self) -> Any:
        await OBSERVER.reach(f"{BEFORE} {self._point}")
        return await self._context.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> Any:
        hidden = await self._context.__aexit__(kind, error, trace)
        await OBSERVER.reach(f"{AFTER} {self._point}")
        return hidden


class _Around(ast.NodeTransformer):
    """Puts the observer around every await of a module."""

    def __init__(self, names: Mapping[ast.AST, str]) -> None:
        self._names = names

    def visit_Await(self, node: ast.Await) -> ast.AST:
        name = self._names[node]
        self.generic_visit(node)
        node.value = _call("__passing__", name, node.value)
        return node

    def visit_withitem(self, node: ast.withitem) -> ast.AST:
        name = self._names.get(node)
        self.generic_visit(node)
        if name is not None:
            node.context_expr = _call("__within__", name, node.context_expr)
        return node


def _call(function: str, point: str, argument: ast.expr) -> ast.expr:
    called = ast.Name(function, ast.Load())
    return ast.copy_location(ast.Call(called, [ast.Constant(point), argument], []), argument)


class _Loader(importlib.machinery.SourceFileLoader):
    """Compiles a module with the observer in it, and leaves no trace of that on the disk."""

    def get_code(self, fullname: str) -> CodeType:
        tree = ast.parse(self.get_data(self.path))
        names = {point.node: point.name for point in points_of(fullname, tree)}
        watched = ast.fix_missing_locations(_Around(names).visit(tree))
        return compile(watched, self.path, "exec", dont_inherit=True)

    def exec_module(self, module: ModuleType) -> None:
        vars(module).update(__passing__=passing, __within__=Within)
        super().exec_module(module)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the watched modules before anybody else does."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in WATCHED:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.origin is not None:
            spec.loader = _Loader(fullname, spec.origin)
        return spec


def observe() -> None:
    """Build the observer into every watched module that is imported from now on."""
    early = [module for module in WATCHED if module in sys.modules]
    if early:
        raise AssertionError(f"imported before anybody could watch: {early}")
    sys.meta_path.insert(0, _Finder())

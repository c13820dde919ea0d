"""The points at which a process may die: before and after every await of engine and stores.

They are declared in `points.txt`, one line for each await, and `python -m tests.acceptance.points`
writes that file anew; `test_points` fails while it and the code differ. A point has the name of its
function and of what is awaited there. After ` -- ` stands why no journey of the matrix passes it,
or passes it only at times.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent.parent
DECLARED: Final = Path(__file__).with_name("points.txt")
WATCHED: Final = (
    "booking_flow.runtime.compensation",
    "booking_flow.unit_of_work",
    "booking_flow.staff.task_resolution",
    "booking_flow.engine",
    "booking_flow.steps.open_session",
    "booking_flow.steps.live_prices",
    "booking_flow.steps.price",
    "booking_flow.steps.select_cabin",
    "booking_flow.steps.hold",
    "booking_flow.steps.release",
    "booking_flow.steps.book",
    "booking_flow.steps.pay",
    "booking_flow.runtime.recovery",
    "booking_flow.runtime.step_runner",
    "booking_flow.runtime.settlement",
    "persistence.clock",
    "persistence.database",
    "persistence.idempotency",
    "persistence.outbox",
    "persistence.work_queue",
    "persistence.sessions",
    "persistence.tasks",
    "persistence.undos",
    "persistence.notify",
    "adapters.spool",
    "booking_http.worker.senders",
    "booking_http.worker.outbox_sender",
)
"""The engine, the stores, and what delivers.

Not what runs between the two ends of a transaction: a death there leaves nothing behind, and
whoever stands still there would keep a lock that the others wait for.
"""
ELSEWHERE: Final[Mapping[str, str]] = {
    "booking_flow.staff.action": "what staff do is committed by the unit of work",
    "booking_flow.staff.actions": "what staff do is made of watched commits",
    "booking_flow.staff.task_claims": "who of the staff works on a task",
    "persistence.task_notices": "the team is told again of what a worker died over",
    "persistence.lookups": "one statement for each step of a mailed link",
    "persistence.guest_codes": "one statement for each step of a mailed code",
    "persistence.line_notices": "one statement for each step of a wait for a line",
    "persistence.retention": "one statement lets a few ended sessions go, or none of them",
}
"""Modules that await and write what a booking is made of, and why nobody need die in them."""
AT_TIMES: Final = "at times"
"""How the reason begins of a point that a journey passes when another process is quicker."""
BEFORE: Final = "before"
AFTER: Final = "after"
_WRITES: Final = re.compile(
    r"(UPDATE|INSERT INTO|DELETE FROM) (booking_sessions|session_history|saga_steps|bookings"
    r"|booking_payments|idempotency_keys|staff_tasks|outbox)\b"
)
_SUSPENDING: Final = (ast.Await, ast.AsyncWith, ast.AsyncFor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One await, or one side of an `async with`; a process may die before it and after it."""

    name: str
    node: ast.AST


@dataclass(slots=True)
class _Names(ast.NodeVisitor):
    """Names every await of a module by its function and what is awaited."""

    module: str
    within: list[str] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    found: list[Point] = field(default_factory=list)

    def visit(self, node: ast.AST) -> None:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            self.within.append(node.name)
            self.generic_visit(node)
            self.within.pop()
            return
        if isinstance(node, ast.AsyncFor) or (
            isinstance(node, ast.comprehension) and node.is_async
        ):
            raise ValueError(f"{self.module}: no point stands for what an async for awaits")
        if isinstance(node, ast.Await):
            self._add(node, node.value)
        if isinstance(node, ast.AsyncWith):
            for item in node.items:
                self._add(item, item.context_expr)
        self.generic_visit(node)

    def _add(self, node: ast.AST, awaited: ast.expr) -> None:
        called = awaited.func if isinstance(awaited, ast.Call) else awaited
        what = ast.unparse(called).removeprefix("self.").replace("\n", " ")
        name = f"{self.module}.{'.'.join(self.within)}: {what}"
        self.seen[name] += 1
        again = f" ({self.seen[name]})" if self.seen[name] > 1 else ""
        self.found.append(Point(name=name + again, node=node))


def source_of(module: str) -> Path:
    """Return where a module is written."""
    parts = module.split(".")
    home = ROOT / "http" if parts[0] == "booking_http" else ROOT
    return home.joinpath(*parts).with_suffix(".py")


def points_of(module: str, tree: ast.Module) -> list[Point]:
    """Return every point of a module."""
    names = _Names(module)
    names.visit(tree)
    return names.found


def written() -> list[str]:
    """Return the names of all points as the code has them."""
    return [
        point.name
        for module in WATCHED
        for point in points_of(module, ast.parse(source_of(module).read_text("utf-8")))
    ]


def declared() -> dict[str, str]:
    """Return the declared points, each with why no journey passes it, or nothing."""
    lines = (line.partition(" -- ") for line in DECLARED.read_text("utf-8").splitlines())
    return {name: why for name, _, why in lines}


def moments(names: Iterator[str] | list[str]) -> Iterator[str]:
    """Return both moments of each point."""
    for name in names:
        yield f"{BEFORE} {name}"
        yield f"{AFTER} {name}"


def matters(module: Path) -> bool:
    """Whether something is awaited in a module, and a booking depends on it."""
    source = module.read_text("utf-8")
    awaits = any(isinstance(node, _SUSPENDING) for node in ast.walk(ast.parse(source)))
    return awaits and (module.is_relative_to(ROOT / "booking_flow") or bool(_WRITES.search(source)))


def main() -> None:
    """Declare every point anew; what was said of one that is still there stays."""
    said = declared() if DECLARED.exists() else {}
    lines = [f"{name} -- {said[name]}" if said.get(name) else name for name in written()]
    DECLARED.write_text("".join(f"{line}\n" for line in lines), "utf-8")


if __name__ == "__main__":
    main()

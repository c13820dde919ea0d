"""Every await of engine and stores is a declared point at which a process can be made to die."""

from __future__ import annotations

import ast
import re

import pytest

from tests.acceptance.points import ELSEWHERE, ROOT, WATCHED, declared, matters, source_of, written

COMMITTING = re.compile(r"(.+\.(commit|execute|begin)|fetch_one|fetch_all|execute)")
"""What ends in a commit, or begins one."""


def test_every_await_is_declared() -> None:
    """After a change of engine or stores run `python -m tests.acceptance.points`."""
    assert list(declared()) == written()


@pytest.mark.parametrize("module", WATCHED)
def test_every_commit_is_awaited_and_so_is_a_point(module: str) -> None:
    tree = ast.parse(source_of(module).read_text("utf-8"))
    nodes = list(ast.walk(tree))
    awaited = {node.value for node in nodes if isinstance(node, ast.Await)}
    awaited |= {node.context_expr for node in nodes if isinstance(node, ast.withitem)}
    calls = [node for node in nodes if isinstance(node, ast.Call) and node not in awaited]
    called = [ast.unparse(call.func) for call in calls]
    assert [name for name in called if COMMITTING.fullmatch(name)] == []


def test_nothing_that_matters_is_overlooked() -> None:
    """A new module of core or stores is watched, or says why nobody need die in it."""
    found = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for folder in ("booking_flow", "persistence")
        for path in (ROOT / folder).rglob("*.py")
        if "migrations" not in path.parts and matters(path)
    }
    assert found <= set(WATCHED) | set(ELSEWHERE)
    assert set(ELSEWHERE) <= found

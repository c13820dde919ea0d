"""Who takes a row shuts out who had it before, and who settles it must have it still."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import pytest
from sqlalchemy import TextClause

import persistence

NOTICES = "persistence.task_notices.TAKE"
"""Telling staff of a task twice harms nobody."""


def statements() -> Iterator[tuple[str, str]]:
    """Return every statement of the package under its name."""
    for module in pkgutil.walk_packages(persistence.__path__, "persistence."):
        if ".migrations" in module.name:
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, TextClause):
                yield f"{module.name}.{name}", value.text


TAKES = {
    name: sql
    for name, sql in statements()
    if "CAST(:lease AS interval)" in sql and "INSERT INTO saga_steps" not in sql
}


def test_all_that_is_taken_is_known() -> None:
    assert {
        "persistence.work_queue.TAKE_STEPS",
        "persistence.work_queue.TAKE_STEP",
        "persistence.work_queue.TAKE_UNDOS",
        "persistence.undos.TAKE",
        "persistence.outbox.TAKE",
        "persistence.bulk.TAKE",
        NOTICES,
    } == TAKES.keys()


@pytest.mark.parametrize("name", sorted(TAKES.keys() - {NOTICES}))
def test_whoever_takes_a_row_raises_its_fence(name: str) -> None:
    assert "fence + 1" in TAKES[name]


@pytest.mark.parametrize(
    "name",
    [
        "persistence.work_queue.LOOK_AGAIN",
        "persistence.work_queue.SETTLE_UNDO",
        "persistence.undos.SETTLE",
        "persistence.outbox.SETTLE",
        "persistence.bulk.SETTLE",
    ],
)
def test_whoever_settles_a_row_must_have_it_still(name: str) -> None:
    assert "fence = :fence" in dict(statements())[name]

"""Pauses grow by a factor up to the longest, and vary by a fifth."""

from __future__ import annotations

import pytest

from adapters.backoff import Backoff


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 5), (2, 20), (3, 80), (7, 5 * 4**6), (8, 21_600), (10**6, 21_600)]
)
def test_each_pause_is_longer_up_to_the_longest(failures: int, seconds: float) -> None:
    backoff = Backoff(first=5, longest=21_600, factor=4)
    pauses = {backoff.after(failures) for _ in range(50)}
    assert seconds * 0.8 <= min(pauses) < max(pauses) <= seconds * 1.2


def test_before_any_failure_it_is_the_first() -> None:
    assert Backoff(first=1, longest=9).after(0) <= 1.2

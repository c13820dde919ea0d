"""Which tests try a change of the core at first."""

from __future__ import annotations

from tests.mutants import FEW, few

SECONDS = {
    "tests/a.py::test_slow": 9.0,
    "tests/a.py::test_quick[one]": 1.0,
    "tests/a.py::test_quick[two]": 0.5,
    "tests/b.py::test_other": 3.0,
}


def test_the_fastest_of_every_file_come_first_and_each_with_one_parameter() -> None:
    assert few(list(SECONDS), SECONDS) == [
        "tests/a.py::test_quick[two]",
        "tests/b.py::test_other",
        "tests/a.py::test_slow",
    ]


def test_there_are_no_more_than_a_few() -> None:
    many = [f"tests/a.py::test_{number}" for number in range(FEW + 1)]
    assert few(many, {}) == many[:FEW]

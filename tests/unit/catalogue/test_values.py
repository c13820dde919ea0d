"""Values are read tolerantly from text; what makes no sense is None."""

from datetime import date
from decimal import Decimal

import pytest

from adapters.catalogue import values


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2190294", "2190294"),
        (" 2190294\r\n", "2190294"),
        ("2190294.0", "2190294"),
        ("A-7.0", "A-7.0"),
        ("", None),
        ("  ", None),
        (None, None),
    ],
)
def test_identifiers(text: str | None, read: str | None) -> None:
    assert values.identifier(text) == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("7", 7),
        (" 22\n", 22),
        ("7.00", 7),
        ("7.5", None),
        ("-7", None),
        ("9999999999", None),
        ("seven", None),
        ("", None),
        (None, None),
    ],
)
def test_numbers(text: str | None, read: int | None) -> None:
    assert values.number(text) == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2027-03-07", date(2027, 3, 7)),
        (" 2027-03-07T00:00:00Z\n", date(2027, 3, 7)),
        ("2027-02-30", None),
        ("07/03/2027", None),
        ("", None),
        (None, None),
    ],
)
def test_days(text: str | None, read: date | None) -> None:
    assert values.day(text) == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("1299.5", "1299.50"),
        ("1,299.00", "1299.00"),
        ("12,345,678", "12345678.00"),
        ("0", "0.00"),
        ("1e3", "1000.00"),
        ("-1", None),
        ("NaN", None),
        ("Infinity", None),
        ("1e30", None),
        ("free", None),
        ("1,29", None),
        ("", None),
        (None, None),
    ],
)
def test_amounts(text: str | None, read: str | None) -> None:
    assert values.money(text) == (None if read is None else Decimal(read))


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ('["Miami", " Nassau ", "", 7]', ("Miami", "Nassau")),
        ("Miami, Nassau,", ("Miami", "Nassau")),
        ("Miami", ("Miami",)),
        ("null", ()),
        ("{}", ()),
        ("17", ()),
        ("", ()),
        (None, ()),
    ],
)
def test_names(text: str | None, read: tuple[str, ...]) -> None:
    assert values.names(text) == read

"""Pages are kept true: what they say to paste, to set, to run and to read is what there is."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from booking_http.demo.text import booking_lines
from booking_http.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text("utf-8")
PAGES = [
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "diagrams/README.md",
    *sorted(str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob("*.md")),
]


def settings_table() -> Iterator[tuple[str, str]]:
    for name, default in re.findall(r"^\| `([A-Z_]+)` \| ([^|]+) \|", CONFIGURATION, re.MULTILINE):
        yield name.lower(), default.strip("` ")


def written(default: object) -> str:
    """Return a default as the table writes it."""
    if default is None or default == ():
        return "none"
    if isinstance(default, tuple | frozenset):
        return ",".join(sorted(map(str, default)))
    if isinstance(default, bool):
        return str(default).lower()
    return f"{default:g}" if isinstance(default, float) else str(default)


def test_the_booking_is_the_one_the_demo_prints() -> None:
    """With the demo's default port; `test_demo` runs these lines."""
    (block,) = re.findall(r"```bash\n(.*?)```", README, re.DOTALL)
    assert block == booking_lines() + "\n"


def test_every_setting_is_listed_with_its_default_and_no_other() -> None:
    fields = Settings.model_fields
    expected = [
        (name, "required" if field.is_required() else written(field.default))
        for name, field in fields.items()
    ]
    assert list(settings_table()) == expected


def test_the_sections_come_in_the_readers_order() -> None:
    assert re.findall(r"^## (.+)$", README, re.MULTILINE) == [
        "Two commands",
        "One booking",
        "The flow",
        "For staff",
        "A real account",
        "Scaling out",
        "Further reading",
    ]


def test_the_readme_is_read_in_minutes() -> None:
    assert len(README.splitlines()) <= 130


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_to_files(name: str) -> None:
    page = ROOT / name
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("name", PAGES)
def test_the_make_targets_it_names_exist(name: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    page = (ROOT / name).read_text("utf-8")
    assert set(re.findall(r"`make ([a-z-]+)\b", page)) <= targets


def test_the_files_that_the_architecture_names_exist() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    named = re.findall(r"`((?:booking_flow|adapters|persistence|http)/[\w/.]*)`", page)
    assert len(named) > 30
    assert [name for name in named if not (ROOT / name).exists()] == []

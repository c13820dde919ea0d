"""Pages are kept true: what they say to paste, to set, to run and to read is what there is."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from booking_http.cli.configuration import page_with_table
from booking_http.cli.main import main
from booking_http.demo.text import booking_lines
from booking_http.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
README = (ROOT / "README.md").read_text("utf-8")
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text("utf-8")
PAGES = [
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "diagrams/README.md",
    *sorted(str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob("*.md")),
]


def test_the_booking_is_the_one_the_demo_prints() -> None:
    """With the demo's default port; `test_demo` runs these lines."""
    (block,) = re.findall(r"```bash\n(.*?)```", README, re.DOTALL)
    assert block == booking_lines() + "\n"


def test_every_setting_is_listed_with_its_default_and_what_it_is() -> None:
    """`booking-flow settings --write docs/configuration.md` writes the table."""
    assert page_with_table(CONFIGURATION) == CONFIGURATION
    table = CONFIGURATION.partition("| setting |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| `([A-Z_]+)` \| ([^|]+) \| (.+) \|$", table, re.MULTILINE)
    assert [name.lower() for name, _, _ in rows] == list(Settings.model_fields)
    assert {default for name, default, _ in rows if name == "DATABASE_URL"} == {"required"}


def test_a_page_whose_table_is_stale_is_told_so(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(CONFIGURATION.replace("| `8080` |", "| `80` |"), "utf-8")
    done = CliRunner().invoke(main, ["settings", "--check", str(page)])
    assert (done.exit_code, "is stale" in done.output) == (1, True)
    assert CliRunner().invoke(main, ["settings", "--write", str(page)]).exit_code == 0
    assert page.read_text("utf-8") == CONFIGURATION
    assert CliRunner().invoke(main, ["settings"]).output in CONFIGURATION


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

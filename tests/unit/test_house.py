"""The rules of the house that neither the linter nor the type checker can see."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.layout import gerunds, two_meanings

ROOT = Path(__file__).resolve().parents[2]

# Written in pieces, so that this file does not name what it forbids.
REGISTRY_HOSTS = (
    "files.python" + "hosted.org",
    "pypi" + ".org/simple",
    "registry." + "npmjs.org",
    "registry." + "yarnpkg.com",
    "deb." + "debian.org",
)
CLOCKS_AND_CHANCE = {"logging", "random", "secrets", "time", "uuid_utils"}
MAKERS = re.compile(r"(.*\.)?(datetime\.now|utcnow|date(time)?\.today|uuid[14678]|urandom|print)")
CORE = sorted((ROOT / "booking_flow").rglob("*.py"))


def tracked_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout, so nothing says which files belong to it")
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def imported_modules(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def called_names(tree: ast.AST) -> list[str]:
    return [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]


@pytest.mark.slow
def test_the_standard_library_http_is_not_hidden() -> None:
    """From the root, where a careless `http` package would win, aiohttp still imports."""
    subprocess.run([sys.executable, "-c", "import http.client, aiohttp"], cwd=ROOT, check=True)


def test_http_is_a_plain_folder() -> None:
    assert not (ROOT / "http" / "__init__.py").exists()


def test_no_two_public_classes_share_a_name() -> None:
    assert list(two_meanings()) == []


def test_modules_are_called_after_what_they_hold() -> None:
    assert list(gerunds()) == []


@pytest.mark.parametrize("folder", ["http", "diagrams"])
def test_no_python_lies_directly_in(folder: str) -> None:
    assert list((ROOT / folder).glob("*.py")) == []


@pytest.mark.parametrize("module", CORE, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_core_reads_no_clock_and_writes_no_log(module: Path) -> None:
    """Time, ids and chance come in as arguments, so that every decision can be replayed."""
    tree = ast.parse(module.read_text("utf-8"))
    assert CLOCKS_AND_CHANCE.isdisjoint(imported_modules(tree))
    assert [name for name in called_names(tree) if MAKERS.fullmatch(name)] == []


def test_no_committed_file_names_a_package_registry() -> None:
    """Where packages come from is the machine's affair: lock files hold versions and hashes."""
    hosts = [host.encode() for host in REGISTRY_HOSTS]
    naming = [p for p in tracked_files() if any(host in p.read_bytes() for host in hosts)]
    assert naming == []


def locked(name: str) -> dict[str, str]:
    """Return what a lock pins, extras and conditions included, with the hashes of each."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    pins = [line.partition(" --hash=") for line in lines]
    return {pin.strip(): hashes for pin, _, hashes in pins}


@pytest.mark.parametrize("name", ["runtime", "demo", "dev"])
def test_every_locked_requirement_has_a_hash(name: str) -> None:
    pinned = locked(name)
    assert pinned
    assert [pin for pin, hashes in pinned.items() if not hashes.startswith("sha256:")] == []


def test_what_runs_and_what_is_tested_have_the_same_versions() -> None:
    """So that one environment serves the demo and the tests."""
    versions = [
        {pin.partition("==")[0].partition("[")[0]: pin.partition("==")[2] for pin in locked(name)}
        for name in ("runtime", "demo", "dev")
    ]
    runtime, demo, dev = versions
    assert runtime.items() <= demo.items() <= dev.items()


def test_nothing_is_resolved_where_it_is_installed() -> None:
    """A release of any package could otherwise break a fresh clone."""
    recipes = [ROOT / "Makefile", *sorted((ROOT / ".ci").iterdir())]
    installing = [line for path in recipes for line in path.read_text("utf-8").splitlines()]
    assert [line for line in installing if "pip install" in line] == []
    assert '"--no-deps"' in (ROOT / "requirements" / "install.py").read_text("utf-8")


def test_check_runs_the_layer_contracts() -> None:
    recipe = (ROOT / "Makefile").read_text("utf-8").partition("\ncheck:")[2].partition("\n\n")[0]
    assert "lint-imports" in recipe


def test_references_to_the_suppliers_protocol_and_to_decisions_lead_somewhere() -> None:
    protocol = (ROOT / "docs" / "traveltek.md").read_text("utf-8")
    sections = set(re.findall(r"^## (\d+)\.", protocol, re.MULTILINE))
    decisions = {path.name[:4] for path in (ROOT / "docs" / "adr").glob("[0-9]*.md")}
    missing, found = [], 0
    for path in tracked_files():
        if path.suffix not in {".py", ".md", ".html"}:
            continue
        text = path.read_text("utf-8")
        if "ADR" not in text and "traveltek.md" not in text:
            continue
        text = re.sub(r"\s+", " ", text)
        named = re.findall(r"traveltek\.md, sections? (\d+)(?: (?:and|to) (\d+))?", text)
        numbers = {number for pair in named for number in pair if number}
        adrs = set(re.findall(r"\bADR (\d{4})", text))
        found += len(numbers) + len(adrs)
        wrong = (numbers - sections) | (adrs - decisions)
        missing += [f"{path.relative_to(ROOT)}: {number}" for number in sorted(wrong)]
    assert missing == []
    assert found > 50

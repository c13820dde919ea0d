"""What is installed is what was locked, whatever has been released since."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from requirements import install, lock
from tests.conftest import ROOT
from tests.integration.requirements.wheels import make_wheel

pytestmark = pytest.mark.slow
PACKAGES = ("ship", "deck", "rail")


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return the index that this machine knows, and no other: one release of each package."""
    index = tmp_path_factory.mktemp("index")
    release(index, "1.0")
    settings = index.parent / "uv.toml"
    settings.write_text(f'[pip]\nno-index = true\nfind-links = ["{index}"]\n')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UV_CONFIG_FILE", str(settings))
        # Who has no home of their own has no place for it.
        patch.setenv("UV_CACHE_DIR", str(index.parent / "uv-cache"))
        patch.setenv("PIP_NO_INDEX", "1")
        patch.setenv("PIP_FIND_LINKS", str(index))
        # A machine's own settings name other places, and its own uv would do pip's work.
        patch.setenv("PIP_CONFIG_FILE", os.devnull)
        patch.setenv("PATH", "/usr/bin:/bin")
        yield index


@pytest.fixture(scope="module")
def locked(machine: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lock a project that needs a ship, as `make lock` does."""
    folder = tmp_path_factory.mktemp("project")
    project, file = folder / "pyproject.toml", folder / "lock.txt"
    project.write_text('[project]\nname = "fleet"\nversion = "1"\ndependencies = ["ship"]\n')
    lock.write(file, project=project, options=[])
    return file


@pytest.fixture(scope="module")
def venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an environment that the tests of this module share, since one takes seconds.

    It is made over one that is broken, as after the Python that it was made with is gone.
    """
    place = tmp_path_factory.mktemp("environment") / "venv"
    (place / "bin").mkdir(parents=True)
    (place / "bin" / "python").symlink_to(place / "gone")
    install.environment(place)
    return place


@pytest.fixture
def python(venv: Path) -> Path:
    """Return the Python of an environment in which nothing of the index is installed."""
    found = venv / "bin" / "python"
    subprocess.run([*install.pip(found), "uninstall", "-y", *PACKAGES], check=True)
    return found


@pytest.fixture
def file(locked: Path, tmp_path: Path) -> Path:
    """Return a lock that a test may spoil."""
    copied = tmp_path / "lock.txt"
    copied.write_bytes(locked.read_bytes())
    return copied


def release(index: Path, version: str) -> None:
    make_wheel(index, "ship", version, needs=["deck[railing]>=1"])
    make_wheel(index, "deck", version, extras={"railing": "rail>=1"})
    make_wheel(index, "rail", version)


def without(name: str, file: Path) -> Path:
    """Leave a package out of a lock."""
    blocks = file.read_text("utf-8").replace("\\\n", " ").splitlines(keepends=True)
    file.write_text("".join(line for line in blocks if not line.startswith(name)))
    return file


def versions(python: Path) -> dict[str, str]:
    listed = subprocess.run(
        [*install.pip(python), "list", "--format", "json"],
        capture_output=True,
        text=True,
        check=True,
    )
    return {
        each["name"]: each["version"]
        for each in json.loads(listed.stdout)
        if each["name"] in PACKAGES
    }


def test_a_newer_release_of_a_locked_package_changes_nothing(
    machine: Path, python: Path, file: Path
) -> None:
    """The extra's package is installed, too, and in the version that was locked."""
    assert "deck[railing]==1.0" in file.read_text("utf-8")
    release(machine, "2.0")
    command = [sys.executable, str(ROOT / "requirements" / "install.py"), str(file)]
    done = subprocess.run(
        [*command, "--venv", str(python.parent.parent)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Installing the 3 packages" in done.stdout
    assert versions(python) == {"ship": "1.0", "deck": "1.0", "rail": "1.0"}


@pytest.mark.parametrize("name", ["deck", "rail"])
def test_a_lock_that_leaves_something_out_is_not_written(
    python: Path, file: Path, name: str
) -> None:
    """Not even what only an extra asks for, which `pip check` would not miss."""
    with pytest.raises(install.CannotInstall, match=name):
        lock.prove(without(name, file), python.parent.parent)
    assert versions(python) == {}


def test_a_lock_that_is_not_whole_is_noticed_where_it_is_installed(
    python: Path, file: Path
) -> None:
    with pytest.raises(install.CannotInstall) as refused:
        install.install(without("deck", file), venv=python.parent.parent)
    assert "ship 1.0 requires deck, which is not installed." in str(refused.value)
    assert "`make lock` writes it anew" in str(refused.value)


def test_what_cannot_be_installed_is_told_with_pips_own_words(python: Path, file: Path) -> None:
    file.write_text(file.read_text("utf-8").replace("rail==1.0", "rail==1.5"))
    with pytest.raises(install.CannotInstall, match=r"rail==1\.5"):
        install.install(file, venv=python.parent.parent)


def test_a_broken_environment_is_made_anew(python: Path) -> None:
    assert subprocess.run([python, "-c", "import pip"], check=False).returncode == 0


def test_an_old_python_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    with pytest.raises(install.CannotInstall, match=r"Python 3\.11 or newer is needed, this is"):
        install.require_python()

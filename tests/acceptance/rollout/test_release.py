"""Which release is run beside this one, and when there is none."""

import subprocess
from pathlib import Path

import pytest

from tests.acceptance.rollout.release import NoRelease, newest_tag


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a repository with one commit."""
    # What lies above, and what a hook of git's says of where it is, is of no concern here.
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    return tmp_path


def git(folder: Path, *arguments: str) -> None:
    known = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=no")
    subprocess.run(("git", *known, *arguments), cwd=folder, check=True)


def commit(folder: Path) -> None:
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "A change")


def test_the_last_release_is_the_newest_tag_before_this_commit(checkout: Path) -> None:
    for tag in ("v0.1.0", "v0.2.0"):
        git(checkout, "tag", tag)
        commit(checkout)
    git(checkout, "tag", "v0.3.0")
    git(checkout, "tag", "no-release")
    assert newest_tag(checkout) == "v0.2.0"


def test_without_a_tag_there_is_no_release(checkout: Path) -> None:
    commit(checkout)
    with pytest.raises(NoRelease, match="cannot describe"):
        newest_tag(checkout)


def test_without_history_there_is_no_release(checkout: Path) -> None:
    """As in a shallow clone of the commit that is tagged."""
    git(checkout, "tag", "v0.1.0")
    with pytest.raises(NoRelease, match="HEAD"):
        newest_tag(checkout)


def test_without_a_repository_there_is_no_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(NoRelease, match="not a git repository"):
        newest_tag(tmp_path)

"""The demo's folder: what it keeps, what it deletes, and what it refuses."""

from pathlib import Path

import pytest

from booking_http.demo.home import DemoHome
from booking_http.runtime.process import CannotRun


def test_keys_are_made_once_and_closed_to_others(tmp_path: Path) -> None:
    home = DemoHome(tmp_path / "home")
    with home.taken():
        keys = home.keys()
        assert home.keys() == keys
        assert len(keys.hash_key) >= 32
    assert (home.path / "keys.json").stat().st_mode & 0o777 == 0o600


def test_starting_over_deletes_only_what_a_demo_made(tmp_path: Path) -> None:
    home = DemoHome(tmp_path / "home")
    with home.taken():
        for name in ("postgres", "valkey", "simulator", "notes of mine"):
            home.folder(name).mkdir()
        before = home.keys()
        home.forget()
        assert home.keys() != before
    kept = {path.name for path in home.path.iterdir()}
    assert kept == {"about.txt", "demo.lock", "keys.json", "notes of mine"}


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    """So that `--fresh --home ~` deletes nothing."""
    (tmp_path / "postgres").mkdir()
    with pytest.raises(CannotRun, match="no demo made"), DemoHome(tmp_path).taken():
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["postgres"]


def test_two_demos_do_not_share_a_folder(tmp_path: Path) -> None:
    path = tmp_path / "home"
    with (
        DemoHome(path).taken(),
        pytest.raises(CannotRun, match="a demo is running in"),
        DemoHome(path).taken(),
    ):
        pass


def test_the_database_is_known_only_while_the_demo_runs(tmp_path: Path) -> None:
    home = DemoHome(tmp_path / "home")
    with home.taken():
        home.publish({"database_url": "postgresql://somewhere"})
        assert home.database_url() == "postgresql://somewhere"
        assert (home.path / "running.json").stat().st_mode & 0o777 == 0o600
    assert home.database_url() is None

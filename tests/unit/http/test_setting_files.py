"""Settings may lie in files, so that no secret is seen in a process list or a unit file."""

from __future__ import annotations

from pathlib import Path

import pytest

from booking_http.runtime.connection_errors import database_name
from booking_http.settings import Settings, SettingsError, load_database_settings, load_settings
from tests.unit.http.test_settings import GOOD, SECRET


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder in which each of the settings lies in a file of its own name."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(f"{name.upper()}_FILE", raising=False)
    for name, value in GOOD.items():
        (tmp_path / name).write_text(f"{value}\n")
    return tmp_path


def test_a_variable_names_the_file_of_a_setting(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in GOOD:
        monkeypatch.setenv(f"{name}_FILE", str(folder / name))
    found = load_settings()
    assert found.database_url.get_secret_value() == GOOD["DATABASE_URL"]
    assert [key.get_secret_value() for key in found.master_keys] == [GOOD["MASTER_KEYS"]]
    assert database_name() == "DATABASE_URL"


def test_systemd_hands_settings_over_by_their_names(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    (folder / "TRUSTED_PROXIES").write_text("10.0.0.0/8, 192.0.2.0/24\n")
    found = load_settings()
    assert found.hash_key.get_secret_value() == GOOD["HASH_KEY"]
    assert len(found.trusted_proxies) == 2
    given = load_database_settings().database_url
    assert given is not None
    assert given.get_secret_value() == GOOD["DATABASE_URL"]


def test_what_the_environment_says_itself_comes_first(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    monkeypatch.setenv("TRAVELTEK_SID", "7")
    assert load_settings().traveltek_sid == "7"


def test_a_file_that_cannot_be_read_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    monkeypatch.setenv("HASH_KEY_FILE", str(folder / "nowhere"))
    with pytest.raises(SettingsError, match=r"HASH_KEY_FILE: .*nowhere cannot be read"):
        load_settings()


def test_a_wrong_value_in_a_file_is_told_like_any_other(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    (folder / "MASTER_KEYS").write_text(SECRET)
    with pytest.raises(SettingsError, match="MASTER_KEYS: number 1 is no Fernet key") as found:
        load_settings()
    assert SECRET not in str(found.value)

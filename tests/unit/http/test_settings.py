"""Settings: each wrong value is named in a sentence, and none is repeated."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from booking_http.cli.catalogue_runs import load_sync_settings
from booking_http.settings import Settings, SettingsError, load_database_settings, load_settings
from tests.support.service import HASH_KEY

SECRET: Final = "hush-hush"
MASTER_KEY: Final = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
GOOD: Final = {
    "DATABASE_URL": "postgresql://booking:hush-hush@db:5432/booking",
    "MASTER_KEYS": MASTER_KEY,
    "HASH_KEY": HASH_KEY,
    "TRAVELTEK_BASE_URL": "https://supplier.test/2.1/json",
    "TRAVELTEK_SID": "1",
    "TRAVELTEK_USERNAME": "agency",
    "TRAVELTEK_PASSWORD": "hush-hush",
}
DATABASES: Final = {
    "mysql://booking:hush-hush@db/booking": "a database's address starts with postgresql://",
    "hush-hush": "a database's address starts with postgresql://",
    "postgresql://": "it names no host",
    "postgresql:///booking": "it names no host",
    "postgresql://booking:hush-hush@db": "it names no database",
    "postgresql://booking:hush-hush@db:port/booking": "its port is no number up to 65535",
    "postgresql://booking:hush-hush@db:99999/booking": "its port is no number up to 65535",
    "postgresql://booking:hush/hush-hush@db/booking": "/ ? # and @ are written %2F %3F %23 and %40",
    "postgresql://booking:1#hush-hush@db/booking": "/ ? # and @ are written %2F %3F %23 and %40",
    "postgresql://booking:1/hush-hush@db/booking": "/ ? # and @ are written %2F %3F %23 and %40",
    "postgresql://booking:hush-hush@[::1/booking": "it cannot be read",
    "postgresql://booking:hush hush-hush@db/booking": "it has a blank or a line break in it",
    "postgresql://booking:hush-hush@db/booking?sslmode=maybe": "sslmode is one of disable, allow",
    "postgresql://booking:hush-hush@db/booking?sslrootcert=/nowhere/hush-hush": "sslrootcert names",
    "postgresql://booking:hush-hush@db/booking?sslmode": "what follows its ? cannot be read",
}
REDIS: Final = {
    "http://:hush-hush@redis/0": "it starts with redis://, rediss:// or unix://",
    "hush-hush": "it starts with redis://, rediss:// or unix://",
    "redis://": "it names no host",
    "unix://": "it names no socket",
    "redis://:hush-hush@redis:port/0": "its port is no number up to 65535",
    "redis://:hush-hush@redis/first": "its database is no number",
    "redis://:hush-hush@redis?db=first": "what follows its ? cannot be used",
    "redis://:hush-hush@redis?retries=hush-hush": "what follows its ? cannot be used",
}
SITES: Final = {
    "supplier.test": "it starts with https:// or http://",
    "ftp://supplier.test/": "it starts with https:// or http://",
    "https://": "it names no host",
    "https://supplier.test:port/": "its port is no number up to 65535",
    "https://agency:hush-hush@supplier.test/": "an account does not belong in it",
    "https://supplier.test/?hush-hush": "nothing may follow a ? or # in it",
    "https://supplier.test/#hush-hush": "nothing may follow a ? or # in it",
}
WRONG: Final = {
    "MASTER_KEYS": {
        "abc": "number 1 is no Fernet key",
        f"{MASTER_KEY},hush-hush": "number 2 is no Fernet key",
        ",": "it names none",
    },
    "HASH_KEY": {"hush-hush": "it has at least 32 characters"},
    "DATABASE_URL": DATABASES,
    "CATALOGUE_URL": DATABASES,
    "REDIS_URL": REDIS,
    "TRAVELTEK_BASE_URL": SITES,
    "PUBLIC_URL": SITES,
    "OIDC_ISSUER": SITES,
    "BACK_OFFICE_URL": {
        "hush-hush": "it starts with https:// or http://",
        "https://agency:hush-hush@office.test/": "an account does not belong in it",
    },
    "CATALOGUE_COLUMNS": {
        "{": "it is no JSON",
        "[1]": "it is a JSON object of names",
        '{"sailings": 3}': "it is a JSON object of names",
        '{"sailings.cruse": "x"}': "sailings.cruse is none of our fields",
    },
    "CATALOGUE_LAYOUT": {"theirs": "it is 'own' or 'cruises'"},
    "LIVE_LINES": {"RCI": "a whole number is needed"},
    "CURRENCY": {"usd": "it has three capital letters, such as USD"},
    "APP_ENV": {"prod": "it is 'development', 'staging' or 'production'"},
    "APP_PORT": {
        "http": "a whole number is needed",
        "-1": "it is at least 0",
        "65536": "it is at most 65535",
    },
    "LOG_LEVEL": {"loud": "it is 'DEBUG', 'INFO', 'WARNING' or 'ERROR'"},
    "WORKER": {"perhaps": "it is true or false"},
    "ACCEPT_OTHER_ENVIRONMENT": {"perhaps": "it is true or false"},
    "SESSION_MINUTES": {
        "two": "a number is needed",
        "0": "it is more than 0",
        "inf": "a number is needed",
        "nan": "a number is needed",
        "1e300": "it is at most",
    },
    "CATALOGUE_CACHE_SECONDS": {"inf": "a number is needed", "-1": "it is at least 0"},
    "MAX_CARDS": {"0": "it is at least 1", "9" * 30: "it is at most"},
    "TRUSTED_PROXIES": {
        "10.0.0.0/8, 10.0.0.1/8": "number 2 is no network such as 10.0.0.0/8",
        "proxy": "number 1 is no network such as 10.0.0.0/8",
    },
    "CORS_ORIGINS": {
        "https://shop.example/": "number 1 is no origin such as https://shop.example",
        "*, shop.example": "number 2 is no origin such as https://shop.example",
    },
    "WEBHOOK_ALLOWED_HOSTS": {"https://hooks.test": "number 1 is no name of a host"},
}
CASES: Final = [
    pytest.param(name, value, words, id=f"{name}={value}"[:60])
    for name, values in WRONG.items()
    for value, words in values.items()
]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Return an environment that describes a service, and nothing more than that."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.mark.parametrize(("name", "value", "words"), CASES)
def test_a_wrong_value_is_named_and_not_repeated(
    environment: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    environment.setenv(name, value)
    with pytest.raises(SettingsError) as found:
        load_settings()
    told = str(found.value)
    assert f"\n  {name}: " in told
    assert words in told
    assert SECRET not in told
    assert "Value error" not in told


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgres://booking@db/booking"),
        ("DATABASE_URL", "postgresql+asyncpg://booking:p%40ss@[::1]:5432/booking?sslmode=require"),
        ("DATABASE_URL", "postgresql:///booking?host=/run/postgresql"),
        ("REDIS_URL", "rediss://:p%2Fss@redis:6380/1"),
        ("REDIS_URL", "unix://user:pass@/run/valkey.sock?db=2"),
        ("CATALOGUE_COLUMNS", '{"sailings": "trips", "sailings.ports": null}'),
        ("CORS_ORIGINS", "*"),
        ("CORS_ORIGINS", "https://shop.example, http://localhost:3000, capacitor://localhost"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, ::1"),
        ("BACK_OFFICE_URL", "https://office.test/search?agency=1"),
        ("SESSION_MINUTES", "0.5"),
    ],
)
def test_what_is_right_stays_right(environment: pytest.MonkeyPatch, name: str, value: str) -> None:
    environment.setenv(name, value)
    load_settings()


def test_several_wrong_values_are_named_together(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("MASTER_KEYS", "abc")
    environment.setenv("REDIS_URL", "http://redis")
    environment.delenv("HASH_KEY")
    with pytest.raises(SettingsError) as found:
        load_settings()
    first, *lines = str(found.value).splitlines()
    assert first == "These settings are missing or wrong:"
    assert [line.split(":")[0].strip() for line in lines] == [
        "REDIS_URL",
        "MASTER_KEYS",
        "HASH_KEY is not set",
    ]


def test_a_certificate_that_is_there_is_taken(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    certificate = tmp_path / "root.crt"
    certificate.touch()
    environment.setenv("DATABASE_URL", f"postgresql://a@db/b?sslrootcert={certificate}")
    load_settings()


@pytest.mark.parametrize("name", ["DATABASE_URL", "APP_ENV", "ACCEPT_OTHER_ENVIRONMENT"])
def test_commands_that_need_less_judge_what_they_need(
    environment: pytest.MonkeyPatch, name: str
) -> None:
    environment.setenv("MASTER_KEYS", "abc")
    load_database_settings()
    environment.setenv(name, "hush-hush")
    with pytest.raises(SettingsError, match=name):
        load_database_settings()


@pytest.mark.parametrize("name", ["DATABASE_URL", "CATALOGUE_URL", "CATALOGUE_COLUMNS"])
def test_a_sync_judges_what_it_needs(environment: pytest.MonkeyPatch, name: str) -> None:
    environment.setenv("MASTER_KEYS", "abc")
    load_sync_settings()
    environment.setenv(name, "hush-hush")
    with pytest.raises(SettingsError, match=name):
        load_sync_settings()

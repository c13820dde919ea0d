"""One reader of addresses: libpq's words, several hosts, and nothing secret in what is said."""

from pathlib import Path
from urllib.parse import quote

import pytest

from adapters.postgres.address import Host, read_address
from adapters.postgres.words import BadAddress

SECRET = "hidden"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_every_scheme_of_postgresql_is_understood(scheme: str) -> None:
    address = read_address(f"{scheme}://me:{SECRET}@db:5433/shop?sslmode=require")
    assert address.hosts == (Host("db", 5433),)
    assert (address.database, address.user, address.password) == ("shop", "me", SECRET)
    assert str(address) == "db:5433/shop"
    assert SECRET not in repr(address)


@pytest.mark.parametrize("url", ["mysql://db/shop", "db/shop", "", "postgresql:/db/shop"])
def test_other_addresses_are_refused_without_repeating_them(url: str) -> None:
    with pytest.raises(BadAddress, match="postgresql://") as refused:
        read_address(url)
    assert not url or url not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("postgresql://a:1,b:2/d", (Host("a", 1), Host("b", 2))),
        ("postgresql://a,b:2/d", (Host("a", None), Host("b", 2))),
        ("postgresql://a,b/d?port=7", (Host("a", 7), Host("b", 7))),
        ("postgresql:///d?host=a,b&port=7,8", (Host("a", 7), Host("b", 8))),
        ("postgresql://localhost/d?host=/run/pg", (Host("/run/pg", None),)),
        ("postgresql://%2Frun%2Fpg/d", (Host("/run/pg", None),)),
        ("postgresql://[::1]:6,[fe80::1]/d", (Host("::1", 6), Host("fe80::1", None))),
        ("postgresql:///d", ()),
    ],
)
def test_hosts_are_read_as_libpq_reads_them(text: str, hosts: tuple[Host, ...]) -> None:
    assert read_address(text).hosts == hosts


def test_where_a_database_is_can_be_shown() -> None:
    assert str(read_address("postgresql://u:p@A:1,[::1]:2/d")) == "a:1,[::1]:2/d"
    assert str(read_address("postgresql://u:p@h")) == "h"
    assert str(read_address("postgresql:///d")) == "local/d"


@pytest.mark.parametrize("password", ["a/b?c#d", "12/34@", "%41:;", "a+b", "ü ß"])
def test_any_password_can_be_written(password: str) -> None:
    written = quote(password, safe="")
    assert read_address(f"postgresql://u:{written}@h/d").password == password
    assert read_address(f"postgresql://u@h/d?password={written}").password == password


def test_a_colon_in_a_password_needs_no_escape() -> None:
    assert read_address("postgresql://u:a:b@h/d").password == "a:b"


@pytest.mark.parametrize("password", ["a/b", "a?b", "a#b"])
def test_what_ends_an_account_for_libpq_ends_it_here(password: str) -> None:
    """An address that works here works with PostgreSQL's own programs, too."""
    with pytest.raises(BadAddress) as refused:
        read_address(f"postgresql://u:{password}@h/d")
    assert password not in str(refused.value)


def test_what_follows_the_host_is_no_password() -> None:
    address = read_address("postgresql://h:5432/d?application_name=a@b")
    assert (address.hosts, address.password) == ((Host("h", 5432),), None)
    assert address.server_settings == {"application_name": "a@b"}


def test_words_of_libpq_find_their_place() -> None:
    address = read_address(
        "postgresql://h/d?connect_timeout=7&target_session_attrs=primary&options=-c%20a%3Db"
        "&application_name=shop&keepalives_idle=30&tcp_user_timeout=1500&load_balance_hosts=random"
        "&sslmode=disable&gssencmode=prefer&channel_binding=disable&client_encoding=utf8"
    )
    assert (address.connect_timeout, address.target, address.shuffled) == (7.0, "primary", True)
    assert address.server_settings == {"application_name": "shop", "options": "-c a=b"}
    assert (address.keepalive.idle, address.keepalive.unanswered) == (30, 1.5)
    assert address.arguments()["dsn"] == "postgresql://?sslmode=disable"


def test_no_limit_is_ours_since_nobody_waits_for_ever() -> None:
    assert read_address("postgresql://h/d?connect_timeout=0").connect_timeout is None
    assert read_address("postgresql://h/d?connect_timeout=-1").connect_timeout is None


@pytest.mark.parametrize(("word", "mode"), [("require", "require"), ("true", "require")])
def test_what_others_call_ssl_is_sslmode(word: str, mode: str) -> None:
    assert read_address(f"postgresql://h/d?ssl={word}").drivers == {"sslmode": mode}


def test_who_writes_wants_the_host_that_lets_them() -> None:
    """Of one host nothing is asked, and what the address says goes first."""
    assert read_address("postgresql://a,b/d").writable.target == "read-write"
    assert read_address("postgresql://a/d").writable.target == "any"
    told = "postgresql://a,b/d?target_session_attrs=primary"
    assert read_address(told).writable.target == "primary"


def test_the_machines_own_trust_is_complete_or_nothing() -> None:
    arguments = read_address("postgresql://h/d?sslrootcert=system").arguments()
    assert (arguments["ssl"], arguments["dsn"]) == (True, "postgresql://?sslmode=verify-full")
    with pytest.raises(BadAddress, match="verify-full"):
        read_address("postgresql://h/d?sslrootcert=system&sslmode=require")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"postgresql://u:{SECRET}@h/d?sslmod=require", "the word sslmod in it is unknown"),
        (f"postgresql://u:{SECRET}@h/d?sslmode=on", "its sslmode is one of disable, allow"),
        (f"postgresql://u:{SECRET}@h/d?channel_binding=require", "channel_binding is one of"),
        (f"postgresql://u:{SECRET}@h/d?hostaddr=1.2.3.4", "the word hostaddr"),
        (f"postgresql://u:{SECRET}@h/d?connect_timeout=2s", "connect_timeout is a whole number"),
        (f"postgresql://u:{SECRET}@h/d?sslmode", "cannot be read as name=value"),
        (f"postgresql://u:{SECRET}@h/d?sslrootcert=/no/such", "sslrootcert names a file"),
        (f"postgresql://u:{SECRET}@h/d?target_session_attrs=rw", "target_session_attrs is one of"),
        (f"postgresql://u:{SECRET}@h:70000/d", "its port is no number"),
        (f"postgresql://u:{SECRET}@a,b/d?port=1,2,3", "more ports than hosts"),
        (f"postgresql://u:{SECRET}@a,,b/d", "a host in it has no name"),
        (f"postgresql://u:{SECRET}@a..b/d", "a host in it has no name"),
        (f"postgresql://u:@{SECRET}@h/d", "in a password / ? # and @ are written"),
        (f"postgresql://u:{SECRET}@h/d/e", "cannot be read"),
        (f"postgresql://u:{SECRET}\n@h/d", "a line break"),
    ],
)
def test_what_cannot_be_kept_is_named_and_nothing_secret(text: str, said: str) -> None:
    with pytest.raises(BadAddress) as refused:
        read_address(text)
    assert said in str(refused.value)
    assert SECRET not in str(refused.value)


def test_a_line_break_behind_an_address_does_no_harm() -> None:
    """It comes with secrets that are read from files."""
    assert read_address("postgresql://h/d\n").database == "d"


def test_a_certificate_that_is_there_is_handed_on(tmp_path: Path) -> None:
    file = tmp_path / "root.crt"
    file.write_text("")
    dsn = read_address(f"postgresql://h/d?sslrootcert={file}").arguments()["dsn"]
    assert dsn == f"postgresql://?sslrootcert={quote(str(file), safe='')}"

"""Settings by environment variables: a missing or wrong one is named, no secret is printed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_network
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from adapters.catalogue.layout import Layout, layout_of
from booking_flow.policy import FailedYellow, PaymentChannel, Policy, SailingCheck
from booking_http.setting_files import FileSource, UnreadableFile
from booking_http.setting_types import (
    LONG,
    MANY,
    Bands,
    BaseUrl,
    Columns,
    Count,
    Currency,
    DatabaseUrl,
    HashKeys,
    Hosts,
    MasterKeys,
    Networks,
    Numbers,
    Origins,
    Percent,
    RedisUrl,
    Risks,
    Seconds,
    Secrets,
    SiteUrl,
    StaffTotp,
    Terms,
    TimeZone,
    Words,
    days,
    rules_of,
    said_of,
)
from persistence.encryption import KeyKind
from persistence.environment_mark import AppEnv
from persistence.retention import Retention

_POLICY: Final = Policy()
"""What the core does where nothing is chosen."""
_MINUTE: Final = timedelta(minutes=1)
_OTHER_DESCRIPTORS: Final = 1024
LOOPBACK: Final = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


class SettingsError(Exception):
    """The environment does not describe a service that could run."""


class FromEnvironment(BaseSettings):
    """Settings; their names are those of the environment, in lower case."""

    model_config = SettingsConfigDict(
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        env_ignore_empty=True,
        use_attribute_docstrings=True,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic gives all it has
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the same
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Look into the environment, and then into files."""
        return init_settings, env_settings, FileSource(settings_cls)


class DatabaseSettings(FromEnvironment):
    """What commands need that open the booking database and nothing else."""

    app_env: AppEnv = AppEnv.DEVELOPMENT
    accept_other_environment: bool = False
    database_url: DatabaseUrl | None = None


class Settings(FromEnvironment):
    """Everything a deployment may choose; docs/configuration.md is made of these sentences."""

    app_env: AppEnv = AppEnv.DEVELOPMENT
    """which world this is: `development`, `staging` or `production`"""
    production_sids: Words = ()
    """the supplier's accounts that sell for real, separated by commas: production uses these,
    nobody else may"""
    production_accept: Risks = ()
    """what production starts with although it is not safe, by the names under
    [Production](#production)"""
    accept_other_environment: bool = False
    """start although database or supplier's account belong to another environment"""
    app_host: str = "127.0.0.1"
    """the address to listen on"""
    app_port: int = Field(default=8080, ge=0, le=65535)
    """the port to listen on"""
    operations_port: int | None = Field(default=None, ge=1, le=65535)
    """a port of its own, on `APP_HOST`, for `/metrics`, `/readyz?verbose` and the debug calls of
    staff, which `APP_PORT` then knows nothing of"""
    serve_processes: int = Field(default=1, ge=1, le=64)
    """processes that `serve` starts, all on `APP_PORT`; `serve --workers` goes before it:
    [docs/operations.md](operations.md)"""
    public_url: BaseUrl | None = None
    """where clients reach the service"""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """`DEBUG`, `INFO`, `WARNING` or `ERROR`"""
    log_sql: bool = False
    """whether each SQL statement is logged with the time it took; values are left out"""
    drain_seconds: float = Field(default=5.0, ge=0)
    """how long a process that was told to stop says so and goes on serving:
    [docs/deploys.md](deploys.md)"""
    shutdown_seconds: Seconds = 180.0
    """how long a stop then waits for requests under way"""

    database_url: DatabaseUrl
    """the booking database, `postgresql://…`; `?sslmode=verify-full` asks for TLS as PostgreSQL's
    own programs do"""
    database_pool_size: int = Field(default=10, ge=1, le=200)
    """connections per process"""
    redis_url: RedisUrl | None = None
    """Valkey or Redis; none works, too"""
    catalogue_url: DatabaseUrl | None = None
    """the database of the catalogue, when it is another one; an account that may only read is
    enough"""
    catalogue_layout: Literal["own", "cruises"] = "own"
    """whose tables these are: `own`, or `cruises` beside `cruise_lines` and `ships`"""
    catalogue_schema: str | None = None
    """the schema of the catalogue's tables, when it is not that of the layout"""
    catalogue_columns: Columns = None
    """other names of tables and columns, as JSON: [docs/catalogue.md](catalogue.md)"""
    catalogue_time_zone: TimeZone = "UTC"
    """where a sailing's day is read off a moment, such as `Asia/Tokyo`; days without a time have
    no zone"""
    catalogue_pool_size: int = Field(default=4, ge=1, le=50)
    """connections to the catalogue per process"""
    catalogue_cache_seconds: float = Field(default=30.0, ge=0, le=LONG, allow_inf_nan=False)
    """how long what was read of the catalogue is shown again"""
    spool_dir: str | None = None
    """a folder for definite answers of the supplier while the database is away; a worker enters
    them later"""
    journal_dir: str | None = None
    """a folder for a line of each claim, outside of the database, so that a restore to an earlier
    moment is noticed"""

    master_keys: MasterKeys
    """Fernet keys for personal data, the current one first, separated by commas"""
    hash_key: SecretStr = Field(min_length=32)
    """at least 32 characters; keys the hashes of requests, addresses and sign-ins"""
    hash_keys_older: HashKeys = ()
    """hash keys that are still accepted, or already, while `HASH_KEY` rotates; separated by commas,
    or a JSON list"""
    search_keys: HashKeys = ()
    """keys of at least 32 characters for the hashes that staff find guests by, the current one
    first, separated by commas, or a JSON list; without it `HASH_KEY` and `HASH_KEYS_OLDER`"""

    key_max_days: Annotated[int, days(1)] = 365
    """after how many days in use doctor asks for a new key of a kind; 0 never does"""

    traveltek_base_url: BaseUrl
    """up to and including `/2.1/json`"""
    traveltek_sid: str
    """the account's site id"""
    traveltek_username: SecretStr
    """the account's user"""
    traveltek_password: SecretStr
    """the account's password"""
    traveltek_language: str = "en"
    """the language asked for"""
    traveltek_time_scale: Seconds = 1.0
    """scales every time limit of supplier calls; for tests"""
    traveltek_calls_per_second: float | None = Field(default=None, gt=0, le=MANY)
    """calls one process sends per second; without it the pace is found out when the supplier
    answers 429"""
    traveltek_connections: int = Field(default=200, ge=1, le=100_000)
    """connections one process may have open to the supplier for reads, and as many for bookings and
    payments; each booking that waits for an answer has one, and with its guest's two file
    descriptors: [docs/operations.md](operations.md)"""

    live_lines: Numbers = _POLICY.live_lines
    """ids of the cruise lines that are sold live"""
    sailing_check: SailingCheck = _POLICY.sailing_check
    """when prices or a hold are those of another sailing, party or cabin: `refuse`, or `task` to go
    on and tell staff"""
    currency: Currency = _POLICY.currency
    """the currency of all prices"""
    age_bands: Bands = ()
    """the oldest infant and the oldest child of a cruise line, as `22:2-17` (line, infant, child),
    separated by commas; `*` stands for every other line, else `2-17` counts"""
    send_internal_reference: bool = False
    """send our reference with a booking as `internalref`, and look for it in what the line and
    the back office tell: [docs/traveltek.md](traveltek.md) says how to find out whether it is"""
    terms_field: str = ""
    """the member of a price row or a rate code in which the supplier tells what a cancellation
    costs and when what is due; without it guests are told to ask:
    [docs/traveltek.md](traveltek.md)"""
    booked_words: Terms = ("Booked",)
    """the supplier's words of status that mean booked, separated by commas; any other word is an
    unknown outcome"""
    failed_yellow: FailedYellow = _POLICY.failed_yellow
    """how a failed booking under fraud review is taken: `unknown` or `refused`"""
    too_many_requests: Literal["unknown", "refused"] = "unknown"
    """how HTTP 429 to a hold, release, booking or payment is taken: `unknown`, or `refused` where
    nothing was done then"""
    payment_channel: PaymentChannel = _POLICY.payment_channel
    """`with_booking`, `supplier_payment` or `manual` (staff record it)"""
    pay_later: bool = _POLICY.pay_later
    """whether the channel `with_booking` books without a card, too; staff then collect the payment
    """
    collect_hours: Seconds = _POLICY.collect_within / timedelta(hours=1)
    """how soon a booking without a payment is to be paid, where the line names no time; staff are
    told then, and nothing is cancelled"""
    balance_due_days: int | None = Field(default=_POLICY.balance_days, ge=0, le=730)
    """how many days before the sailing a balance is due, where the line names no day"""
    balance_by_card: bool = _POLICY.balance_by_card
    """whether guests pay a balance by card at the supplier in every channel; the supplier takes it
    in the session that booked, and later says that it cannot"""
    balance_reminder_days: int = Field(default=_POLICY.remind_days, ge=0, le=730)
    """how many days before a balance is due the guest is mailed a reminder; needs `SMTP_URL`"""
    session_minutes: Seconds = _POLICY.session_life / _MINUTE
    """how long a session lives"""
    hold_default_minutes: Seconds = _POLICY.hold_default / _MINUTE
    """how long a cabin is held when the supplier does not say"""
    hold_longest_minutes: Seconds = _POLICY.hold_longest / _MINUTE
    """the longest that a hold is relied on, whatever the supplier says"""
    hold_margin_seconds: Seconds = _POLICY.hold_margin.total_seconds()
    """how much earlier than the supplier we let a hold end"""
    deposit_least_percent: Percent = _POLICY.deposit_least
    """a deposit of a smaller share of the total is not offered: the whole total is due"""
    deposit_most_percent: Percent = _POLICY.deposit_most
    """a deposit of a larger share of the total is not offered either"""
    book_limit_seconds: Seconds = _POLICY.book_limit.total_seconds()
    """how long a hold must still live when a booking starts"""
    max_cards: Count = _POLICY.max_cards
    """cards that may be tried in one session"""
    visibility_lag_minutes: Seconds = _POLICY.visibility_lag / _MINUTE
    """how long a booking may stay unseen at the supplier"""

    retain_quotes_days: Annotated[int, days(1)] = 30
    """how long prices that were shown are kept after a session has ended; 0 keeps them for good, as
    it does below"""
    retain_evidence_days: Annotated[int, days(40)] = 1095
    """how long it is kept what the supplier was asked and answered, of sailings that are over; at
    least 40"""
    retain_drafts_days: Annotated[int, days(40)] = 180
    """how long sessions are kept that ended without a booking; at least 40"""
    retain_bookings_days: Annotated[int, days(365)] = 3650
    """how long bookings are kept with their history, from the sailing on; at least 365"""

    worker: bool = True
    """whether `serve` also works off what waits; `false` leaves it to `booking-flow worker`"""
    worker_concurrency: int = Field(default=8, ge=1, le=100)
    """pieces of work of each kind that one process has under way; four times as many are taken of
    those that are settled together"""
    worker_poll_seconds: Seconds = 5.0
    """how often a worker looks for what nobody announced"""
    worker_port: int | None = Field(default=None, ge=1, le=65535)
    """the port on which `booking-flow worker` shows `/metrics`, on `APP_HOST`; `serve` shows them
    itself"""
    back_office_url: SiteUrl | None = None
    """where a booking with an unknown outcome is looked up: [docs/back-office.md](back-office.md)
    """
    back_office_token: SecretStr | None = None
    """the bearer token the back office knows us by"""

    cors_origins: Origins = ()
    """origins of web shops, separated by commas"""
    trusted_proxies: Networks = ()
    """networks of our own proxies, whose `X-Forwarded-For` or `Forwarded` is believed; `none` says
    that there are none"""
    shop_networks: Networks | None = None
    """networks of shops' servers, whose guests are counted by the address that they forward;
    `none` says that there are none"""
    max_body_bytes: int = Field(default=64 * 1024, ge=1024, le=64 * MANY)
    """the largest request body of any route; each has a smaller one of its own"""
    header_seconds: Seconds = 15.0
    """how long a request's headers may take to arrive, from their first byte"""
    keepalive_seconds: Seconds = 75.0
    """how long a connection stays open on which nothing is asked; longer than the proxy's own
    limit"""
    connections_per_address: Count = 100
    """connections one address may have open; `TRUSTED_PROXIES`, `SHOP_NETWORKS` and `CAPS_EXEMPT`
    are not counted"""
    body_seconds: Seconds = 20.0
    """how long a request's body may take to arrive"""
    cap_openings_per_address: Count = 60
    """sessions one address may open per hour; refused only where `SHOP_NETWORKS` is set"""
    cap_requests_at_once: Count = 20
    """requests of one address that may ask the supplier at the same time; likewise"""
    cap_requests_per_session: Count = 60
    """requests per minute in one session that may ask the supplier"""
    cap_holds: Count = 5
    """live holds one address may have on one sailing"""
    cap_holds_per_address: Count = 15
    """live holds one address may have on all sailings together"""
    cap_cards_per_session: Count = 10
    """card attempts per hour in one session"""
    cap_cards_per_address: Count = 30
    """card attempts per hour from one address"""
    caps_exempt: Networks = LOOPBACK
    """networks without these caps; `none` exempts nobody"""
    debug_networks: Networks = LOOPBACK
    """networks from which debug calls of staff are answered"""
    cap_lookups_per_address: Count = 10
    """requests per hour from one address to be mailed a link to a booking"""
    streams_per_session: Count = 3
    """event streams of one session"""
    streams_per_address: Count = 20
    """event streams of one address, over all its sessions"""
    stream_seconds: Seconds = 900.0
    """how long an event stream lasts; whoever still follows comes back to go on"""
    heartbeat_seconds: Seconds = 15.0
    """how often an event stream says that it is alive"""

    shop: bool = False
    """whether `/` and what lies below it are pages on which guests find a sailing and book it; the
    demo has them"""
    shop_name: str = "Cruises"
    """what these pages call the agency"""
    help_phone: str | None = None
    """the telephone number that every page of the shop names"""
    help_hours: str | None = None
    """when somebody answers it, with the zone"""
    help_email: str | None = None
    """the address that guests write to"""
    terms_url: SiteUrl | None = None
    """the conditions that a guest agrees to before paying"""

    webhook_urls: Secrets = ()
    """`https://` addresses that are told of every change of state, separated by commas"""
    webhook_secrets: Secrets = ()
    """one `whsec_…` for each address in the same order; while rotating, new and old with a space
    between"""
    webhook_allowed_hosts: Hosts = ()
    """hosts of `WEBHOOK_URLS` and `TEAM_WEBHOOK_URL` that may have private addresses"""
    team_webhook_url: SecretStr | None = None
    """an `https://` address that is told of every new task"""
    team_webhook_secret: SecretStr | None = None
    """the `whsec_…` that goes with it; while rotating, new and old with a space between"""
    smtp_url: SecretStr | None = None
    """`smtp://user:password@host:587` (STARTTLS) or `smtps://…`; `?tls=none` for a relay on this
    machine"""
    mail_from: str | None = None
    """the sender of all mail, such as `Cruises <bookings@example.com>`"""
    agency_email: str | None = None
    """who gets a copy of every confirmation"""
    team_email: str | None = None
    """who is mailed when tasks are opened, one mail for all of half a minute; needs `SMTP_URL`"""
    staff_totp: StaffTotp = StaffTotp.OFF
    """who must show a code of an authenticator beside a password or link: `off` for nobody,
    `supervisors`, or `all`; who has set one up is asked for it in any case"""
    oidc_issuer: BaseUrl | None = None
    """an OpenID Connect provider whose word staff may sign in by, `https://…`; needs `PUBLIC_URL`
    """
    oidc_client_id: str | None = None
    """what the provider knows us by; its redirect address is `PUBLIC_URL` and
    `/console/sign-in/oidc/callback`"""
    oidc_client_secret: SecretStr | None = None
    """the secret that goes with it"""

    def keys(self) -> Mapping[KeyKind, tuple[str, ...]]:
        """Return the keys of each kind, the current one first."""
        hashes = (self.hash_key, *self.hash_keys_older)
        given = {
            KeyKind.MASTER: self.master_keys,
            KeyKind.SEARCH: self.search_keys or hashes,
            KeyKind.HASH: hashes,
        }
        return {kind: tuple(key.get_secret_value() for key in keys) for kind, keys in given.items()}

    def retention(self) -> Retention:
        """Return how long what is kept."""
        return Retention(
            quotes=_days(self.retain_quotes_days),
            evidence=_days(self.retain_evidence_days),
            drafts=_days(self.retain_drafts_days),
            bookings=_days(self.retain_bookings_days),
        )

    def descriptors(self) -> int:
        """Return how many files and connections a process has open when all of them are in use.

        A call to the supplier has one, and so has the guest who waits for it; reads and bookings
        have as many each. The rest is for files, databases, and guests who wait for nothing.
        """
        return 4 * self.traveltek_connections + _OTHER_DESCRIPTORS

    def catalogue(self) -> Layout:
        """Return the names of the catalogue's tables and columns."""
        return layout_of(
            self.catalogue_layout, schema=self.catalogue_schema, names=self.catalogue_columns
        )

    def catalogue_dsn(self) -> str:
        """Return the database of the catalogue."""
        return (self.catalogue_url or self.database_url).get_secret_value()

    def policy(self) -> Policy:
        """Return the rules the core runs by."""
        return Policy(
            live_lines=self.live_lines,
            sailing_check=self.sailing_check,
            party=rules_of(self.age_bands),
            currency=self.currency,
            session_life=timedelta(minutes=self.session_minutes),
            hold_default=timedelta(minutes=self.hold_default_minutes),
            hold_longest=timedelta(minutes=self.hold_longest_minutes),
            deposit_least=self.deposit_least_percent,
            deposit_most=self.deposit_most_percent,
            hold_margin=timedelta(seconds=self.hold_margin_seconds),
            book_limit=timedelta(seconds=self.book_limit_seconds),
            failed_yellow=self.failed_yellow,
            payment_channel=self.payment_channel,
            pay_later=self.pay_later,
            balance_days=self.balance_due_days,
            balance_by_card=self.balance_by_card,
            remind_days=self.balance_reminder_days,
            collect_within=timedelta(hours=self.collect_hours),
            time_scale=self.traveltek_time_scale,
            max_cards=self.max_cards,
            visibility_lag=timedelta(minutes=self.visibility_lag_minutes),
        )


def _days(days: int) -> timedelta | None:
    return timedelta(days=days) if days else None


S = TypeVar("S", bound=BaseSettings)


def load_settings(**overrides: Any) -> Settings:
    """Read the environment of a service.

    Raises:
        SettingsError: a setting is missing or cannot be understood; it names each one.
    """
    return load(Settings, **overrides)


def load_database_settings() -> DatabaseSettings:
    """Read what the environment says of the booking database, and judge no more than that.

    Raises:
        SettingsError: a setting cannot be understood.
    """
    return load(DatabaseSettings)


def load(kind: type[S], **overrides: Any) -> S:
    """Read what the environment says of one kind of settings.

    Raises:
        SettingsError: a setting is missing or cannot be understood; it names each one.
    """
    try:
        return kind(**overrides)
    except ValidationError as error:
        raise SettingsError(_explained(error)) from None
    except UnreadableFile as error:
        raise SettingsError(str(error)) from None


def _explained(error: ValidationError) -> str:
    """Name every setting that is missing or wrong, without showing any value."""
    lines = []
    for fault in error.errors(include_input=False, include_url=False):
        name = str(fault["loc"][0]).upper()
        said = said_of(fault["type"], fault.get("ctx", {})) or fault["msg"]
        lines.append(f"{name} is not set" if fault["type"] == "missing" else f"{name}: {said}")
    return "\n  ".join(["These settings are missing or wrong:", *dict.fromkeys(lines)])

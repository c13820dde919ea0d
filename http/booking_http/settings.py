"""Settings by environment variables: a missing or wrong one is named, no secret is printed."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from ipaddress import ip_network
from typing import Any, Final, Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from adapters.catalogue.layout import Layout, layout_of
from booking_flow.policy import FailedYellow, PaymentChannel, Policy, SailingCheck
from booking_http.setting_types import (
    LONG,
    MANY,
    BaseUrl,
    Columns,
    Count,
    Currency,
    DatabaseUrl,
    Hosts,
    MasterKeys,
    Networks,
    Numbers,
    Origins,
    Percent,
    RedisUrl,
    Seconds,
    Secrets,
    SiteUrl,
    Terms,
    Words,
    said_of,
)
from persistence.environment_mark import AppEnv

LOOPBACK: Final = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


class SettingsError(Exception):
    """The environment does not describe a service that could run."""


class FromEnvironment(BaseSettings):
    """Settings; their names are those of the environment, in lower case."""

    model_config = SettingsConfigDict(
        extra="ignore", frozen=True, hide_input_in_errors=True, env_ignore_empty=True
    )


class DatabaseSettings(FromEnvironment):
    """What commands need that open the booking database and nothing else."""

    app_env: AppEnv = AppEnv.DEVELOPMENT
    accept_other_environment: bool = False
    database_url: DatabaseUrl | None = None


class Settings(FromEnvironment):
    """Everything a deployment may choose."""

    app_env: AppEnv = AppEnv.DEVELOPMENT
    """Which world this is; compared with the database's mark at every start."""
    production_sids: Words = ()
    """The supplier's accounts that sell for real: production uses these, nobody else may."""
    accept_other_environment: bool = False
    """Start although database or supplier's account belong to another world."""
    app_host: str = "127.0.0.1"
    app_port: int = Field(default=8080, ge=0, le=65535)
    public_url: BaseUrl | None = None
    """Where clients reach the service, for links in mails and the API's document."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    drain_seconds: float = Field(default=5.0, ge=0)
    """How long a process that was told to stop goes on serving, so that balancers notice."""
    shutdown_seconds: Seconds = 180.0
    """How long a stop waits for steps that are under way; longer than the longest step."""

    database_url: DatabaseUrl
    database_pool_size: int = Field(default=10, ge=1, le=200)
    redis_url: RedisUrl | None = None
    catalogue_url: DatabaseUrl | None = None
    """The catalogue's database; the booking database when it is not given."""
    catalogue_layout: Literal["own", "cruises"] = "own"
    """Whose tables these are: those our migrations make, or `cruises` with lines and ships."""
    catalogue_schema: str | None = None
    """The schema of the tables, when it is not that of the layout."""
    catalogue_columns: Columns = None
    """Other names of tables and columns as JSON, see docs/catalogue.md."""
    catalogue_pool_size: int = Field(default=4, ge=1, le=50)
    catalogue_cache_seconds: float = Field(default=30.0, ge=0, le=LONG, allow_inf_nan=False)
    """How long what was read of the catalogue is shown again."""
    spool_dir: str | None = None
    """Where definite supplier answers wait while the database is away."""
    journal_dir: str | None = None
    """Where claims are journaled, so that a database that goes back is noticed."""

    master_keys: MasterKeys
    """Fernet keys that wrap the data keys, the current one first."""
    hash_key: SecretStr = Field(min_length=32)
    """Keys the hashes of addresses, idempotency keys and search terms; it does not rotate."""

    traveltek_base_url: BaseUrl
    traveltek_sid: str
    traveltek_username: SecretStr
    traveltek_password: SecretStr
    traveltek_language: str = "en"
    traveltek_time_scale: Seconds = 1.0
    """Scales every time limit of supplier calls; tests make it small."""

    live_lines: Numbers = frozenset({22, 3})
    sailing_check: SailingCheck = SailingCheck.REFUSE
    """What is done before booking when the supplier answers about another sailing or party."""
    currency: Currency = "USD"
    booked_words: Terms = ("Booked",)
    """The supplier's words of status that mean booked; any other is an unknown outcome."""
    failed_yellow: FailedYellow = FailedYellow.UNKNOWN
    too_many_requests: Literal["unknown", "refused"] = "unknown"
    """What HTTP 429 to an effect says; a gateway may count a call that has reached the supplier."""
    payment_channel: PaymentChannel = PaymentChannel.WITH_BOOKING
    session_minutes: Seconds = 120.0
    hold_default_minutes: Seconds = 10.0
    hold_longest_minutes: Seconds = 30.0
    """No hold is relied on for longer, whatever the supplier says."""
    hold_margin_seconds: Seconds = 30.0
    deposit_least_percent: Percent = Decimal(1)
    """What is asked as a deposit below this share of the total is none."""
    deposit_most_percent: Percent = Decimal(100)
    book_limit_seconds: Seconds = 90.0
    max_cards: Count = 3
    visibility_lag_minutes: Seconds = 15.0

    worker: bool = True
    """Whether `serve` also works off what waits; any number of processes may."""
    worker_concurrency: int = Field(default=8, ge=1, le=100)
    """Pieces of each kind that one process has under way at once."""
    worker_poll_seconds: Seconds = 5.0
    """How often to look for work that nobody announced."""
    worker_port: int | None = Field(default=None, ge=1, le=65535)
    """Where `booking-flow worker` shows its counts; `serve` shows them itself."""
    back_office_url: SiteUrl | None = None
    """Where bookings can be looked up whose outcome is not known, see docs/back-office.md."""
    back_office_token: SecretStr | None = None

    cors_origins: Origins = ()
    trusted_proxies: Networks = ()
    """Networks whose X-Forwarded-For or Forwarded is believed."""
    max_body_bytes: int = Field(default=64 * 1024, ge=1024, le=64 * MANY)
    """The largest body of any route; each has a smaller one of its own."""
    body_seconds: Seconds = 20.0
    """How long a request's body may take to arrive."""
    cap_holds: Count = 5
    """Live holds one address may have on one sailing."""
    cap_holds_per_address: Count = 15
    """Live holds one address may have on all sailings together."""
    cap_cards_per_session: Count = 10
    """Card attempts per hour in one session, refused ones included."""
    cap_cards_per_address: Count = 30
    """Card attempts per hour from one address."""
    caps_exempt: Networks = LOOPBACK
    """Addresses without caps: a loopback caller is our own proxy, or a developer."""
    debug_networks: Networks = LOOPBACK
    """Networks from which debug calls of staff are answered."""
    cap_lookups_per_address: Count = 10
    """Requests per hour from one address to be mailed a link to a booking."""
    streams_per_session: Count = 3
    heartbeat_seconds: Seconds = 15.0

    webhook_urls: Secrets = ()
    """Where changes of sessions are announced; paths often hold a secret."""
    webhook_secrets: Secrets = ()
    """One for each address; while rotating, the new and the old one with a space between."""
    webhook_allowed_hosts: Hosts = ()
    """Hosts of `webhook_urls` that may have private addresses."""
    smtp_url: SecretStr | None = None
    mail_from: str | None = None
    agency_email: str | None = None
    oidc_issuer: BaseUrl | None = None
    """Whose word is taken for who of the staff somebody is; needs `public_url`."""
    oidc_client_id: str | None = None
    oidc_client_secret: SecretStr | None = None

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
            limits={
                step: limits.scaled(self.traveltek_time_scale)
                for step, limits in Policy().limits.items()
            },
            max_cards=self.max_cards,
            visibility_lag=timedelta(minutes=self.visibility_lag_minutes),
        )


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


def _explained(error: ValidationError) -> str:
    """Name every setting that is missing or wrong, without showing any value."""
    lines = []
    for fault in error.errors(include_input=False, include_url=False):
        name = str(fault["loc"][0]).upper()
        said = said_of(fault["type"], fault.get("ctx", {})) or fault["msg"]
        lines.append(f"{name} is not set" if fault["type"] == "missing" else f"{name}: {said}")
    return "\n  ".join(["These settings are missing or wrong:", *dict.fromkeys(lines)])

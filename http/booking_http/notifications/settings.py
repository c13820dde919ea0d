"""Who is told what, read from the settings; where nothing is set, nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from email.headerregistry import Address
from typing import Final

from adapters.notifications.mail import SmtpServer, read_address, read_server
from adapters.notifications.webhooks import WebhookEndpoint, read_endpoint
from booking_http.settings import Settings, SettingsError
from persistence.outbox_rows import Channels

GUEST: Final = "mail:guest"
AGENCY: Final = "mail:agency"
LINK: Final = "mail:link"
CODE: Final = "mail:code"
LINE: Final = "mail:line"
"""To guests who wait for a line that does not answer."""
FORMER: Final = "mail:former"
"""To the address that a guest had before."""
_WEBHOOK: Final = "webhook:"
_TEAM: Final = "team:"
"""Before the name of the endpoint that hears of new tasks."""

LINK_MINUTES: Final = 30
"""For how long a mailed link can be opened, and shows a booking from then on."""


CODE_MINUTES: Final = 15
"""For how long a mailed code can be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """How mail leaves the house."""

    server: SmtpServer
    sender: Address
    agency: str | None
    team: str | None
    """Who is mailed when something waits for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationSettings:
    """What is told outside, as far as an operator has asked for it."""

    endpoints: tuple[WebhookEndpoint, ...]
    team: WebhookEndpoint | None
    """Where machines of the team hear of new tasks."""
    allowed_hosts: tuple[str, ...]
    post: MailSettings | None
    public_url: str | None

    @property
    def channels(self) -> Channels:
        """Return who is told of commits."""
        agency = (AGENCY,) if self.post and self.post.agency else ()
        return Channels(
            events=tuple(_channel(_WEBHOOK, each) for each in self.endpoints),
            confirmations=(GUEST, *agency) if self.post else (),
            warnings=(FORMER,) if self.post else (),
            reminders=(GUEST,) if self.post else (),
        )

    @property
    def links(self) -> bool:
        """Whether a guest can be mailed a link."""
        return self.post is not None and self.public_url is not None

    @property
    def team_channel(self) -> str | None:
        """Return the channel on which new tasks are told; None when nobody has set one."""
        return None if self.team is None else _channel(_TEAM, self.team)

    @property
    def all_channels(self) -> tuple[str, ...]:
        """Return every channel there is something to send on."""
        told = self.channels
        mailed = (*told.confirmations, *told.warnings, *((CODE,) if self.post else ()))
        team = (self.team_channel,) if self.team_channel else ()
        return (*told.events, *team, *mailed, *((LINK, LINE) if self.links else ()))

    def endpoint_of(self, channel: str) -> WebhookEndpoint | None:
        """Return the endpoint a channel leads to; None when it is one of mail."""
        if self.team is not None and channel == self.team_channel:
            return self.team
        return next((one for one in self.endpoints if _channel(_WEBHOOK, one) == channel), None)


def _channel(prefix: str, endpoint: WebhookEndpoint) -> str:
    return prefix + endpoint.name


def notification_settings(settings: Settings) -> NotificationSettings:
    """Read and check the settings of everything that is sent.

    Raises:
        SettingsError: one of them cannot be used; it is named, its value is not.
    """
    return NotificationSettings(
        endpoints=tuple(_endpoints(settings)),
        team=_team(settings),
        allowed_hosts=settings.webhook_allowed_hosts,
        post=_post(settings),
        public_url=settings.public_url,
    )


def _endpoints(settings: Settings) -> Iterator[WebhookEndpoint]:
    urls, secrets = settings.webhook_urls, settings.webhook_secrets
    if len(urls) != len(secrets):
        raise SettingsError("WEBHOOK_SECRETS: as many are needed as there are WEBHOOK_URLS")
    for number, (url, signers) in enumerate(zip(urls, secrets, strict=True), start=1):
        try:
            yield read_endpoint(url.get_secret_value(), signers.get_secret_value().split())
        except ValueError as error:
            where = f"number {number} of WEBHOOK_URLS and WEBHOOK_SECRETS"
            raise SettingsError(f"{where}: {error}") from None


def _team(settings: Settings) -> WebhookEndpoint | None:
    url, secret = settings.team_webhook_url, settings.team_webhook_secret
    if (url is None) != (secret is None):
        raise SettingsError("TEAM_WEBHOOK_URL and TEAM_WEBHOOK_SECRET need each other")
    if url is None or secret is None:
        return None
    try:
        return read_endpoint(url.get_secret_value(), secret.get_secret_value().split())
    except ValueError as error:
        raise SettingsError(f"TEAM_WEBHOOK_URL and TEAM_WEBHOOK_SECRET: {error}") from None


def _post(settings: Settings) -> MailSettings | None:
    if settings.smtp_url is None:
        return None
    if settings.mail_from is None:
        raise SettingsError("MAIL_FROM is not set, and SMTP_URL is")
    try:
        server = read_server(settings.smtp_url.get_secret_value())
    except ValueError as error:
        raise SettingsError(f"SMTP_URL: {error}") from None
    return MailSettings(
        server=server,
        sender=_address("MAIL_FROM", settings.mail_from),
        agency=_recipient("AGENCY_EMAIL", settings.agency_email),
        team=_recipient("TEAM_EMAIL", settings.team_email),
    )


def _recipient(name: str, text: str | None) -> str | None:
    return None if text is None else _address(name, text).addr_spec


def _address(name: str, text: str) -> Address:
    try:
        return read_address(text)
    except ValueError as error:
        raise SettingsError(f"{name}: {error}") from None

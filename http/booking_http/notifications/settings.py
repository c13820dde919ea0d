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
FORMER: Final = "mail:former"
"""To the address that a guest had before."""
_WEBHOOK: Final = "webhook:"

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
    allowed_hosts: tuple[str, ...]
    post: MailSettings | None
    public_url: str | None

    @property
    def channels(self) -> Channels:
        """Return who is told of commits."""
        agency = (AGENCY,) if self.post and self.post.agency else ()
        return Channels(
            events=tuple(_WEBHOOK + each.name for each in self.endpoints),
            confirmations=(GUEST, *agency) if self.post else (),
            warnings=(FORMER,) if self.post else (),
            reminders=(GUEST,) if self.post else (),
        )

    @property
    def links(self) -> bool:
        """Whether a guest can be mailed a link."""
        return self.post is not None and self.public_url is not None

    @property
    def all_channels(self) -> tuple[str, ...]:
        """Return every channel there is something to send on."""
        told = self.channels
        mailed = (*told.confirmations, *told.warnings, *((CODE,) if self.post else ()))
        return (*told.events, *mailed, *((LINK,) if self.links else ()))


def endpoint_of(channel: str) -> str | None:
    """Return the name of the endpoint a channel leads to; None when it is one of mail."""
    return channel.removeprefix(_WEBHOOK) if channel.startswith(_WEBHOOK) else None


def notification_settings(settings: Settings) -> NotificationSettings:
    """Read and check the settings of everything that is sent.

    Raises:
        SettingsError: one of them cannot be used; it is named, its value is not.
    """
    return NotificationSettings(
        endpoints=tuple(_endpoints(settings)),
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

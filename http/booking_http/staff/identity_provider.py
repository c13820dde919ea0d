"""Whose word is taken for who somebody is, read from the settings."""

from __future__ import annotations

from adapters.oidc import Provider
from booking_http.settings import Settings, SettingsError


def provider_of(settings: Settings) -> Provider | None:
    """Return whose word we take, if anybody's.

    Raises:
        SettingsError: the settings name half of a provider, or one that cannot be used.
    """
    secret = settings.oidc_client_secret
    named = (settings.oidc_issuer, settings.oidc_client_id, secret)
    if named == (None, None, None):
        return None
    if settings.oidc_issuer is None or settings.oidc_client_id is None or secret is None:
        raise SettingsError("OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET go together")
    if settings.public_url is None:
        raise SettingsError("PUBLIC_URL is not set, and OIDC_ISSUER is")
    try:
        return Provider(
            issuer=settings.oidc_issuer,
            client_id=settings.oidc_client_id,
            client_secret=secret.get_secret_value(),
        )
    except ValueError as error:
        raise SettingsError(f"OIDC_ISSUER: {error}") from None

"""Caps on holds and cards, asked before the engine is."""

from __future__ import annotations

from booking_flow.errors import RefusalCode
from booking_http.api.guest_request import GuestRequest, address_of, counted_hash
from booking_http.web.client_address import is_exempt
from booking_http.web.problems import problem


async def cap_holds(guest: GuestRequest) -> None:
    """Refuse a hold to an address that has enough cabins held, of this sailing or of all."""
    settings, address = guest.service.settings, address_of(guest.request)
    if is_exempt(address, settings.caps_exempt):
        return
    taken = await guest.service.caps.take_hold(
        session_id=guest.key.uuid,
        cruise_id=guest.loaded.session.sailing.cruise_id,
        address=counted_hash(guest.request),
        per_sailing=settings.cap_holds,
        per_address=settings.cap_holds_per_address,
    )
    if not taken:
        raise problem(RefusalCode.RATE_LIMITED, "Too many cabins are held from here already.")


async def cap_cards(guest: GuestRequest) -> None:
    """Refuse a card after too many attempts of the session or the address."""
    settings, address = guest.service.settings, address_of(guest.request)
    if is_exempt(address, settings.caps_exempt):
        return
    taken = await guest.service.caps.take_card(
        session_id=guest.key.uuid,
        address=counted_hash(guest.request),
        per_session=settings.cap_cards_per_session,
        per_address=settings.cap_cards_per_address,
    )
    if not taken:
        raise problem(RefusalCode.RATE_LIMITED, "Too many cards were tried. Try again later.")

"""Payment channels: one object for each way in which money reaches the line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from booking_flow.policy import PaymentChannel, Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One way in which money reaches the line, and who takes it when."""

    name: PaymentChannel
    card_with_booking: bool = False
    """A card is sent in the call that books; the booking's answer says whether it paid."""
    card_after_booking: bool = False
    """Guests pay a booking in the supplier's session; the line's record is compared with it."""
    due_by_hand: bool = False
    """Staff record what is due now, as received outside."""


CHANNELS: Final[Mapping[PaymentChannel, Channel]] = MappingProxyType(
    {
        channel.name: channel
        for channel in (
            Channel(name=PaymentChannel.WITH_BOOKING, card_with_booking=True),
            Channel(name=PaymentChannel.SUPPLIER_PAYMENT, card_after_booking=True),
            Channel(name=PaymentChannel.MANUAL, due_by_hand=True),
        )
    }
)


def channel_of(policy: Policy) -> Channel:
    """Return the channel a deployment takes payments by."""
    return CHANNELS[policy.payment_channel]

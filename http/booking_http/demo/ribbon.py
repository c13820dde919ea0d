"""What the demo's pages say on top: that nothing is real, and what can be tried."""

from __future__ import annotations

from adapters.simulator.faults import CARD_FAULTS, FAULTS, SURNAME_FAULTS
from adapters.simulator.sailings import DRILLS
from booking_http.shop.pages import DemoTrigger, Ribbon

GOOD_CARDS = ("4111 1111 1111 1111", "5555 5555 5555 4444", "3782 822463 10005")


def ribbon() -> Ribbon:
    """Return everything that the simulated line does on request."""
    cards = [DemoTrigger(where="card", value=card, effect="Accepted.") for card in GOOD_CARDS]
    cards += [
        DemoTrigger(where="card", value=_grouped(card), effect=FAULTS[fault].meaning)
        for card, fault in CARD_FAULTS.items()
    ]
    names = [
        DemoTrigger(where="surname", value=name.capitalize(), effect=FAULTS[fault].meaning)
        for name, fault in SURNAME_FAULTS.items()
    ]
    drills = [
        DemoTrigger(
            where="sailing", value=str(number), effect=f"{endpoint}: {FAULTS[fault].meaning}"
        )
        for number, (endpoint, fault) in DRILLS.items()
    ]
    return Ribbon(triggers=(*cards, *names), drills=tuple(drills))


def _grouped(card: str) -> str:
    return " ".join(card[start : start + 4] for start in range(0, len(card), 4))

"""Chooses the fault a call meets: armed, or set off by surname, card or sailing."""

from adapters.simulator.call import Call, card_number, lead_surname, sailing_of
from adapters.simulator.fault_rules import FaultRule
from adapters.simulator.faults import CARD_FAULTS, FAULTS, SURNAME_FAULTS, plain_name


def choose_fault(call: Call) -> FaultRule | None:
    """Return the rule for this call: armed ones first, then surname, card and sailing."""
    surname, cruise_id = lead_surname(call), sailing_of(call)
    armed = call.supplier.faults.take(endpoint=call.endpoint, surname=surname, cruise_id=cruise_id)
    return armed or _by_guest(call, surname) or _by_sailing(call, cruise_id)


def _by_guest(call: Call, surname: str) -> FaultRule | None:
    """Return the fault that the lead passenger's surname or the card's number stands for."""
    name = SURNAME_FAULTS.get(plain_name(surname)) if call.endpoint == "book.pl" else None
    fault = name or CARD_FAULTS.get(card_number(call))
    if fault is None or call.endpoint not in FAULTS[fault].endpoints:
        return None
    return FaultRule(endpoint=call.endpoint, fault=fault)


def _by_sailing(call: Call, cruise_id: int | None) -> FaultRule | None:
    """Return the fault built into the sailing."""
    sailing = call.supplier.sailings.get(cruise_id or 0)
    if sailing is None or sailing.drill_fault is None or sailing.drill_endpoint != call.endpoint:
        return None
    return FaultRule(endpoint=call.endpoint, fault=sailing.drill_fault)

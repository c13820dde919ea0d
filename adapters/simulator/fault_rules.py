"""The faults armed now: rules read from control calls, each used up as often as it says."""

from dataclasses import dataclass
from typing import Any

from adapters.simulator.faults import ENDPOINTS, FAULTS, plain_name
from adapters.simulator.odd_texts import ODD_TEXTS
from adapters.simulator.spelling import TYPINGS, Typing

_MEMBERS = frozenset(
    ("endpoint", "fault", "times", "surname", "cruiseId", "seconds", "typing", "field")
)


class BadFaultRuleError(ValueError):
    """A request to arm a fault makes no sense; the message says which part and what would."""


@dataclass(kw_only=True)
class FaultRule:
    """An armed fault: where, how often, and for whom; `times` None means until cleared."""

    endpoint: str
    fault: str
    times: int | None = 1
    surname: str | None = None
    cruise_id: int | None = None
    seconds: float | None = None
    typing: Typing = "mixed"
    field: str | None = None

    def fits(self, *, endpoint: str, surname: str, cruise_id: int | None) -> bool:
        """Say whether the rule is meant for this call."""
        return (
            self.endpoint == endpoint
            and self.times != 0
            and (self.surname is None or plain_name(self.surname) == plain_name(surname))
            and (self.cruise_id is None or self.cruise_id == cruise_id)
        )


class FaultBook:
    """The rules armed now; each is used up as often as it says."""

    def __init__(self) -> None:
        self.rules: list[FaultRule] = []

    def arm(self, rule: FaultRule) -> None:
        """Add a rule."""
        self.rules.append(rule)

    def clear(self) -> None:
        """Drop every rule."""
        self.rules.clear()

    def take(self, *, endpoint: str, surname: str, cruise_id: int | None) -> FaultRule | None:
        """Return the first rule that fits and count it as used once."""
        for rule in self.rules:
            if rule.fits(endpoint=endpoint, surname=surname, cruise_id=cruise_id):
                return self._use(rule)
        return None

    def _use(self, rule: FaultRule) -> FaultRule:
        """Count one use; a rule used up leaves the book."""
        if rule.times is not None:
            rule.times -= 1
            if rule.times == 0:
                self.rules.remove(rule)
        return rule


def fault_rule(body: Any) -> FaultRule:
    """Read a rule from a control call, strictly."""
    if not isinstance(body, dict):
        raise BadFaultRuleError("send a JSON object with endpoint and fault")
    unknown = set(body) - _MEMBERS
    if unknown:
        raise BadFaultRuleError(f"unknown field {min(unknown)!r}")
    endpoint, fault = body.get("endpoint"), body.get("fault")
    _check_place(endpoint, fault)
    return FaultRule(
        endpoint=str(endpoint),
        fault=str(fault),
        times=_times(body.get("times", 1)),
        surname=_surname(body.get("surname"), endpoint),
        cruise_id=_cruise_id(body.get("cruiseId")),
        seconds=_seconds(body.get("seconds")),
        typing=_typing(body.get("typing", "mixed")),
        field=_field(body.get("field"), fault),
    )


def _check_place(endpoint: Any, fault: Any) -> None:
    """Refuse an endpoint or fault that does not exist, or a pair that cannot be."""
    if endpoint not in ENDPOINTS:
        raise BadFaultRuleError(f"unknown endpoint {endpoint!r}; known: {', '.join(ENDPOINTS)}")
    if fault not in FAULTS:
        raise BadFaultRuleError(f"unknown fault {fault!r}; known: {', '.join(FAULTS)}")
    if endpoint not in FAULTS[fault].endpoints:
        raise BadFaultRuleError(
            f"fault {fault} applies to: {', '.join(sorted(FAULTS[fault].endpoints))}"
        )


def _times(value: Any) -> int | None:
    """Read how often, null meaning until cleared."""
    if value is not None and (type(value) is not int or value < 1):
        raise BadFaultRuleError("times is a whole number of 1 or more, or null until cleared")
    return value


def _surname(value: Any, endpoint: Any) -> str | None:
    """Read the lead passenger's surname, which only book.pl carries."""
    if value is not None and (not isinstance(value, str) or endpoint != "book.pl"):
        raise BadFaultRuleError("surname is text, and only book.pl carries one")
    return value


def _cruise_id(value: Any) -> int | None:
    """Read a sailing's id, a number or its digits."""
    if value is None:
        return None
    if isinstance(value, bool) or not str(value).isdecimal():
        raise BadFaultRuleError("cruiseId is a sailing's number")
    return int(value)


def _seconds(value: Any) -> float | None:
    """Read a length of time."""
    if value is not None and (
        isinstance(value, bool) or not isinstance(value, int | float) or value < 0
    ):
        raise BadFaultRuleError("seconds is a number of 0 or more")
    return None if value is None else float(value)


def _typing(value: Any) -> Typing:
    """Read how mixed_types respells."""
    if value not in TYPINGS:
        raise BadFaultRuleError(f"typing is one of {', '.join(TYPINGS)}")
    return TYPINGS[TYPINGS.index(value)]


def _field(value: Any, fault: Any) -> str | None:
    """Read which member's texts are hit, for the faults that hit texts."""
    if value is not None and (not isinstance(value, str) or not value or fault not in ODD_TEXTS):
        raise BadFaultRuleError(f"field names a member; it is for {', '.join(ODD_TEXTS)}")
    return value

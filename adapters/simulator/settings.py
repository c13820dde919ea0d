"""Settings of the simulated supplier; every open question of its behaviour is a policy."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

BookAfterRelease = Literal["error", "reprice", "success"]
SecondBook = Literal["error", "same", "duplicate"]
StaleResultNo = Literal["105", "137", "unpriced"]
PaymentAnswer = Literal["transaction", "declined", "empty", "error"]


def system_time() -> datetime:
    """Return the present moment; the only place where the simulator reads the machine's clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Policies:
    """What nobody knows about the supplier; the control API can change each of these."""

    hold_seconds: int = 890
    hold_utc_offset_hours: float = -5.0
    hold_shown: bool = True
    remove_frees_hold: bool = True
    book_after_release: BookAfterRelease = "error"
    second_book: SecondBook = "error"
    failed_yellow_turns_booked: bool = False
    yellow_review_seconds: int = 120
    other_status_word: str = "OnRequest"
    basket_read_lag: float = 0.0
    import_lag: float = 0.0
    import_lines: tuple[int, ...] = (22, 3)
    internal_reference_shown: bool = False
    terms_member: str = "terms"
    payment_answer: PaymentAnswer = "transaction"
    payment_schedule_shown: bool = True
    option_seconds: int = 0
    session_seconds: int = 7200
    session_sliding: bool = True
    expired_session_code: int = 169
    token_seconds: int = 7200
    expired_token_status: Literal[200, 401] = 200
    stale_resultno: StaleResultNo = "105"
    echoed_sid: str = "52471"
    rate_limit: int = 0
    required_passenger_fields: tuple[str, ...] = (
        "title",
        "firstname",
        "lastname",
        "dob",
        "nationality",
    )
    live_lines: tuple[int, ...] = (22, 3)
    cabins_per_grade: int = 0


@dataclass(frozen=True, kw_only=True)
class SimulatorSettings(Policies):
    """The account that may call, the time, where state is kept, and the policies at start."""

    sid: str = "10001"
    user: str = "agency"
    password: str = field(default="agency-secret", repr=False)
    today: date | None = None
    clock: Callable[[], datetime] = system_time
    latency_scale: float = 1.0
    state_file: Path | None = None
    allow_remote_control: bool = False
    pictures: str | None = None
    """Where answers say that pictures are; the simulator's own, if nowhere else."""


class UnknownPolicyError(ValueError):
    """A policy change names no policy, or gives it a value it cannot have."""


_HINTS = get_type_hints(Policies)


def policy_names() -> tuple[str, ...]:
    """List the policies that may be changed while the simulator runs."""
    return tuple(item.name for item in fields(Policies))


def with_policies(settings: SimulatorSettings, changes: Mapping[str, Any]) -> SimulatorSettings:
    """Return the settings with the given policies changed."""
    return replace(settings, **{name: _checked(name, value) for name, value in changes.items()})


def _checked(name: str, value: Any) -> Any:
    """Return the value in the policy's own type, or say why it cannot be."""
    if name not in _HINTS:
        raise UnknownPolicyError(f"unknown policy {name!r}; known: {', '.join(policy_names())}")
    hint = _HINTS[name]
    if get_origin(hint) is Literal:
        return _one_of(name, value, get_args(hint))
    if get_origin(hint) is tuple:
        return _items(name, value, get_args(hint)[0])
    return _scalar(name, value, hint)


def _one_of(name: str, value: Any, allowed: tuple[Any, ...]) -> Any:
    """Return the value when it is one of the allowed words."""
    if value not in allowed or isinstance(value, bool):
        raise UnknownPolicyError(f"policy {name} takes one of {list(allowed)}")
    return value


def _items(name: str, value: Any, item_type: type) -> tuple[Any, ...]:
    """Return a list of the right things as a tuple."""
    if not isinstance(value, list | tuple) or not all(type(item) is item_type for item in value):
        raise UnknownPolicyError(f"policy {name} takes a list of {item_type.__name__}")
    return tuple(value)


def _scalar(name: str, value: Any, wanted: type) -> Any:
    """Return a single value of the wanted type; whole numbers pass for fractions."""
    if wanted is float and type(value) is int:
        return float(value)
    if type(value) is not wanted:
        raise UnknownPolicyError(f"policy {name} takes a {wanted.__name__}")
    return value

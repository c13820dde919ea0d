"""Judges the three identifiers that name a rate: fresh, stale, unknown or ill-matched."""

from adapters.simulator.call import Call
from adapters.simulator.inventory import place
from adapters.simulator.state import QuotedRate
from adapters.simulator.wire import RefusalError

STALE_TEXTS = {
    "105": "Result number invalid",
    "137": "Information for the selected cruise was not found",
}


def quoted_rate(call: Call, *, resultno: str, gradeno: str, ratecode: str) -> QuotedRate | None:
    """Return the rate named, or None when the supplier would answer as if it had no price."""
    _refuse_unknown_result(call, resultno)
    for quoted in call.session.quotes:
        if (quoted.resultno, quoted.gradeno, quoted.rate) == (resultno, gradeno, ratecode):
            return None if _gone(call, quoted) else quoted
    return None


def _refuse_unknown_result(call: Call, resultno: str) -> None:
    """Refuse a `resultno` never issued with 137, a stale one as the policy says."""
    session = call.session
    if call.meets("stale_resultno") or resultno in session.stale_resultnos:
        policy = call.supplier.settings.stale_resultno
        if policy in STALE_TEXTS:
            raise RefusalError(int(policy), STALE_TEXTS[policy])
    elif all(quoted.resultno != resultno for quoted in session.quotes):
        raise RefusalError(137, STALE_TEXTS["137"])


def _gone(call: Call, quoted: QuotedRate) -> bool:
    """Say whether the rate has been withdrawn, which the fault makes happen now."""
    key = f"{place(quoted.sailing, quoted.grade)}:{quoted.rate}"
    if call.meets("rate_gone"):
        call.supplier.state.rates_gone.append(key)
    return call.meets("stale_resultno") or key in call.supplier.state.rates_gone

"""token.pl: HTTP Basic in, an opaque token out."""

from datetime import datetime, timedelta
from itertools import takewhile

from adapters.simulator.call import Call
from adapters.simulator.state import SupplierState, opaque_key
from adapters.simulator.wire import Json, RefusalError

_KEPT = timedelta(hours=24)


def issue_token(call: Call) -> Json:
    """Answer flat, not in the envelope, with the lifetime as a string."""
    if call.params.get("grant_type") != "client_credentials":
        raise RefusalError(110, "Missing parameter: grant_type")
    supplier = call.supplier
    now = supplier.clock.now()
    _forget_old_tokens(supplier.state, before=now - _KEPT)
    token = opaque_key(letter_after=0)
    seconds = supplier.settings.token_seconds
    supplier.state.tokens[token] = now + timedelta(seconds=seconds)
    return {"expires_in": str(seconds), "token_type": "bearer", "access_token": token}


def _forget_old_tokens(state: SupplierState, *, before: datetime) -> None:
    """Drop the oldest tokens, which ran out long ago; for a day they are remembered as expired."""
    for key in list(takewhile(lambda one: state.tokens[one] <= before, state.tokens)):
        del state.tokens[key]

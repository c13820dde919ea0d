"""token.pl: HTTP Basic in, an opaque token out."""

from datetime import timedelta

from adapters.simulator.call import Call
from adapters.simulator.state import opaque_key
from adapters.simulator.wire import Json, RefusalError


def issue_token(call: Call) -> Json:
    """Answer flat, not in the envelope, with the lifetime as a string."""
    if call.params.get("grant_type") != "client_credentials":
        raise RefusalError(110, "Missing parameter: grant_type")
    supplier = call.supplier
    now = supplier.clock.now()
    supplier.state.tokens = {
        key: until for key, until in supplier.state.tokens.items() if until > now - _KEPT
    }
    token = opaque_key(letter_after=0)
    seconds = supplier.settings.token_seconds
    supplier.state.tokens[token] = now + timedelta(seconds=seconds)
    return {"expires_in": str(seconds), "token_type": "bearer", "access_token": token}


_KEPT = timedelta(hours=24)

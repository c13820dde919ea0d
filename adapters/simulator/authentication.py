"""What every call must pass before it is carried out: account, token, session, rate limit."""

from datetime import timedelta

from adapters.simulator.call import Call
from adapters.simulator.state import SupplierSession
from adapters.simulator.wire import NotThereError, RefusalError

SID_REQUIRED = frozenset(
    {"cruiseresults.pl", "cruisecabingrades.pl", "cruisecabins.pl", "cruisecabingradebreakdown.pl"}
    | {"basketadd.pl", "book.pl", "cruiseimportbooking.pl"}
)
SESSION_REQUIRED = frozenset(
    {"cruisecabingrades.pl", "cruisecabins.pl", "cruisecabingradebreakdown.pl", "basketadd.pl"}
    | {"basket.pl", "basketremove.pl", "book.pl", "payment.pl"}
)


def check_account(call: Call) -> None:
    """Answer 404 to a wrong account number, as the real one does."""
    sid = call.params.get("sid")
    if sid and sid != call.supplier.settings.sid:
        raise NotThereError


def check_token(call: Call) -> None:
    """Refuse a call without a token, with one never issued, or with one that has run out."""
    if not call.request_id:
        raise RefusalError(None, "Authentication error - no request id")
    until = call.supplier.state.tokens.get(call.request_id)
    if until is None:
        raise RefusalError(3000, "Invalid token")
    if until <= call.supplier.clock.now():
        raise RefusalError(
            3002, "Token expired", status=call.supplier.settings.expired_token_status
        )


def check_parameters(call: Call) -> None:
    """Refuse a call that names no account where it must."""
    if call.endpoint in SID_REQUIRED:
        call.need("sid")


def find_session(call: Call) -> None:
    """Attach the session a call names; one that has expired stays so."""
    if call.endpoint not in SESSION_REQUIRED:
        return
    session = call.supplier.state.sessions.get(call.need("sessionkey"))
    if session is None:
        raise RefusalError(111, "Invalid value for parameter: sessionkey")
    if _lapsed(call, session):
        raise expired_session(call, session)
    session.used_at = call.supplier.clock.now()
    call.found_session = session


def expired_session(call: Call, session: SupplierSession) -> RefusalError:
    """End a session for good, and say so with the code the policy gives."""
    session.expired = True
    return RefusalError(call.supplier.settings.expired_session_code, "Session has expired")


def _lapsed(call: Call, session: SupplierSession) -> bool:
    """Say whether a session's life is over, counted from its last use or from its start."""
    settings = call.supplier.settings
    since = session.used_at if settings.session_sliding else session.opened_at
    return (
        session.expired
        or since + timedelta(seconds=settings.session_seconds) <= call.supplier.clock.now()
    )

"""The table of problems is the contract's list, and their documents tell what can be done."""

from __future__ import annotations

from types import MappingProxyType

import pytest

from booking_flow.errors import Fault, Refusal, RefusalCode
from booking_flow.flow import Trigger
from booking_flow.model.session import Session
from booking_flow.policy import Policy
from booking_http.api.action_links import ACTIONS
from booking_http.api.problem_response import render_problem
from booking_http.web.problems import PROBLEMS, EdgeCode, Problem, from_refusal

CONTRACT = {
    400: "malformed_json bad_request",
    402: "card_declined",
    404: "session_not_found cruise_not_found",
    409: "wrong_state in_progress selection_stale rate_gone cabin_gone cabin_required "
    "already_basketed sailing_mismatch sold_out price_changed basket_unpriced hold_lapsed",
    408: "request_timeout",
    410: "session_expired",
    412: "version_mismatch",
    413: "body_too_large",
    415: "unsupported_media_type",
    422: "validation_failed party_invalid party_mismatch line_not_bookable sailing_departed "
    "card_invalid payment_required idempotency_key_reused",
    428: "precondition_required",
    429: "rate_limited",
    502: "supplier_misconfigured supplier_error",
    503: "supplier_unavailable unavailable",
    504: "supplier_timeout",
}
BEYOND = {
    "unauthenticated": 401,
    "second_factor_required": 401,
    "code_wrong": 403,
    "forbidden": 403,
    "not_found": 404,
    "method_not_allowed": 405,
}
"""For staff, mailed codes, and addresses that are none of ours, which the contract leaves out."""


def test_the_table_is_the_contract() -> None:
    wanted = {code: status for status, codes in CONTRACT.items() for code in codes.split()}
    assert {code: row.status for code, row in PROBLEMS.items()} == wanted | BEYOND


def test_every_code_of_core_and_edge_has_its_row() -> None:
    assert set(PROBLEMS) == {code.value for code in [*RefusalCode, *EdgeCode]}


@pytest.mark.parametrize("code", ["in_progress", "rate_limited", "unavailable"])
def test_what_passes_by_itself_says_when_to_come_back(code: str) -> None:
    assert PROBLEMS[code].retry_after
    assert PROBLEMS[code].retryable


def test_every_next_action_has_an_address() -> None:
    assert {name for row in PROBLEMS.values() for name in row.next_actions} <= set(ACTIONS)


def test_facts_become_members_and_hide_none_of_the_documents_own() -> None:
    facts = MappingProxyType({"expected": "1.00", "code": "nonsense", "not_before": "later"})
    refusal = Refusal(
        code=RefusalCode.PRICE_CHANGED, facts=facts, errors=(Fault(pointer="/a~1b", detail="no"),)
    )
    body = render_problem(from_refusal(refusal), request_id="r", allowed=nothing, policy=Policy())
    document = body.model_dump(by_alias=True)
    assert (document["code"], document["status"]) == ("price_changed", 409)
    assert (document["expected"], document["notBefore"]) == ("1.00", "later")
    assert document["errors"] == [{"pointer": "/a~1b", "detail": "no"}]
    assert document["requestId"] == "r"
    assert document["type"] == "/docs#problem-price_changed"


def test_a_problem_prints_its_code_only() -> None:
    """Details may speak of what a guest typed and so stay out of logs."""
    assert str(Problem(code="validation_failed", detail="secret")) == "validation_failed"


def nothing(_: Session) -> tuple[Trigger, ...]:
    return ()

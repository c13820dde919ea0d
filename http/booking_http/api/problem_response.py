"""A problem as its document shows it."""

from __future__ import annotations

from pydantic.alias_generators import to_camel

from booking_flow.errors import RefusalCode
from booking_flow.policy import Policy
from booking_flow.steps.pay import cards_left
from booking_http.api.action_links import describe
from booking_http.api.problem_document import (
    FaultResponse,
    NextActionResponse,
    ProblemResponse,
)
from booking_http.api.session_response import Allowed, action_names
from booking_http.web.problems import TYPE_PREFIX, Problem

NEW_KEY = "A corrected card or security code needs a new Idempotency-Key."
"""The same key answers with the same decline: a lost answer must not charge a card again."""
_WITH_CARD = frozenset({"book", "pay"})
_ALWAYS = frozenset(
    {"read_session", "specific_cabins", "restart", "open_session", "list_cruises", "mail_code"}
)
"""What changes nothing, so that no state forbids it."""


def render_problem(
    problem: Problem, *, request_id: str | None, allowed: Allowed, policy: Policy
) -> ProblemResponse:
    """Return the document of a problem; facts never hide a member of its own."""
    facts: dict[str, object] = {to_camel(name): value for name, value in problem.facts.items()}
    if problem.code == RefusalCode.CARD_DECLINED and problem.session is not None:
        facts["cardsLeft"] = cards_left(problem.session, policy)
    members = {
        "type": TYPE_PREFIX + problem.code,
        "title": problem.row.title,
        "status": problem.row.status,
        "detail": _detail(problem),
        "code": problem.code,
        "requestId": request_id,
        "state": problem.session and problem.session.state,
        "version": problem.session and problem.session.version,
        "retryable": problem.row.retryable,
        "nextActions": _next_actions(problem, allowed=allowed),
        "errors": [FaultResponse(pointer=f.pointer, detail=f.detail) for f in problem.errors],
    }
    return ProblemResponse.model_validate(facts | members)


def _detail(problem: Problem) -> str | None:
    """Return the detail; a decline stays bound to its key, and says so."""
    if problem.code == RefusalCode.CARD_DECLINED:
        return " ".join(filter(None, (problem.detail, NEW_KEY)))
    return problem.detail


def _next_actions(problem: Problem, *, allowed: Allowed) -> list[NextActionResponse]:
    """Return the row's actions that this session allows; a wrong state shows all it allows."""
    names = list(problem.row.next_actions)
    if problem.session is not None:
        possible = action_names(problem.session, allowed=allowed)
        if problem.code == RefusalCode.WRONG_STATE:
            names += possible
        names = [n for n in names if n in possible or n in _ALWAYS]
    described = describe(dict.fromkeys(names), session_id=problem.session_id)
    return [NextActionResponse(**dict(each), note=_note(problem, each.name)) for each in described]


def _note(problem: Problem, name: str) -> str | None:
    declined = problem.code == RefusalCode.CARD_DECLINED
    return NEW_KEY if declined and name in _WITH_CARD else None

"""A problem as its document shows it."""

from __future__ import annotations

from pydantic.alias_generators import to_camel

from booking_flow.errors import RefusalCode
from booking_http.api.action_links import describe
from booking_http.api.problem_document import FaultResponse, ProblemResponse
from booking_http.api.responses import ActionResponse
from booking_http.api.session_response import Allowed, action_names
from booking_http.web.problems import TYPE_PREFIX, Problem

_READS = frozenset({"read_session", "specific_cabins", "restart", "open_session", "list_cruises"})


def render_problem(
    problem: Problem, *, request_id: str | None, allowed: Allowed
) -> ProblemResponse:
    """Return the document of a problem; facts never hide a member of its own."""
    facts = {to_camel(name): value for name, value in problem.facts.items()}
    members = {
        "type": TYPE_PREFIX + problem.code,
        "title": problem.row.title,
        "status": problem.row.status,
        "detail": problem.detail,
        "code": problem.code,
        "requestId": request_id,
        "state": problem.session and problem.session.state,
        "retryable": problem.row.retryable,
        "nextActions": _next_actions(problem, allowed=allowed),
        "errors": [FaultResponse(pointer=f.pointer, detail=f.detail) for f in problem.errors],
    }
    return ProblemResponse.model_validate(facts | members)


def _next_actions(problem: Problem, *, allowed: Allowed) -> list[ActionResponse]:
    """Return the row's actions that this session allows; a wrong state shows all it allows."""
    names = list(problem.row.next_actions)
    if problem.session is not None:
        possible = action_names(problem.session, allowed=allowed)
        if problem.code == RefusalCode.WRONG_STATE:
            names += possible
        names = [n for n in names if n in possible or n in _READS]
    return describe(dict.fromkeys(names), session_id=problem.session_id)

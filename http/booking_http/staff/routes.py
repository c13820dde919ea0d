"""The staff's routes."""

from __future__ import annotations

from typing import Any, Final

from booking_flow.errors import RefusalCode as C
from booking_flow.staff.action import Action
from booking_flow.staff.actions import ACTIONS
from booking_flow.staff.people import Role
from booking_http.staff import action_responses as desk
from booking_http.staff import (
    bulk_endpoints,
    session_endpoints,
    sign_in_endpoints,
    task_endpoints,
)
from booking_http.staff import requests as ask
from booking_http.staff import responses as tell
from booking_http.staff.action_endpoints import endpoint_of
from booking_http.staff.wiring import BASE
from booking_http.web.auth import CSRF_HEADER
from booking_http.web.models import RequestModel
from booking_http.web.problem_groups import BODY
from booking_http.web.problems import EdgeCode as E
from booking_http.web.route import Codes, Handler, Route

_STAFF: Final[Codes] = (E.UNAUTHENTICATED, E.SECOND_FACTOR_REQUIRED, C.FORBIDDEN, C.UNAVAILABLE)
_SESSION: Final[Codes] = (*_STAFF, C.SESSION_NOT_FOUND)
_ACT: Final[Codes] = (
    *(*_SESSION, *BODY, E.PRECONDITION_REQUIRED, C.VERSION_MISMATCH),
    *(C.WRONG_STATE, C.IN_PROGRESS, C.SESSION_EXPIRED),
)
_TAG: Final = "Support"


def _action(action: Action[Any]) -> Route:
    return Route(
        method="POST",
        path=f"{BASE}/sessions/{{session_uuid}}/{action.name}",
        handler=endpoint_of(action),
        summary=action.label,
        tag=_TAG,
        request=ask.REQUESTS[action.name],
        responses={200: tell.StaffSessionResponse, 202: tell.StaffSessionResponse},
        problems=_ACT,
        headers=("If-Match", CSRF_HEADER),
        role=action.role,
    )


def _task(name: str, handler: Handler, summary: str, asks: type[RequestModel]) -> Route:
    return Route(
        method="POST",
        path=f"{BASE}/tasks/{{task_id}}/{name}",
        handler=handler,
        summary=f"{summary}; If-Match names the task's version",
        tag=_TAG,
        request=asks,
        request_optional=True,
        responses={200: tell.TaskResponse},
        problems=(
            *(*_STAFF, *BODY, C.NOT_FOUND, E.PRECONDITION_REQUIRED),
            *(C.VERSION_MISMATCH, C.WRONG_STATE),
        ),
        headers=("If-Match", CSRF_HEADER),
        role=Role.AGENT,
    )


SUPPORT_ROUTES: Final[tuple[Route, ...]] = (
    Route(
        method="POST",
        path=f"{BASE}/sign-in",
        handler=sign_in_endpoints.sign_in,
        summary="Sign a member of staff in: a cookie, and the token to send beside it",
        tag=_TAG,
        request=ask.SignInRequest,
        responses={200: tell.MeResponse},
        problems=(
            *(*BODY, E.UNAUTHENTICATED, E.SECOND_FACTOR_REQUIRED),
            *(C.RATE_LIMITED, C.UNAVAILABLE),
        ),
    ),
    Route(
        method="POST",
        path=f"{BASE}/sign-out",
        handler=sign_in_endpoints.sign_out,
        summary="Revoke this sign-in, or every one of the account",
        tag=_TAG,
        request=ask.SignOutRequest,
        request_optional=True,
        responses={200: tell.SignedOutResponse},
        problems=(*_STAFF, *BODY),
        headers=(CSRF_HEADER,),
        role=Role.VIEWER,
    ),
    Route(
        method="GET",
        path=f"{BASE}/me",
        handler=sign_in_endpoints.read_me,
        summary="Show who is signed in",
        tag=_TAG,
        responses={200: tell.MeResponse},
        problems=(E.UNAUTHENTICATED, C.UNAVAILABLE),
        role=Role.VIEWER,
    ),
    Route(
        method="POST",
        path=f"{BASE}/search",
        handler=session_endpoints.search_sessions,
        summary="Find sessions by reference, id, e-mail, surname, phone, booking or request",
        tag=_TAG,
        request=ask.SearchRequest,
        responses={200: tell.HitsResponse},
        problems=(*_STAFF, *BODY),
        headers=(CSRF_HEADER,),
        role=Role.VIEWER,
    ),
    Route(
        method="GET",
        path=f"{BASE}/sessions/{{session_uuid}}",
        handler=session_endpoints.read_staff_session,
        summary="Show a session and everything that happened to it",
        tag=_TAG,
        responses={200: tell.StoryResponse},
        problems=(E.UNAUTHENTICATED, C.UNAVAILABLE, C.SESSION_NOT_FOUND),
        role=Role.VIEWER,
    ),
    Route(
        method="GET",
        path=f"{BASE}/sessions/{{session_uuid}}/history",
        handler=session_endpoints.read_staff_history,
        summary="Check that a session's history leads to its state",
        tag=_TAG,
        responses={200: tell.HistoryResponse},
        problems=(E.UNAUTHENTICATED, C.UNAVAILABLE, C.SESSION_NOT_FOUND),
        role=Role.VIEWER,
    ),
    Route(
        method="GET",
        path=f"{BASE}/histories/check",
        handler=session_endpoints.check_all_histories,
        summary="Check that stored histories fold through the present flow, page by page",
        tag=_TAG,
        query=ask.CheckQuery,
        responses={200: desk.CheckResponse},
        problems=(*_STAFF, E.BAD_REQUEST),
        role=Role.AGENT,
    ),
    *(_action(each) for each in ACTIONS.values()),
    Route(
        method="GET",
        path=f"{BASE}/sessions/{{session_uuid}}/moves",
        handler=session_endpoints.read_ways,
        summary="Show where a session can be moved, and what that would not undo",
        tag=_TAG,
        responses={200: desk.WaysResponse},
        problems=(E.UNAUTHENTICATED, C.UNAVAILABLE, C.SESSION_NOT_FOUND),
        role=Role.VIEWER,
    ),
    Route(
        method="POST",
        path=f"{BASE}/bulk",
        handler=bulk_endpoints.start_bulk,
        summary="Try again, for every session of a search that needs it",
        tag=_TAG,
        request=ask.BulkRequest,
        responses={202: desk.BulkResponse},
        problems=(*_STAFF, *BODY, C.WRONG_STATE),
        headers=(CSRF_HEADER,),
        role=Role.AGENT,
    ),
    Route(
        method="GET",
        path=f"{BASE}/bulk/{{run_id}}",
        handler=bulk_endpoints.read_bulk,
        summary="Show how far a run over many sessions has come",
        tag=_TAG,
        responses={200: desk.BulkResponse},
        problems=(E.UNAUTHENTICATED, C.UNAVAILABLE, C.NOT_FOUND),
        role=Role.VIEWER,
    ),
    Route(
        method="GET",
        path=f"{BASE}/tasks",
        handler=task_endpoints.list_tasks,
        summary="List what waits for a person, by deadline",
        tag=_TAG,
        query=ask.TasksQuery,
        responses={200: tell.TasksResponse},
        problems=(E.BAD_REQUEST, E.UNAUTHENTICATED, C.VALIDATION_FAILED, C.UNAVAILABLE),
        role=Role.VIEWER,
    ),
    Route(
        method="GET",
        path=f"{BASE}/tasks/counts",
        handler=task_endpoints.count_tasks,
        summary="Count the tasks that wait, are overdue, and are one's own",
        tag=_TAG,
        responses={200: tell.TaskCountsResponse},
        problems=(E.UNAUTHENTICATED, C.UNAVAILABLE),
        role=Role.VIEWER,
    ),
    Route(
        method="POST",
        path=f"{BASE}/tasks/answer",
        handler=task_endpoints.answer_tasks,
        summary="Give several tasks of one cause the same answer, each by itself",
        tag=_TAG,
        request=ask.GroupAnswerRequest,
        responses={200: tell.GroupAnswerResponse},
        problems=(*_STAFF, *BODY),
        headers=(CSRF_HEADER,),
        role=Role.AGENT,
    ),
    _task("claim", task_endpoints.claim_task, "Work on a task from now on", ask.ClaimRequest),
    _task(
        "hand-back", task_endpoints.hand_back_task, "Leave a task to others", ask.HandBackRequest
    ),
    Route(
        method="POST",
        path=f"{BASE}/tasks/{{task_id}}/answer",
        handler=task_endpoints.answer_task,
        summary="Answer a task; If-Match names its version. One without a session is shown itself",
        tag=_TAG,
        request=ask.AnswerRequest,
        responses={200: (tell.StaffSessionResponse, tell.TaskResponse)},
        problems=(*_ACT, C.NOT_FOUND),
        headers=("If-Match", CSRF_HEADER),
        role=Role.AGENT,
    ),
)

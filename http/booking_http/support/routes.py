"""The staff's routes."""

from __future__ import annotations

from typing import Final

from booking_flow.refusals import RefusalCode as C
from booking_http.problem_groups import BODY
from booking_http.problems import EdgeCode as E
from booking_http.route import Codes, Handler, Route
from booking_http.schemas import support as tell
from booking_http.schemas import support_asks as ask
from booking_http.schemas import support_desk as desk
from booking_http.schemas.base import Ask
from booking_http.support import acting, bulking, doors, possible, reading, tasks
from booking_http.support.identity import CSRF_HEADER
from booking_http.support.parts import BASE
from booking_http.support.possible import Action

_STAFF: Final[Codes] = (E.UNAUTHENTICATED, E.FORBIDDEN, C.UNAVAILABLE)
_SESSION: Final[Codes] = (*_STAFF, C.SESSION_NOT_FOUND)
_ACT: Final[Codes] = (
    *(*_SESSION, *BODY, E.PRECONDITION_REQUIRED, C.VERSION_MISMATCH),
    *(C.WRONG_STATE, C.IN_PROGRESS, C.SESSION_EXPIRED),
)
_TAG: Final = "Support"


def _action(
    action: Action, handler: Handler, summary: str, asks: type[Ask] = ask.ReasonAsk
) -> Route:
    return Route(
        method="POST",
        path=f"{BASE}/sessions/{{session_uuid}}/{action.name}",
        handler=handler,
        summary=summary,
        tag=_TAG,
        ask=asks,
        answers={200: tell.StaffSessionTell, 202: tell.StaffSessionTell},
        problems=_ACT,
        headers=("If-Match", CSRF_HEADER),
        staff=True,
    )


def _task(name: str, handler: Handler, summary: str, asks: type[Ask]) -> Route:
    return Route(
        method="POST",
        path=f"{BASE}/tasks/{{task_id}}/{name}",
        handler=handler,
        summary=f"{summary}; If-Match names the task's version",
        tag=_TAG,
        ask=asks,
        ask_optional=True,
        answers={200: tell.TaskTell},
        problems=(
            *(*_STAFF, *BODY, E.NOT_FOUND, E.PRECONDITION_REQUIRED),
            *(C.VERSION_MISMATCH, C.WRONG_STATE),
        ),
        headers=("If-Match", CSRF_HEADER),
        staff=True,
    )


SUPPORT_ROUTES: Final[tuple[Route, ...]] = (
    Route(
        method="POST",
        path=f"{BASE}/sign-in",
        handler=doors.sign_in,
        summary="Sign a member of staff in: a cookie, and the token to send beside it",
        tag=_TAG,
        ask=ask.SignInAsk,
        answers={200: tell.MeTell},
        problems=(*BODY, E.UNAUTHENTICATED, C.RATE_LIMITED, C.UNAVAILABLE),
    ),
    Route(
        method="POST",
        path=f"{BASE}/sign-out",
        handler=doors.sign_out,
        summary="Revoke this sign-in, or every one of the account",
        tag=_TAG,
        ask=ask.SignOutAsk,
        ask_optional=True,
        answers={200: tell.SignedOutTell},
        problems=(*_STAFF, *BODY),
        headers=(CSRF_HEADER,),
        staff=True,
    ),
    Route(
        method="GET",
        path=f"{BASE}/me",
        handler=doors.read_me,
        summary="Show who is signed in",
        tag=_TAG,
        answers={200: tell.MeTell},
        problems=(E.UNAUTHENTICATED, C.UNAVAILABLE),
        staff=True,
    ),
    Route(
        method="POST",
        path=f"{BASE}/search",
        handler=reading.search_sessions,
        summary="Find sessions by reference, id, e-mail, surname, phone, booking or request",
        tag=_TAG,
        ask=ask.SearchAsk,
        answers={200: tell.HitsTell},
        problems=(*_STAFF, *BODY),
        headers=(CSRF_HEADER,),
        staff=True,
    ),
    Route(
        method="GET",
        path=f"{BASE}/sessions/{{session_uuid}}",
        handler=reading.read_staff_session,
        summary="Show a session and everything that happened to it",
        tag=_TAG,
        answers={200: tell.StoryTell},
        problems=(E.UNAUTHENTICATED, C.UNAVAILABLE, C.SESSION_NOT_FOUND),
        staff=True,
    ),
    Route(
        method="GET",
        path=f"{BASE}/sessions/{{session_uuid}}/history",
        handler=reading.read_staff_history,
        summary="Check that a session's history leads to its state",
        tag=_TAG,
        answers={200: tell.HistoryTell},
        problems=(E.UNAUTHENTICATED, C.UNAVAILABLE, C.SESSION_NOT_FOUND),
        staff=True,
    ),
    Route(
        method="GET",
        path=f"{BASE}/histories/check",
        handler=reading.check_all_histories,
        summary="Check that stored histories fold through the present flow, page by page",
        tag=_TAG,
        query=ask.CheckQuery,
        answers={200: desk.CheckTell},
        problems=(E.BAD_REQUEST, E.UNAUTHENTICATED, C.UNAVAILABLE),
        staff=True,
    ),
    _action(possible.NOTE, acting.add_note, "Write a note into the history"),
    _action(possible.RECONCILE, acting.reconcile, "Find out now how an open step ended"),
    _action(possible.RETRY_UNDO, acting.retry_undo, "Try now to undo what is still to be undone"),
    _action(possible.RELEASE, acting.release_hold, "Let the held cabin go"),
    _action(possible.CANCEL, acting.cancel_session, "Cancel for the guest"),
    _action(
        *(possible.EXTEND, acting.extend_deadline),
        "Give the guest more time, as far as the supplier lets us",
        ask.ExtendAsk,
    ),
    _action(
        *(possible.RECORD, acting.record_payment),
        "Record money that was received outside",
        ask.RecordAsk,
    ),
    _action(possible.RESEND, acting.resend_confirmation, "Mail how the booking stands once more"),
    _action(
        *(possible.CONFIRM_CANCELLATION, acting.confirm_cancellation),
        "End a booking that the line has cancelled",
    ),
    _action(
        *(possible.REFUSE_CANCELLATION, acting.refuse_cancellation),
        "Let a booking go on that the line does not cancel",
    ),
    _action(
        *(possible.MOVE, acting.move_session),
        "Move to another state, along the flow or by an override that says what it leaves",
        ask.MoveAsk,
    ),
    Route(
        method="GET",
        path=f"{BASE}/sessions/{{session_uuid}}/moves",
        handler=reading.read_ways,
        summary="Show where a session can be moved, and what that would not undo",
        tag=_TAG,
        answers={200: desk.WaysTell},
        problems=(E.UNAUTHENTICATED, C.UNAVAILABLE, C.SESSION_NOT_FOUND),
        staff=True,
    ),
    _action(possible.ERASE, acting.erase_guest, "Erase what the guest typed, for ever"),
    Route(
        method="POST",
        path=f"{BASE}/bulk",
        handler=bulking.start_bulk,
        summary="Try again, for every session of a search that needs it",
        tag=_TAG,
        ask=ask.BulkAsk,
        answers={202: desk.BulkTell},
        problems=(*_STAFF, *BODY, C.WRONG_STATE),
        headers=(CSRF_HEADER,),
        staff=True,
    ),
    Route(
        method="GET",
        path=f"{BASE}/bulk/{{run_id}}",
        handler=bulking.read_bulk,
        summary="Show how far a run over many sessions has come",
        tag=_TAG,
        answers={200: desk.BulkTell},
        problems=(E.UNAUTHENTICATED, C.UNAVAILABLE, E.NOT_FOUND),
        staff=True,
    ),
    Route(
        method="GET",
        path=f"{BASE}/tasks",
        handler=tasks.list_tasks,
        summary="List what waits for a person, by deadline",
        tag=_TAG,
        query=ask.TasksQuery,
        answers={200: tell.TasksTell},
        problems=(E.BAD_REQUEST, E.UNAUTHENTICATED, C.VALIDATION_FAILED, C.UNAVAILABLE),
        staff=True,
    ),
    Route(
        method="GET",
        path=f"{BASE}/tasks/counts",
        handler=tasks.count_tasks,
        summary="Count the tasks that wait, are overdue, and are one's own",
        tag=_TAG,
        answers={200: tell.TaskCountsTell},
        problems=(E.UNAUTHENTICATED, C.UNAVAILABLE),
        staff=True,
    ),
    _task("claim", tasks.claim_task, "Work on a task from now on", ask.ClaimAsk),
    _task("hand-back", tasks.hand_back_task, "Leave a task to others", ask.HandBackAsk),
    Route(
        method="POST",
        path=f"{BASE}/tasks/{{task_id}}/answer",
        handler=tasks.answer_task,
        summary="Answer a task; If-Match names its version. One without a session is shown itself",
        tag=_TAG,
        ask=ask.AnswerAsk,
        answers={200: (tell.StaffSessionTell, tell.TaskTell)},
        problems=(*_ACT, E.NOT_FOUND),
        headers=("If-Match", CSRF_HEADER),
        staff=True,
    ),
)

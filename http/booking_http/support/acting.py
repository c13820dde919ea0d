"""What staff do to a session: with a reason, at a version they have seen, and on record."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from booking_flow.change import Change, begin
from booking_flow.engine import Command
from booking_flow.history import EventKind
from booking_flow.refusals import RefusalCode, refuse
from booking_flow.runner import Decision
from booking_flow.saga import StepName
from booking_flow.session import Loaded, Session
from booking_flow.steps import unwind
from booking_flow.steps.moment import Moment
from booking_http.exchange import expected_versions, read_body, service_of, tag, tell
from booking_http.problems import EdgeCode, Problem, problem
from booking_http.schemas.support_asks import ReasonAsk
from booking_http.support import possible
from booking_http.support.identity import Staff, note_in_audit, staff_of, support_of_request
from booking_http.support.possible import Action
from booking_http.support.reading import present, session_of_path
from persistence.erasure import erase


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """An action that role, version and state allow, and that is in the audit."""

    request: web.Request
    staff: Staff
    action: Action
    reason: str
    loaded: Loaded

    @property
    def command(self) -> Command:
        """Return the command under which the core acts."""
        return Command(origin=self.staff.origin)

    async def decide(self, decision: Decision) -> Loaded:
        """Commit a decision about the session as it was seen, and about no later one."""
        seen = self.loaded.session.version

        def guarded(session: Session, at: Moment) -> Change | None:
            if session.version != seen:
                raise refuse(RefusalCode.VERSION_MISMATCH)
            return decision(session, at)

        runner = support_of_request(self.request).runner
        return await runner.decide(self.loaded, guarded, command=self.command)

    async def note(self) -> Loaded:
        """Write into the history what is done and why."""

        def decision(session: Session, _: Moment) -> Change:
            details = {"action": self.action.name}
            return begin(session).record(EventKind.NOTE, reason=self.reason, details=details)

        return await self.decide(decision)

    async def tell(self, loaded: Loaded, *, status: int = 200) -> web.Response:
        """Answer with the session as it is now."""
        body = await present(self.request, self.staff, loaded)
        return tell(body, status=status, headers=tag(loaded.session))


async def add_note(request: web.Request) -> web.Response:
    """Write something into the history."""
    act = await _begin(request, possible.NOTE)
    return await act.tell(await act.note())


async def reconcile(request: web.Request) -> web.Response:
    """Find out now about a step whose end is not known, as the worker would by and by."""
    act = await _begin(request, possible.RECONCILE)
    loaded = await act.note()
    support, session_id = support_of_request(request), loaded.session.id
    lease = support.policy.lease_seconds(StepName.BOOK)
    taken = await support.work.take_step(session_id, lease_seconds=lease)
    if taken is None:
        raise problem(RefusalCode.IN_PROGRESS, "Somebody is working on this step.")
    await support.recovery.open_step(taken)
    return await act.tell(await support.runner.reload(session_id))


async def retry_undo(request: web.Request) -> web.Response:
    """Try now to let go what the supplier may still hold for nobody."""
    act = await _begin(request, possible.RETRY_UNDO)
    store = service_of(request).store
    if not await store.owed(act.loaded.session.id):
        raise problem(RefusalCode.WRONG_STATE, "Nothing has to be undone.")
    loaded = await act.note()
    runner = support_of_request(request).runner
    return await act.tell(await runner.pay_back(loaded, command=act.command))


async def release_hold(request: web.Request) -> web.Response:
    """Let the held cabin go; the session itself goes on."""
    act = await _begin(request, possible.RELEASE)
    answer = await service_of(request).engine.release_basket(await act.note(), command=act.command)
    status = 202 if answer.session.open_step else 200
    return await act.tell(Loaded(session=answer.session, now=answer.now), status=status)


async def cancel_session(request: web.Request) -> web.Response:
    """Cancel for the guest; what a person or an open step must end first stays requested."""
    act = await _begin(request, possible.CANCEL)

    def decision(session: Session, at: Moment) -> Change | None:
        return unwind.cancel(session, reason=act.reason, at=at)

    loaded = await act.decide(decision)
    loaded = await support_of_request(request).runner.pay_back(loaded, command=act.command)
    return await act.tell(loaded, status=200 if loaded.session.ended else 202)


async def erase_guest(request: web.Request) -> web.Response:
    """Make what the guest typed unreadable for ever; history and money stay."""
    act = await _begin(request, possible.ERASE)
    support = support_of_request(request)
    tasks = await support.work.tasks_of(act.loaded.session.id)
    if any(each.task.closed_at is None for each in tasks):
        raise problem(RefusalCode.WRONG_STATE, "A task is open that may need the guest's name.")
    loaded = await act.note()
    await erase(support.database, loaded.session.id)
    return await act.tell(await support.runner.reload(loaded.session.id))


async def _begin(request: web.Request, action: Action) -> Act:
    staff = await staff_of(request, action.role)
    versions, ask = named_versions(request), await read_body(request, ReasonAsk)
    loaded = await session_of_path(request, staff)
    session = loaded.session
    if session.version not in versions:
        raise Problem(code=RefusalCode.VERSION_MISMATCH.value, session=session)
    if not action.possible(session, loaded.now.date()):
        code, detail = RefusalCode.WRONG_STATE.value, action.needs
        raise Problem(code=code, detail=detail, session=session)
    await note_in_audit(request, staff, action.name, session_ids=(session.id,), reason=ask.reason)
    return Act(request=request, staff=staff, action=action, reason=ask.reason, loaded=loaded)


def named_versions(request: web.Request) -> frozenset[int]:
    """Return the versions If-Match names.

    Raises:
        Problem: `precondition_required`; `*` would be to act on what one has not seen.
    """
    versions = expected_versions(request)
    if versions is None:
        raise problem(EdgeCode.PRECONDITION_REQUIRED, "Send the ETag that you have seen.")
    return versions

"""Deciding: what is made of a session is committed under its guards, or decided anew."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from booking_flow.context import DecisionContext
from booking_flow.errors import Refusal, RefusalCode, Refused, refuse
from booking_flow.lifecycle import cancellation
from booking_flow.model.audit import AuditEntry
from booking_flow.model.change import Change, IdempotencyBinding
from booking_flow.model.history import ActorKind, Origin
from booking_flow.model.session import Loaded, Session
from booking_flow.policy import Policy
from booking_flow.ports import CommitResult, Committed, SessionStore
from booking_flow.supplier import CallContext, SupplierCall

RACES = 16
"""How often a lost race is decided anew before the guest is asked to try again."""
GLANCES = 3
"""How often a session is looked at again while another request may be changing it."""

Decision = Callable[[Session, DecisionContext], Change | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Who asks, the idempotency key to bind the outcome to, and the line for the audit."""

    origin: Origin
    binding: IdempotencyBinding | None = None
    guarded: bool = False
    """Whether it is for the version that was loaded, and for no later one."""
    audit: AuditEntry | None = None
    """What staff do by it; written in the same commit, or not at all."""

    @property
    def unbound(self) -> Command:
        """Return the command for a commit that is not its outcome."""
        return replace(self, binding=None, guarded=False)

    @property
    def preparing(self) -> Command:
        """Return the command for a commit before that of its outcome."""
        return replace(self, binding=None)

    @property
    def by_clock(self) -> Command:
        """Return the command under which a lapse is recorded that this one came upon."""
        origin = replace(self.origin, actor=ActorKind.WORKER, actor_name="clock")
        return Command(origin=origin)


class AlreadyBound(Exception):  # noqa: N818 - names what happened
    """The Idempotency-Key was bound by another request meanwhile: replay it."""


TAKEN = Refusal(code=RefusalCode.WRONG_STATE, detail="Another session has this reservation.")
CHANGED = Refusal(code=RefusalCode.IN_PROGRESS, detail="The session is being changed by others.")
UNFIT = Refusal(code=RefusalCode.UNAVAILABLE, detail="This cannot be stored.")


def changed_to(session: Session) -> Refusal:
    """Build the refusal of a command that is for another version than the present one."""
    return Refusal(
        code=RefusalCode.VERSION_MISMATCH,
        detail=f"The session is at version {session.version}, and {session.state}.",
    )


class Rejected(Refused):
    """A constraint keeps a decision out of the books, and will whenever it is tried."""


class UnitOfWork:
    """Commits decisions of guests, staff and workers; asks no supplier."""

    def __init__(
        self,
        *,
        store: SessionStore,
        policy: Policy,
        new_id: Callable[[], UUID],
        boottime: Callable[[], float],
        pause: Callable[[int], Awaitable[None]],
    ) -> None:
        """`boottime` counts seconds through suspension; `pause` waits before the n-th retry."""
        self._store = store
        self._policy = policy
        self._new_id = new_id
        self._boottime = boottime
        self._pause = pause

    def context(self) -> CallContext:
        """Begin the evidence of a command."""
        return CallContext(started=self._boottime())

    async def decide(
        self,
        loaded: Loaded,
        decision: Decision,
        *,
        command: Command,
        calls: Sequence[SupplierCall] = (),
    ) -> Loaded:
        """Commit what `decision` makes of the session, deciding anew after each lost race."""
        for _ in range(RACES):
            loaded = await self.lapse(loaded, command=command)
            change = await self._decided(loaded, decision, calls)
            if change is None:
                await self.keep(loaded, calls)
                return loaded
            committed = await self.commit(change, command=command, calls=calls)
            if committed.result is CommitResult.DONE:
                return Loaded(session=change.after, now=committed.now)
            if committed.result is CommitResult.REJECTED:
                raise Rejected(TAKEN if committed.taken else CHANGED)
            if committed.result is CommitResult.UNFIT:
                if not calls:
                    raise Rejected(UNFIT)
                # The evidence of what was asked is dropped before the decision is.
                calls = ()
                continue
            loaded = await self.reload(loaded.session.id)
            if command.guarded:
                raise Refused(changed_to(loaded.session), session=loaded.session)
        raise Refused(CHANGED)

    async def decide_each(
        self, loaded: Sequence[Loaded], decision: Decision, *, command: Command
    ) -> Sequence[Loaded | None]:
        """Commit once what `decision` makes of each of several sessions, under its own guards.

        None stands for a session that somebody else has changed or that is refused: it is to be
        decided anew by itself.
        """
        changes = [decision(one.session, self.at(one)) for one in loaded]
        wanted = [change for change in changes if change is not None]
        committed = await self._store.commit_each(wanted, origin=command.origin)
        entered = {
            change.before.id: _entered(change, written)
            for change, written in zip(wanted, committed, strict=True)
        }
        return [entered.get(one.session.id, one) for one in loaded]

    async def _decided(
        self, loaded: Loaded, decision: Decision, calls: Sequence[SupplierCall]
    ) -> Change | None:
        try:
            return decision(loaded.session, self.at(loaded))
        except Refused as refused:
            await self.keep(loaded, calls)
            raise Refused(refused.refusal, session=loaded.session) from refused

    async def keep(self, loaded: Loaded, calls: Sequence[SupplierCall]) -> None:
        """Keep the evidence of calls after which nothing changed."""
        if calls:
            await self._store.record_calls(loaded.session.id, calls)

    async def commit(
        self, change: Change, *, command: Command, calls: Sequence[SupplierCall] = ()
    ) -> Committed:
        """Commit a change once, as decided.

        Raises:
            AlreadyBound: The command's idempotency key was bound by another request meanwhile.
        """
        committed = await self._store.commit(
            change,
            origin=command.origin,
            calls=calls,
            binding=command.binding,
            audit=command.audit,
        )
        if committed.result is CommitResult.DUPLICATE:
            raise AlreadyBound
        return committed

    def since(self, ctx: CallContext) -> float:
        """Return how many seconds ago a command began, those of a suspension included."""
        return self._boottime() - ctx.started

    def at(self, loaded: Loaded) -> DecisionContext:
        """Return the moment at which a session was loaded, to decide at."""
        return DecisionContext(
            now=loaded.now, new_id=self._new_id, policy=self._policy, stopped=loaded.stopped
        )

    async def reload(self, session_id: UUID) -> Loaded:
        """Return the session as it stands now.

        Raises:
            Refused: `session_not_found` when it is gone.
        """
        loaded = await self._store.load(session_id)
        if loaded is None:
            raise refuse(RefusalCode.SESSION_NOT_FOUND)
        return loaded

    async def changed(self, loaded: Loaded) -> Loaded:
        """Wait a moment for another request to change the session, and return it either way."""
        for attempt in range(1, GLANCES + 1):
            await self._pause(attempt)
            present = await self.reload(loaded.session.id)
            if present.session.version != loaded.session.version:
                break
        return present

    async def lapse(self, loaded: Loaded, *, command: Command) -> Loaded:
        """Enter what the clocks have done since anyone looked; the undos it leaves stay owed."""
        for _ in range(RACES):
            change = cancellation.lapse(loaded.session, self.at(loaded))
            if change is None:
                break
            committed = await self.commit(change, command=command.by_clock)
            if committed.result is CommitResult.DONE:
                return Loaded(session=change.after, now=committed.now)
            loaded = await self.reload(loaded.session.id)
        return loaded


def _entered(change: Change, written: Committed) -> Loaded | None:
    if written.result is not CommitResult.DONE:
        return None
    return Loaded(session=change.after, now=written.now)

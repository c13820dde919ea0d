"""Compensation: owed undos are paid back, and what was to be unwound comes to its end."""

from __future__ import annotations

from booking_flow.lifecycle import cancellation
from booking_flow.model.change import begin
from booking_flow.model.session import Loaded
from booking_flow.model.step import OwedUndo
from booking_flow.policy import Policy
from booking_flow.ports import CommitResult, SessionStore
from booking_flow.steps.release import RELEASE
from booking_flow.supplier import CallContext, Supplier
from booking_flow.supplier_errors import FailureKind, SupplierError
from booking_flow.unit_of_work import Command, UnitOfWork


class Compensation:
    """Pays back what steps left owed; what fails stays owed, for a worker."""

    def __init__(
        self, *, store: SessionStore, supplier: Supplier, unit_of_work: UnitOfWork, policy: Policy
    ) -> None:
        """`policy` says for how long one undo may take."""
        self._store = store
        self._supplier = supplier
        self._unit_of_work = unit_of_work
        self._policy = policy

    async def pay_back(self, loaded: Loaded, *, command: Command) -> Loaded:
        """Try the undos a session owes once; end its unwinding when none is left."""
        owed = await self._store.owed(loaded.session.id)
        paid = [await self._pay_back_one(undo, loaded, command) for undo in owed]
        if loaded.session.unwinding is None or not all(paid):
            return loaded
        return await self._finish(await self._unit_of_work.reload(loaded.session.id), command)

    async def finish_if_paid_back(self, loaded: Loaded, *, command: Command) -> Loaded:
        """End the unwinding of a session that owes no undo any more."""
        if await self._store.owed(loaded.session.id):
            return loaded
        return await self._finish(loaded, command)

    async def _finish(self, loaded: Loaded, command: Command) -> Loaded:
        change = cancellation.finish_unwinding(begin(loaded.session))
        if not change.events:
            return loaded
        committed = await self._unit_of_work.commit(change, command=command.unbound)
        if committed.result is CommitResult.DONE:
            return Loaded(session=change.after, now=committed.now)
        return await self._unit_of_work.reload(loaded.session.id)

    async def _pay_back_one(self, undo: OwedUndo, loaded: Loaded, command: Command) -> bool:
        ctx = self.begin_undo(undo)
        lease = self._policy.lease_seconds(RELEASE.limits)
        fence = await self._store.take_owed(undo.id, lease_seconds=lease, origin=command.origin)
        if fence is None:
            return False
        done = await self.let_go(undo, loaded.session.currency, ctx)
        return (
            await self._store.settle_owed(undo.id, fence=fence, done=done, calls=ctx.calls) and done
        )

    def begin_undo(self, undo: OwedUndo) -> CallContext:
        """Begin the evidence of an undo, and set the deadline before which it must be sent."""
        ctx = self._unit_of_work.context()
        ctx.step_id = undo.id
        ctx.deadline = ctx.started + self._policy.scaled(RELEASE.limits).send
        return ctx

    async def let_go(self, undo: OwedUndo, currency: str, ctx: CallContext) -> bool:
        """Take an item out of the supplier's basket once; whether it is certainly out."""
        try:
            answer = await self._supplier.remove_from_basket(
                undo.session_key, undo.item_key, currency, ctx=ctx
            )
        except SupplierError as error:
            return error.kind is FailureKind.NOT_IN_BASKET
        return answer.item(undo.item_key) is None

"""What staff do: carried out as seen, with its line of the audit in the same commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from booking_flow.context import DecisionContext
from booking_flow.errors import RefusalCode
from booking_flow.flow import State
from booking_flow.lifecycle.correct import ASKED, NameRequest
from booking_flow.lifecycle.extend_deadline import Deadline
from booking_flow.lifecycle.request_erasure import request_erasure
from booking_flow.model.audit import AuditEntry
from booking_flow.model.card import PaymentType
from booking_flow.model.change import Change, begin
from booking_flow.model.history import EventKind
from booking_flow.model.party import Contact
from booking_flow.model.session import Loaded, Session
from booking_flow.model.task import TaskKind
from booking_flow.policy import PaymentChannel
from booking_flow.ports import StoredTask, TaskStore
from booking_flow.staff import actions
from booking_flow.staff.action import Action, Parameters, StaffActions, StaffCommand, Work
from booking_flow.staff.people import Role, StaffMember, operator
from booking_flow.staff.task_claims import TaskClaims, TaskWish
from persistence.audit import PostgresAudit
from persistence.outbox_rows import Channels
from persistence.tasks import PostgresTaskStore
from tests.integration.engine.conftest import MakeShop
from tests.integration.engine.test_recovery import a_worker, commit
from tests.support.builders import a_contact, usd
from tests.support.engine import Guest, Shop, a_command, refused

ADA, BEN = (
    StaffMember(name=name, role=Role.SUPERVISOR, account_id=UUID(int=number))
    for number, name in enumerate(("ada", "ben"))
)
AGENT = replace(BEN, role=Role.AGENT)
WHY = "the guest called"


def work_of(shop: Shop, tasks: TaskStore | None = None) -> Work:
    worker = a_worker(shop)
    return Work(
        engine=shop.engine,
        store=shop.store,
        tasks=tasks or PostgresTaskStore(shop.database),
        queue=worker.queue,
        recovery=worker.recovery,
        audit=PostgresAudit(shop.database),
        policy=shop.policy,
        mails=True,
    )


async def act(
    guest: Guest,
    action: Action[Any],
    given: Parameters = actions.NOTHING,
    *,
    by: StaffMember = ADA,
    seen: frozenset[int] | None = None,
    session_id: UUID | None = None,
) -> Loaded:
    """Carry an action out; what it comes to has its time, and stands with its reason."""
    version = (await guest.session()).version
    before = len(await guest.history())
    order = StaffCommand(
        staff=by,
        session_id=session_id or guest.id,
        seen=frozenset({version}) if seen is None else seen,
        reason=WHY,
    )
    loaded = await StaffActions(work_of(guest.shop)).perform(action, order, given)
    assert loaded.now > loaded.session.created_at
    reasons = [event.reason for event in (await guest.history())[before:]]
    assert WHY in reasons or action is actions.REDACT
    return loaded


async def audited(guest: Guest) -> Sequence[AuditEntry]:
    return await PostgresAudit(guest.shop.database).of_session(guest.id)


async def lines(guest: Guest) -> list[tuple[str, str | None]]:
    """Return what stands in the audit, each with why it was refused."""
    return [(entry.action, entry.facts.get("refused")) for entry in await audited(guest)]


async def test_a_note_and_its_line_are_one_commit(shop: Shop) -> None:
    guest = await shop.opened()
    loaded = await act(guest, actions.NOTE)
    assert loaded.session == await guest.session()
    assert await guest.newest_details() == {"action": "note"}
    (entry,) = await audited(guest)
    assert (entry.name, entry.account_id, entry.reason) == ("ada", ADA.account_id, WHY)
    assert entry.session_ids == (guest.id,)


async def test_what_is_not_theirs_not_there_or_not_as_seen_leaves_nothing(shop: Shop) -> None:
    guest = await shop.opened()
    foreign = await refused(act(guest, actions.ERASE, by=AGENT))
    assert foreign.refusal.code is RefusalCode.FORBIDDEN
    missing = await refused(act(guest, actions.NOTE, session_id=uuid4()))
    assert missing.refusal.code is RefusalCode.SESSION_NOT_FOUND
    stale = await refused(act(guest, actions.NOTE, seen=frozenset({99})))
    assert stale.refusal.code is RefusalCode.VERSION_MISMATCH
    assert stale.session is not None
    wrong = await refused(act(guest, actions.RELEASE))
    assert (wrong.refusal.code, wrong.refusal.detail) == (
        RefusalCode.WRONG_STATE,
        "No cabin is being held.",
    )
    assert await lines(guest) == []


async def test_a_session_that_nobody_names_is_not_found(shop: Shop) -> None:
    found = await refused(StaffActions(work_of(shop)).find(None, by=ADA))
    assert found.refusal.code is RefusalCode.SESSION_NOT_FOUND


async def test_who_decides_on_what_has_changed_since_is_on_record_as_refused(shop: Shop) -> None:
    """Another is quicker between the look and the commit."""
    guest = await shop.opened()

    async def overtaken(act: Any, _: Parameters) -> Loaded:
        await commit(guest, noted)
        return await act.note()  # type: ignore[no-any-return]

    late = await refused(act(guest, replace(actions.NOTE, run=overtaken)))
    assert late.refusal.code is RefusalCode.VERSION_MISMATCH
    assert await lines(guest) == [("note", "version_mismatch")]


def erasure_requested(session: Session, at: DecisionContext) -> Change:
    change = request_erasure(session, at)
    assert change is not None
    return change


def noted(session: Session, _: DecisionContext) -> Change:
    return begin(session).record(EventKind.NOTE, reason="quicker")


async def test_a_cabin_is_let_go_and_a_session_cancelled(shop: Shop) -> None:
    guest = await shop.held()
    assert (await act(guest, actions.RELEASE)).session.state is State.CABIN_SELECTED
    await guest.hold()
    assert (await act(guest, actions.CANCEL)).session.state is State.CANCELLED
    assert (await shop.simulator.ledger())["holds"] == []
    assert await lines(guest) == [("release-hold", None), ("cancel", None)]


async def test_an_undo_that_failed_is_tried_again(shop: Shop) -> None:
    guest = await shop.held()
    await shop.simulator.fault("basketremove", "http_500")
    await guest.cancel()
    assert await guest.state() is State.BASKETED
    assert (await act(guest, actions.RETRY_UNDO)).session.state is State.CANCELLED


async def test_a_hold_in_doubt_is_looked_for_by_one_at_a_time(make_shop: MakeShop) -> None:
    shop = await make_shop()
    guest = await shop.priced()
    await shop.simulator.fault("basketadd", "http_500_after")
    await guest.select()
    work = work_of(shop)
    await work.queue.take_step(guest.id, lease_seconds=60)
    taken = await refused(act(guest, actions.RECONCILE))
    assert taken.refusal.code is RefusalCode.IN_PROGRESS
    assert taken.refusal.detail == "Somebody is working on this step."
    await shop.pass_time(61)
    assert (await act(guest, actions.RECONCILE)).session.state is State.BASKETED
    assert await lines(guest) == [
        ("reconcile", None),
        ("reconcile", "in_progress"),
        ("reconcile", None),
    ]


async def test_a_guest_is_given_more_time(shop: Shop) -> None:
    guest = await shop.opened()
    until = (await guest.session()).expires_at + timedelta(minutes=1)
    more = actions.MoreTime(deadline=Deadline.SESSION, until=until)
    await shop.pass_time(120)
    assert (await act(guest, actions.EXTEND, more)).session.expires_at == until
    (entry,) = await audited(guest)
    assert entry.facts["deadline"] == "session"


async def test_money_received_outside_pays_a_booking(make_shop: MakeShop) -> None:
    shop = await make_shop(payment_channel=PaymentChannel.MANUAL)
    guest = await shop.booked()
    due = (await guest.session()).booking
    assert due is not None
    wrong = actions.Received(amount=usd("-1"))
    assert (await refused(act(guest, actions.RECORD, wrong))).refusal.errors
    paid = await act(guest, actions.RECORD, actions.Received(amount=due.total))
    assert paid.session.state is State.PAID
    assert await lines(guest) == [
        ("record-payment", "validation_failed"),
        ("record-payment", None),
    ]


@pytest.mark.parametrize(
    ("action", "state", "answer"),
    [
        (actions.CONFIRM_CANCELLATION, State.CANCELLED, "line_cancelled"),
        (actions.REFUSE_CANCELLATION, State.BOOKED, "line_refused"),
    ],
)
async def test_what_the_line_says_of_a_cancellation_closes_its_task(
    shop: Shop, action: Action[Any], state: State, answer: str
) -> None:
    guest = await shop.booked()
    await act(guest, actions.CANCEL)
    assert (await act(guest, action)).session.state is state
    task = await only_task(shop, guest)
    assert (task.closed_by, task.answer) == ("ada", answer)


async def test_a_cancellation_ends_without_a_task_and_not_while_a_colleague_works_on_it(
    shop: Shop,
) -> None:
    guest = await shop.booked()
    await act(guest, actions.CANCEL)
    await claim(shop, await only_task(shop, guest), by=BEN)
    found = await refused(act(guest, actions.CONFIRM_CANCELLATION))
    assert found.refusal.facts["claimed_by"] == "ben"
    await shop.rows("UPDATE staff_tasks SET closed_at = now() RETURNING id")
    assert (await act(guest, actions.CONFIRM_CANCELLATION)).session.state is State.CANCELLED


async def test_a_confirmation_is_mailed_again(shop: Shop) -> None:
    guest = await shop.booked()
    before = (await guest.session()).version
    assert (await act(guest, actions.RESEND)).session.version == before + 1


async def test_a_confirmation_goes_out_again_only_where_that_is_asked(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    guest = await shop.booked()
    monkeypatch.setattr(shop.store, "_channels", Channels(confirmations=("mail",)))
    await act(guest, actions.NOTE)
    assert await shop.rows("SELECT channel FROM outbox") == []
    await act(guest, actions.RESEND)
    assert [row.channel for row in await shop.rows("SELECT channel FROM outbox")] == ["mail"]


async def test_a_payment_is_refunded_once_its_booking_is_cancelled(shop: Shop) -> None:
    guest = await shop.booked(PaymentType.DEPOSIT)
    await act(guest, actions.CANCEL)
    await act(guest, actions.CONFIRM_CANCELLATION)
    assert await guest.tasks() == ["cancel_with_line", "cancellation_refund"]
    found = await refused(act(guest, actions.ERASE))
    assert found.refusal.detail == "A task is open that may need the guest's name."
    booking = (await act(guest, actions.REFUND, actions.Kept(kept=Decimal()))).session.booking
    assert booking is not None
    assert await shop.rows("SELECT id FROM staff_tasks WHERE closed_at IS NULL") == []
    assert (await act(guest, actions.ERASE)).session.details.contact is None


async def test_a_guest_who_asks_to_be_erased_is_erased_though_that_is_a_task(shop: Shop) -> None:
    guest = await shop.booked()
    found = await refused(act(guest, actions.ERASE))
    assert found.refusal.detail == "Possible after the sailing on 15 March 2027."
    await act(guest, actions.CANCEL)
    await act(guest, actions.CONFIRM_CANCELLATION)
    await commit(guest, erasure_requested)
    assert (await only_open_task(shop, guest)).kind is TaskKind.ERASURE_REQUESTED
    assert (await act(guest, actions.ERASE)).session.details.contact is None


async def test_a_second_booking_is_entered_and_stands_with_its_reason(shop: Shop) -> None:
    guest = await shop.booked()
    await act(guest, actions.DUPLICATE, actions.SecondBooking(reservation="SECOND1"))
    assert await guest.tasks() == ["duplicate_booking"]


async def test_a_supervisor_moves_a_session(shop: Shop) -> None:
    guest = await shop.held()
    to = actions.Destination(to=State.CABIN_SELECTED)
    assert (await act(guest, actions.MOVE, to)).session.state is State.CABIN_SELECTED
    assert (await shop.simulator.ledger())["holds"] == []


async def test_a_supervisor_moves_a_session_against_the_flow_knowing_what_that_leaves(
    shop: Shop,
) -> None:
    guest = await shop.booked()
    to = actions.Destination(to=State.CANCELLED)
    half = replace(to, override=True)
    whole = replace(half, not_undone=frozenset({"reservation"}))
    for short, missing in ((to, "/override"), (half, "/notUndone")):
        asked = await refused(act(guest, actions.MOVE, short))
        assert [fault.pointer for fault in asked.refusal.errors] == [missing]
    assert (await act(guest, actions.MOVE, whole)).session.state is State.CANCELLED


async def test_a_guest_is_erased(shop: Shop) -> None:
    guest = await shop.opened()
    await shop.engine.edit(
        await guest.loaded(),
        changes={"contact": a_contact()},
        command=a_command(),
    )
    await guest.cancel()
    assert (await act(guest, actions.ERASE)).session.details.contact is None
    assert await lines(guest) == [("erase-guest", None)]


async def test_a_text_is_taken_out_of_the_history(shop: Shop) -> None:
    guest = await shop.opened()
    noted = (await act(guest, actions.NOTE)).session
    text = actions.TextToGo(text=f"event-{noted.version}")
    await act(guest, actions.REDACT, text)
    reasons = [event.reason for event in await guest.history()][1:]
    assert reasons == [actions.REDACTED, actions.REDACTED]
    nothing = actions.TextToGo(text="event-0")
    found = await refused(act(guest, actions.REDACT, nothing))
    assert found.refusal.code is RefusalCode.NOT_FOUND
    assert found.refusal.detail == "There is no text in this row."


async def test_what_a_guest_typed_freely_is_taken_out(shop: Shop) -> None:
    guest = await shop.opened()
    await shop.engine.edit(
        await guest.loaded(),
        changes={"special_requests": "A cot"},
        command=a_command(),
    )
    taken = await act(guest, actions.REDACT, actions.TextToGo(text="specialRequests"))
    assert taken.session.details.special_requests == actions.REDACTED
    assert await lines(guest) == [("redact", None)]
    found = await refused(act(guest, actions.REDACT, actions.TextToGo(text="cancelReason")))
    assert found.refusal.code is RefusalCode.NOT_FOUND
    assert found.refusal.detail == "The guest typed nothing there."


async def only_task(shop: Shop, guest: Guest) -> StoredTask:
    """Return the guest's only task but that to collect a payment."""
    tasks = await PostgresTaskStore(shop.database).tasks_of(guest.id)
    (task,) = (each for each in tasks if each.kind is not TaskKind.COLLECT_PAYMENT)
    return task


async def only_open_task(shop: Shop, guest: Guest) -> StoredTask:
    tasks = await PostgresTaskStore(shop.database).tasks_of(guest.id)
    (task,) = (each for each in tasks if each.closed_at is None)
    return task


def wish_for(task: StoredTask, by: StaffMember, reason: str | None = None) -> TaskWish:
    seen = frozenset({task.version})
    return TaskWish(staff=by, task_id=task.id, seen=seen, reason=reason)


async def claim(shop: Shop, task: StoredTask, *, by: StaffMember, **more: Any) -> None:
    await TaskClaims(PostgresTaskStore(shop.database)).claim(wish_for(task, by), **more)


async def to_cancel(shop: Shop) -> tuple[Guest, StoredTask, TaskClaims]:
    """Return a booking that the line is asked to cancel, with the task of it."""
    guest = await shop.booked()
    await act(guest, actions.CANCEL)
    return guest, await only_task(shop, guest), TaskClaims(PostgresTaskStore(shop.database))


async def test_a_task_is_taken_and_given_back_on_record(shop: Shop) -> None:
    guest, task, claims = await to_cancel(shop)
    await claims.claim(wish_for(task, AGENT))
    taken = await only_task(shop, guest)
    assert taken.claim is not None
    assert (taken.claim.account_id, taken.claim.name) == (BEN.account_id, "ben")
    await claims.hand_back(wish_for(taken, AGENT))
    free = await only_task(shop, guest)
    assert free.claim is None
    nobody = await refused(claims.hand_back(wish_for(free, AGENT)))
    assert nobody.refusal.detail == "Nobody works on this task."
    assert [action for action, _ in await lines(guest)] == [
        *("cancel", "claim_task", "hand_back_task")
    ]


async def test_a_colleague_of_the_same_name_is_another_colleague(shop: Shop) -> None:
    """Accounts are compared, not names."""
    guest, task, claims = await to_cancel(shop)
    await claims.claim(wish_for(task, AGENT))
    taken = await only_task(shop, guest)
    namesake = replace(AGENT, account_id=UUID(int=9))
    for attempt in (claims.claim, claims.hand_back):
        found = await refused(attempt(wish_for(taken, namesake)))
        assert found.refusal.detail == "ben works on this task; take it over if need be."
        assert found.refusal.facts["claimed_at"].endswith("Z")


async def test_a_colleagues_task_is_taken_over_with_a_reason_and_freed_by_a_supervisor(
    shop: Shop,
) -> None:
    guest, task, claims = await to_cancel(shop)
    await claims.claim(wish_for(task, AGENT))
    taken = await only_task(shop, guest)
    why = await refused(claims.claim(wish_for(taken, ADA), takeover=True))
    assert [(fault.pointer, fault.detail) for fault in why.refusal.errors] == [
        ("/reason", "is needed to take a task over")
    ]
    await claims.claim(wish_for(taken, ADA, "ben is away"), takeover=True)
    overtaken = await refused(claims.hand_back(wish_for(taken, BEN)))
    assert overtaken.refusal.detail == "ada works on this task now."
    await claims.hand_back(wish_for(await only_task(shop, guest), BEN))
    assert (await only_task(shop, guest)).claim is None
    assert [
        (each.facts.get("from"), each.reason, each.task_id) for each in (await audited(guest))[1:]
    ] == [(None, None, task.id), ("ben", "ben is away", task.id), ("ada", None, task.id)]


async def test_tasks_are_taken_by_accounts_that_may_and_as_seen(shop: Shop) -> None:
    guest, task, claims = await to_cancel(shop)
    viewer = replace(AGENT, role=Role.VIEWER)
    assert (await refused(claims.claim(wish_for(task, viewer)))).refusal.code == "forbidden"
    nobody = (await refused(claims.claim(wish_for(task, operator("x"))))).refusal
    assert (nobody.code, nobody.detail) == (
        RefusalCode.FORBIDDEN,
        "Only who has an account takes tasks.",
    )
    for task_id in (None, uuid4()):
        missing = await refused(claims.claim(replace(wish_for(task, AGENT), task_id=task_id)))
        assert missing.refusal.code is RefusalCode.NOT_FOUND
    stale = await refused(claims.claim(replace(wish_for(task, AGENT), seen=frozenset({9}))))
    assert stale.refusal.detail == "This task has changed meanwhile."
    await act(guest, actions.REFUSE_CANCELLATION)
    answered = await refused(claims.claim(wish_for(task, AGENT)))
    assert answered.refusal.detail == "ada answered line_refused."
    as_it_is = wish_for(await only_task(shop, guest), AGENT)
    for attempt in (claims.claim, claims.hand_back):
        answered = await refused(attempt(as_it_is))
        assert answered.refusal.detail == "ada answered line_refused."


class Beaten(PostgresTaskStore):
    """Tasks of which another takes the one in question right after it was looked at."""

    async def claim(self, task_id: UUID, **values: Any) -> bool:
        await super().claim(task_id, **values | {"account_id": UUID(int=7), "name": "cleo"})
        return await super().claim(task_id, **values)

    async def hand_back(self, task_id: UUID, **values: Any) -> bool:
        await super().hand_back(task_id, **values)
        return await super().hand_back(task_id, **values)


async def test_who_takes_a_task_a_moment_too_late_hears_who_has_it(shop: Shop) -> None:
    guest, task, _ = await to_cancel(shop)
    late = await refused(TaskClaims(Beaten(shop.database)).claim(wish_for(task, AGENT)))
    assert late.refusal.detail == "cleo works on this task now."
    assert [action for action, _ in await lines(guest)] == ["cancel", "claim_task"]


async def test_who_gives_a_task_back_a_moment_too_late_hears_so(shop: Shop) -> None:
    guest, task, claims = await to_cancel(shop)
    await claims.claim(wish_for(task, AGENT))
    taken = wish_for(await only_task(shop, guest), AGENT)
    late = await refused(TaskClaims(Beaten(shop.database)).hand_back(taken))
    assert late.refusal.detail == "This task has changed meanwhile."


async def test_what_was_typed_wrong_is_put_right_with_its_line_of_the_audit(shop: Shop) -> None:
    guest = await shop.booked()
    wish = NameRequest(guest=0, field="lastName", value="Sørensen", printed="Sorensen")

    def moved(contact: Contact) -> Contact:
        return replace(contact, city="Hereford")

    at_once = actions.RightWords(pointer="/contact/city", contact=moved)
    loaded = await act(guest, actions.CORRECT, at_once)
    assert loaded.session.details.contact is not None
    assert loaded.session.details.contact.city == "Hereford"
    asked = actions.RightWords(pointer=wish.pointer, contact=moved, name=wish)
    await act(guest, actions.CORRECT, asked)
    again = await refused(act(guest, actions.CORRECT, asked))
    assert again.refusal.detail == ASKED
    assert await lines(guest) == [("correct", None), ("correct", None), ("correct", "wrong_state")]
    assert (await guest.history())[-1].reason == WHY

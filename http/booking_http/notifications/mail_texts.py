"""What our mails say: the facts on the session, as plain text and as HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from adapters.notifications.mail import Mail
from booking_flow.flow import State
from booking_flow.model.party import Correction
from booking_flow.model.session import Session
from booking_http.notifications.booking_facts import day, groups
from persistence.task_notices import UntoldTask


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """How a mail opens."""

    subject: str
    heading: str
    lead: str


CONFIRMED: Final[Mapping[State, Wording]] = MappingProxyType(
    {
        State.BOOKED: Wording(
            subject="Booked",
            heading="The cruise is booked",
            lead="The cruise line has issued the reservation below.",
        ),
        State.PAID: Wording(
            subject="Booked and paid",
            heading="The cruise is booked",
            lead="The cruise line has issued the reservation below, and what was due now is paid.",
        ),
        State.CANCELLED: Wording(
            subject="Cancelled",
            heading="The booking is cancelled",
            lead="The cruise line has confirmed the cancellation of the reservation below.",
        ),
        State.EXPIRED: Wording(
            subject="Cancelled unpaid",
            heading="The booking is cancelled",
            lead="It was not paid in time; the cruise line has cancelled the reservation below.",
        ),
    }
)


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Return the templates of mails and of the pages they lead to; HTML is escaped."""
    return Environment(
        loader=PackageLoader("booking_http.notifications"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def confirmation(session: Session, *, to: str, mail_id: str) -> Mail:
    """Return the mail that tells how a booking stands now."""
    wording, sailing = CONFIRMED[session.state], session.sailing
    what = f"{sailing.ship_name}, {day(sailing.sailing_date)} ({session.reference})"
    facts = {"wording": wording, "groups": groups(session)}
    return _mail(
        "confirmation", facts, to=to, mail_id=mail_id, subject=f"{wording.subject}: {what}"
    )


NOT_BOOKED: Final = Wording(
    subject="Not booked",
    heading="The cruise was not booked",
    lead="You were asked to wait, and now we know: the cruise line has not booked it. An amount "
    "that your bank shows as held goes away within 7 days, and one that was charged is sent back.",
)


def not_booked(session: Session, *, to: str, mail_id: str) -> Mail:
    """Return the mail that ends the wait of a guest whose booking was not made."""
    facts = {"wording": NOT_BOOKED, "groups": groups(session)[:2]}
    subject = f"{NOT_BOOKED.subject}: {session.sailing.ship_name} ({session.reference})"
    return _mail("confirmation", facts, to=to, mail_id=mail_id, subject=subject)


REMINDING: Final = Wording(
    subject="Balance due",
    heading="The rest of the price is due soon",
    lead="What is outstanding and by when stands under Payment. If you have paid it already, "
    "nothing has to be done.",
)


def reminder(session: Session, *, to: str, mail_id: str) -> Mail:
    """Return the mail that reminds of a balance."""
    facts = {"wording": REMINDING, "groups": groups(session)}
    subject = f"{REMINDING.subject}: {session.sailing.ship_name} ({session.reference})"
    return _mail("confirmation", facts, to=to, mail_id=mail_id, subject=subject)


def new_tasks(tasks: Sequence[UntoldTask], *, to: str, home: str | None) -> Mail:
    """Return the mail that tells the team what has come to wait for a person."""
    url = f"{home.rstrip('/')}/console/tasks" if home else None
    subject = f"{len(tasks)} new task{'s' if len(tasks) != 1 else ''}: {tasks[0].reference}"
    mail_id = f"tasks-{tasks[0].id}-{len(tasks)}"
    return _mail("tasks", {"tasks": tasks, "url": url}, to=to, mail_id=mail_id, subject=subject)


def link(session: Session, *, to: str, mail_id: str, url: str, minutes: int) -> Mail:
    """Return the mail by which a guest sees their booking once more."""
    facts = {"reference": session.reference, "url": url, "minutes": minutes}
    return _mail("link", facts, to=to, mail_id=mail_id, subject=f"Your booking {session.reference}")


def code(session: Session, *, to: str, mail_id: str, digits: str, minutes: int) -> Mail:
    """Return the mail with a code; its subject is no place for it, since screens show subjects."""
    facts = {"reference": session.reference, "code": digits, "minutes": minutes}
    subject = f"Your code for the booking {session.reference}"
    return _mail("code", facts, to=to, mail_id=mail_id, subject=subject)


LINE_ANSWERS: Final = Wording(
    subject="%(line)s answers again",
    heading="%(line)s answers again",
    lead="Your search is where you left it, and live prices can be shown again.",
)
LINE_SILENT: Final = Wording(
    subject="%(line)s still does not answer",
    heading="%(line)s still does not answer",
    lead="Your search ends soon. Nothing is booked and nothing was charged. Your choices are kept: "
    "the same link starts the search again.",
)


def line_notice(session: Session, *, answered: bool, to: str, mail_id: str, url: str) -> Mail:
    """Return the one mail to a guest who asked to be told when their line answers."""
    wording = LINE_ANSWERS if answered else LINE_SILENT
    line = {"line": session.sailing.line_name}
    facts = {"heading": wording.heading % line, "lead": wording.lead, "url": url}
    subject = f"{wording.subject % line} ({session.reference})"
    return _mail("line", facts, to=to, mail_id=mail_id, subject=subject)


_CHANGED: Final[Mapping[str, str]] = MappingProxyType(
    {"/contact/email": "the e-mail address", "/contact/phone": "the telephone number"}
)


def changed(session: Session, corrections: Sequence[Correction], *, to: str, mail_id: str) -> Mail:
    """Return the mail that tells the address of before what of the contact was changed."""
    fields = dict.fromkeys(_CHANGED.get(each.pointer, "the address") for each in corrections)
    facts = {"reference": session.reference, "fields": ", ".join(fields)}
    subject = f"Your booking {session.reference} was changed"
    return _mail("changed", facts, to=to, mail_id=mail_id, subject=subject)


def _mail(template: str, facts: Mapping[str, Any], *, to: str, mail_id: str, subject: str) -> Mail:
    text = environment().get_template(f"mail/{template}.txt").render(facts)
    html = environment().get_template(f"mail/{template}.html").render(facts, subject=subject)
    return Mail(to=to, subject=subject, text=text, html=html, id=mail_id)

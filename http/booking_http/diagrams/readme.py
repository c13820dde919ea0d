"""The page that shows the diagrams beside tables of the same facts."""

from __future__ import annotations

from collections.abc import Iterator

from booking_flow.flow import FLOW, FLOW_VERSION, STATES, StateMeaning, Transition
from booking_flow.saga import EFFECTS, SAGA
from booking_flow.steps.step import Step
from booking_http.diagrams.outcomes_picture import asked

_HEAD = f"""\
# The flow and the saga
Drawn from the code by `make diagrams`; `make check` fails when they are stale. Do not edit by hand.

## The states of a booking session
Flow version {FLOW_VERSION}, from `booking_flow/flow.py`. A state is what is known to be true; what
the supplier was asked and has not answered yet is the session's open step.
The same as text: [flow.mmd](flow.mmd).

![The states of a booking session and what moves it between them](flow.svg)
"""

_SAGA_HEAD = """\
## The steps and their undoes
From `booking_flow/saga.py`. A step that changes anything at the supplier is claimed first: its
intent is committed before the call, so that no crash can lose it.
The same as text: [saga.mmd](saga.mmd).

![Each step of a booking beside its undo](saga.svg)
"""

_ENDS_HEAD = """\
## What can go wrong
Every step that changes anything at the supplier ends in one of three ways. What an answer does not
prove is unknown: the step stays open, nothing is sent again, and the session shows that it waits.

![What follows where a step is done, refused or unknown](outcomes.svg)
"""


def text() -> str:
    """Return the page as Markdown."""
    parts = (
        _HEAD,
        "\n".join(_states()),
        "\n".join(_transitions()),
        _SAGA_HEAD,
        "\n".join(_steps()),
        _ENDS_HEAD,
        "\n".join(_ends()),
    )
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def _states() -> Iterator[str]:
    yield "| state | staff see | what is true | an end |"
    yield "|---|---|---|---|"
    yield from map(_state, STATES)


def _state(row: StateMeaning) -> str:
    return f"| `{row.state}` | {row.label} | {row.meaning} | {'yes' if row.final else ''} |"


def _transitions() -> Iterator[str]:
    yield "| trigger | staff see | from | to | needs | by | what it means |"
    yield "|---|---|---|---|---|---|---|"
    yield from map(_transition, FLOW)


def _transition(row: Transition) -> str:
    sources = ", ".join(f"`{source}`" for source in row.sources)
    cells = (
        f"`{row.trigger}`",
        row.label,
        sources,
        f"`{row.target}`",
        row.guard.says if row.guard else "",
        ", ".join(row.movers),
        row.meaning,
    )
    return f"| {' | '.join(cells)} |"


def _steps() -> Iterator[str]:
    yield "| step | asks the supplier | kind | undone by | undo |"
    yield "|---|---|---|---|---|"
    yield from map(_step, SAGA)


def _step(step: Step) -> str:
    calls = ", ".join(f"`{call}`" for call in step.endpoints)
    undo = f"`{step.undo}`" if step.undo else ""
    return f"| `{step.name}` | {calls} | {step.kind} | {undo} | {step.undo_meaning} |"


def _ends() -> Iterator[str]:
    yield "| step | done | refused | unknown | who is asked |"
    yield "|---|---|---|---|---|"
    for step in EFFECTS.values():
        ends = step.ends
        cells = (f"`{step.name}`", ends.done, ends.refused, ends.unknown, asked(step))
        yield f"| {' | '.join(cells)} |"

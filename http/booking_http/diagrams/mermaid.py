"""The flow and the saga as Mermaid text, which code hosts draw in place."""

from __future__ import annotations

from collections.abc import Iterator

from booking_flow.flow import ENDS, MEANING, STATES, State
from booking_flow.model.step import StepKind
from booking_flow.saga import SAGA, STEPS
from booking_flow.steps.step import Step
from booking_http.diagrams.model import Arrow, Frame, Shortcut, arrows, frames, movers, shortcuts

_KIND_STYLES = {
    StepKind.READ: "fill:#eef3f8,stroke:#64748b,color:#1e293b",
    StepKind.REVERSIBLE: "fill:#e3f1e7,stroke:#2f7d4f,color:#1e293b",
    StepKind.UNDO: "fill:#ffffff,stroke:#2f7d4f,color:#1e293b,stroke-dasharray:5 3",
    StepKind.IRREVERSIBLE: "fill:#fdeaea,stroke:#b42323,color:#1e293b,stroke-width:3px",
}


def flow_text() -> str:
    """Return the flow as a Mermaid state diagram."""
    return "\n".join(_flow_lines()) + "\n"


def _flow_lines() -> Iterator[str]:
    yield "stateDiagram-v2"
    yield "    %% Drawn from booking_flow/flow.py by `booking-flow diagrams`."
    yield "    direction TB"
    framed = {state for frame in frames() for state in frame.states}
    yield from (f"    {_state(row.state)}" for row in STATES if row.state not in framed)
    for frame in frames():
        yield f'    state "{frame.title}" as {frame.name} {{'
        yield from (f"        {_state(state)}" for state in frame.states)
        yield "    }"
    yield f"    [*] --> {STATES[0].state}"
    yield from (f"    {_arrow(arrow)}" for arrow in arrows())
    yield from (f"    {_shortcut(shortcut)}" for shortcut in shortcuts())
    yield from (f"    {row.state} --> [*]" for row in STATES if row.final)
    yield "    classDef ended fill:#eef1f5,stroke:#64748b,color:#1e293b"
    yield f"    class {','.join(row.state for row in STATES if row.state in ENDS)} ended"


def _state(state: State) -> str:
    return f'state "{MEANING[state].label} ({state})" as {state}'


def _arrow(arrow: Arrow) -> str:
    source = arrow.source.name if isinstance(arrow.source, Frame) else arrow.source
    words = f"{arrow.row.label} ({arrow.row.trigger})"
    guard = f" [{arrow.row.guard.says}]" if arrow.row.guard else ""
    return f"{source} --> {arrow.row.target}: {words} by {movers(arrow.row)}{guard}"


def _shortcut(shortcut: Shortcut) -> str:
    words = " and ".join(row.trigger for row in shortcut.rows)
    return f"{shortcut.source} --> {shortcut.target}: {words} [{shortcut.says}]"


def saga_text() -> str:
    """Return the saga as a Mermaid flowchart: each step and, beside it, its undo."""
    return "\n".join(_saga_lines()) + "\n"


def _saga_lines() -> Iterator[str]:
    yield "flowchart LR"
    yield "    %% Drawn from booking_flow/saga.py by `booking-flow diagrams`."
    forward = [step for step in SAGA if step.kind is not StepKind.UNDO]
    yield from (f"    {_box(step)}" for step in forward)
    yield f"    {' --> '.join(step.name for step in forward)}"
    yield from (f"    {_undo(step)}" for step in forward)
    for kind, style in _KIND_STYLES.items():
        name = kind.name.lower()
        yield f"    classDef {name} {style}"
        yield f"    class {','.join(step.name for step in SAGA if step.kind is kind)} {name}"


def _box(step: Step) -> str:
    return f'{step.name}["{step.name}<br/>{", ".join(step.endpoints)}<br/>({step.kind})"]'


def _undo(step: Step) -> str:
    if step.undo is not None:
        return f'{step.name} -. "{step.undo_meaning}" .-> {_box(STEPS[step.undo])}'
    link = "===" if step.kind is StepKind.IRREVERSIBLE else "-.-"
    return f'{step.name} {link} {step.name}_undo["{step.undo_meaning}"]'

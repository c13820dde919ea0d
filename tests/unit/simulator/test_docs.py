"""The page about the simulator says what the code does."""

from dataclasses import fields
from pathlib import Path

from adapters.simulator.endpoints import TABLE
from adapters.simulator.faults import CARD_FAULTS, ENDPOINTS, FAULTS, SURNAME_FAULTS
from adapters.simulator.sailings import DRILLS
from adapters.simulator.settings import Policies, SimulatorSettings

PAGE = (Path(__file__).parents[3] / "docs" / "simulator.md").read_text()


def shown_endpoints(endpoints: frozenset[str]) -> str:
    """Spell a set of endpoints as the page does."""
    if endpoints == frozenset(ENDPOINTS):
        return "all"
    left_out = [name for name in ENDPOINTS if name not in endpoints]
    if len(left_out) < 5:
        return "all but " + ", ".join(name.removesuffix(".pl") for name in left_out)
    return ", ".join(name.removesuffix(".pl") for name in ENDPOINTS if name in endpoints)


def row(*cells: object) -> str:
    """Spell a row of a table."""
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def missing(rows: list[str]) -> list[str]:
    """Return the rows that the page lacks."""
    return [one for one in rows if one not in PAGE]


def test_every_fault_stands_on_the_page_with_its_endpoints_and_surname() -> None:
    """Word for word as in the table of the code."""
    surnames = {name: f"`{surname.title()}`" for surname, name in SURNAME_FAULTS.items()}
    rows = [
        row(
            f"`{one.name}`", one.meaning, shown_endpoints(one.endpoints), surnames.get(one.name, "")
        )
        for one in FAULTS.values()
    ]
    assert missing(rows) == []


def test_every_card_and_every_drill_stands_on_the_page() -> None:
    """With the fault that it sets off."""
    cards = [row(f"`{number}`", f"`{fault}`") for number, fault in CARD_FAULTS.items()]
    drills = [row(number, endpoint, f"`{fault}`") for number, (endpoint, fault) in DRILLS.items()]
    assert missing(cards + drills) == []


def test_every_policy_stands_on_the_page_with_its_default() -> None:
    """The defaults are those of a simulator started with nothing said."""
    policies = [
        f"| `{one.name}` | `{getattr(SimulatorSettings(), one.name)}` |" for one in fields(Policies)
    ]
    assert missing(policies) == []


def test_every_endpoint_stands_on_the_page_with_its_latency() -> None:
    """In seconds, at scale 1."""
    rows = [
        row(f"`{name}`", " ".join(sorted(one.verbs)), one.latency) for name, one in TABLE.items()
    ]
    assert missing(rows) == []

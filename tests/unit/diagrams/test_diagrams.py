"""The committed diagrams say what the code says, all of it, and nothing else."""

import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from booking_flow.flow import FLOW, STATES, TABLE, Mover, State
from booking_flow.model.step import StepKind
from booking_flow.policy import PaymentChannel
from booking_flow.saga import EFFECTS, SAGA
from booking_http.cli.main import main
from booking_http.diagrams import mermaid, model, readme
from booking_http.diagrams.drawn import DRAWN as FOR_PAGES
from booking_http.diagrams.files import draw_all, draw_pages, stale, write
from booking_http.diagrams.outcomes_picture import asked

COMMITTED = Path(__file__).resolve().parents[3] / "diagrams"
SVG = "{http://www.w3.org/2000/svg}"
DRAWN = draw_all()
NAMES = sorted(DRAWN)


def svg_of(name: str) -> ElementTree.Element:
    return ElementTree.fromstring(DRAWN[name])


def words_of(name: str) -> str:
    return " ".join(node.text or "" for node in svg_of(name).iter(f"{SVG}text"))


def groups_of(name: str, kind: str) -> dict[str, ElementTree.Element]:
    groups = svg_of(name).iter(f"{SVG}g")
    return {group.attrib["id"]: group for group in groups if group.get("class") == kind}


@pytest.mark.parametrize("name", NAMES)
def test_the_committed_file_is_what_the_code_draws(name: str) -> None:
    """Compared whole, so that every change of the flow or the saga shows in review."""
    assert (COMMITTED / name).read_text("utf-8") == DRAWN[name]


@pytest.mark.parametrize("name", ["flow.svg", "saga.svg"])
def test_the_console_shows_what_the_code_draws(name: str) -> None:
    """Pages read files, so that the service needs no program that draws."""
    assert (FOR_PAGES / name).read_text("utf-8") == draw_pages()[name]


def test_nothing_else_lies_in_the_folders() -> None:
    assert sorted(path.name for path in COMMITTED.iterdir()) == NAMES
    assert sorted(path.name for path in FOR_PAGES.iterdir()) == sorted(draw_pages())


def test_drawing_twice_gives_the_same_bytes() -> None:
    assert draw_all() == DRAWN


@pytest.mark.parametrize("draw", [mermaid.flow_text, readme.text, lambda: words_of("flow.svg")])
def test_every_state_trigger_label_and_guard_of_the_flow_is_shown(draw: Callable[[], str]) -> None:
    shown = draw().replace("&lt;", "<")
    for state in STATES:
        assert state.state in shown
        assert state.label in shown
    for row in FLOW:
        assert row.trigger in shown
        assert row.label in shown
        assert all(word in shown for word in (row.guard.says if row.guard else "").split())


def test_the_arrows_cover_the_table_and_no_more() -> None:
    """Merged arrows leave from every state inside their frame."""
    drawn = [
        (state, arrow.row.trigger, arrow.row.target)
        for arrow in model.arrows()
        for state in (
            arrow.source.states if isinstance(arrow.source, model.Frame) else (arrow.source,)
        )
    ]
    assert sorted(drawn) == sorted(
        (source, trigger, row.target) for (source, trigger), row in TABLE.items()
    )


def test_every_arrow_of_the_model_is_in_the_picture() -> None:
    ids = set(groups_of("flow.svg", "edge"))
    for arrow in model.arrows():
        source = arrow.source.name if isinstance(arrow.source, model.Frame) else arrow.source
        assert f"{source}-{arrow.row.trigger}" in ids


def test_the_clocks_arrows_are_dashed_and_the_others_are_not() -> None:
    edges = groups_of("flow.svg", "edge")
    for arrow in model.arrows():
        source = arrow.source.name if isinstance(arrow.source, model.Frame) else arrow.source
        line = next(edges[f"{source}-{arrow.row.trigger}"].iter(f"{SVG}path"))
        assert ("stroke-dasharray" in line.attrib) == (arrow.row.movers == (Mover.CLOCK,))


def test_ends_have_a_double_border() -> None:
    nodes = groups_of("flow.svg", "node")
    for row in STATES:
        borders = list(nodes[f"state-{row.state}"].iter(f"{SVG}path"))
        assert len(borders) == (2 if row.final else 1)


@pytest.mark.parametrize("draw", [mermaid.saga_text, readme.text, lambda: words_of("saga.svg")])
def test_every_step_call_and_undo_of_the_saga_is_shown(draw: Callable[[], str]) -> None:
    shown = draw()
    for step in SAGA:
        assert step.name in shown
        assert all(call in shown for call in step.endpoints)
        if step.kind is not StepKind.UNDO:
            assert step.kind in shown
            assert all(word in shown for word in step.undo_meaning.split())


def test_irreversible_steps_look_different_from_all_others() -> None:
    nodes = groups_of("saga.svg", "node")
    colours: dict[bool, set[str | None]] = {True: set(), False: set()}
    for step in SAGA:
        if step.kind is not StepKind.UNDO:
            border = next(nodes[f"step-{step.name}"].iter(f"{SVG}path"))
            colours[step.kind is StepKind.IRREVERSIBLE].add(border.get("stroke"))
    assert colours[True].isdisjoint(colours[False])


@pytest.mark.parametrize("draw", [mermaid.flow_text, lambda: words_of("flow.svg")])
def test_every_arrow_says_who_moves(draw: Callable[[], str]) -> None:
    said = [f"by {model.movers(arrow.row)}" for arrow in model.arrows()]
    assert all(draw().count(words) >= said.count(words) for words in said)
    assert "by guest, staff or the clock" in said


def test_a_card_sent_with_the_booking_is_one_arrow_past_the_unpaid_state() -> None:
    (shortcut,) = model.shortcuts()
    assert (shortcut.source, shortcut.target) == (State.BASKETED, State.PAID)
    assert shortcut.channel is PaymentChannel.WITH_BOOKING
    assert f"{State.BASKETED}-shortcut0" in groups_of("flow.svg", "edge")
    assert "basketed --> paid: book and pay" in mermaid.flow_text()


def test_words_keep_to_their_edges_whatever_the_font() -> None:
    """A viewer without the font that was drawn for makes words wider or narrower."""
    anchors = {
        name: {words.get("text-anchor") for words in group.iter(f"{SVG}text")}
        for name, group in groups_of("flow.svg", "node").items()
        if name.startswith("state-")
    }
    assert anchors == {f"state-{state.state}": {"middle"} for state in STATES}
    assert 'text-anchor="end"' in DRAWN["flow.svg"]


@pytest.mark.parametrize("draw", [readme.text, lambda: words_of("outcomes.svg")])
def test_every_end_of_every_step_with_an_effect_is_told(draw: Callable[[], str]) -> None:
    shown = draw().replace("&#x27;", "'").split()
    for step in EFFECTS.values():
        for words in (step.ends.done, step.ends.refused, step.ends.unknown, asked(step)):
            assert set(words.split()) <= set(shown)


@pytest.mark.parametrize("name", ["flow.svg", "outcomes.svg", "saga.svg"])
def test_pictures_print_well_on_a_landscape_page(name: str) -> None:
    """A background of their own makes them readable on dark pages, too."""
    root = svg_of(name)
    width, height = (float(root.attrib[side].removesuffix("pt")) for side in ("width", "height"))
    assert 1.2 < width / height < 1.6
    sizes = {float(size) for size in re.findall(r'font-size="([\d.]+)"', DRAWN[name])}
    assert min(sizes) >= 12
    assert 'fill="#ffffff"' in DRAWN[name]


def test_writing_leaves_nothing_stale(tmp_path: Path) -> None:
    folder, pages = tmp_path / "diagrams", tmp_path / "pages"
    write(folder, pages=pages)
    assert stale(folder, pages=pages) == []


def run_diagrams(*options: str, place: Path) -> Result:
    folders = ["--folder", str(place / "diagrams"), "--pages", str(place / "pages")]
    return CliRunner().invoke(main, ["diagrams", *options, *folders])


def test_check_names_the_stale_files_and_fails(tmp_path: Path) -> None:
    write(tmp_path / "diagrams", pages=tmp_path / "pages")
    (tmp_path / "diagrams" / "flow.svg").write_text("<svg/>")
    (tmp_path / "diagrams" / "saga.mmd").unlink()
    (tmp_path / "pages" / "saga.svg").unlink()
    done = run_diagrams("--check", place=tmp_path)
    assert done.exit_code == 1
    assert "diagrams/flow.svg, diagrams/saga.mmd, pages/saga.svg;" in done.output


def test_check_passes_on_fresh_diagrams(tmp_path: Path) -> None:
    assert run_diagrams(place=tmp_path).exit_code == 0
    done = run_diagrams("--check", place=tmp_path)
    assert (done.exit_code, done.output) == (0, "")


def test_a_missing_drawing_program_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    done = run_diagrams(place=tmp_path)
    assert done.exit_code == 1
    assert done.output == (
        "Error: drawing needs what `pip install 'booking-flow[diagrams]'` installs\n"
    )

"""Settings say what a catalogue calls our tables and fields; contradictions are refused by name."""

import re
from pathlib import Path

import pytest

from adapters.catalogue.fields import ACCEPTED, FIELDS, Kind, Table
from adapters.catalogue.layout import CRUISES, OWN, PRESETS, BadLayout, ColumnPlace, layout_of
from booking_http.settings import Settings, SettingsError, load_settings
from persistence.tables.bookings import lines, sailings, ships
from tests.conftest import ROOT
from tests.support.service import settings_for


def test_the_own_layout_is_the_schema_of_our_migrations() -> None:
    tables = {Table.LINES: lines, Table.SHIPS: ships, Table.SAILINGS: sailings}
    for name, table in tables.items():
        assert OWN.table(name) == f'"{table.schema}"."{table.name}"'
        places = {OWN.places[field.key].column for field in OWN.fields(name)}
        assert places == set(table.columns.keys())


def test_names_are_replaced_and_a_dotted_one_names_its_table() -> None:
    layout = layout_of(
        "cruises",
        schema="staging",
        names={
            "lines": "carriers",
            "sailings.cruise_id": "voyages.codetocruiseid",
            "sailings.sailing_date": "left_on::cruise_day",
            "sailings.active": None,
        },
    )
    assert layout.table(Table.SAILINGS) == '"staging"."voyages"'
    assert layout.table(Table.LINES) == '"staging"."carriers"'
    assert layout.places["sailings.cruise_id"] == ColumnPlace(column="codetocruiseid")
    assert layout.places["sailings.sailing_date"] == ColumnPlace(
        column="left_on", type="cruise_day"
    )
    assert "sailings.active" not in layout.places
    assert layout.places["ships.name"] == CRUISES.places["ships.name"]


@pytest.mark.parametrize(
    ("names", "why"),
    [
        ({"sailings.cruse": "id"}, "sailings.cruse is none of our fields"),
        ({"cruises": "voyages"}, "cruises is none of our fields"),
        ({"sailings.line_id": None}, "sailings.line_id is required"),
        ({"sailings.name": "cruises."}, "sailings.name needs the name of a column"),
        ({"sailings": "a", "sailings.name": "b.name"}, "sailings.name lies in b"),
        ({"ships.name": "a.name", "ships.line_id": "b.line_id"}, "ships.line_id lies in b"),
    ],
)
def test_a_contradiction_is_refused_by_name(names: dict[str, str | None], why: str) -> None:
    with pytest.raises(BadLayout, match=re.escape(why)):
        layout_of("cruises", names=names)


def test_an_unknown_layout_is_refused() -> None:
    with pytest.raises(BadLayout, match="there are own, cruises"):
        layout_of("theirs")


def test_settings_map_names_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CATALOGUE_COLUMNS", '{"sailings.cruise_id": "cruises.codetocruiseid"}')
    given = settings_for(
        database_url="postgresql://x/y", supplier_url="http://s", catalogue_layout="cruises"
    )
    settings = Settings(**given.model_dump(exclude_unset=True))
    assert settings.catalogue().places["sailings.cruise_id"].column == "codetocruiseid"
    assert settings.catalogue().schema == "public"


@pytest.mark.parametrize(
    ("value", "why"), [("{", "CATALOGUE_COLUMNS"), ('{"sailings.cruse": "x"}', "sailings.cruse")]
)
def test_a_wrong_mapping_is_named(monkeypatch: pytest.MonkeyPatch, value: str, why: str) -> None:
    monkeypatch.setenv("CATALOGUE_COLUMNS", value)
    with pytest.raises(SettingsError, match=why):
        load_settings()


def test_every_kind_can_be_read_from_text() -> None:
    assert set(ACCEPTED) == set(Kind)
    assert all("text" in accepted for accepted in ACCEPTED.values())


def test_the_page_lists_every_field_with_its_places() -> None:
    page = Path(ROOT / "docs" / "catalogue.md").read_text("utf-8")
    for field in FIELDS:
        required = "yes" if field.required else "shown" if field.descriptive else "no"
        places = [
            f"`{layout.tables[field.table]}.{place.column}`" if place else "not kept"
            for layout in PRESETS.values()
            for place in [layout.place(field)]
        ]
        assert f"| `{field.key}` | {required} | {' | '.join(places)} |" in page

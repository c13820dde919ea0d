"""The API's document is valid, complete, and what the service really answers."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from booking_http.api.openapi import build_document
from booking_http.api.property_texts import PROPERTIES
from booking_http.routes import ROUTES
from booking_http.web.problems import PROBLEMS
from tests.support.service import Guest, Json, Service

DOCUMENT = build_document(ROUTES)
METHODS = {"get", "post", "patch", "delete"}


def operations() -> list[Json]:
    paths = DOCUMENT["paths"].values()
    return [item[method] for item in paths for method in METHODS & set(item)]


def test_the_document_is_valid() -> None:
    validate(DOCUMENT)


def test_every_route_is_documented_once() -> None:
    assert len(operations()) == len(ROUTES)
    assert len({operation["operationId"] for operation in operations()}) == len(ROUTES)


def test_every_problem_of_the_contract_belongs_to_a_route() -> None:
    """Only what needs no route of its own is missing."""
    named = {code.value for route in ROUTES for code in route.problems}
    elsewhere = {"method_not_allowed"}
    assert set(PROBLEMS) - named == elsewhere


def test_nothing_in_the_document_names_an_outside_host_or_an_inner_model() -> None:
    text = str(DOCUMENT)
    assert "http://" not in text.replace("http://json-schema.org", "")
    assert not re.search(r"schemas/\w+(Tell|Ask)\b", text)


def properties() -> list[tuple[str, str, Json]]:
    return [
        (model, name, found)
        for model, schema in DOCUMENT["components"]["schemas"].items()
        for name, found in schema.get("properties", {}).items()
    ]


def test_every_operation_and_property_is_described() -> None:
    """By a row of `property_texts`, or by the field's own description."""
    assert [op["operationId"] for op in operations() if not op.get("description")] == []
    assert [
        f"{model}.{name}" for model, name, found in properties() if not found["description"]
    ] == []
    known = {name for _, name, _ in properties()} | {f"{m}.{name}" for m, name, _ in properties()}
    assert set(PROPERTIES) - known == set()
    assert [tag["name"] for tag in DOCUMENT["tags"] if not tag["description"]] == []


def test_what_is_asked_has_neither_nulls_nor_defaults_nor_inner_titles() -> None:
    """Generators require fields with a default, and fill in null where it is one."""
    for model, name, found in properties():
        assert "title" not in found, (model, name)
        if model.endswith("Request"):
            assert "default" not in found, (model, name)
            assert {"type": "null"} not in found.get("anyOf", ()), (model, name)


def test_every_problem_is_one_of_the_shared_answers_and_codes_are_open() -> None:
    answers = [
        (op["operationId"], status, a)
        for op in operations()
        for status, a in op["responses"].items()
    ]
    for operation, status, answer in answers:
        if status >= "400" and "$ref" not in answer:
            assert (operation, status) == ("readyz", "503")
    schemas = DOCUMENT["components"]["schemas"]
    assert schemas["KnownProblemCode"]["enum"] == list(PROBLEMS)
    assert {"type": "string"} in schemas["ProblemCode"]["anyOf"]


async def test_a_patch_of_one_field_leaves_the_contact_alone(guest: Guest) -> None:
    """As a generated client sends it, with null for all that it was not given."""
    await guest.open()
    booking = guest.booking()
    path = f"/api/v1/booking/session/{guest.session_id}"
    details = {"contact": booking["contact"], "passengers": booking["passengers"]}
    await guest.service.call("PATCH", path, details)
    nulls = {"contact": None, "passengers": None, "dining": None}
    kept = await guest.service.call("PATCH", path, nulls | {"specialRequests": "Quiet, please."})
    assert kept.body["details"]["contact"]["email"] == booking["contact"]["email"]
    assert len(kept.body["details"]["passengers"]) == 2
    cleared = await guest.service.call("PATCH", path, {"specialRequests": ""})
    assert cleared.body["details"]["specialRequests"] is None
    assert cleared.body["details"]["contact"] == kept.body["details"]["contact"]


def validator(name: str) -> OAS31Validator:
    resource = Resource.from_contents(DOCUMENT, default_specification=DRAFT202012)
    registry: Registry[Json] = Registry().with_resource("urn:api", resource)
    return OAS31Validator({"$ref": f"urn:api#/components/schemas/{name}"}, registry=registry)


async def test_answers_are_what_the_document_says(service: Service, guest: Guest) -> None:
    opened = await guest.open(child_ages=(8,))
    validator("Session").validate(opened.body)
    priced = await guest.price()
    validator("PricedSession").validate(priced.body)
    rate = guest.rate()
    validator("Cabins").validate((await guest.specific_cabins(rate)).body)
    validator("Breakdown").validate((await guest.breakdown(rate)).body)
    held = await guest.select()
    validator("Session").validate(held.body)
    validator("Problem").validate((await guest.pay(guest.payment("1.00"))).body)
    booked = await guest.book(guest.booking(payment=guest.payment(held.body["price"]["total"])))
    validator("Session").validate(booked.body)
    cruises = await service.call("GET", "/api/v1/booking/cruises?limit=3")
    validator("Cruises").validate(cruises.body)
    one = cruises.body["cruises"][0]
    validator("CruiseDetails").validate(
        (await service.call("GET", f"/api/v1/booking/cruises/{one['cruiseId']}")).body
    )
    validator("Ready").validate((await service.call("GET", "/readyz?verbose")).body)


async def test_every_session_answer_has_the_same_keys(guest: Guest) -> None:
    opened = await guest.open()
    priced = await guest.price()
    held = await guest.select()
    booked = await guest.book()
    keys = set(opened.body)
    assert set(priced.body) == keys | {"cabins", "asOf"}
    assert set(held.body) == set(booked.body) == keys


class Addresses(HTMLParser):
    """Collects ids and addresses of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.inline = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.ids += [found["id"]] if "id" in found else []
        self.addresses += [found[name] for name in ("href", "src") if name in found]
        self.inline += (
            "style" in found or tag == "style" or (tag == "script" and "src" not in found)
        )


async def test_the_reference_page_needs_no_outside_host(service: Service) -> None:
    """Its policy forbids any, it has no inline code, and every link on it leads somewhere."""
    page = await service.call("GET", "/docs")
    assert page.status == 200
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    found = Addresses()
    found.feed(page.body)
    assert found.inline == 0
    assert len(found.ids) == len(set(found.ids))
    inner = {address[1:] for address in found.addresses if address.startswith("#")}
    assert inner <= set(found.ids)
    for address in {a for a in found.addresses if a.startswith("/")}:
        assert (await service.call("GET", address)).status == 200
    assert not [a for a in found.addresses if a.startswith(("http:", "https:", "//"))]


@pytest.mark.parametrize("code", ["sold_out", "in_progress", "session_expired"])
async def test_a_problems_type_leads_to_its_row_on_the_page(service: Service, code: str) -> None:
    page = await service.call("GET", "/docs")
    assert f'id="problem-{code}"' in page.body

"""Rules of reading that no captured answer shows by itself."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.traveltek import parse_values as values
from adapters.traveltek.parse_basket import read_added, read_basket, read_changed_basket
from adapters.traveltek.parse_book import read_booking, read_payment
from adapters.traveltek.parse_envelope import Erroneous, envelope
from adapters.traveltek.parse_lookups import read_import, read_search, read_ship
from adapters.traveltek.parse_prices import read_breakdown, read_cabins, read_quote
from adapters.traveltek.parse_values import OtherCurrency, Unreadable
from adapters.traveltek.settings import TraveltekSettings
from booking_flow.model.basket import BasketAnswer
from booking_flow.model.money import Money
from booking_flow.model.pricing import CabinCategory, Penalty, Quote, RateTerms
from booking_flow.supplier import BookAnswer, BookStatus, FraudCategory
from tests.conftest import Samples
from tests.support.json_trees import exact


def usd(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


def captured(samples: Samples, name: str) -> Any:
    return exact(samples(name)["body"])


def answer(*results: Any, **more: Any) -> Any:
    return envelope({"errors": [], "results": list(results), **more})


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        ("1,485.24", "1485.24"),
        ("1485.24", "1485.24"),
        (1485, "1485"),
        (Decimal("-50.5"), "-50.5"),
        (" $1,124.00 ", "1124.00"),
        ("&pound;12", "12"),
        (".5", "0.5"),
        *((None, None), ("", None), ({}, None), ([], None), (True, None)),
        *(("ARRAY(0x7f)", None), ("n/a", None), ("1.485,24", None), ("1,2", None)),
        *(("NaN", None), ("Infinity", None), (Decimal("NaN"), None), (Decimal("1e99"), None)),
    ],
)
def test_amounts(value: Any, amount: str | None) -> None:
    """An amount that could be misread is absent: wrong money is worse than none."""
    assert values.amount(value) == (None if amount is None else Decimal(amount))


@pytest.mark.parametrize("yes", ["Y", "y", "yes", "1", 1, True, "true", "T", Decimal(1)])
def test_yes(yes: Any) -> None:
    assert values.flag(yes) is True


@pytest.mark.parametrize("no", ["N", "n", "no", "0", 0, False, "false", "F", Decimal(0)])
def test_no(no: Any) -> None:
    assert values.flag(no) is False


@pytest.mark.parametrize("absent", [None, "", {}, [], "HASH(0x55d)", "maybe", 2])
def test_neither(absent: Any) -> None:
    assert values.flag(absent) is None


def test_identifiers_are_text_whatever_they_came_as() -> None:
    assert values.text(1060793622) == values.text("1060793622") == "1060793622"
    assert values.text(Decimal("4024.0")) == "4024"
    assert values.text("Traveltek::Cabin=HASH(0x7f4cf02359e8)") is None
    assert values.text(Decimal("1e999999")) is None


def test_times_without_a_zone_get_none() -> None:
    assert values.moment("2024-01-25 13:40:53") == datetime(2024, 1, 25, 13, 40, 53)
    assert values.moment("2024-02-01T11:45:17Z") == datetime(2024, 2, 1, 11, 45, 17, tzinfo=UTC)
    assert values.day("2024-02-22T00:00:00") == date(2024, 2, 22)
    assert values.day("0000-00-00") is None


GRADE = {"cabincode": "2N", "codtype": "outside", "name": "Ocean View", "resultno": "r1"}


def row(rate: str = "A", **changes: Any) -> dict[str, Any]:
    return {"available": "Y", "ratecode": rate, "gradeno": f"1:{rate}:0", "price": 500} | changes


def quote(*grades: dict[str, Any], **meta: Any) -> Quote:
    return read_quote(answer(*grades, meta=meta), currency="USD")


TOLD: dict[str, Any] = {
    "deposit": "500.00",
    "balancedue": "2027-01-02",
    "cancellation": [
        {"from": "2027-02-01", "percent": "50"},
        {"from": "2027-01-02", "amount": 500},
    ],
}


def terms_of(told: object, *, member: str = "terms", of_rate: bool = False) -> RateTerms | None:
    """Read the terms of a price row, or of its rate code."""
    grade = {**GRADE, "gridpricing": [row("A") if of_rate else row("A", terms=told)]}
    codes = [{"code": "A", "name": "Best", **({"terms": told} if of_rate else {})}]
    found = read_quote(answer(grade, meta={"ratecodes": codes}), currency="USD", terms_field=member)
    return found.grades[0].rates[0].terms


@pytest.mark.parametrize("of_rate", [False, True])
def test_terms_are_read_where_the_account_is_told_them(of_rate: bool) -> None:
    """Steps come in the order of their days, each a share or an amount."""
    penalties = (
        Penalty(starts_on=date(2027, 1, 2), amount=usd("500")),
        Penalty(starts_on=date(2027, 2, 1), percent=Decimal(50)),
    )
    assert terms_of(TOLD, of_rate=of_rate) == RateTerms(
        penalties=penalties, deposit=usd("500"), balance_due=date(2027, 1, 2)
    )
    assert terms_of(TOLD, member="", of_rate=of_rate) is None


@pytest.mark.parametrize(
    "step",
    [
        {"from": "2027-02-01"},
        {"from": "2027-02-01", "percent": 150},
        {"from": "2027-02-01", "percent": 50, "amount": 20},
        {"from": "soon", "percent": 50},
    ],
)
def test_of_terms_that_cannot_be_read_whole_nothing_is_told(step: dict[str, object]) -> None:
    assert terms_of({**TOLD, "cancellation": [*TOLD["cancellation"], step]}) is None
    assert terms_of("ARRAY(0x7f)") is None


def test_one_row_per_rate_is_one_grade() -> None:
    """Grades repeat: they belong together by cabin code (traveltek.md, section 4)."""
    found = quote(
        {**GRADE, "gridpricing": [row("A")]},
        {**GRADE, "gridpricing": [row("A"), row("B", resultno="r9")]},
    )
    (grade,) = found.grades
    keys = [(rate.result_no, rate.grade_no, rate.rate_code) for rate in grade.rates]
    assert keys == [("r1", "1:A:0", "A"), ("r9", "1:B:0", "B")]


def test_a_grade_without_rows_is_its_own_rate() -> None:
    found = quote({**GRADE, "gradeno": "1:A:0", "ratecode": "A", "cheapestprice": "1,200.50"})
    assert found.grades[0].cheapest.total == usd("1200.50")


def test_what_cannot_be_had_is_not_offered() -> None:
    gone = [row(available="N"), row(price=0), row(price=None), row(gradeno=""), row(ratecode=None)]
    assert quote({**GRADE, "gridpricing": gone}).grades == ()


def test_an_identifier_is_never_made_up() -> None:
    """The parent's `gradeno` stands in for its own rate only."""
    parent = {**GRADE, "ratecode": "A", "gradeno": "1:A:0"}
    found = quote({**parent, "gridpricing": [row("A", gradeno=None), row("B", gradeno=None)]})
    assert [rate.rate_code for rate in found.grades[0].rates] == ["A"]


@pytest.mark.parametrize("where", ["meta", "criteria"])
@pytest.mark.parametrize(
    ("code", "refundable", "restricted"),
    [
        ({"name": "Best Rate"}, None, ()),
        ({"name": "Non-Refundable Deposit"}, False, ()),
        ({"name": "NONREFUNDABLE", "nonrefundable": 0}, False, ()),
        ({"name": "Saver", "description": "non refundable fare"}, False, ()),
        ({"name": "Best", "nonrefundable": "1"}, False, ()),
        ({"name": "Best", "nonrefundable": "0"}, None, ()),
        ({"name": "Fully refundable"}, True, ()),
        ({"name": "Promo", "military": "Y"}, None, ("military",)),
        ({"name": "SENIOR RATES", "senior": 0}, None, ("senior",)),
        ({"name": "X", "pastpassenger": True}, None, ("past_guest",)),
        ({"name": "Past Guest Special"}, None, ("past_guest",)),
        ({"name": "Interline", "military": 1}, None, ("military", "interline")),
    ],
)
def test_a_rate_says_what_it_is(
    where: str, code: dict[str, Any], refundable: bool | None, restricted: tuple[str, ...]
) -> None:
    codes = {"ratecodes": [{"code": "A", **code}]}
    meta = codes if where == "meta" else {"criteria": codes}
    (rate,) = quote({**GRADE, "gridpricing": [row("A")]}, **meta).grades[0].rates
    assert (rate.refundable, rate.restricted_to) == (refundable, restricted)
    assert rate.name == code["name"]


def test_rate_codes_may_be_keyed_by_code() -> None:
    meta = {"ratecodes": {"A": {"name": "Best"}, "B": {"name": "Worst"}}}
    (rate,) = quote({**GRADE, "gridpricing": [row("B")]}, **meta).grades[0].rates
    assert rate.name == "Worst"


@pytest.mark.parametrize(
    ("codtype", "name", "category"),
    [
        ("balcony", "", CabinCategory.BALCONY),
        ("Oceanview", "", CabinCategory.OUTSIDE),
        (None, "Owner's Suite with Balcony", CabinCategory.SUITE),
        ("", "Interior", CabinCategory.INSIDE),
        (None, "Stateroom", CabinCategory.INSIDE),
    ],
)
def test_a_category_in_doubt_promises_least(
    codtype: str | None, name: str, category: CabinCategory
) -> None:
    grade = {**GRADE, "codtype": codtype, "name": name, "gridpricing": [row()]}
    assert quote(grade).grades[0].category is category


@pytest.mark.parametrize(
    "meta", [{"defaultcurrency": {"code": "CAD"}}, {"criteria": {"currency": "CAD"}}]
)
def test_prices_in_another_currency_are_refused(meta: dict[str, Any]) -> None:
    with pytest.raises(OtherCurrency):
        quote({**GRADE, "gridpricing": [row()]}, **meta)


def test_no_currency_means_the_one_asked_for() -> None:
    assert quote({**GRADE, "gridpricing": [row()]}, defaultcurrency={}).currency == "USD"


def test_no_grades_is_an_answer() -> None:
    assert quote().grades == ()


def test_a_breakdown_in_another_currency_is_refused() -> None:
    prices = [{"guestno": 1, "price": 5, "currency": "CAD"}]
    with pytest.raises(OtherCurrency):
        read_breakdown(answer({"category": "fare", "prices": prices}), currency="USD")


def test_the_suppliers_own_currency_is_not_ours() -> None:
    """`sprice` and `scurrency` mean nothing to the guest (traveltek.md, section 1)."""
    prices = [{"guestno": 1, "price": 5, "currency": "USD", "sprice": 7, "scurrency": "CAD"}]
    found = read_breakdown(answer({"category": "fare", "prices": prices}), currency="USD")
    assert found.total == usd("5")


def test_guests_are_put_in_order() -> None:
    prices = [{"guestno": "2", "price": "2"}, {"guestno": 1, "price": 1}]
    found = read_breakdown(answer({"category": "tax", "prices": prices}), currency="USD")
    assert found.items[0].per_guest == (usd("1"), usd("2"))


def basket(samples: Samples, **changes: Any) -> dict[str, Any]:
    """Return the captured basket with the item's keys changed."""
    body: dict[str, Any] = captured(samples, "basketadd-response")
    body["results"][0]["basketitems"][0] |= changes
    return body


def priced_in(body: dict[str, Any], currency: str) -> dict[str, Any]:
    for line in body["results"][0]["basketitems"][0]["cruisedetail"]["perperson"]:
        for price in line["prices"]:
            price["currency"] = currency
    return body


def test_the_captured_basket(samples: Samples) -> None:
    found = read_basket(envelope(basket(samples)), currency="USD")
    (item,) = found.items
    assert found.priced
    assert found.total == found.deposit == item.price == usd("1485.24")
    assert sum((line.amount.amount for line in item.items), Decimal()) == Decimal("1485.24")
    assert item.hold_length == timedelta(minutes=14, seconds=50)
    assert [seating.code for seating in item.dining] == ["2", "O"]


def test_an_unpriced_basket_is_zero_whatever_else_it_shows(samples: Samples) -> None:
    """`searchprice` and the cruise's own price are the sailing's lead-in, never this cabin's."""
    found = read_basket(envelope(captured(samples, "basketadd-response-zeroprice")), currency="USD")
    assert not found.priced
    assert found.total == found.items[0].price == usd("0")
    assert found.items[0].hold_length is None


def test_a_basket_in_another_currency_is_told_so_that_it_can_be_released(samples: Samples) -> None:
    """Reading refuses it; adding says what is held, in the currency it is held in."""
    body = priced_in(basket(samples), "CAD")
    with pytest.raises(OtherCurrency):
        read_basket(envelope(body), currency="USD")
    for read in (read_added, read_changed_basket):
        found: BasketAnswer = read(envelope(body), currency="USD")
        assert found.total.currency == found.items[0].price.currency == "CAD"
        assert found.items[0].item_key == "1058091922"


def test_an_empty_basket_has_no_currency_of_its_own() -> None:
    found = read_basket(
        answer({"basketitems": [], "totalprice": 0}, meta={"defaultcurrency": {"code": "GBP"}}),
        currency="USD",
    )
    assert found.items == ()
    assert found.total == usd("0")


def test_seatings_that_are_full_are_not_offered(samples: Samples) -> None:
    body = basket(samples)
    seatings = body["results"][0]["basketitems"][0]["cruisedetail"]["dining"]["seatings"]
    seatings[0]["status"] = "waitlist"
    found = read_basket(envelope(body), currency="USD")
    assert [seating.code for seating in found.items[0].dining] == ["O"]


@pytest.mark.parametrize(
    ("held", "released", "length"),
    [
        ("2024-01-25 13:40:53", "2024-01-25 13:55:43", timedelta(seconds=890)),
        ("2024-01-25T13:40:53", "2024-01-25T13:55:43Z", timedelta(seconds=890)),
        ("2024-01-25 23:55:00", "2024-01-26 00:05:00", timedelta(minutes=10)),
        ("2024-01-25 13:40:53", "2024-01-25 13:40:53", None),
        ("2024-01-25 13:40:53", "0000-00-00 00:00:00", None),
        (None, "2024-01-25 13:55:43", None),
    ],
)
def test_a_hold_is_as_long_as_its_two_times_say(
    held: Any, released: Any, length: timedelta | None, samples: Samples
) -> None:
    body = basket(samples)
    cabin = body["results"][0]["basketitems"][0]["cruisedetail"]["cabin"]
    cabin["holdcabin"] = {"holdtime": held, "releasetime": released}
    assert read_basket(envelope(body), currency="USD").items[0].hold_length == length


USUAL = TraveltekSettings(base_url="", sid="", username="", password="")


def booked(samples: Samples, **changes: Any) -> BookAnswer:
    """Read the captured booking with some keys of the result, details or cruise changed."""
    body = captured(samples, "book-response-booked-nopayment")
    result = body["results"][0]
    details = result["bookingdetails"]
    details |= changes.pop("details", {})
    details["bookingitems"][0]["cruisedetail"] |= changes.pop("cruise", {})
    body |= changes.pop("body", {})
    result |= changes
    return read_booking(envelope(body), item_key="1060793622", currency=None, settings=USUAL)


def test_the_captured_booking(samples: Samples) -> None:
    found = booked(samples)
    assert (found.status, found.reservation) == (BookStatus.BOOKED, "F9WZ03")
    assert found.supplier_booking_id == "12821997"
    assert found.total == found.outstanding == usd("1125.24")
    assert found.transactions == ()


def test_the_captured_failure(samples: Samples) -> None:
    body = captured(samples, "book-response-failed-fraud")
    found = read_booking(envelope(body), item_key="1060793622", currency="USD", settings=USUAL)
    assert (found.status, found.reservation) == (BookStatus.FAILED, None)
    (transaction,) = found.transactions
    assert transaction.fraud is FraudCategory.YELLOW
    assert not transaction.took_money


@pytest.mark.parametrize("word", ["Pending", "OnRequest", "", "Bookedish"])
def test_a_word_we_do_not_know_is_unknown(word: str, samples: Samples) -> None:
    found = booked(samples, status=word, cruise={"status": word}, details={"status": word})
    assert found.status is BookStatus.OTHER
    assert found.status_word == word


def test_case_does_not_matter(samples: Samples) -> None:
    assert booked(samples, status="BOOKED").status is BookStatus.BOOKED


def test_a_status_that_contradicts_itself_is_unknown(samples: Samples) -> None:
    assert booked(samples, cruise={"status": "Failed"}).status is BookStatus.OTHER


def test_errors_beside_a_booking_are_unknown(samples: Samples) -> None:
    found = booked(samples, body={"errors": [{"code": "201", "text": "x"}, {"code": None}]})
    assert (found.status, found.error_codes) == (BookStatus.OTHER, (201,))
    assert found.reservation == "F9WZ03"


def test_errors_without_a_booking_id_refuse() -> None:
    body = {"errors": [{"code": 201, "text": "x"}], "results": [{"bookingid": 0}]}
    with pytest.raises(Erroneous):
        read_booking(envelope(body), item_key="1", currency=None, settings=USUAL)


def test_a_booking_of_another_item_is_not_ours(samples: Samples) -> None:
    """The reservation is that of our item when several were booked."""
    body = captured(samples, "book-response-booked-nopayment")
    items = body["results"][0]["bookingdetails"]["bookingitems"]
    other = {"itemkey": "7", "cruisedetail": {"reservation": "OTHER1", "status": "Booked"}}
    items.insert(0, other)
    found = read_booking(envelope(body), item_key="1060793622", currency=None, settings=USUAL)
    assert found.reservation == "F9WZ03"


def test_money_that_moved_without_a_transaction_is_seen(samples: Samples) -> None:
    """A leaked reference in place of the transactions must not hide a charge."""
    gone = {"transactions": "ARRAY(0x7f4cf02359e8)", "totaltransactionamount": "1,125.24"}
    (transaction,) = booked(samples, details=gone).transactions
    assert transaction.took_money
    assert transaction.amount == usd("1125.24")


def test_due_dates_are_read_where_they_are_given(samples: Samples) -> None:
    """A time without a zone is no deadline."""
    dates = {"balanceduedate": "2024-02-20", "optionexpiryutc": "2024-02-03T10:00:00Z"}
    found = booked(samples, details=dates)
    assert found.balance_due_date == date(2024, 2, 20)
    assert found.payment_due_at == datetime(2024, 2, 3, 10, tzinfo=UTC)
    assert booked(samples, details={"optionexpiryutc": "2024-02-03 10:00"}).payment_due_at is None


@pytest.mark.parametrize(
    ("results", "took", "declined"),
    [
        ([], None, False),
        ([{"ok": 1}], None, False),
        ([{"authcode": "A1", "amount": "9.00"}], True, False),
        ([{"transactions": [{"authcode": "A1", "amount": 9}]}], True, False),
        ([{"status": "Failed", "transactions": [{"fraudcategory": "Red"}]}], False, True),
        ([{"status": "Failed", "transactions": [{"fraudcategory": "Yellow"}]}], False, False),
        ([{"status": "Declined", "transactions": [{"authcode": ""}]}], False, True),
        ([{"status": "Paid", "transactions": [{"authcode": ""}]}], False, False),
        ([{"status": "Failed", "transactions": [{"authcode": "A1"}]}], True, False),
    ],
)
def test_a_payment_is_read_as_far_as_it_goes(
    results: list[Any], took: bool | None, declined: bool
) -> None:
    found = read_payment(answer(*results), asked=usd("9"), settings=USUAL)
    assert (found.transaction.took_money if found.transaction else None) is took
    assert found.declined is declined


def test_a_charge_beside_errors_is_not_a_refusal() -> None:
    body = {"errors": [{"code": 1}], "results": [{"transactions": [{"authcode": "A1"}]}]}
    assert read_payment(envelope(body), asked=usd("9"), settings=USUAL).transaction is not None
    with pytest.raises(Erroneous):
        read_payment(envelope(body | {"results": []}), asked=usd("9"), settings=USUAL)


def test_a_search_finds_the_one_sailing() -> None:
    rows = [
        {"codetocruiseid": "1", "line": {"id": 22}},
        {"codetocruiseid": 2, "line": [{"id": "3"}], "soldout": "1"},
    ]
    found = answer(*rows, meta={"criteria": {"sessionkey": "k"}})
    hit = read_search(found, cruise_id="2")
    assert hit is not None
    assert (hit.line_id, hit.sold_out, hit.session_key) == (3, True, "k")
    assert read_search(found, cruise_id="9") is None
    assert read_search(answer(), cruise_id="9") is None


def imported(body: dict[str, Any], currency: str = "USD") -> Any:
    return read_import(envelope(body), reservation="R1", currency=currency, settings=USUAL)


def test_an_import_is_none_when_the_line_does_not_know_it(samples: Samples) -> None:
    assert imported({"results": []}) is None
    assert imported({"errors": [{"code": None, "text": "Booking could not be found"}]}) is None
    with pytest.raises(Erroneous):
        imported({"errors": [{"code": None, "text": "Import is not supported"}]})


def test_an_import_in_another_currency_is_refused(samples: Samples) -> None:
    body = captured(samples, "cruiseimportbooking-response")
    body["results"][0]["cruiseitem"]["currency"] = "GBP"
    with pytest.raises(OtherCurrency):
        imported(body)


def test_the_lead_is_passenger_one(samples: Samples) -> None:
    body = captured(samples, "cruiseimportbooking-response")
    body["results"][0]["passengers"].insert(0, {"paxno": "2", "lastname": "Second"})
    assert imported(body).lead_surname == "Tester"


def test_a_ship_needs_a_name() -> None:
    decks = [{"id": 1, "name": "Deck 1"}, {"id": 1, "name": "Deck 1"}, {}]
    ship = read_ship(answer({"name": "Breeze", "decks": decks}), ship_id=5)
    assert [deck.deck_id for deck in ship.decks] == ["1"]
    with pytest.raises(Unreadable):
        read_ship(answer({"decks": decks}), ship_id=5)


NAMES = (
    *("errors", "code", "text", "meta", "criteria", "sessionkey", "defaultcurrency", "currency"),
    *("ratecodes", "results", "cabincode", "gridpricing", "price", "ratecode", "gradeno"),
    *("resultno", "available", "cabinno", "decks", "deckid", "prices", "guestno", "category"),
    *("basketitems", "itemkey", "cruisedetail", "perperson", "cabin", "holdcabin", "holdtime"),
    *("releasetime", "dining", "seatings", "totalprice", "totaldeposit", "bookingid"),
    *("bookingdetails", "bookingitems", "reservation", "status", "transactions", "authcode"),
    *("amount", "totaltransactionamount", "cruiseitem", "paymentinfo", "passengers", "paxno"),
    *("lastname", "line", "id", "name", "codetocruiseid"),
)
TEXTS = ["", "Y", "N", "USD", "CAD", "12.50", "1,2", "ARRAY(0x1)", "GUAR", "Booked"]
TIMES = ["2024-01-25 13:40:53", "2024-01-25T13:40:53Z"]
NUMBERS = [0, 1, -1, 10**30, Decimal("1e50"), Decimal("5.25")]
leaf = st.sampled_from([None, True, False, *TEXTS, *TIMES, *NUMBERS])
trees = st.recursive(
    leaf,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*NAMES, "1", "2"]), inner, max_size=6)
    ),
    max_leaves=40,
)
READERS: list[Any] = [
    lambda found: read_quote(found, currency="USD"),
    read_cabins,
    lambda found: read_breakdown(found, currency="USD"),
    lambda found: read_basket(found, currency="USD"),
    lambda found: read_added(found, currency="USD"),
    lambda found: read_booking(found, item_key="1", currency="USD", settings=USUAL),
    lambda found: read_payment(found, asked=usd("9"), settings=USUAL),
    lambda found: read_search(found, cruise_id="1"),
    lambda found: read_import(found, reservation="1", currency="USD", settings=USUAL),
    lambda found: read_ship(found, ship_id=1),
]


@pytest.mark.slow
@settings(max_examples=300)
@given(
    st.dictionaries(st.sampled_from(["errors", "meta", "results"]), trees), st.sampled_from(READERS)
)
def test_no_answer_makes_reading_crash(body: dict[str, Any], read: Any) -> None:
    """Whatever comes, it is read, refused, or called unreadable."""
    try:
        read(envelope(body))
    except (Unreadable, Erroneous, OtherCurrency):
        return

"""cruisecabins.pl: a grade's cabins and its guarantee, each with a `resultno`."""

from zlib import crc32

from adapters.simulator.call import Call
from adapters.simulator.endpoints.quoted import quoted_rate
from adapters.simulator.inventory import Cabin
from adapters.simulator.reference_data import Grade
from adapters.simulator.sailings import SeededSailing
from adapters.simulator.state import GUARANTEE, OfferedCabin, QuotedRate
from adapters.simulator.wire import Json, RefusalError, envelope


def show_cabins(call: Call) -> Json:
    """Answer with the guarantee first and then the cabins that take the party."""
    gradeno, quoted = _asked_rate(call)
    rows: list[Json] = []
    decks: list[Json] = []
    if quoted is not None and not call.meets("party_mismatch"):
        rows, decks = _rows(call, quoted)
    criteria = call.criteria("codetocruiseid", "gradeno", "ratecode", "resultno", "showalldecks")
    criteria["gradeno"] = gradeno
    return envelope(
        rows, criteria=criteria, currency=call.session.currency, rows=len(rows), decks=decks
    )


def _asked_rate(call: Call) -> tuple[str, QuotedRate | None]:
    """Return the rate asked for, or None where the supplier answers with no rows."""
    if not call.params.get("selectedgrade"):
        raise RefusalError(711, "You must specify a selectedgrade")
    resultno, gradeno = call.need("resultno"), call.need("gradeno")
    ratecode = call.params.get("ratecode", "")
    quoted = quoted_rate(call, resultno=resultno, gradeno=gradeno, ratecode=ratecode)
    fits = (
        quoted is not None and quoted.sailing == call.whole("codetocruiseid") and _same_adults(call)
    )
    return gradeno, quoted if fits and call.params["selectedgrade"] == gradeno else None


def _same_adults(call: Call) -> bool:
    """Say whether the adults named, if any, are those of the session."""
    return call.whole("adults", call.session.adults) == call.session.adults


def _rows(call: Call, quoted: QuotedRate) -> tuple[list[Json], list[Json]]:
    """List what can be sold, remembering under which `resultno` each was shown."""
    supplier, session = call.supplier, call.session
    sailing, grade = supplier.sailings[quoted.sailing], supplier.grade(quoted.sailing, quoted.grade)
    now = supplier.clock.now()
    if supplier.inventory.remaining(sailing, grade, now) == 0:
        return [], []
    free = [
        one
        for one in supplier.inventory.free_cabins(sailing, grade, now)
        if one.max_guests >= session.party.size
    ]
    rows = [
        _guarantee_row(grade, quoted),
        *(_cabin_row(sailing, grade, cabin, quoted) for cabin in free),
    ]
    for n, row in enumerate(rows):
        row["resultno"] = f"{quoted.gradeno}_{n}"
    session.cabins = {**session.cabins, **_offered(quoted, rows)}
    return rows, _decks(call, sailing, free or [])


def _offered(quoted: QuotedRate, rows: list[Json]) -> dict[str, OfferedCabin]:
    """Return the cabins shown by the `resultno` that each was shown under."""
    return {
        row["resultno"]: OfferedCabin(gradeno=quoted.gradeno, cabin_number=row["cabinno"])
        for row in rows
    }


def _guarantee_row(grade: Grade, quoted: QuotedRate) -> Json:
    """Spell the guarantee, whose cabin the line assigns later; most fields are absent."""
    return {
        "cabinno": GUARANTEE,
        "cabinid": cabin_id(grade),
        "cabingrade": grade.code,
        "farecode": quoted.rate,
        "guaranteed": "Y",
        "location": "TO BE ASSIGNED",
        "minguests": 1,
    }


def _cabin_row(sailing: SeededSailing, grade: Grade, cabin: Cabin, quoted: QuotedRate) -> Json:
    """Spell one cabin; its box on the deck plan is sometimes missing."""
    row: Json = {
        "cabinno": cabin.number,
        "cabinid": cabin_id(grade),
        "cabingrade": grade.code,
        "farecode": quoted.rate,
        "guaranteed": "N",
        "bedconfig": [
            {"code": "LT", "description": "LOWER TWIN BED"},
            {"code": "QN", "description": "QUEEN BED"},
        ],
        "deckcode": f"D{cabin.deck}",
        "deckid": str(deck_id(sailing.ship_id, cabin.deck)),
        "deckname": f"Deck {cabin.deck}",
        "location": "MIDSHIP" if cabin.index % 2 else "FORWARD",
        "position": "Port" if cabin.index % 2 else "",
        "minguests": 1,
        "maxguests": cabin.max_guests,
        "obstructed": "Y" if cabin.obstructed else "N",
        "modified": int(cabin.accessible),
    }
    return (
        row
        if cabin.box is None
        else row | dict(zip(("x1", "y1", "x2", "y2"), cabin.box, strict=True))
    )


def _decks(call: Call, sailing: SeededSailing, cabins: list[Cabin]) -> list[Json]:
    """Spell the decks of the cabins shown, or all of them on request."""
    every = call.params.get("showalldecks") in ("1", "Y")
    numbers = sorted({6, 7, 9, 10} if every else {cabin.deck for cabin in cabins})
    return [deck_block(call.pictures, sailing.ship_id, deck) for deck in numbers]


def deck_block(pictures: str, ship_id: int, deck: int) -> Json:
    """Spell a deck with its plan."""
    return {
        "deckid": deck_id(ship_id, deck),
        "id": deck_id(ship_id, deck),
        "deckcode": f"D{deck}",
        "name": f"Deck {deck}",
        "description": "",
        "imageurl": f"{pictures}/decks/{ship_id}/{deck}.svg",
    }


def deck_id(ship_id: int, deck: int) -> int:
    """Return the supplier's number of a deck."""
    return ship_id * 100 + deck


def cabin_id(grade: Grade) -> int:
    """Return the supplier's number of a cabin type."""
    return 7000 + crc32(grade.code.encode()) % 30000

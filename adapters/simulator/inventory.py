"""Cabins: how many of a grade are left, which ones, and who keeps them."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from adapters.simulator.reference_data import GRADES, Grade
from adapters.simulator.sailings import SeededSailing
from adapters.simulator.state import GUARANTEE, BasketItem, SupplierState

CABINS_ON_PLAN = 24


@dataclass(frozen=True, kw_only=True)
class Cabin:
    """One physical cabin and its place on the deck plan; a few have no box drawn."""

    number: str
    deck: int
    index: int
    block: int
    accessible: bool
    obstructed: bool
    max_guests: int

    @property
    def box(self) -> tuple[int, int, int, int] | None:
        """Return x1, y1, x2, y2 on the deck plan; every seventh cabin lacks it."""
        if self.index % 7 == 3:
            return None
        row, side = divmod(self.index, 2)
        left, top = 20 + self.block * 180 + side * 80, 120 + row * 80
        return (left, top, left + 64, top + 64)


class Inventory:
    """Counts what is left from holds, bookings and sales elsewhere."""

    def __init__(self, state: SupplierState, *, cabins_per_grade: int) -> None:
        self._state = state
        self._cabins_per_grade = cabins_per_grade
        self._rows: dict[str, list[BasketItem]] = defaultdict(list)
        for item in state.items.values():
            self.keep(item)

    def keep(self, item: BasketItem) -> None:
        """Take notice of a basket row that keeps a cabin."""
        rows = self._rows[place(item.sailing, item.grade)]
        if item.priced and all(row.key != item.key for row in rows):
            rows.append(item)

    def remaining(self, sailing: SeededSailing, grade: Grade, now: datetime) -> int:
        """Return how many cabins of the grade can still be sold."""
        if sailing.sold_out:
            return 0
        at = place(sailing.codetocruiseid, grade.code)
        capacity = self._state.capacities.get(at, self._cabins_per_grade or grade.cabins)
        gone = sum(1 for cabin in self._state.sold_elsewhere if cabin.startswith(f"{at}:"))
        return max(0, capacity - gone - len(self._live(at, now)))

    def free_cabins(self, sailing: SeededSailing, grade: Grade, now: datetime) -> list[Cabin]:
        """List the physical cabins nobody keeps, never more than can be sold."""
        at = place(sailing.codetocruiseid, grade.code)
        taken = {item.cabin_number for item in self._live(at, now)}
        left = [
            cabin
            for cabin in cabins_of(sailing, grade)
            if cabin.number not in taken
            and f"{at}:{cabin.number}" not in self._state.sold_elsewhere
        ]
        return left[: self.remaining(sailing, grade, now)]

    def can_sell(
        self, sailing: SeededSailing, grade: Grade, cabin_number: str, now: datetime
    ) -> bool:
        """Say whether this cabin, or any when it is a guarantee, can be sold now."""
        if cabin_number == GUARANTEE:
            return self.remaining(sailing, grade, now) > 0
        return any(cabin.number == cabin_number for cabin in self.free_cabins(sailing, grade, now))

    def sell_elsewhere(
        self, sailing: SeededSailing, grade: Grade, cabin_number: str, now: datetime
    ) -> None:
        """Let somebody outside take the cabin, or the last ones of the grade for a guarantee."""
        at = place(sailing.codetocruiseid, grade.code)
        if cabin_number == GUARANTEE:
            self.leave(sailing, grade, 0, now)
        else:
            self._state.sold_elsewhere.append(f"{at}:{cabin_number}")

    def leave(self, sailing: SeededSailing, grade: Grade, count: int, now: datetime) -> None:
        """Set how many cabins of the grade are left from now on."""
        at = place(sailing.codetocruiseid, grade.code)
        gone = sum(1 for cabin in self._state.sold_elsewhere if cabin.startswith(f"{at}:"))
        self._state.capacities[at] = count + gone + len(self._live(at, now))

    def _live(self, at: str, now: datetime) -> list[BasketItem]:
        """Return the rows that keep a cabin now, forgetting those that no longer can."""
        self._rows[at] = [item for item in self._rows[at] if item.occupies(now)]
        return self._rows[at]


def place(cruise_id: int, grade_code: str) -> str:
    """Name a grade on a sailing."""
    return f"{cruise_id}:{grade_code}"


def cabins_of(sailing: SeededSailing, grade: Grade) -> list[Cabin]:
    """List the physical cabins of a grade that are on the deck plan."""
    if grade.guarantee_only:
        return []
    return cabins_on_plan(sailing.line_id, grade)


def cabins_on_plan(line_id: int, grade: Grade) -> list[Cabin]:
    """List a grade's cabins as the ship's plan has them; grades on one deck lie side by side."""
    neighbours = [
        one.code for one in GRADES[line_id] if one.deck == grade.deck and not one.guarantee_only
    ]
    block = neighbours.index(grade.code)
    return [_cabin(grade, block, index) for index in range(min(grade.cabins, CABINS_ON_PLAN))]


def _cabin(grade: Grade, block: int, index: int) -> Cabin:
    """Return the cabin at a place on the deck."""
    return Cabin(
        number=f"{grade.deck}{block + 1}{index + 10:02d}",
        deck=grade.deck,
        index=index,
        block=block,
        accessible=grade.accessible or index == 5,
        obstructed=grade.category == "outside" and index % 4 == 1,
        max_guests=min(grade.max_guests, 2 if index % 3 == 0 else grade.max_guests),
    )

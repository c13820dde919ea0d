"""The supplier: can we sign in, does it agree on the lines, can sailings be opened and priced."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from adapters.catalogue.row_fixes import FIXABLE, RowFix
from adapters.catalogue.runs import RunWatch
from booking_flow.model.agreement import Difference, Expected, Fact, decisive, differences
from booking_flow.model.party import Party
from booking_flow.model.sailing import Sailing
from booking_flow.supplier import SearchHit
from booking_flow.supplier_errors import FailureKind, SupplierError
from booking_http.cli.doctor.connections import Asking
from booking_http.cli.doctor.findings import DoctorFinding, DoctorReport, Level, Reporter, some
from booking_http.wiring import passing_call

T = TypeVar("T")
_AT_ONCE: Final = 4
_PRICED: Final = 2
"""Sailings of each live line that are priced."""
_EXAMPLES: Final = 5
_PARTY: Final = Party(adults=2)


@dataclass(slots=True)
class Comparison:
    """What the supplier said of the sailings it was asked for."""

    agreed: list[tuple[Sailing, SearchHit]] = field(default_factory=list)
    wrong: list[tuple[Sailing, int]] = field(default_factory=list)
    unknown: list[Sailing] = field(default_factory=list)
    failed: list[tuple[Sailing, SupplierError]] = field(default_factory=list)
    differing: list[tuple[Sailing, tuple[Difference, ...]]] = field(default_factory=list)
    """Those with the line agreed on, and not the date, the ship or the nights."""

    @property
    def asked(self) -> int:
        """Return how many sailings that were."""
        return len(self.agreed) + len(self.wrong) + len(self.unknown) + len(self.failed)


async def token(asking: Asking, say: Reporter) -> bool:
    """Say whether the supplier lets us in, and return it."""
    try:
        left = await asking.supplier.sign_in(ctx=passing_call())
    except SupplierError as error:
        say(
            DoctorFinding(
                check="supplier.token",
                level=Level.FAILURE,
                said=f"no token: {told(error)}",
                guest="No guest can begin a booking or see prices.",
                todo="Check TRAVELTEK_BASE_URL, TRAVELTEK_USERNAME and TRAVELTEK_PASSWORD.",
            )
        )
        return False
    say(
        DoctorFinding(
            check="supplier.token", said=f"a token, good for {left / 60:.0f} more minutes"
        )
    )
    return True


async def compare(asking: Asking, sailings: Sequence[Sailing], watch: RunWatch) -> Comparison:
    """Ask the supplier for each of these sailings, a few at a time."""
    watch.begin("asking the supplier", len(sailings))
    compared = Comparison()

    async def ask(sailing: Sailing) -> None:
        await _one(asking, sailing, compared)
        watch.advance(1)

    await each(ask, sailings)
    return compared


async def _one(asking: Asking, sailing: Sailing, compared: Comparison) -> None:
    currency = asking.settings.currency
    try:
        hit = await asking.supplier.search(sailing, _PARTY, currency, ctx=passing_call())
    except SupplierError as error:
        compared.failed.append((sailing, error))
        return
    if hit is None:
        compared.unknown.append(sailing)
    elif hit.line_id == sailing.line_id:
        compared.agreed.append((sailing, hit))
        expected = Expected(sailing=sailing, guests=_PARTY.size, currency=currency)
        if found := differences(expected, hit.stated):
            compared.differing.append((sailing, found))
    else:
        compared.wrong.append((sailing, hit.line_id))


def lines(compared: Comparison, report: DoctorReport) -> None:
    """Say whether the supplier agrees on the lines of sailings, and which it does not know."""
    _say_wrong(compared, report)
    _say_differing(compared, report)
    _say_unknown(compared, report.say)
    _say_failed(compared, report.say)
    if len(compared.agreed) == compared.asked:
        said = f"the supplier agrees on the line of {compared.asked} sailings"
        report.say(DoctorFinding(check="supplier.lines", said=said))


def _say_wrong(compared: Comparison, report: DoctorReport) -> None:
    for sailing, theirs in compared.wrong:
        fix = RowFix(
            cruise_id=sailing.cruise_id,
            fact=Fact.LINE_ID,
            ours=str(sailing.line_id),
            theirs=str(theirs),
        )
        report.corrections.append(fix)
    by_lines: dict[tuple[int, int], list[str]] = defaultdict(list)
    for sailing, theirs in compared.wrong:
        by_lines[sailing.line_id, theirs].append(sailing.cruise_id)
    for (ours, theirs), ids in sorted(by_lines.items()):
        report.say(
            DoctorFinding(
                check="supplier.lines",
                level=Level.FAILURE,
                said=f"{len(ids)} of {compared.asked} sailings say line {ours},"
                f" the supplier says {theirs}",
                guest=f"These are neither sold as line {theirs} nor bookable as line {ours}.",
                todo="Run `booking-flow doctor --all --fix-lines`, or sync from a right source.",
                examples=(some(sorted(ids)[:_EXAMPLES], len(ids)),),
            )
        )


def _say_differing(compared: Comparison, report: DoctorReport) -> None:
    """Name the rows whose date, ship or nights are not the supplier's, and how to right them."""
    say = report.say
    for sailing, found in compared.differing:
        # Where anything else differs, it is another sailing and not a wrong row.
        if all(each.fact in FIXABLE for each in found):
            report.corrections += [
                RowFix(
                    cruise_id=sailing.cruise_id, fact=each.fact, ours=each.ours, theirs=each.theirs
                )
                for each in found
            ]
    refused = [each for each in compared.differing if decisive(each[1])]
    nights = [each for each in compared.differing if not decisive(each[1])]
    if refused:
        say(
            DoctorFinding(
                check="supplier.sailings",
                level=Level.FAILURE,
                said=f"{len(refused)} of {compared.asked} sailings are others at the supplier",
                guest="A guest who wants to book one is refused: sailing_mismatch.",
                todo="Run `booking-flow doctor --all --fix --yes`, or sync from a right source.",
                examples=_rows(refused),
            )
        )
    if nights:
        say(
            DoctorFinding(
                check="supplier.nights",
                level=Level.WARNING,
                said=f"{len(nights)} of {compared.asked} sailings have other nights there",
                guest="It can be booked, and staff have a task for each booking.",
                todo="Run `booking-flow doctor --all --fix --yes`, or sync from a right source.",
                examples=_rows(nights),
            )
        )
    if not compared.differing and compared.agreed:
        said = f"dates, ships and nights of {len(compared.agreed)} sailings are the supplier's"
        say(DoctorFinding(check="supplier.sailings", said=said))


def _rows(found: Sequence[tuple[Sailing, tuple[Difference, ...]]]) -> tuple[str, ...]:
    return tuple(
        f"{sailing.cruise_id}: {'; '.join(map(str, differing))}"
        for sailing, differing in found[:_EXAMPLES]
    )


def _say_unknown(compared: Comparison, say: Reporter) -> None:
    if not compared.unknown:
        return
    ids = sorted(sailing.cruise_id for sailing in compared.unknown)
    say(
        DoctorFinding(
            check="supplier.unknown",
            level=Level.WARNING,
            said=f"the supplier does not find {len(ids)} of {compared.asked} sailings",
            guest="A guest who wants to book one is told that it is sold out.",
            todo="Sync the catalogue; look whether identifiers and dates are the supplier's.",
            examples=(some(ids[:_EXAMPLES], len(ids)),),
        )
    )


def _say_failed(compared: Comparison, say: Reporter) -> None:
    if not compared.failed:
        return
    all_failed = len(compared.failed) == compared.asked
    said = {f"{told(error)}": sailing.cruise_id for sailing, error in compared.failed}
    say(
        DoctorFinding(
            check="supplier.search",
            level=Level.FAILURE if all_failed else Level.WARNING,
            said=f"{len(compared.failed)} of {compared.asked} searches failed",
            guest="Guests cannot begin a booking while this goes on.",
            todo="Try again; if it stays, ask the supplier, naming the time of this run.",
            examples=tuple(f"{cruise_id}: {why}" for why, cruise_id in said.items()),
        )
    )


async def prices(asking: Asking, compared: Comparison, say: Reporter) -> None:
    """Say for each live line whether sailings just found can be priced."""
    by_line: dict[int, list[tuple[Sailing, SearchHit]]] = defaultdict(list)
    for sailing, hit in compared.agreed:
        if sailing.line_id in asking.settings.live_lines and not hit.sold_out:
            by_line[sailing.line_id].append((sailing, hit))
    for line in sorted(asking.settings.live_lines):
        await _prices_of(asking, line, by_line[line][:_PRICED], say)


async def _prices_of(
    asking: Asking, line: int, found: Sequence[tuple[Sailing, SearchHit]], say: Reporter
) -> None:
    if not found:
        say(_unpriced(line, "the supplier found no sailing of it that could be priced"))
        return
    said = [await _price(asking, sailing, hit) for sailing, hit in found]
    if faults := [words for well, words in said if not well]:
        level = Level.FAILURE if len(faults) == len(said) else Level.WARNING
        say(_unpriced(line, f"{len(faults)} of {len(said)} sailings", faults, level=level))
        return
    examples = tuple(words for _, words in said)
    opened = f"line {line}: {len(said)} sessions opened and priced"
    say(DoctorFinding(check="supplier.prices", said=opened, examples=examples))


def _unpriced(
    line: int, why: str, faults: Sequence[str] = (), *, level: Level = Level.FAILURE
) -> DoctorFinding:
    return DoctorFinding(
        check="supplier.prices",
        level=level,
        said=f"line {line}: no prices: {why}",
        guest="Guests can open no session on this line, or see no prices in it.",
        todo="Look at supplier.lines first; then ask the supplier whether the account sells it.",
        examples=tuple(faults),
    )


async def _price(asking: Asking, sailing: Sailing, hit: SearchHit) -> tuple[bool, str]:
    currency = asking.settings.currency
    try:
        quote = await asking.supplier.grades(
            hit.session_key, sailing, _PARTY, currency, ctx=passing_call()
        )
    except SupplierError as error:
        return False, f"{sailing.cruise_id}: {told(error)}"
    rates = sum(len(grade.rates) for grade in quote.grades)
    words = f"{sailing.cruise_id}: {len(quote.grades)} cabin grades, {rates} rates"
    return rates > 0, words


def told(error: SupplierError) -> str:
    """Say why a call failed; a wrong address or account looks like 404."""
    if error.kind is FailureKind.MISCONFIGURED:
        return f"{error.endpoint}: not there (404): wrong address, account or sailing"
    return str(error)


async def each(work: Callable[[T], Awaitable[None]], things: Sequence[T]) -> None:
    """Do a few at a time until all are done."""
    left = iter(things)

    async def some_of_them() -> None:
        for thing in left:
            await work(thing)

    async with asyncio.TaskGroup() as group:
        for _ in range(_AT_ONCE):
            group.create_task(some_of_them())

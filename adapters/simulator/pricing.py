"""Prices: what each guest pays, in the line's currency and in the one asked for."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from adapters.simulator.reference_data import LINES, Grade, Rate
from adapters.simulator.sailings import SeededSailing

CENT = Decimal("0.01")
PER_USD = {
    "USD": Decimal(1),
    "GBP": Decimal("0.79"),
    "EUR": Decimal("0.92"),
    "CAD": Decimal("1.37"),
    "AUD": Decimal("1.52"),
}
SYMBOLS = {
    "USD": "&dollar;",
    "GBP": "&pound;",
    "EUR": "&euro;",
    "CAD": "&dollar;",
    "AUD": "&dollar;",
}
FINAL_PAYMENT_DAYS = 75


@dataclass(frozen=True, kw_only=True)
class Party:
    """The guests a price is for."""

    adults: int
    children: int
    infants: int

    @property
    def size(self) -> int:
        """Return the number of guests."""
        return self.adults + self.children + self.infants


@dataclass(frozen=True, kw_only=True)
class PriceLine:
    """One kind of charge with each guest's share, in both currencies."""

    category: str
    description: str
    commissionable: bool
    supplier: tuple[Decimal, ...]
    asked: tuple[Decimal, ...]


@dataclass(frozen=True, kw_only=True)
class Quote:
    """The whole price of a cabin for a party."""

    lines: tuple[PriceLine, ...]
    currency: str
    supplier_currency: str

    @property
    def total(self) -> Decimal:
        """Return what the party pays, in the currency asked for."""
        return sum((sum(line.asked, Decimal(0)) for line in self.lines), Decimal(0))

    @property
    def supplier_total(self) -> Decimal:
        """Return what the party pays, in the line's currency."""
        return sum((sum(line.supplier, Decimal(0)) for line in self.lines), Decimal(0))

    def part(self, description: str) -> Decimal:
        """Return one kind of charge summed over the guests."""
        return sum(
            (sum(line.asked, Decimal(0)) for line in self.lines if line.description == description),
            Decimal(0),
        )


def converted(amount: Decimal, source: str, target: str) -> Decimal:
    """Convert between currencies, to the cent."""
    return (amount / PER_USD[source] * PER_USD[target]).quantize(CENT, rounding=ROUND_HALF_UP)


def quote(
    sailing: SeededSailing,
    grade: Grade,
    rate: Rate,
    party: Party,
    *,
    currency: str,
    uplift: Decimal = Decimal(1),
) -> Quote:
    """Price a cabin grade at a rate for a party; the sum of the lines is what the guests pay."""
    guests = _guest_shares(party)
    fare = sailing.base_fare * grade.factor * rate.factor * uplift
    lines = [
        _line(
            "fare",
            "Cruise Fare",
            [fare * share for share in guests],
            sailing,
            currency,
            commissionable=True,
        ),
        _line(
            "tax",
            "Non-Commissionable Fare",
            [Decimal("14.25") * sailing.nights] * party.size,
            sailing,
            currency,
        ),
        _line(
            "tax",
            "Taxes & Fees",
            [Decimal("20.405") * sailing.nights] * party.size,
            sailing,
            currency,
        ),
    ]
    if rate.promo:
        promos = [-rate.promo if n < 2 else Decimal(0) for n in range(party.size)]
        lines.append(_line("discount", "Promo", promos, sailing, currency))
    return Quote(lines=tuple(lines), currency=currency, supplier_currency=sailing.ship.currency)


def gratuities(sailing: SeededSailing, party: Party, *, currency: str) -> PriceLine:
    """Price the prepaid gratuities, which the breakdown lists though the basket leaves them out."""
    return _line(
        "gratuity",
        "Pre-Paid Gratuities",
        [Decimal(18) * sailing.nights] * party.size,
        sailing,
        currency,
    )


def deposit(
    sailing: SeededSailing, total: Decimal, party: Party, *, currency: str, today: date
) -> Decimal:
    """Return what is due now: the line's deposit, or everything when the sailing is near."""
    if (sailing.sail_date - today).days <= FINAL_PAYMENT_DAYS:
        return total
    per_guest = LINES[sailing.line_id].deposit_per_guest
    return min(total, converted(per_guest, "USD", currency) * party.size)


_PENALTIES = ((FINAL_PAYMENT_DAYS, 25), (60, 50), (30, 75), (14, 100))
"""Days before the sailing from which a cancellation costs so many percent of the price."""


def terms(
    sailing: SeededSailing, rate: Rate, price: Quote, party: Party, *, today: date
) -> dict[str, object]:
    """Return what is due when, and what a cancellation costs from which day on."""
    total = price.total
    due_now = deposit(sailing, total, party, currency=price.currency, today=today)
    first_day = sailing.sail_date - timedelta(days=FINAL_PAYMENT_DAYS)
    later = {"balancedue": first_day.isoformat()} if due_now < total else {}
    steps = [
        {"from": (sailing.sail_date - timedelta(days=days)).isoformat(), "percent": str(share)}
        for days, share in _PENALTIES
    ]
    lost = [] if rate.refundable else [{"from": today.isoformat(), "amount": str(due_now)}]
    return {"deposit": str(due_now), **later, "cancellation": lost + steps}


def lead_in(
    sailing: SeededSailing, party: Party, *, currency: str, factor: Decimal = Decimal(1)
) -> Decimal:
    """Return the advertised price for the party, which is not the price of any cabin."""
    return converted(sailing.from_price * party.size * factor, "USD", currency).quantize(Decimal(1))


def _guest_shares(party: Party) -> list[Decimal]:
    """Return each guest's share of the fare: two pay in full, further guests and children less."""
    kinds = (
        [Decimal(1)] * party.adults
        + [Decimal("0.55")] * party.children
        + [Decimal("0.20")] * party.infants
    )
    return [share if n < 2 else min(share, Decimal("0.60")) for n, share in enumerate(kinds)]


def _line(
    category: str,
    description: str,
    amounts: list[Decimal],
    sailing: SeededSailing,
    currency: str,
    *,
    commissionable: bool = False,
) -> PriceLine:
    """Round each guest's share in the line's currency, then convert it."""
    own = tuple(amount.quantize(CENT, rounding=ROUND_HALF_UP) for amount in amounts)
    return PriceLine(
        category=category,
        description=description,
        commissionable=commissionable,
        supplier=own,
        asked=tuple(converted(amount, sailing.ship.currency, currency) for amount in own),
    )

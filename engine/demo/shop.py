"""A made-up CD shop: its purchase files in CDNOW's shape, from a seed, and what they add up to. Pure."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

HEADER = " customer_id  date number_of_cds  dollar_value"
BIG_SPENDER = Decimal(500)
COLLECTOR_CDS = 40
_RETURN_LEAVES = Decimal("470.00")
"""What a return leaves of a big spender's sum, at most."""


@dataclass
class Customer:
    """What one customer's purchases and returns add up to; price is what their CDs cost, each."""

    number: int
    price: Decimal
    spend: Decimal = Decimal(0)
    cds: int = 0
    is_loyal: bool = False

    @property
    def is_big(self) -> bool:
        """Spends as the demo's first audience wants it."""
        return self.spend >= BIG_SPENDER


@dataclass(frozen=True)
class Purchase:
    """One row of a file; a return has a negative value and number of CDs."""

    customer: int
    day: date
    cds: int
    value: Decimal

    @property
    def line(self) -> str:
        """As the file has it: numbers with leading zeros, columns apart by blanks."""
        return f" {self.customer:05d} {self.day:%Y%m%d} {self.cds:>2} {self.value:>7.2f}"


@dataclass
class Shop:
    """Sells CDs; `deliver` makes the files that it hands over, and the customers' sums grow with them."""

    seed: int
    customers: list[Customer] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin at the seed."""
        self._chance = random.Random(self.seed)  # noqa: S311 - made-up data wants a repeatable generator

    def opening(self, day: date, customers: int) -> bytes:
        """Return the first file: so many customers, one in ten of them a big spender."""
        chance = self._chance
        rows: list[Purchase] = []
        for _ in range(customers):
            customer = self._newcomer()
            low, high = chance.choices(((15, 120), (120, 380), (380, 499), (505, 900)), (50, 25, 14, 11))[0]
            wanted = _amount(chance.uniform(low, high))
            parts = chance.randint(1, 3)
            for part in range(parts):
                value = wanted - customer.spend if part == parts - 1 else (wanted / parts).quantize(Decimal("0.01"))
                rows.append(self._buy(customer, day, value))
        return text_of(rows)

    def delivery(
        self, day: date, entering: int, leaving: int, others: int, damaged: int = 0, *, are_loyal: bool = False
    ) -> bytes:
        """Return one file and keep its sums.

        Args:
            day: Of its purchases.
            entering: Customers who become big spenders by it, exactly.
            leaving: Big spenders who return so much that they are none any more, at most.
            others: Further customers who buy a little; some of them are new.
            damaged: Rows that no import can take, at the end.
            are_loyal: Those who enter never return anything.
        """
        chance = self._chance
        near = sorted((one for one in self.customers if not one.is_big), key=lambda one: (-one.spend, one.number))
        bought = (one for one in self.customers if one.is_big and not one.is_loyal)
        just = sorted(bought, key=lambda one: (one.spend, one.number))
        comers = chance.sample(near[: entering * 8], min(entering, len(near)))
        goers = chance.sample(just[: leaving * 12], min(leaving, len(just)))
        for one in comers:
            one.is_loyal = are_loyal
        rows = [self._buy(one, day, BIG_SPENDER - one.spend + _amount(chance.uniform(1, 160))) for one in comers]
        rows += [self._give_back(one, day) for one in goers]
        busy = {one.number for one in (*comers, *goers)}
        rows += self._small(day, [one for one in self.customers if one.number not in busy], others)
        chance.shuffle(rows)
        return text_of(rows, list(self._damaged(day, damaged)))

    def _small(self, day: date, free: list[Customer], count: int) -> Iterator[Purchase]:
        """Yield purchases that make nobody a big spender."""
        for one in self._chance.sample(free, min(count, len(free))):
            customer = self._newcomer() if self._chance.random() < 0.2 else one  # noqa: PLR2004 - one in five is new
            value = _amount(self._chance.uniform(8, 60))
            if customer.is_big or customer.spend + value < BIG_SPENDER:
                yield self._buy(customer, day, value)

    def _buy(self, customer: Customer, day: date, value: Decimal) -> Purchase:
        cds = max(1, int(value / customer.price))
        customer.spend += value
        customer.cds += cds
        return Purchase(customer.number, day, cds, value)

    def _give_back(self, customer: Customer, day: date) -> Purchase:
        left = _RETURN_LEAVES - _amount(self._chance.uniform(0, 120))
        value = left - customer.spend
        cds = -min(customer.cds, max(1, int(-value / customer.price)))
        customer.spend += value
        customer.cds += cds
        return Purchase(customer.number, day, cds, value)

    def _newcomer(self) -> Customer:
        self.customers.append(Customer(len(self.customers) + 1, _amount(self._chance.triangular(8, 32, 13))))
        return self.customers[-1]

    def _damaged(self, day: date, count: int) -> Iterator[str]:
        lines = (
            f" 00017 {day:%Y}1399  1   12.00",
            f" 00023 {day:%Y%m%d} two   24.00",
            f" 00031 {day:%Y%m%d}  1   12.O0",
            f" 00044 {day:%Y%m%d}  3",
        )
        for number in range(count):
            yield lines[number % len(lines)]


def text_of(rows: Iterable[Purchase], further: Iterable[str] = ()) -> bytes:
    """Return a file's bytes: CRLF after each line."""
    lines = [HEADER, *(row.line for row in rows), *further]
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")


def _amount(value: float) -> Decimal:
    return Decimal(f"{value:.2f}")

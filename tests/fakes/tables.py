"""Makes data files for tests from a seed, together with the exact totals that a right reading of them gives."""

import random
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

_CDNOW_HEADER = b" customer_id  date number_of_cds  dollar_value\r\n"
_CDNOW_FIRST_DAY = date(1997, 1, 1)
_CDNOW_DAYS_TO_JOIN = 84
_CDNOW_DAYS = 545
_CDNOW_PRICES_CENTS = (1149, 1177, 1200, 1299, 1399, 1437, 1499, 1996)


@dataclass(frozen=True)
class CdnowTotals:
    """What a right import of a `cdnow_like` file gives. repeats: rows that stand in the file a second time."""

    rows: int
    customers: int
    cds: int
    spend: Decimal
    repeats: int


def cdnow_like(path: Path, customers: int, seed: int) -> CdnowTotals:
    """Write a file shaped like the CDNOW purchases: columns apart by blanks, CRLF, ids with leading zeros.

    Every customer has at least one purchase, about three on average; one row in 250 stands there twice,
    directly below itself. The header is ` customer_id  date number_of_cds  dollar_value`.
    """
    chance = random.Random(seed)  # noqa: S311 - test data
    lines: list[bytes] = []
    cds = cents = repeats = 0
    for customer in range(1, customers + 1):
        day = chance.randrange(_CDNOW_DAYS_TO_JOIN)
        purchases = 1 + min(int(chance.expovariate(0.4)), 50)
        for _ in range(purchases):
            count = 1 + min(int(chance.expovariate(0.55)), 30)
            value = 0 if chance.random() < 0.001 else count * chance.choice(_CDNOW_PRICES_CENTS)
            bought = _CDNOW_FIRST_DAY + timedelta(days=min(day, _CDNOW_DAYS))
            line = f" {customer:05d} {bought:%Y%m%d} {count:2d} {value // 100:4d}.{value % 100:02d}\r\n".encode()
            copies = 2 if chance.random() < 0.004 else 1
            lines.extend([line] * copies)
            cds, cents, repeats = cds + count * copies, cents + value * copies, repeats + copies - 1
            day += int(chance.expovariate(1 / 60))
    path.write_bytes(_CDNOW_HEADER + b"".join(lines))
    return CdnowTotals(len(lines), customers, cds, Decimal(cents) / 100, repeats)

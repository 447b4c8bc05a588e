"""Makes data files for tests from a seed, together with the exact totals that a right reading of them gives."""

import csv
import io
import random
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Literal

_STAND_IN = "\x1f"
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
    chance = random.Random(seed)
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


@dataclass(frozen=True)
class Dialect:
    """How `write_table` writes. quote: "" for none; escape: None where quotes are doubled."""

    separator: str = ","
    line_end: str = "\n"
    quote_all: bool = False
    encoding: str = "utf-8"
    quote: str = '"'
    escape: str | None = None


@dataclass(frozen=True)
class Table:
    """Column names and rows of texts."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def lines(self, dialect: Dialect) -> list[int]:
        """The 1-based physical line at which each row starts when `write_table` has written it."""
        starts, line = [], 2
        for row in self.rows:
            starts.append(line)
            line += _count_line_ends(_written([row], dialect))
        return starts


def _count_line_ends(text: str) -> int:
    return len(re.findall("\r\n|\r|\n", text))


def _written(rows: Iterable[tuple[str, ...]], dialect: Dialect) -> str:
    rows = list(rows)
    made = io.StringIO(newline="")
    # csv quotes a text with a line end only where it is the line end of the file
    has_line_ends = any("\n" in text or "\r" in text for row in rows for text in row)
    quoting: Literal[0, 1, 3] = csv.QUOTE_ALL if dialect.quote_all or has_line_ends else csv.QUOTE_MINIMAL
    # csv knows separators of one character; any other is put in afterwards, and so must not stand in a text
    mark = dialect.separator if len(dialect.separator) == 1 else _STAND_IN
    csv.writer(
        made,
        delimiter=mark,
        lineterminator=dialect.line_end,
        quoting=quoting if dialect.quote else csv.QUOTE_NONE,
        quotechar=dialect.quote or None,
        doublequote=dialect.escape is None,
        escapechar=dialect.escape,
    ).writerows(rows)
    return made.getvalue().replace(mark, dialect.separator)


def write_table(path: Path, table: Table, dialect: Dialect) -> None:
    """Write a table with Python's csv module; utf-16-le and utf-16-be come without a byte order mark."""
    path.write_bytes(_written([table.columns, *table.rows], dialect).encode(dialect.encoding))


def people(rows: int, seed: int) -> Table:
    """Made-up people: ids with leading zeros, names beyond ASCII, phones with a plus, long ids, empty values."""
    chance = random.Random(seed)
    names = ("Zoë", "Jürgen", "Anna", "Françoise", "Øyvind", "Maria", "")
    made = tuple(
        (
            f"{number:07d}",
            chance.choice(names),
            f"+316{chance.randrange(10**8):08d}",
            str(chance.randrange(10**19, 10**20)),
            f"{chance.randrange(10**6) / 100:.2f}",
        )
        for number in range(rows)
    )
    return Table(("id", "name", "phone", "card", "spend"), made)

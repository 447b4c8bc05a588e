"""The numbers of the statistics as a CSV file; pure."""

import csv
import io

from engine.views.statistics import StatisticsPage
from pages.parts import category
from pages.parts.run_rejects import safe_cell
from storage.records.deliveries import ERRORS

_MARK = b"\xef\xbb\xbf"


def as_csv(page: StatisticsPage, *, errors_only: bool) -> bytes:
    """Return what the charts are drawn from, in UTF-8 with a byte order mark, for spreadsheets.

    One line for a day (UTC), connector, category and partner code; days without messages have none.
    """
    made = io.StringIO(newline="")
    writer = csv.writer(made)
    writer.writerow(["Day", "Connector", "Category", "Partner code", "Messages", "Of these recovered"])
    for row in page.rows:
        if errors_only and row.category not in ERRORS:
            continue
        word = category.look(row.category).word
        name, code = safe_cell(row.configuration), safe_cell(row.code)
        writer.writerow([row.day.isoformat(), name, word, code, row.count, row.recovered])
    return _MARK + made.getvalue().encode()

"""Tries values before anything is imported, by the same SQL that the import uses."""

from storage.database import Cursor
from storage.records.merges import Fill
from storage.tables import values


def fits(cursor: Cursor, fill: Fill, texts: list[str]) -> list[bool]:
    """Return for each text whether it casts to the fill's type; the fill's column is 0."""
    if not texts:
        return []
    rows = cursor.execute(
        f"SELECT {values.cast(fill)} IS NOT NULL FROM (SELECT unnest(?::VARCHAR[]) AS c0, "
        "generate_subscripts(?::VARCHAR[], 1) AS position) ORDER BY position",
        [texts, texts],
    ).fetchall()
    return [bool(ok) for (ok,) in rows]

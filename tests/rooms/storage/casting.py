"""Casts texts by the SQL of the import, and holds the preview against it."""

from typing import Any

from storage.database import Database
from storage.records.goals import PropertyType, Strategy
from storage.records.merges import Fill
from storage.tables import previews, values


def fill_for(kind: PropertyType, pattern: str | None = None, **more: Any) -> Fill:
    """Return a mapping of the first column that sets a property."""
    return Fill(0, "field", "property", kind, Strategy.SET, pattern, fresh_rows_only=False, **more)


def casts(database: Database, fill: Fill, texts: list[str]) -> list[Any]:
    """Return what the import makes of each text; None where it does not fit."""
    with database.read() as cursor:
        rows = cursor.execute(
            f"SELECT {values.cast(fill)} FROM (SELECT unnest(?::VARCHAR[]) AS c0, "  # noqa: S608 - the SQL under test
            "generate_subscripts(?::VARCHAR[], 1) AS place) ORDER BY place",
            [texts, texts],
        ).fetchall()
        made = [value for (value,) in rows]
        assert previews.fits(cursor, fill, texts) == [value is not None for value in made], "the preview disagrees"
    return made


def cast(database: Database, fill: Fill, text: str) -> Any:
    """Return what the import makes of one text; None where it does not fit."""
    return casts(database, fill, [text])[0]

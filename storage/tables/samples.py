"""What a row of a sample meets before anything is imported: its values as the import reads them, and its profile."""

from typing import Any

from storage.database import Cursor, name_literal
from storage.records.merges import Fill
from storage.tables import values


def meet(cursor: Cursor, fills: list[Fill], texts: list[str], present: list[Any]) -> list[tuple[Any, Any]]:
    """Return for each fill its value of one row as the import reads it, and what the property holds afterwards.

    A value is None where the text is empty or does not fit.

    Args:
        cursor: To read with.
        fills: Their columns are 0, 1, 2 and so on.
        texts: The row's values by column number.
        present: What the properties hold now.
    """
    if not fills:
        return []
    given = ", ".join(f"? AS c{number}" for number in range(len(texts)))
    held = ", ".join(f"CAST(? AS {values.SQL_TYPES[fill.kind]}) AS p{number}" for number, fill in enumerate(fills))
    cells = ", ".join(f"{values.cast(fill)} AS v{number}" for number, fill in enumerate(fills))
    after = ", ".join(
        f"v{number}, {values.combine(fill, f'v{number}', f'p{number}')}" for number, fill in enumerate(fills)
    )
    row = cursor.execute(
        f"SELECT {after} FROM (SELECT *, {cells} FROM (SELECT {given}, {held}))", [*texts, *present]
    ).fetchone()
    found = row or ()
    return list(zip(found[::2], found[1::2], strict=True))


def owner(cursor: Cursor, property_name: str, text: str) -> int | None:
    """Return the id of the profile whose unique property holds exactly this text, or None."""
    is_it = f"{name_literal(property_name)} = ?"
    row = cursor.execute(f"SELECT min(profile_id) FROM dat.profile WHERE {is_it}", [text]).fetchone()
    return int(row[0]) if row and row[0] is not None else None


def mark(cursor: Cursor) -> tuple[int, int]:
    """Return two numbers that change with every import: how many profiles there are, and the newest change."""
    row = cursor.execute("SELECT count(*), coalesce(max(_rev), 0) FROM dat.profile").fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)

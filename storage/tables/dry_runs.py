"""What a merge has just done to the profiles, read from its before-image and temp.merged, in its own transaction."""

from typing import Any

from storage.database import Cursor, name_literal, text_literal
from storage.records.merges import MergePlan
from storage.tables import merge_writing


def by_property(cursor: Cursor, plan: MergePlan) -> list[dict[str, Any]]:
    """Return {"property", "filled", "changed", "cleared"} of each property of the plan: profiles, by what befell it."""
    names = merge_writing.written(cursor, plan)
    counts = ", ".join(
        f"count(*) FILTER (b.c{n} AND b.b{n} IS NULL), "
        f"count(*) FILTER (b.c{n} AND b.b{n} IS NOT NULL AND m.{name_literal(name)} IS NOT NULL), "
        f"count(*) FILTER (b.c{n} AND m.{name_literal(name)} IS NULL)"
        for n, name in enumerate(names)
    )
    row = cursor.execute(f"SELECT {counts} FROM {_changed(plan)}").fetchone() if names else None
    found = row or (0,) * (3 * len(names))
    return [
        {"property": name, "filled": found[3 * n], "changed": found[3 * n + 1], "cleared": found[3 * n + 2]}
        for n, name in enumerate(names)
    ]


def sample(cursor: Cursor, plan: MergePlan, most: int) -> list[dict[str, Any]]:
    """Return the first profiles that changed, in the order of their rows.

    Each as {"profile", "line", "values": [{"property", "before", "after"}]}; profile is None for a new one, values are
    texts.
    """
    names = merge_writing.written(cursor, plan)
    values = "".join(
        f", b.c{n}, CAST(b.b{n} AS VARCHAR), CAST(m.{name_literal(name)} AS VARCHAR)" for n, name in enumerate(names)
    )
    rows = cursor.execute(
        f"SELECT b.profile_id, b.is_new, b.line{values} FROM {_changed(plan)} ORDER BY b.line LIMIT {int(most)}"
    ).fetchall()
    return [
        {
            "profile": None if row[1] else row[0],
            "line": row[2],
            "values": [
                {"property": name, "before": row[4 + 3 * n], "after": row[5 + 3 * n]}
                for n, name in enumerate(names)
                if row[3 + 3 * n]
            ],
        }
        for row in rows
    ]


def _changed(plan: MergePlan) -> str:
    image = text_literal(f"{plan.changes_path}.parquet")
    return f"read_parquet({image}, hive_partitioning = false) b JOIN temp.merged m USING (profile_id)"

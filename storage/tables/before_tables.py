"""Keeps the table of profiles as it was before a merge that replaces most of them: the table itself, not a copy.

To write what each profile held beside what it holds now costs a large merge as much as all else that it writes. So
where most profiles are replaced, the table is renamed and another one written in its place. What the merge changed is
found out after the run, by comparing the two (storage.tables.changes), and before another merge or a revert.

Of a change C that waits for that there are dat.before_C, the profiles as they were, and dat.lines_C(profile_id BIGINT,
line BIGINT, lines BIGINT[], is_new BOOLEAN), which say what they say in a before-image. Being tables, they come and go
with the transaction: after a kill there are both or none.
"""

from storage.database import Cursor, name_literal
from storage.records.merges import MergePlan
from storage.tables import merge_writing

_BEFORE, _LINES = "before_", "lines_"


def is_better(cursor: Cursor, plan: MergePlan, written: merge_writing.Written) -> bool:
    """Say whether most profiles are replaced: copying the others costs less than telling what these held."""
    return plan.compares_later and written.replaced * 2 >= _profiles(cursor)


def keep_lines(cursor: Cursor, change_id: str) -> int:
    """Make dat.lines_C of temp.merged; return how many profiles the merge makes or replaces."""
    row = cursor.execute(
        f"""CREATE TABLE dat.{_name(_LINES, change_id)} AS
        SELECT profile_id, _line AS line, _lines AS lines, _old_id IS NULL AS is_new FROM temp.merged"""
    ).fetchone()
    return int(row[0]) if row else 0


def write(cursor: Cursor, change_id: str, written: merge_writing.Written) -> int:
    """Make dat.before_C of the profiles, and the profiles anew of temp.merged and of those that it leaves alone.

    Returns:
        How many profiles are missing now, or, below 0, too many; where it is not 0 the caller rolls back.
    """
    names, before, present = merge_writing.columns_of_merged(cursor), _name(_BEFORE, change_id), _profiles(cursor)
    rows = f"SELECT {names} FROM temp.merged"
    if written.replaced < present:
        replaced = "SELECT _old_id AS profile_id FROM temp.merged WHERE _old_id IS NOT NULL"
        rows += f" UNION ALL SELECT {names} FROM dat.{before} ANTI JOIN ({replaced}) USING (profile_id)"
    [(definition,)] = cursor.execute(
        "SELECT sql FROM duckdb_tables() WHERE schema_name = 'dat' AND table_name = 'profile'"
    ).fetchall()
    cursor.execute(f"ALTER TABLE dat.profile RENAME TO {before}")
    cursor.execute(definition)
    row = cursor.execute(f"INSERT INTO dat.profile ({names}) {rows}").fetchone()
    return present + written.created - (int(row[0]) if row else 0)


def listed(cursor: Cursor) -> frozenset[str]:
    """Return the changes that wait for their comparison: one, or none."""
    rows = cursor.execute(
        "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'dat' AND starts_with(table_name, ?)", [_BEFORE]
    ).fetchall()
    return frozenset(name.removeprefix(_BEFORE) for (name,) in rows)


def before(change_id: str) -> str:
    """Return SQL for the profiles as they were."""
    return f"dat.{_name(_BEFORE, change_id)}"


def merged(change_id: str) -> str:
    """Return SQL for what temp.merged held: the profiles that the merge wrote, as they are, _old_id, _line, _lines."""
    return f"""(SELECT p.*, l.line AS _line, l.lines AS _lines, CASE WHEN NOT l.is_new THEN l.profile_id END AS _old_id
        FROM dat.{_name(_LINES, change_id)} l JOIN dat.profile p USING (profile_id))"""


def drop(cursor: Cursor, change_id: str) -> None:
    """Remove both tables."""
    cursor.execute(f"DROP TABLE dat.{_name(_BEFORE, change_id)}")
    cursor.execute(f"DROP TABLE dat.{_name(_LINES, change_id)}")


def _name(kind: str, change_id: str) -> str:
    return name_literal(kind + change_id)


def _profiles(cursor: Cursor) -> int:
    row = cursor.execute("SELECT count(*) FROM dat.profile").fetchone()
    return int(row[0]) if row else 0

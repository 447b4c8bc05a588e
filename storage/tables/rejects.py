"""Rejected rows: kept with line, column, value, reason and a suggestion (schema dat, personal data)."""

from engine.base import limits
from storage.database import Cursor, text_literal
from storage.records.files import CUT, RejectReason
from storage.records.goals import PropertyType
from storage.records.merges import MergePlan
from storage.records.runs import Reject
from storage.tables import suggestions
from storage.tables.merge_known import accepted
from storage.tables.merge_typing import NO_IDENTIFIER, NO_ROW_KEY


def copy_from_file(cursor: Cursor, plan: MergePlan) -> None:
    """Keep the rows that the reader set aside."""
    cursor.execute(
        f"""INSERT INTO dat.reject SELECT ?, ?, line, NULL, NULL, reason, detail, raw
        FROM read_parquet({text_literal(plan.rejects_path)}, hive_partitioning = false)""",
        [plan.run_id, plan.file_name],
    )


def copy_from_typing(cursor: Cursor, plan: MergePlan) -> None:
    """Keep the rows of temp.typed that have a problem: the first column that does not fit names it."""
    cases = {
        "column": [f"WHEN {NO_IDENTIFIER} THEN {text_literal(' or '.join(link.field for link in plan.links))}"],
        "value": [f"WHEN {NO_IDENTIFIER} THEN '' WHEN {NO_ROW_KEY} THEN ''"],
        "reason": [
            f"WHEN {NO_IDENTIFIER} THEN '{RejectReason.IDENTIFIER_EMPTY.value}'",
            f"WHEN {NO_ROW_KEY} THEN '{RejectReason.ROW_KEY_EMPTY.value}'",
        ],
        "suggestion": [f"WHEN {NO_IDENTIFIER} THEN 'fill in the identifier' WHEN {NO_ROW_KEY} THEN 'fill in the key'"],
    }
    if plan.has_keys:
        named = " and ".join(plan.columns[column] for column in plan.key_columns)
        cases["column"].append(f"WHEN {NO_ROW_KEY} THEN {text_literal(named)}")
    for number, fill in enumerate(plan.fills):
        if fill.type in (PropertyType.TEXT, PropertyType.LIST):
            continue
        cases["column"].append(f"WHEN {number} THEN {text_literal(fill.field)}")
        cases["value"].append(f"WHEN {number} THEN {_part_of(f'f.c{fill.column}')}")
        cases["reason"].append(f"WHEN {number} THEN {suggestions.reason(fill, f'f.c{fill.column}')}")
        cases["suggestion"].append(f"WHEN {number} THEN {suggestions.suggestion(fill, f'f.c{fill.column}')}")
    chosen = ", ".join(f"CASE problem {' '.join(when)} END" for when in cases.values())
    own = f"problem >= 0 OR problem IN ({NO_IDENTIFIER}, {NO_ROW_KEY})"
    cursor.execute(
        f"""INSERT INTO dat.reject
        SELECT ?, ?, t.line, {chosen}, {_part_of(_whole(plan))}
        FROM (SELECT line, problem FROM temp.typed WHERE {own}) t JOIN {accepted(plan)} f ON f.line = t.line""",
        [plan.run_id, plan.file_name],
    )


def copy_from_matching(cursor: Cursor, plan: MergePlan) -> None:
    """Keep the rows whose identifiers are those of two profiles, and those whose action cannot be made or changed."""
    fields = " ".join(f"WHEN {number} THEN {text_literal(link.field)}" for number, link in enumerate(plan.links))
    found = []
    if plan.action is None or not plan.action.changes:
        reason = RejectReason.IDENTIFIER_CONFLICT.value
        found.append(
            f"""SELECT line, CASE link {fields} END AS column_name, value, '{reason}' AS reason, detail
            FROM temp.conflicts"""
        )
    if plan.action is not None:
        found.append("SELECT line, column_name, value, reason, detail FROM temp.action_problems")
    cursor.execute(
        f"""INSERT INTO dat.reject
        SELECT ?, ?, t.line, t.column_name, {_part_of("t.value")}, t.reason, t.detail, {_part_of(_whole(plan))}
        FROM ({" UNION ALL ".join(found)}) t JOIN {accepted(plan)} f ON f.line = t.line""",
        [plan.run_id, plan.file_name],
    )


def _whole(plan: MergePlan) -> str:
    """Return SQL for a row of the file as one text."""
    return (
        f"concat_ws({text_literal(_joint(plan.separator))}, {', '.join(f'f.c{n}' for n in range(len(plan.columns)))})"
    )


def _part_of(text: str) -> str:
    """Return SQL for as much of a text as is kept of a rejected row."""
    most = limits.REJECT_RAW_CHARACTERS_MAX
    cut = f"substr({text}, 1, {most - len(CUT)}) || {text_literal(CUT)}"
    return f"CASE WHEN length({text}) > {most} THEN {cut} ELSE {text} END"


def _joint(separator: str) -> str:
    return separator if len(separator) == 1 else " "


def count(cursor: Cursor, run_id: str, file_name: str) -> int:
    """Return how many rows of one file this run rejected: distinct lines."""
    row = cursor.execute(
        "SELECT count(DISTINCT line) FROM dat.reject WHERE run_id = ? AND file_name = ?", [run_id, file_name]
    ).fetchone()
    return int(row[0]) if row else 0


def write_lines(cursor: Cursor, run_id: str, file_name: str, target: str) -> None:
    """Write a file's rejected rows, one JSON object a line, by their lines in the file."""
    cursor.execute(
        f"""COPY (SELECT line, column_name, value, reason, suggestion, raw FROM dat.reject
        WHERE run_id = ? AND file_name = ? ORDER BY line) TO {text_literal(target)} (FORMAT json)""",
        [run_id, file_name],
    )


def by_reason(cursor: Cursor, run_id: str) -> dict[str, int]:
    """Return the run's rejected rows per reason code, most first; empty where none were rejected."""
    rows = cursor.execute(
        "SELECT reason, count(*) FROM dat.reject WHERE run_id = ? GROUP BY 1 ORDER BY 2 DESC, 1", [run_id]
    ).fetchall()
    return dict(rows)


def by_reason_of_file(cursor: Cursor, run_id: str, file_name: str) -> dict[str, int]:
    """Return one file's rejected rows per reason code, most first; empty where none were rejected."""
    rows = cursor.execute(
        "SELECT reason, count(*) FROM dat.reject WHERE run_id = ? AND file_name = ? GROUP BY 1 ORDER BY 2 DESC, 1",
        [run_id, file_name],
    ).fetchall()
    return dict(rows)


def of_file(cursor: Cursor, run_id: str, file_name: str, reason: str | None, start: int, most: int) -> list[Reject]:
    """Return rejected rows of one file by line, `most` of them from `start` on."""
    where = "run_id = ? AND file_name = ?" + (" AND reason = ?" if reason else "")
    rows = cursor.execute(
        f"""SELECT run_id, file_name, line, column_name, value, reason, suggestion, raw FROM dat.reject
        WHERE {where} ORDER BY line LIMIT ? OFFSET ?""",
        [run_id, file_name, *([reason] if reason else []), most, start],
    ).fetchall()
    return [Reject(*row) for row in rows]


def listed(cursor: Cursor, run_id: str, reason: str | None, start: int, most: int) -> list[Reject]:
    """Return rejected rows of a run by file and line, `most` of them from `start` on."""
    where = "run_id = ?" + (" AND reason = ?" if reason else "")
    rows = cursor.execute(
        f"""SELECT run_id, file_name, line, column_name, value, reason, suggestion, raw FROM dat.reject
        WHERE {where} ORDER BY file_name, line LIMIT ? OFFSET ?""",
        [run_id, *([reason] if reason else []), most, start],
    ).fetchall()
    return [Reject(*row) for row in rows]

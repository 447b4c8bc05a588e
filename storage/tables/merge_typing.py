"""Types the rows of a file that are to run and finds out which of them cannot.

Leaves temp.typed(line, row_hash[, key_hash], is_known, l0.., v0.., problem): l0.. are the identifiers of plan.links
and v0.. the values of plan.fills, null where empty. problem is null where the row fits, the number of the first fill
that does not, or one of the constants below.
"""

from storage.database import Cursor
from storage.records.goals import PropertyType
from storage.records.merges import MergePlan
from storage.tables import values
from storage.tables.merge_known import accepted

NO_IDENTIFIER, CONFLICT, NO_ROW_KEY, OF_ACTION = -1, -2, -3, -5
_ALWAYS_FIT = frozenset({PropertyType.TEXT, PropertyType.LIST})


def make(cursor: Cursor, plan: MergePlan) -> None:
    """Make temp.typed."""
    cursor.execute(f"CREATE TEMP TABLE typed AS {query(plan)}")


def query(plan: MergePlan, only: str = "") -> str:
    """Return SQL for the rows of temp.typed; only: a condition on their line."""
    casts = "".join(f", {values.cast(fill)} AS v{number}" for number, fill in enumerate(plan.fills))
    links = "".join(f", nullif(c{link.column}, '') AS l{number}" for number, link in enumerate(plan.links))
    results = "".join(f", l{number}" for number in range(len(plan.links)))
    results += "".join(f", v{number}" for number in range(len(plan.fills)))
    key_hash = ", key_hash" if plan.has_keys else ""
    taken, marks, rows = _rows(plan)
    where = f" WHERE {only}" if only else ""
    return f"""SELECT line, row_hash{key_hash}, is_known{results}, {_problem(plan)} AS problem
        FROM (SELECT {_columns(plan)}{taken}, {marks}{links}{casts} FROM {rows}{where})"""


def line_of(plan: MergePlan) -> str:
    """Return how a condition of `query` names the line."""
    return "line" if plan.known_by is None and not plan.has_keys else "f.line"


def _rows(plan: MergePlan) -> tuple[str, str, str]:
    """Return SQL for line, marks and the rows that run: those that are not known, or all where known ones run again."""
    if plan.has_keys:
        marks = "m.row_hash AS row_hash, m.key_hash AS key_hash, false AS is_known"
        left_out = "ANTI JOIN temp.known USING (line) ANTI JOIN temp.superseded USING (line)"
        return "f.line AS line", marks, f"{accepted(plan)} f JOIN (FROM temp.marked {left_out}) m ON m.line = f.line"
    if plan.known_by is None:
        # Nothing to compare with: how the rows are known again is seen to when they are remembered.
        return "line", "CAST(NULL AS UHUGEINT) AS row_hash, false AS is_known", accepted(plan)
    row_hash = "m.row_hash" if plan.known_by != plan.remember_by else "m.hash"
    fresh = "temp.marked" if plan.known_rows_again else "(FROM temp.marked ANTI JOIN temp.known USING (line))"
    rows = f"{accepted(plan)} f JOIN {fresh} m ON m.line = f.line"
    if not plan.known_rows_again:
        return "f.line AS line", f"{row_hash} AS row_hash, false AS is_known", rows
    marks = f"{row_hash} AS row_hash, k.line IS NOT NULL AS is_known"
    return "f.line AS line", marks, f"{rows} LEFT JOIN temp.known k ON k.line = f.line"


def _columns(plan: MergePlan) -> str:
    used = sorted({*(link.column for link in plan.links), *(fill.column for fill in plan.fills)})
    return "".join(f"c{column}, " for column in used)


def _problem(plan: MergePlan) -> str:
    cases = [f"WHEN key_hash IS NULL THEN {NO_ROW_KEY}"] if plan.has_keys else []
    # A change finds its profile by the action's key; identifiers, if it has any, only have to agree.
    if plan.links and not (plan.action is not None and plan.action.changes):
        empty = " AND ".join(f"l{number} IS NULL" for number in range(len(plan.links)))
        cases.append(f"WHEN {empty} THEN {NO_IDENTIFIER}")
    cases += [
        f"WHEN v{number} IS NULL AND {values.is_given(fill)} THEN {number}"
        for number, fill in enumerate(plan.fills)
        if fill.type not in _ALWAYS_FIT
    ]
    return f"CASE {' '.join(cases)} END" if cases else "CAST(NULL AS INTEGER)"

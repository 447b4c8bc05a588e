"""Tells the rows of a file that the last import saw from fresh ones, by their content, and remembers them.

Leaves temp.known(line, row_hash): the rows that were seen, the n-th copy of a content being the n-th row; and
temp.marked(line, hash[, row_hash]) of all rows of a file that was imported before.
"""

from storage.database import Cursor, name_literal, text_literal
from storage.records.goals import Strategy
from storage.records.merges import MergePlan
from storage.tables import to_remember, values


class SumWouldMiss(Exception):
    """A new sum would leave out rows that are in older ones; str(error) says how many and where."""


def accepted(plan: MergePlan) -> str:
    """Return SQL for the rows that the reader accepted: line, c0, c1, ..."""
    return f"read_parquet({text_literal(plan.accepted_path)}, hive_partitioning = false)"


def find(cursor: Cursor, plan: MergePlan) -> None:
    """Make temp.known and, where the file was imported before, temp.marked."""
    if plan.known_by is None:
        cursor.execute("CREATE TEMP TABLE known (line BIGINT, row_hash UHUGEINT)")
        return
    row_hash = "" if plan.known_by == plan.remember_by else f", {values.row_hash(plan.remember_by)} AS row_hash"
    cursor.execute(
        f"CREATE TEMP TABLE marked AS SELECT line, {values.row_hash(plan.known_by)} AS hash{row_hash} "
        f"FROM {accepted(plan)}"
    )
    remembered = "row_hash" if row_hash else "hash AS row_hash"
    cursor.execute(
        f"""CREATE TEMP TABLE known AS
        WITH last AS (SELECT row_hash AS hash, copies FROM dat.import_row WHERE goal_id = ? AND file_name = ?),
        doubled AS MATERIALIZED (SELECT hash FROM temp.marked GROUP BY hash HAVING count(*) > 1),
        numbered AS (SELECT *, row_number() OVER (PARTITION BY hash ORDER BY line) AS copy
                     FROM temp.marked SEMI JOIN doubled USING (hash))
        SELECT line, {remembered} FROM temp.marked ANTI JOIN doubled USING (hash) SEMI JOIN last USING (hash)
        UNION ALL
        SELECT line, {remembered} FROM numbered JOIN last USING (hash) WHERE copy <= copies""",
        [plan.goal_id, plan.file_name],
    )


def is_applied(plan: MergePlan) -> str:
    """Return SQL for temp.typed: the row fits and has its profile."""
    if not plan.is_plain:
        return "problem IS NULL AND line IN (SELECT line FROM temp.matched)"
    if plan.create_profiles:
        return "problem IS NULL"
    return f"problem IS NULL AND l0 IN (SELECT {name_literal(plan.links[0].property)} FROM temp.merged)"


def settle_left_out(cursor: Cursor, plan: MergePlan) -> None:
    """See to known rows that a changed configuration leaves out while they hold values for a new sum.

    Remembered, the new sum would never take them; forgotten, an older sum would take them twice. So they are
    forgotten where there is no older sum, and refused where there is one.
    """
    new = [
        number for number, fill in enumerate(plan.fills) if fill.strategy is Strategy.SUM and not fill.fresh_rows_only
    ]
    if not (plan.known_rows_again and new):
        return
    gives = " OR ".join(f"v{number} IS NOT NULL" for number in new)
    left_out = f"FROM temp.typed WHERE is_known AND ({gives}) AND NOT coalesce({is_applied(plan)}, false)"
    row = cursor.execute(f"SELECT count(*), min(line) {left_out}").fetchone()
    count, line = row or (0, 0)
    if not count:
        return
    if any(fill.fresh_rows_only and fill.strategy is Strategy.SUM for fill in plan.fills):
        message = (
            f"{count:,} rows of {plan.file_name} that are in older sums do not fit the changed mapping, the first in "
            f"line {line:,}, so a new sum would miss them. Nothing was changed: correct them or leave the new sum out."
        )
        raise SumWouldMiss(message)
    cursor.execute(f"DELETE FROM temp.known WHERE line IN (SELECT line {left_out})")


def _all_applied(cursor: Cursor, plan: MergePlan) -> bool:
    left_out = f"SELECT 1 FROM temp.typed WHERE NOT coalesce({is_applied(plan)}, false) LIMIT 1"
    return cursor.execute(left_out).fetchone() is None


_DIFFERING = """CREATE TEMP TABLE differing AS
    WITH before AS (SELECT row_hash, copies FROM dat.import_row WHERE goal_id = ? AND file_name = ?),
    fresh AS MATERIALIZED (SELECT row_hash, count(*) AS copies FROM ({fresh}) GROUP BY row_hash),
    touched AS MATERIALIZED (
        SELECT row_hash FROM fresh
        UNION SELECT row_hash FROM before WHERE copies > 1
        UNION SELECT row_hash FROM before ANTI JOIN temp.known USING (row_hash)),
    still AS (SELECT row_hash, count(*) AS copies FROM temp.known SEMI JOIN touched USING (row_hash) GROUP BY ALL)
    SELECT * FROM (
        SELECT t.row_hash, b.copies AS before, nullif(coalesce(s.copies, 0) + coalesce(f.copies, 0), 0) AS after
        FROM touched t LEFT JOIN (FROM before SEMI JOIN touched USING (row_hash)) b USING (row_hash)
        LEFT JOIN still s USING (row_hash) LEFT JOIN fresh f USING (row_hash))
    WHERE before IS DISTINCT FROM after"""
"""What is remembered anew, of a file whose rows are known by the same columns: only rows that are fresh, that were
there several times, or that were there and are not known now are looked at, so that a small change costs little."""


def remember(cursor: Cursor, plan: MergePlan) -> None:
    """Bring dat.import_row to what this file holds now: rows applied, and rows known before."""
    mine = "goal_id = ? AND file_name = ?"
    ids = [plan.goal_id, plan.file_name]
    fresh = f"SELECT row_hash FROM temp.typed WHERE NOT is_known AND {is_applied(plan)}"
    if plan.known_by is None:
        cursor.execute(f"DELETE FROM dat.import_row WHERE {mine}", ids)
        if plan.remembers_later and _all_applied(cursor, plan):
            to_remember.add(cursor, plan)
            return
        applied = f"SELECT line FROM temp.typed WHERE {is_applied(plan)}"
        cursor.execute(
            f"INSERT INTO dat.import_row SELECT ?, ?, {values.row_hash(plan.remember_by)} AS row_hash, count(*) "
            f"FROM {accepted(plan)} WHERE line IN ({applied}) GROUP BY row_hash",
            ids,
        )
        return
    if plan.known_by == plan.remember_by:
        cursor.execute(_DIFFERING.format(fresh=fresh), ids)
    else:
        cursor.execute(
            f"""CREATE TEMP TABLE differing AS
            SELECT row_hash, b.copies AS before, k.copies AS after
            FROM (SELECT row_hash, copies FROM dat.import_row WHERE {mine}) b
            FULL JOIN (SELECT row_hash, count(*) AS copies FROM ({fresh} UNION ALL SELECT row_hash FROM temp.known)
                GROUP BY row_hash) k USING (row_hash)""",
            ids,
        )
    if plan.changes_path is not None:
        target = text_literal(f"{plan.changes_path}.rows.parquet")
        # Parquet has no whole numbers of 128 bits.
        text = "SELECT * REPLACE (CAST(row_hash AS UUID) AS row_hash) FROM temp.differing"
        cursor.execute(f"COPY ({text}) TO {target} (FORMAT parquet)")
    gone = "SELECT row_hash FROM temp.differing WHERE before IS NOT NULL"
    cursor.execute(f"DELETE FROM dat.import_row WHERE {mine} AND row_hash IN ({gone})", ids)
    cursor.execute(
        "INSERT INTO dat.import_row SELECT ?, ?, row_hash, after FROM temp.differing WHERE after IS NOT NULL", ids
    )

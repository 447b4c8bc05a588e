"""Merges one read file into the profiles: renders a MergePlan to SQL and runs it in one transaction.

Order of things: tell fresh rows from known ones, type the values, set aside what does not fit, bring the rows
of one profile together, join once with the profiles, DELETE and INSERT what changed (an UPDATE whose source is
in another order than the table is far slower), remember the rows, balance the ledger.
"""

import json

from storage.database import Cursor, name_literal, text_literal
from storage.records.goals import PropertyType, Strategy
from storage.records.merges import HASH_VERSION, Fill, MergePlan
from storage.records.runs import RunCounts, SkipReason
from storage.tables import rejects, values


class Unbalanced(Exception):
    """The rows that were read and the outcomes do not add up; str(error) says by how many."""


class SumWouldMiss(Exception):
    """A new sum would leave out rows that are in older ones; str(error) says how many and where."""


def merge(cursor: Cursor, plan: MergePlan) -> RunCounts:
    """Merge one file; the caller holds the write transaction on `dat`.

    Returns:
        The counts of this file; files_taken is 1. updated counts profiles this run had not touched before.

    Raises:
        Unbalanced: The ledger does not add up; the caller rolls back.
        SumWouldMiss: Known rows that are left out this time hold values for a new sum; the caller rolls back.
    """
    _drop_stage(cursor)
    _find_known(cursor, plan)
    _type(cursor, plan)
    rejects.copy_from_file(cursor, plan)
    rejects.copy_from_typing(cursor, plan)
    _gather(cursor, plan)
    applied, skipped, created, updated = _apply(cursor, plan)
    _settle_left_out(cursor, plan)
    unchanged = 0 if plan.known_rows_again else _number(cursor, "SELECT count(*) FROM temp.known")
    _remember(cursor, plan)
    counts = RunCounts(
        read=plan.records,
        applied=applied,
        unchanged=unchanged,
        skipped={SkipReason.NO_MATCH.value: skipped} if skipped else {},
        rejected=rejects.count(cursor, plan.run_id, plan.file_name),
        created=created,
        updated=updated,
        files_taken=1,
    )
    if counts.missing:
        message = f"Off by {abs(counts.missing):,} rows in {plan.file_name}: the run failed and changed nothing."
        raise Unbalanced(message)
    _mark_seen(cursor, plan, counts)
    _drop_stage(cursor)
    return counts


def _drop_stage(cursor: Cursor) -> None:
    cursor.execute("DROP VIEW IF EXISTS temp.gathered")
    for table in ("marked", "known", "typed", "doubled", "merged", "kept"):
        cursor.execute(f"DROP TABLE IF EXISTS temp.{table}")


def _accepted(plan: MergePlan) -> str:
    return f"read_parquet({text_literal(plan.accepted_path)}, hive_partitioning = false)"


def _find_known(cursor: Cursor, plan: MergePlan) -> None:
    """Make temp.known(line, row_hash): rows the last import saw, the n-th copy of a content being the n-th row.

    And temp.marked(line, hash, row_hash) of all rows, so that no hash is computed twice.
    """
    if plan.known_by is None:
        cursor.execute("CREATE TEMP TABLE known (line BIGINT, row_hash UHUGEINT)")
        return
    row_hash = "" if plan.known_by == plan.remember_by else f", {values.row_hash(plan.remember_by)} AS row_hash"
    cursor.execute(
        f"CREATE TEMP TABLE marked AS SELECT line, {values.row_hash(plan.known_by)} AS hash{row_hash} "
        f"FROM {_accepted(plan)}"
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


def _type(cursor: Cursor, plan: MergePlan) -> None:
    """Make temp.typed(line, row_hash, key, is_known, v0.., problem): the rows to run, null where empty."""
    casts = "".join(f", {values.cast(fill)} AS v{number}" for number, fill in enumerate(plan.fills))
    problems = " ".join(
        f"WHEN v{number} IS NULL AND {values.is_given(fill)} THEN {number}"
        for number, fill in enumerate(plan.fills)
        if fill.type is not PropertyType.TEXT
    )
    results = "".join(f", v{number}" for number in range(len(plan.fills)))
    row_hash, is_known, rows = values.row_hash(plan.remember_by), "false", _accepted(plan)
    if plan.known_by is not None:
        row_hash = "m.row_hash" if plan.known_by != plan.remember_by else "m.hash"
        fresh = "temp.marked" if plan.known_rows_again else "(FROM temp.marked ANTI JOIN temp.known USING (line))"
        rows = f"{rows} f JOIN {fresh} m ON m.line = f.line"
        if plan.known_rows_again:
            is_known, rows = "k.line IS NOT NULL", f"{rows} LEFT JOIN temp.known k ON k.line = f.line"
    line = "line" if plan.known_by is None else "f.line"
    cursor.execute(
        f"""CREATE TEMP TABLE typed AS
        SELECT line, row_hash, key, is_known{results}, CASE WHEN key IS NULL THEN -1 {problems} END AS problem
        FROM (SELECT {_columns(plan)}, {line} AS line, {row_hash} AS row_hash, nullif(c{plan.links[0].column}, '') AS key,
            {is_known} AS is_known{casts} FROM {rows})"""
    )


def _columns(plan: MergePlan) -> str:
    return ", ".join(f"c{column}" for column in sorted({plan.links[0].column, *(fill.column for fill in plan.fills)}))


def _gather(cursor: Cursor, plan: MergePlan) -> None:
    """Make temp.gathered(key, line, rows, v0..): one row a key. Only keys that occur twice pay for aggregates."""
    plain = "".join(f", {_share(fill, f'v{number}')} AS v{number}" for number, fill in enumerate(plan.fills))
    folded = "".join(f", {_fold(fill, f'v{number}')} AS v{number}" for number, fill in enumerate(plan.fills))
    good = "FROM temp.typed WHERE problem IS NULL"
    cursor.execute(f"CREATE TEMP TABLE doubled AS SELECT key {good} GROUP BY key HAVING count(*) > 1")
    if not _number(cursor, "SELECT count(*) FROM temp.doubled"):
        cursor.execute(f"CREATE TEMP VIEW gathered AS SELECT key, line, 1 AS rows{plain} {good}")
        return
    cursor.execute(
        f"""CREATE TEMP VIEW gathered AS
        SELECT key, line, 1 AS rows{plain} FROM temp.typed ANTI JOIN temp.doubled USING (key) WHERE problem IS NULL
        UNION ALL
        SELECT key, min(line), count(*) AS rows{folded} FROM temp.typed SEMI JOIN temp.doubled USING (key)
        WHERE problem IS NULL GROUP BY key"""
    )


def _share(fill: Fill, value: str) -> str:
    # A known row's sum is in the profile already; its other values run again (ruling 15).
    return f"CASE WHEN is_known THEN NULL ELSE {value} END" if fill.fresh_rows_only else value


def _fold(fill: Fill, value: str) -> str:
    """Bring several rows of one profile together as ruling 10 says."""
    if fill.strategy is Strategy.SET:
        return f"arg_max({value}, line) FILTER ({value} IS NOT NULL)"
    if fill.strategy is Strategy.SET_IF_EMPTY:
        return f"arg_min({value}, line) FILTER ({value} IS NOT NULL)"
    return f"sum({_share(fill, value)})"


def _apply(cursor: Cursor, plan: MergePlan) -> tuple[int, int, int, int]:
    """Write the profiles; return rows applied, rows without a match, profiles created, profiles updated.

    Columns beside the properties begin with "_", as no property's name does.
    A new profile's id is the base plus the line of its first row: unique, and no window over all rows.
    """
    key = name_literal(plan.links[0].property)
    others = _other_properties(cursor, plan)
    fills = "".join(
        f", {values.combine(fill, f'g.v{number}', f'p.{name_literal(fill.property)}')} AS {name_literal(fill.property)}"
        for number, fill in enumerate(plan.fills)
    )
    kept = "".join(f", p.{name_literal(name)} AS {name_literal(name)}" for name in others)
    join = "LEFT JOIN" if plan.create_profiles else "JOIN"
    cursor.execute(
        f"""CREATE TEMP TABLE merged AS
        SELECT p.profile_id AS _old_id, p._rev AS _old_rev, g.rows AS _rows,
            coalesce(p.profile_id, {plan.profile_id_base} + g.line) AS profile_id,
            CAST({plan.revision} AS BIGINT) AS _rev, g.key AS {key}{fills}{kept}
        FROM temp.gathered g {join} dat.profile p ON p.{key} = g.key"""
    )
    written = ["profile_id", "_rev", plan.links[0].property, *(fill.property for fill in plan.fills), *others]
    names = ", ".join(name_literal(name) for name in written)
    cursor.execute(
        "DELETE FROM dat.profile WHERE profile_id IN (SELECT _old_id FROM temp.merged WHERE _old_id IS NOT NULL)"
    )
    cursor.execute(f"INSERT INTO dat.profile ({names}) SELECT {names} FROM temp.merged")
    good = _number(cursor, "SELECT count(*) FROM temp.typed WHERE problem IS NULL")
    row = cursor.execute(
        """SELECT coalesce(sum(_rows), 0)::BIGINT, count(*) FILTER (_old_id IS NULL),
        count(*) FILTER (_old_rev <> _rev) FROM temp.merged"""
    ).fetchone()
    applied, created, updated = row or (0, 0, 0)
    return applied, good - applied, created, updated


def _other_properties(cursor: Cursor, plan: MergePlan) -> list[str]:
    filled = {"profile_id", "_rev", plan.links[0].property.lower(), *(fill.property.lower() for fill in plan.fills)}
    return [name for name in profile_columns(cursor) if name.lower() not in filled]


def profile_columns(cursor: Cursor) -> list[str]:
    """Return the columns of dat.profile in order, the two system ones first."""
    rows = cursor.execute(
        "SELECT column_name FROM information_schema.columns "
        "WHERE table_schema = 'dat' AND table_name = 'profile' ORDER BY ordinal_position"
    ).fetchall()
    return [name for (name,) in rows]


def _is_applied(plan: MergePlan) -> str:
    """Return SQL for temp.typed: the row fits and has its profile."""
    if plan.create_profiles:
        return "problem IS NULL"
    return f"problem IS NULL AND key IN (SELECT {name_literal(plan.links[0].property)} FROM temp.merged)"


def _settle_left_out(cursor: Cursor, plan: MergePlan) -> None:
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
    left_out = f"FROM temp.typed WHERE is_known AND ({gives}) AND NOT coalesce({_is_applied(plan)}, false)"
    row = cursor.execute(f"SELECT count(*), min(line) {left_out}").fetchone()
    count, line = row or (0, 0)
    if not count:
        return
    if any(fill.fresh_rows_only for fill in plan.fills):
        message = (
            f"{count:,} rows of {plan.file_name} that are in older sums do not fit the changed mapping, the first in "
            f"line {line:,}, so a new sum would miss them. Nothing was changed: correct them or leave the new sum out."
        )
        raise SumWouldMiss(message)
    cursor.execute(f"DELETE FROM temp.known WHERE line IN (SELECT line {left_out})")


def _remember(cursor: Cursor, plan: MergePlan) -> None:
    """Bring dat.import_row to what this file holds now: rows applied, and rows known before."""
    cursor.execute(
        f"""CREATE TEMP TABLE kept AS SELECT row_hash, count(*) AS copies FROM (
            SELECT row_hash FROM temp.typed WHERE NOT is_known AND {_is_applied(plan)}
            UNION ALL SELECT row_hash FROM temp.known) GROUP BY row_hash"""
    )
    mine = "goal_id = ? AND file_name = ?"
    ids = [plan.goal_id, plan.file_name]
    if plan.known_by is None or plan.known_by != plan.remember_by:
        cursor.execute(f"DELETE FROM dat.import_row WHERE {mine}", ids)
        same = ""
    else:
        cursor.execute(
            f"""DELETE FROM dat.import_row WHERE {mine} AND row_hash IN (
                SELECT row_hash FROM (SELECT row_hash, copies FROM dat.import_row WHERE {mine})
                ANTI JOIN temp.kept USING (row_hash, copies))""",
            ids + ids,
        )
        same = " ANTI JOIN (SELECT row_hash FROM dat.import_row WHERE goal_id = ? AND file_name = ?) USING (row_hash)"
    cursor.execute(
        f"INSERT INTO dat.import_row SELECT ?, ?, row_hash, copies FROM temp.kept{same}", ids + (ids if same else [])
    )


def _mark_seen(cursor: Cursor, plan: MergePlan, counts: RunCounts) -> None:
    cursor.execute("DELETE FROM dat.file_seen WHERE goal_id = ? AND file_name = ?", [plan.goal_id, plan.file_name])
    cursor.execute(
        "INSERT INTO dat.file_seen VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, now()::TIMESTAMP)",
        [
            plan.goal_id,
            plan.file_name,
            plan.sha256,
            plan.size_bytes,
            plan.fingerprint,
            json.dumps(plan.sums),
            json.dumps(plan.lapsed_sums),
            json.dumps([plan.columns[column] for column in plan.remember_by]),
            HASH_VERSION,
            plan.run_id,
            json.dumps(values.counts_as_json(counts)),
        ],
    )


def _number(cursor: Cursor, query: str) -> int:
    row = cursor.execute(query).fetchone()
    return int(row[0]) if row else 0

"""Merges one read file into the profiles: renders a MergePlan to SQL and runs it in one transaction.

Order of things: tell fresh rows from known ones, type the values, find each row's profile, set aside what does not
fit, bring the rows of one profile together, keep what they replace (or, where that is most, the table as it was), write
what changed, remember the rows, balance the ledger. Each step is a module `merge_...` and leaves temporary tables for
the next, named in its docstring.
"""

import json

from storage.database import Cursor
from storage.records.merges import HASH_VERSION, MergePlan
from storage.records.runs import RunCounts, SkipReason
from storage.tables import (
    before_images,
    before_tables,
    merge_actions,
    merge_keys,
    merge_known,
    merge_matching,
    merge_typing,
    merge_writing,
    rejects,
    values,
)


class Unbalanced(Exception):
    """The rows that were read and the outcomes, or the profiles, do not add up; str(error) says by how many."""


class TooManyRejects(Exception):
    """A larger share of the rows was rejected than the goal allows; str(error) says how many."""


SumWouldMiss = merge_known.SumWouldMiss


def merge(cursor: Cursor, plan: MergePlan) -> RunCounts:
    """Merge one file; the caller holds the write transaction on `dat`.

    The temporary table or view `merged` is left for whoever wants to look at what was written; the next merge drops it.

    Returns:
        The counts of this file; files_taken is 1. updated counts profiles this run had not touched before.

    Raises:
        Unbalanced: The ledger does not add up; the caller rolls back.
        TooManyRejects: More rows were rejected than the goal allows; the caller rolls back.
        SumWouldMiss: Known rows that are left out this time hold values for a new sum; the caller rolls back.
    """
    drop_stage(cursor)
    (merge_keys if plan.has_keys else merge_known).find(cursor, plan)
    if plan.is_plain and not plan.known_rows_again:
        written = merge_writing.fuse(cursor, plan)
        rejected = _reject(cursor, plan)
    else:
        merge_typing.make(cursor, plan)
        _match(cursor, plan)
        rejected = _reject(cursor, plan)
        merge_writing.gather(cursor, plan)
        written = merge_writing.compute(cursor, plan)
    _write(cursor, plan, written)
    counts = RunCounts(
        read=plan.records,
        applied=written.rows,
        unchanged=_remember(cursor, plan),
        skipped=_skipped(cursor, plan, written.rows),
        rejected=rejected,
        created=written.created,
        updated=written.updated,
        files_taken=1,
    )
    if counts.missing:
        message = (
            f"Off by {abs(counts.missing):,} rows in {plan.file_name}: the run failed and changed nothing. "
            "Run it again; report the file if it stays so."
        )
        raise Unbalanced(message)
    _mark_seen(cursor, plan, counts)
    return counts


def _write(cursor: Cursor, plan: MergePlan, written: merge_writing.Written) -> None:
    if not before_tables.is_better(cursor, plan, written):
        before_images.keep(cursor, plan)
        merge_writing.write(cursor)
        return
    missing = before_images.keep_table(cursor, plan, written)
    if missing:
        message = (
            f"Off by {abs(missing):,} profiles in {plan.file_name}: the run failed and changed nothing. "
            "Run it again; report the file if it stays so."
        )
        raise Unbalanced(message)


def _match(cursor: Cursor, plan: MergePlan) -> None:
    """Find the profile of each row, and what its sums are owed, where that is not told by one identifier alone."""
    if plan.is_plain:
        return
    if plan.action is not None:
        merge_actions.type_rows(cursor, plan)
    if plan.action is not None and plan.action.changes:
        merge_actions.match_changes(cursor, plan)
        links = "".join(f", l{number} VARCHAR" for number in range(len(plan.links)))
        cursor.execute(f"CREATE TEMP TABLE identified (entity BIGINT{links})")
    else:
        merge_matching.match(cursor, plan)
        cursor.execute(
            f"UPDATE temp.typed SET problem = {merge_typing.CONFLICT} WHERE line IN (SELECT line FROM temp.conflicts)"
        )
    if plan.action is not None:
        merge_actions.check_owners(cursor, plan)
        merge_actions.owe(cursor, plan)
    elif plan.has_keys:
        merge_keys.owe(cursor, plan)


def _reject(cursor: Cursor, plan: MergePlan) -> int:
    rejects.copy_from_file(cursor, plan)
    rejects.copy_from_typing(cursor, plan)
    if not plan.is_plain:
        rejects.copy_from_matching(cursor, plan)
    rejected = rejects.count(cursor, plan.run_id, plan.file_name)
    limit = plan.rejected_percent_max
    if limit is not None and plan.records and rejected * 100 > limit * plan.records:
        raise TooManyRejects(
            f"{rejected:,} of {plan.records:,} rows of {plan.file_name} were rejected, more than {limit:g} %: nothing "
            "was merged. Mend the file or the mapping, or import it anyway."
        )
    return rejected


def _remember(cursor: Cursor, plan: MergePlan) -> int:
    """Remember the rows for the next import; return how many were unchanged since the last one."""
    known = "SELECT count(*) FROM temp.known"
    if plan.has_keys:
        merge_keys.remember(cursor, plan)
        if plan.action is not None:
            merge_actions.write(cursor, plan)
        return _number(cursor, known)
    merge_known.settle_left_out(cursor, plan)
    unchanged = 0 if plan.known_rows_again else _number(cursor, known)
    merge_known.remember(cursor, plan)
    return unchanged


def _skipped(cursor: Cursor, plan: MergePlan, applied: int) -> dict[str, int]:
    good = _number(cursor, "SELECT count(*) FROM temp.typed WHERE problem IS NULL")
    why = SkipReason.NO_ACTION if plan.action is not None and plan.action.changes else SkipReason.NO_MATCH
    found = {why.value: good - applied}
    if plan.has_keys:
        found[SkipReason.SUPERSEDED.value] = _number(cursor, "SELECT count(*) FROM temp.superseded")
    return {reason: number for reason, number in found.items() if number}


def drop_stage(cursor: Cursor) -> None:
    """Remove what the last merge of this cursor left behind."""
    for kind, column in (("VIEW", "view_name"), ("TABLE", "table_name")):
        found = cursor.execute(
            f"SELECT {column} FROM duckdb_{kind.lower()}s() WHERE temporary AND NOT internal"
        ).fetchall()
        for (name,) in found:
            cursor.execute(f"DROP {kind} temp.{name}")


def _mark_seen(cursor: Cursor, plan: MergePlan, counts: RunCounts) -> None:
    cursor.execute("DELETE FROM dat.file_seen WHERE goal_id = ? AND file_name = ?", [plan.goal_id, plan.file_name])
    cursor.execute(
        "INSERT INTO dat.file_seen VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, now()::TIMESTAMP, NULL)",
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

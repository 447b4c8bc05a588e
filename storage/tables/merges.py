"""Merges one read file into the profiles: renders a MergePlan to SQL and runs it in one transaction.

Order of things: tell fresh rows from known ones, type the values, find each row's profile, set aside what does not
fit, bring the rows of one profile together, keep what they replace, write what changed, remember the rows, balance
the ledger. Each step is a module `merge_...` and leaves temporary tables for the next, named in its docstring.
"""

import json

from storage.database import Cursor
from storage.records.merges import HASH_VERSION, MergePlan
from storage.records.runs import RunCounts, SkipReason
from storage.tables import changes, merge_known, merge_typing, merge_writing, rejects, values


class Unbalanced(Exception):
    """The rows that were read and the outcomes do not add up; str(error) says by how many."""


class TooManyRejects(Exception):
    """A larger share of the rows was rejected than the goal allows; str(error) says how many."""


SumWouldMiss = merge_known.SumWouldMiss
_STAGE = ("marked", "known", "typed", "doubled", "merged", "kept", "matched", "identified", "conflicts", "superseded")
_MORE_STAGE = ("acts", "action_problems", "owed", "owed_others", "keys_before", "differing")


def merge(cursor: Cursor, plan: MergePlan) -> RunCounts:
    """Merge one file; the caller holds the write transaction on `dat`.

    The temporary table `merged` is left for whoever wants to look at what was written; the next merge drops it.

    Returns:
        The counts of this file; files_taken is 1. updated counts profiles this run had not touched before.

    Raises:
        Unbalanced: The ledger does not add up; the caller rolls back.
        TooManyRejects: More rows were rejected than the goal allows; the caller rolls back.
        SumWouldMiss: Known rows that are left out this time hold values for a new sum; the caller rolls back.
    """
    drop_stage(cursor)
    merge_known.find(cursor, plan)
    merge_typing.make(cursor, plan)
    rejects.copy_from_file(cursor, plan)
    rejects.copy_from_typing(cursor, plan)
    rejected = rejects.count(cursor, plan.run_id, plan.file_name)
    _check_share(plan, rejected)
    merge_writing.gather(cursor, plan)
    written = merge_writing.compute(cursor, plan)
    changes.keep(cursor, plan)
    merge_writing.write(cursor)
    merge_known.settle_left_out(cursor, plan)
    unchanged = 0 if plan.known_rows_again else _number(cursor, "SELECT count(*) FROM temp.known")
    merge_known.remember(cursor, plan)
    good = _number(cursor, "SELECT count(*) FROM temp.typed WHERE problem IS NULL")
    skipped = {SkipReason.NO_MATCH.value: good - written.rows}
    counts = RunCounts(
        read=plan.records,
        applied=written.rows,
        unchanged=unchanged,
        skipped={reason: number for reason, number in skipped.items() if number},
        rejected=rejected,
        created=written.created,
        updated=written.updated,
        files_taken=1,
    )
    if counts.missing:
        message = f"Off by {abs(counts.missing):,} rows in {plan.file_name}: the run failed and changed nothing."
        raise Unbalanced(message)
    _mark_seen(cursor, plan, counts)
    return counts


def drop_stage(cursor: Cursor) -> None:
    """Remove what the last merge of this cursor left behind."""
    cursor.execute("DROP VIEW IF EXISTS temp.gathered")
    for table in (*_STAGE, *_MORE_STAGE):
        cursor.execute(f"DROP TABLE IF EXISTS temp.{table}")


def _check_share(plan: MergePlan, rejected: int) -> None:
    limit = plan.rejected_percent_max
    if limit is not None and plan.records and rejected * 100 > limit * plan.records:
        raise TooManyRejects(
            f"{rejected:,} of {plan.records:,} rows of {plan.file_name} were rejected, more than {limit:g} %: nothing "
            "was merged. Mend the file or the mapping, or import it anyway."
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

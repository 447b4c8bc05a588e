"""Turns a goal and what the last import left into the plan of a merge: which rows run, for which mappings."""

import hashlib
import json
from collections.abc import Mapping as ReadOnly
from dataclasses import asdict, dataclass, field, replace

from engine.base import errors, limits
from engine.mapping import actions, checks, strategies
from storage.records.connections import DataType
from storage.records.files import FileReading
from storage.records.goals import USUAL_VALUES, ImportGoal, Mapping, MatchRule, PropertyType, Strategy
from storage.records.merges import FileSeen, Fill, Link, MergePlan


@dataclass(frozen=True)
class Attempt:
    """Which run merges which file: ids that the plan carries through.

    limits_waived: a person wants the file imported although a limit stopped it. changes_path, changes_key: see
    MergePlan. remembers_later: the caller keeps accepted rows until they are remembered. compares_later: the caller
    sees to it that what was replaced is compared. data_type: of the connection, which says whether rows are actions.
    held: the types of the properties that are there, by lower-case name.
    """

    run_id: str
    revision: int
    profile_id_base: int
    file_name: str
    limits_waived: bool = False
    changes_path: str | None = None
    changes_key: str = ""
    remembers_later: bool = False
    compares_later: bool = False
    data_type: DataType | None = None
    held: ReadOnly[str, PropertyType] = field(default_factory=dict)


def fingerprint(goal: ImportGoal) -> str:
    """Return a mark of everything in the goal that can change what a row does; folder and pattern cannot."""
    said: list[object] = [
        [goal.format.separator, goal.format.header, goal.format.encoding],
        [[link.field, link.property] for link in goal.identifiers],
        goal.create_profiles,
        [[m.field, m.property, m.type.value, m.strategy.value, m.format] for m in goal.mappings],
    ]
    # What is as it always was is left out: a goal keeps its mark when Handoff learns something new.
    rare = [goal.format.quote, goal.format.escape, goal.format.preamble_lines, goal.format.header_lines]
    rest = [
        rare if rare != [None, None, 0, 1] else None,
        asdict(goal.values) if goal.values != USUAL_VALUES else None,
        [m.clears for m in goal.mappings] if any(m.clears for m in goal.mappings) else None,
        goal.match.value if goal.match is not MatchRule.IN_ORDER else None,
        list(goal.row_key) or None,
        asdict(goal.action) if goal.action else None,
    ]
    said += [rest] if any(part is not None for part in rest) else []
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]


def sum_fingerprint(goal: ImportGoal, mapping: Mapping) -> str:
    """Return the mark of one accumulating mapping: field, property, strategy, type (ruling 15).

    The identifiers belong to it: sums went to the profiles that they pointed to.
    """
    links = [part for link in goal.identifiers for part in (link.field, link.property)]
    return json.dumps([mapping.field, mapping.property, mapping.strategy.value, mapping.type.value, *links])


def make(goal: ImportGoal, reading: FileReading, seen: FileSeen | None, attempt: Attempt) -> MergePlan:
    """Plan the merge of one read file.

    Raises:
        MendData: The header lacks a column the goal needs, or the column by which earlier rows were
            recognised is gone while sums depend on it.
    """
    columns = reading.columns
    missing = checks.missing_columns(goal, columns)
    if missing:
        raise errors.MendData(
            f"{attempt.file_name} has no column {', '.join(missing)}; it has {', '.join(columns[:12])}. "
            "Nothing was changed: correct the file or the mapping."
        )
    number = {name: position for position, name in enumerate(columns)}
    used = sorted({*(link.field for link in goal.identifiers), *(mapping.field for mapping in goal.mappings)})
    mark = fingerprint(goal)
    sums = {sum_fingerprint(goal, mapping): mapping for mapping in goal.mappings if mapping.strategy in strategies.ONCE}
    action = actions.plan(goal, attempt.data_type, number) if attempt.data_type else None
    if goal.row_key or action is not None:
        # With a key a sum follows by the difference, whatever was in between.
        seen = None
    old_sums = set(seen.sums) if seen else set()
    _refuse_lapsed(seen, sums)
    has_old_sums = any(mark in old_sums for mark, mapping in sums.items() if mapping.strategy is Strategy.SUM)
    known_by = _known_by(seen, number, attempt.file_name, has_old_sums=has_old_sums)
    full = frozenset(reading.full_columns)
    is_large = reading.records >= limits.REMEMBERED_LATER_ROWS_MIN
    return MergePlan(
        run_id=attempt.run_id,
        goal_id=goal.goal_id,
        file_name=attempt.file_name,
        sha256=reading.sha256,
        size_bytes=reading.size_bytes,
        accepted_path=reading.accepted_path,
        rejects_path=reading.rejects_path,
        columns=columns,
        separator=reading.separator,
        records=reading.records,
        links=tuple(Link(number[link.field], link.field, link.property) for link in goal.identifiers),
        create_profiles=goal.create_profiles,
        fills=tuple(
            replace(_fill(goal, mapping, number, attempt, old_sums), is_full=number[mapping.field] in full)
            for mapping in goal.mappings
        ),
        known_by=known_by,
        remember_by=tuple(number[name] for name in used),
        known_rows_again=seen is not None and seen.applied_by != mark,
        fingerprint=mark,
        sums=tuple(sorted(sums)),
        lapsed_sums=tuple(sorted((old_sums | set(seen.lapsed_sums if seen else ())) - set(sums))),
        revision=attempt.revision,
        profile_id_base=attempt.profile_id_base,
        action=action,
        match=goal.match,
        row_key=tuple(number[name] for name in goal.row_key),
        goal_version=goal.version,
        rejected_percent_max=None if attempt.limits_waived else goal.rejected_percent_max,
        shrink_percent_max=None if attempt.limits_waived else goal.shrink_percent_max,
        changes_path=attempt.changes_path,
        changes_key=attempt.changes_key,
        remembers_later=attempt.remembers_later and is_large,
        compares_later=attempt.compares_later and is_large,
    )


def _fill(goal: ImportGoal, mapping: Mapping, number: ReadOnly[str, int], attempt: Attempt, old_sums: set[str]) -> Fill:
    mark = sum_fingerprint(goal, mapping) if mapping.strategy in strategies.ONCE else ""
    return Fill(
        column=number[mapping.field],
        field=mapping.field,
        property=mapping.property,
        type=mapping.type,
        strategy=mapping.strategy,
        format=_format(goal, mapping),
        fresh_rows_only=mark in old_sums,
        values=goal.values,
        clears=mapping.clears,
        holds=attempt.held.get(mapping.property.lower()),
        mark=mark,
    )


def _format(goal: ImportGoal, mapping: Mapping) -> str | None:
    """Return the pattern that a mapping reads dates by: its own, or the goal's."""
    usual = {PropertyType.DATE: goal.values.date, PropertyType.DATE_TIME: goal.values.date_time}
    return mapping.format or usual.get(mapping.type)


def _refuse_lapsed(seen: FileSeen | None, sums: dict[str, Mapping]) -> None:
    # Rows that came while the sum was out are known but not in it; nobody can tell them apart any more.
    for mark in sums if seen else ():
        mapping = sums[mark]
        if seen is not None and mark in seen.lapsed_sums and mapping.strategy is Strategy.SUM:
            raise errors.MendData(
                f"The sum of {mapping.field} into {mapping.property} was taken out and put back; rows imported "
                "in between cannot be told from the others. Nothing was changed: sum into a new property."
            )


def _known_by(
    seen: FileSeen | None, number: dict[str, int], file_name: str, *, has_old_sums: bool
) -> tuple[int, ...] | None:
    if seen is None:
        return None
    gone = [name for name in seen.hash_columns if name not in number]
    if not gone:
        return tuple(number[name] for name in seen.hash_columns)
    if has_old_sums:
        raise errors.MendData(
            f"{file_name} no longer has the column {', '.join(gone)}, by which rows imported before were "
            "recognised, and a sum would count them twice. Nothing was changed: bring the column back."
        )
    return None

"""Takes a run back: profiles as they were, what imports remembered, and actions; refused where others built on it.

The files of the run stay known as they are, so that none is imported again by itself; a change of a file or of its
goal imports it anew, as if the run had never been.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.base import clock, errors
from engine.flows import queue, remembering
from engine.flows.desk import Desk
from engine.flows.watch import Watch
from storage.database import Cursor
from storage.tables import audiences, before_images, changes, reverts, to_remember
from storage.tables.before_images import Image
from storage.tables.changes import Change


@dataclass(frozen=True)
class Hindrance:
    """Why a run cannot be taken back. values: (profile id, property) that a later run set again, the first of them."""

    sentence: str
    run_numbers: tuple[int, ...] = ()
    values: tuple[tuple[int, str], ...] = ()


def hindrances(desk: Desk, run_id: str) -> list[Hindrance]:
    """Return why a run cannot be reverted now; empty where it can."""
    with desk.database.snapshot() as cursor:
        return _hindrances(desk, cursor, run_id)


def revert(desk: Desk, arguments: dict[str, Any], watch: Watch) -> dict[str, Any]:
    """Take a run back, whole or not at all; a kind of job.

    Args:
        desk: The open home.
        arguments: {"run_id", "by": who wants it}.
        watch: Of this job.

    Returns:
        {"profiles": how many were put back or removed, "actions": how many, "files": [names]}.

    Raises:
        GiveUp: A later run built on it, or what it replaced is not kept any more; nothing was changed.
    """
    run_id = arguments["run_id"]
    watch.stop_if_cancelled()
    with desk.database.write("dat") as cursor:
        profiles, names = 0, list[str]()
        standing = _standing(cursor, run_id)
        remembering.compare(desk, cursor)
        # Where none stands, a kill came after the commit: what follows it is done again.
        found = _hindrances(desk, cursor, run_id) if standing else []
        if found:
            raise errors.GiveUp(found[0].sentence)
        for image in reversed(_images(desk, cursor, standing)):
            change = image.change
            to_remember.forget(cursor, str(change.spool_key))
            profiles += reverts.take_back(cursor, image)
            reverts.take_back_rows(cursor, change, _path(desk, change))
            names.append(change.file_name)
        actions = reverts.take_back_actions(cursor, run_id) if standing else 0
        watch.stop_if_cancelled()
        changes.mark_reverted(cursor, run_id, arguments["by"], clock.now())
    for change in standing:
        desk.spool.accepted_rows(str(change.spool_key)).unlink(missing_ok=True)
    with desk.database.write("ctl") as cursor:
        for audience in audiences.listed(cursor):
            queue.add_recompute(cursor, audience.audience_id, "revert")
    return {"profiles": profiles, "actions": actions, "files": names[::-1]}


def _standing(cursor: Cursor, run_id: str) -> list[Change]:
    return [change for change in changes.of_run(cursor, run_id) if change.reverted_at is None]


def _path(desk: Desk, change: Change) -> Path:
    return desk.spool.path(str(change.spool_key))


def _images(desk: Desk, cursor: Cursor, found: list[Change]) -> list[Image]:
    kept = [(change, desk.spool.replaced(change.spool_key)) for change in found if change.spool_key is not None]
    return before_images.images(cursor, kept)


def _hindrances(desk: Desk, cursor: Cursor, run_id: str) -> list[Hindrance]:
    all_of_it = changes.of_run(cursor, run_id)
    mine = [change for change in all_of_it if change.reverted_at is None]
    if all_of_it and not mine:
        return [Hindrance("This run was reverted already.")]
    if not mine:
        return [Hindrance("This run changed nothing that could be taken back.")]
    kept = _images(desk, cursor, mine)
    if len(kept) < len(mine):
        return [
            Hindrance("Cannot revert: what this run replaced is not kept any more. Bring the values back by an import.")
        ]
    later = [change for change in changes.after(cursor, mine[0].position) if change.run_id != run_id]
    same = [*_same_files(mine, later), *_same_values(cursor, kept, _images(desk, cursor, later))]
    return [
        *same,
        *_same_profiles(cursor, kept, later, {number for item in same for number in item.run_numbers}),
        *_same_keys(desk, cursor, mine, run_id),
    ]


def _same_files(mine: list[Change], later: list[Change]) -> list[Hindrance]:
    """A file that was imported again since stands on what this run remembered of it."""
    found = []
    for change in mine:
        again = [item for item in later if (item.goal_id, item.file_name) == (change.goal_id, change.file_name)]
        if again and not change.has_keys:
            numbers = tuple(dict.fromkeys(item.run_number for item in again))
            found.append(
                Hindrance(
                    f"Cannot revert: run {numbers[-1]} imported {change.file_name} again. Revert that one first.",
                    numbers,
                )
            )
    return found


def _same_values(cursor: Cursor, mine: list[Image], later: list[Image]) -> list[Hindrance]:
    counts: dict[int, int] = {}
    values: dict[int, tuple[tuple[int, str], ...]] = {}
    for image in mine:
        for item in later:
            found = reverts.overlaps(cursor, image, item) if item.change.position > image.change.position else None
            if found is not None:
                counts[found.run_number] = counts.get(found.run_number, 0) + found.count
                values[found.run_number] = values.get(found.run_number, ()) + found.values
    return [
        Hindrance(
            f"Cannot revert: run {number} changed {count:,} of the same values. Revert that one first.",
            (number,),
            values[number],
        )
        for number, count in sorted(counts.items(), reverse=True)
    ]


def _same_profiles(cursor: Cursor, mine: list[Image], later: list[Change], named: set[int]) -> list[Hindrance]:
    """Rows of a later run belong to a profile that this one made, though they changed nothing in it."""
    numbers = sorted({item.run_number for item in later} - named)
    counts: Counter[int] = Counter()
    for image in mine if numbers else ():
        counts.update(reverts.met_again(cursor, image, numbers))
    return [
        Hindrance(
            f"Cannot revert: run {number} has rows of profiles that this run made ({count:,}). Revert that one first.",
            (number,),
        )
        for number, count in sorted(counts.items(), reverse=True)
    ]


def _same_keys(desk: Desk, cursor: Cursor, mine: list[Change], run_id: str) -> list[Hindrance]:
    rows = 0
    for change in mine:
        if change.has_keys:
            path = _path(desk, change)
            rows += reverts.keys_changed_since(cursor, path.with_name(f"{path.name}.keys.parquet"))
    found = (
        [Hindrance(f"Cannot revert: {rows:,} of its rows were imported again since. Revert the later runs first.")]
        if rows
        else []
    )
    steps = reverts.later_steps(cursor, run_id)
    return found + (
        [Hindrance(f"Cannot revert: {steps:,} of its actions were changed again since. Revert the later runs first.")]
        if steps
        else []
    )

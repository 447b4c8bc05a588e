"""Reads and merges the files of a goal that wait, in the order in which they came, and accounts for every row.

A file goes from queued to in progress and from there to its end, which is written after its merge is committed: what
a kill leaves in between is settled by the next start from the marker that the merge left.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from engine.base import clock, errors, ids
from engine.files import reading as files
from engine.flows import answering, merging, remembering, ticks
from engine.flows.desk import Desk
from engine.flows.work import MERGE, READ, Work, added
from engine.mapping import plan
from engine.transfer import patterns
from storage.database import Cursor, StorageFault, ValueTooLarge
from storage.records.exchange import ERRORS_COLUMNS, MENDED_PREFIX, TRACE_COLUMN, FileState, HandedFile
from storage.records.files import FileReading
from storage.records.goals import ImportGoal
from storage.records.runs import RunCounts, SkipReason
from storage.tables import exchange, files_seen, to_remember

UNCHANGED = "It has the content of the last import; nothing was imported again."


def settle(desk: Desk, connection_id: str, lost: errors.HandoffError | None = None) -> None:
    """Bring files that a run left in progress to where they are: merged, or still to be read.

    Args:
        desk: The open home.
        connection_id: Whose; no run of it goes.
        lost: Why such a file is not tried again; None queues it.
    """
    with desk.database.read() as cursor:
        left = exchange.in_state(cursor, connection_id, FileState.IN_PROGRESS)
    for file in left:
        counts = _committed(desk, file)
        with desk.database.write("ctl") as cursor:
            if counts is not None:
                _end(cursor, file, FileState.COMPLETE, None, counts)
            elif lost is not None:
                _end(cursor, file, FileState.FAILED, str(lost))
            else:
                exchange.move(cursor, file.file_id, FileState.QUEUED)
        if counts is not None or lost is not None:
            answering.result(desk, file.file_id)


def _committed(desk: Desk, file: HandedFile) -> RunCounts | None:
    """Return the counts of a file whose merge was committed by the run that has it in progress."""
    if file.run_id is None or file.goal_id is None:
        return None
    with desk.database.read() as cursor:
        seen = files_seen.last(cursor, file.goal_id, file.read_as)
        counts = files_seen.counts_of_run(cursor, file.run_id).get((file.goal_id, file.read_as))
    # A run merges one file of a name, so this is the one.
    return counts if seen is not None and seen.sha256 == file.sha256 else None


def take_up(work: Work, goals: Sequence[ImportGoal]) -> None:
    """Begin with what an earlier attempt of this run came to before it was cut off; each waiting file has a goal.

    Args:
        work: The run.
        goals: All goals of its connection, ticked or not.
    """
    settle(work.desk, work.connection.connection_id)
    _give_goals(work, goals)
    with work.desk.database.read() as cursor:
        committed = files_seen.counts_of_run(cursor, work.run.run_id)
        of_run = exchange.of_run(cursor, work.run.run_id)
    for counts in committed.values():
        work.counts = added(work.counts, counts)
    for file in of_run:
        if file.state is FileState.COMPLETE and (file.goal_id, file.read_as) not in committed:
            work.counts = added(work.counts, RunCounts(files_unchanged=1))
        if file.state is FileState.FAILED:
            work.failures.append(errors.MendData(str(file.reason)))
        if file.state in _ENDED:
            answering.result(work.desk, file.file_id)


def _give_goals(work: Work, goals: Sequence[ImportGoal]) -> None:
    """Give files whose goal was taken away since they came to another one; where none takes them they fail.

    Those of a goal that is not ticked wait for it.
    """
    with work.desk.database.read() as cursor:
        waiting = exchange.in_state(cursor, work.connection.connection_id, FileState.QUEUED)
    for file in waiting:
        if file.goal_id in {goal.goal_id for goal in goals}:
            continue
        fits = [goal for goal in ticks.ticked_first(goals) if patterns.matches(goal.files, file.name, goal.files_kind)]
        with work.desk.database.write("ctl") as cursor:
            if fits:
                exchange.set_goal(cursor, file.file_id, fits[0].goal_id)
            else:
                _end(cursor, file, FileState.FAILED, f"No goal of {work.connection.name} takes {file.name} any more.")
        if not fits:
            answering.result(work.desk, file.file_id)


def take(work: Work, goal: ImportGoal, folder: Path, base: int) -> None:
    """Read and merge each file of the goal that waits, in the order in which they came; a bad one stops only itself.

    A run takes one file of a name: a second version waits for the next run, and all that came after it.
    """
    with work.desk.database.read() as cursor:
        queued = exchange.in_state_of_goal(cursor, goal.goal_id, FileState.QUEUED)
        names = exchange.names_of_run(cursor, work.run.run_id, _ENDED)
    for number, file in enumerate(queued):
        if file.name in names:
            return
        names.add(file.name)
        work.watch.stop_if_cancelled()
        _take_one(work, goal, file, folder / f"{number}.read", base)


_ENDED = (FileState.COMPLETE, FileState.FAILED)


def _take_one(work: Work, goal: ImportGoal, file: HandedFile, folder: Path, base: int) -> None:
    with work.desk.database.write("ctl") as cursor:
        exchange.move(cursor, file.file_id, FileState.IN_PROGRESS, run_id=work.run.run_id, reason=file.reason)
    try:
        counts = _import(work, goal, file, folder, base)
    except (errors.Cancelled, errors.ServiceStopping, errors.TryAgain, StorageFault, OSError):
        # Nothing was changed, and nothing is wrong with the file.
        with work.desk.database.write("ctl") as cursor:
            exchange.move(cursor, file.file_id, FileState.QUEUED, reason=file.reason)
        raise
    except errors.HandoffError as error:
        _fail(work, file, error)
        if not isinstance(error, errors.MendData):
            raise
        work.stages.fail(str(error))
        work.failures.append(error)
        return
    work.desk.spool.discard(folder)
    work.counts = added(work.counts, counts)
    with work.desk.database.write("ctl") as cursor:
        _end(cursor, file, FileState.COMPLETE, UNCHANGED if counts.files_unchanged else None, counts)
    answering.result(work.desk, file.file_id)


def _fail(work: Work, file: HandedFile, error: errors.HandoffError) -> None:
    with work.desk.database.write("ctl") as cursor:
        _end(cursor, file, FileState.FAILED, str(error))
        exchange.stop_by_limit(cursor, file.file_id, is_stopped=error.category is errors.Category.LIMIT)
    if file.reason != str(error):
        # Told once: a file that lies at the server as it was fails again at each run.
        answering.result(work.desk, file.file_id)


def _end(
    cursor: Cursor, file: HandedFile, state: FileState, reason: str | None, counts: RunCounts | None = None
) -> None:
    # Never before it came, whatever the clock did.
    ended_at = max(clock.now(), file.first_seen_at + timedelta(microseconds=1))
    exchange.move(cursor, file.file_id, state, reason=reason, ended_at=ended_at)
    if counts is not None:
        exchange.set_counts(cursor, file.file_id, counts.read, counts.applied + counts.unchanged, counts.rejected)


def _import(work: Work, goal: ImportGoal, file: HandedFile, folder: Path, base: int) -> RunCounts:
    if _is_as_it_was(work, goal, file):
        return RunCounts(files_unchanged=1)
    reading = _read(work, goal, file, folder, base)
    # Only its rows say which run a mended file is for, and with that as what it is remembered.
    file = _with_trace(work, goal, file, reading)
    return RunCounts(files_unchanged=1) if _is_as_it_was(work, goal, file) else _merge(work, goal, file, reading, base)


def _is_as_it_was(work: Work, goal: ImportGoal, file: HandedFile) -> bool:
    """Say whether the last import of this file had the same content under the same goal."""
    with work.desk.database.read() as cursor:
        seen = files_seen.last(cursor, goal.goal_id, file.read_as)
    return seen is not None and (seen.sha256, seen.fingerprint) == (file.sha256, plan.fingerprint(goal))


def _read(work: Work, goal: ImportGoal, file: HandedFile, folder: Path, base: int) -> FileReading:
    stages, source = work.stages, work.desk.spool.path(file.spool_key or "")
    stages.begin(base + READ, "Read and check", "bytes", file.size_bytes)
    if file.spool_key is None or not source.is_file():
        raise errors.MendData(f"The content of {file.name} is not in the spool any more; have it sent again.")
    folder.mkdir()
    reading = files.read_in_worker(
        source,
        folder,
        goal.format,
        lambda said: stages.advance(said["done"], said["total"]),
        work.watch.is_cancelled,
        file.name,
    )
    if reading.sha256 != file.sha256:
        raise errors.GiveUp(f"{file.name} changed in the spool between fetch and reading; run again.")
    separator = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}.get(reading.separator, reading.separator)
    notes = "".join(f" · {note}" for note in reading.notes)
    rejected = f" · {reading.rejected:,} set aside" if reading.rejected else ""
    stages.finish(f"{file.name}: {reading.encoding} · {separator} · {reading.records:,} rows{rejected}{notes}")
    return reading


def _is_mended(file: HandedFile) -> bool:
    return file.name.casefold().startswith(MENDED_PREFIX)


def _with_trace(work: Work, goal: ImportGoal, file: HandedFile, reading: FileReading) -> HandedFile:
    """Return the file with the run whose rejects it mends, by the trace in it where a person has not said so."""
    if not _is_mended(file) or file.mends_run_id is not None:
        return file
    named = [number for number, name in enumerate(reading.columns) if name.casefold() == TRACE_COLUMN]
    if not goal.format.header:
        # Without a header our columns are the last ones.
        named = [len(reading.columns) - len(ERRORS_COLUMNS) + ERRORS_COLUMNS.index(TRACE_COLUMN)]
    if not named or named[0] < 0:
        return file
    with work.desk.database.read() as cursor:
        trace = exchange.value_of_first_row(cursor, reading.accepted_path, named[0])
        mended = exchange.by_trace(cursor, trace.strip()) if trace else None
    if mended is None or mended.run_id is None or mended.connection_id != file.connection_id:
        return file
    with work.desk.database.write("ctl") as cursor:
        exchange.set_mends(cursor, file.file_id, mended.run_id)
    return replace(file, mends_run_id=mended.run_id)


_SKIPPED = (
    (SkipReason.NO_MATCH, "rows without a profile"),
    (SkipReason.SUPERSEDED, "rows that a later one replaces"),
    (SkipReason.NO_ACTION, "rows without an action"),
)


def _merge(work: Work, goal: ImportGoal, file: HandedFile, reading: FileReading, base: int) -> RunCounts:
    work.stages.begin(base + MERGE, "Match and merge", "rows", reading.records)
    desk, key = work.desk, work.desk.spool.change_key(work.run.run_id, ids.ulid())
    try:
        with desk.database.write("dat") as cursor:
            remembering.compare(desk, cursor)
            attempt = plan.Attempt(
                run_id=work.run.run_id,
                revision=work.run.number,
                # Numbered in its turn to write: two imports numbered at once could give two profiles one id.
                profile_id_base=ids.profile_id_base(),
                file_name=file.read_as,
                limits_waived=file.limits_waived_by is not None,
                changes_path=str(desk.spool.path(key)),
                changes_key=key,
                remembers_later=True,
                # Another file of the goal would only have to wait for it.
                compares_later=not exchange.in_state_of_goal(cursor, goal.goal_id, FileState.QUEUED),
            )
            settled = [
                desk.spool.accepted_rows(item.spool_key)
                for item in to_remember.of_file(cursor, goal.goal_id, file.read_as)
            ]
            _, counts = merging.merge(desk, cursor, work.connection, goal, reading, attempt)
            work.watch.stop_if_cancelled()
    except BaseException as error:
        desk.spool.remove_change(key)
        if isinstance(error, ValueTooLarge):
            raise merging.large(file.name, error) from error
        raise
    for path in settled:
        path.unlink(missing_ok=True)
    said = [f"{counts.created:,} profiles created", f"{counts.updated:,} updated"]
    said += [f"{counts.unchanged:,} rows unchanged"] if counts.unchanged else []
    said += [f"{counts.skipped[reason]:,} {words}" for reason, words in _SKIPPED if reason in counts.skipped]
    said += [f"{counts.rejected:,} rows rejected"] if counts.rejected else []
    work.stages.finish(" · ".join(said))
    return counts

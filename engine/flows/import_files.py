"""The import: fetch the files of each goal, read them, merge what changed, and account for every row.

Reads like the help article "Setting an Import goal". Claim, act, record: each file is merged in one
transaction that also leaves the marker of having been taken, so a run that was killed goes on where it
stopped and counts nothing twice.
"""

import dataclasses
from collections import Counter
from pathlib import Path
from typing import Any

from engine.base import clock, errors, ids, log, workers
from engine.files import reading as files
from engine.flows import audiences, places, queue
from engine.flows.desk import Desk
from engine.flows.watch import Stages, Watch
from engine.mapping import checks, plan
from engine.transfer import client
from engine.transfer.transport import NotFetched
from storage.database import StorageFault, StorageFull, ValueTooLarge
from storage.records.connections import Connection, ConnectionState
from storage.records.files import FetchedFile, FileReading
from storage.records.goals import ImportGoal
from storage.records.runs import Run, RunCounts, RunState
from storage.tables import audiences as audiences_table
from storage.tables import connections, files_seen, goals, merges, profiles, runs

_FETCH, _READ, _MERGE = 1, 2, 3


@dataclasses.dataclass
class Work:
    """One run while it goes: what it works with, and what it has come to so far, changed in place by the steps."""

    desk: Desk
    run: Run
    connection: Connection
    stages: Stages
    watch: Watch
    counts: RunCounts = dataclasses.field(default_factory=RunCounts)
    failures: list[errors.HandoffError] = dataclasses.field(default_factory=list)


def run_connection(desk: Desk, arguments: dict[str, Any], watch: Watch) -> dict[str, Any]:
    """Carry out one run to its recorded end: completed, failed or cancelled.

    Args:
        desk: The open home.
        arguments: {"run_id"}.
        watch: Of this job.

    Returns:
        The counts, in the shape that `run NAME --json` promises.

    Raises:
        HandoffError: The run failed or was cancelled; it is recorded already.
    """
    run_id = arguments["run_id"]
    with desk.database.write("ctl") as cursor:
        runs.start(cursor, run_id, clock.now())
    run, connection = _load(desk, run_id)
    work = Work(desk, run, connection, Stages(desk, run_id), watch)
    try:
        watch.stop_if_cancelled()
        _import_goals(work)
        _see_to_audiences(work)
        if work.failures:
            raise _joined(work.failures)
    except errors.ServiceStopping:
        raise
    except (errors.HandoffError, StorageFault, OSError) as error:
        expected = _as_expected(error, work.counts)
        work.stages.fail(str(expected))
        _record_failure(desk, run_id, work.counts, expected)
        raise expected from error
    with desk.database.write("ctl") as cursor:
        runs.end(cursor, run_id, RunState.COMPLETED, work.counts, clock.now(), None)
        now_there = connections.by_id(cursor, connection.connection_id)
        if now_there is not None and now_there.state is ConnectionState.PAUSED:
            connections.set_state(cursor, connection.connection_id, ConnectionState.ON, None, clock.now())
    return work.counts.as_contract()


def end_if_open(desk: Desk, arguments: dict[str, Any], error: errors.HandoffError) -> None:
    """Record the failure of a run that could not do so itself: cut off too often, or stopped by a fault of ours."""
    with desk.database.read() as cursor:
        run = runs.by_id(cursor, arguments["run_id"])
        committed = files_seen.counts_of_run(cursor, arguments["run_id"]).values()
    if run is not None and run.ended_at is None:
        counts = RunCounts()
        for of_file in committed:
            counts = added(counts, of_file)
        _record_failure(desk, run.run_id, counts, error)


def _as_expected(error: Exception, counts: RunCounts) -> errors.HandoffError:
    if isinstance(error, StorageFull):
        return errors.OutOfSpace(str(error))
    if isinstance(error, errors.Cancelled) and counts.files_taken:
        files = "one file was" if counts.files_taken == 1 else f"{counts.files_taken:,} files were"
        return errors.Cancelled(f"Cancelled by a person; {files} merged before, nothing after.")
    if isinstance(error, errors.HandoffError):
        return error
    if isinstance(error, OSError):
        return workers.as_storage_error(error)
    return errors.GiveUp(str(error), errors.Category.STORAGE)


def _load(desk: Desk, run_id: str) -> tuple[Run, Connection]:
    with desk.database.read() as cursor:
        run = runs.by_id(cursor, run_id)
        connection = connections.by_id(cursor, run.connection_id) if run else None
    if run is None or connection is None:
        raise errors.GiveUp("This run's connection is not there any more.")
    return run, connection


def _import_goals(work: Work) -> None:
    with work.desk.database.read() as cursor:
        wanted = goals.of_connection(cursor, work.connection.connection_id)
        known = profiles.properties(cursor)
    for goal in wanted:
        # A schedule starts runs without asking whether the mapping is done.
        for problem in checks.problems(goal, known)[:1]:
            raise errors.MendData(f"Map columns first: {problem}")
    folder = work.desk.spool.work_folder(work.run.run_id)
    try:
        for number, goal in enumerate(wanted):
            base = number * _MERGE
            own = folder / str(number)
            own.mkdir()
            fetched = _fetch(work, goal, own, base)
            take(work, goal, fetched, own, base)
    finally:
        work.desk.spool.discard(folder)


def _see_to_audiences(work: Work) -> None:
    """Recompute the audiences where files were merged; one transaction each, so a kill in between loses nothing."""
    with work.desk.database.read() as cursor:
        is_needed = bool(files_seen.counts_of_run(cursor, work.run.run_id)) and bool(audiences_table.listed(cursor))
    if not is_needed:
        return
    with work.desk.database.read() as cursor:
        position = len(goals.of_connection(cursor, work.connection.connection_id)) * _MERGE + 1
    work.stages.begin(position, "Audiences", "audiences")
    done = audiences.recompute_all(work.desk, work.run.number)
    changed = [
        f"{name} {found.members:,} (+{found.entered:,} -{found.left:,})"
        for name, found in done
        if found.entered or found.left
    ]
    work.stages.finish(" · ".join(changed) or "No audience changed.")


def _fetch(work: Work, goal: ImportGoal, folder: Path, base: int) -> tuple[FetchedFile, ...]:
    stages = work.stages
    stages.begin(base + _FETCH, "Fetch", "bytes")
    remote = places.of_connection(work.desk, work.connection)
    listing = client.list_folder(remote, goal.folder, goal.files, goal.files_kind, work.watch.is_cancelled)
    names = [file.name for file in sorted(listing.files, key=lambda file: (str(file.changed_at), file.name))]
    outcomes = client.fetch_files(
        remote,
        goal.folder,
        names,
        folder,
        work.desk.spool.partial_folder(goal.goal_id),
        lambda said: stages.advance(said["done"], said["total"]),
        work.watch.is_cancelled,
    )
    fetched = tuple(file for file in outcomes if isinstance(file, FetchedFile))
    for outcome in outcomes:
        if isinstance(outcome, NotFetched):
            raise outcome.error
    if not fetched:
        stages.finish(f"No file in {goal.folder} matches {goal.files}.")
        return ()
    size_bytes = sum(file.size_bytes for file in fetched)
    shown = fetched[0].name if len(fetched) == 1 else f"{len(fetched):,} files"
    stages.finish(f"{shown} · {_size(size_bytes)} · unchanged while fetched")
    return fetched


def take(work: Work, goal: ImportGoal, fetched: tuple[FetchedFile, ...], folder: Path, base: int) -> None:
    """Read and merge each file that is new or changed, in the order of their times; a bad one stops only itself."""
    mark = plan.fingerprint(goal)
    with work.desk.database.read() as cursor:
        committed = files_seen.counts_of_run(cursor, work.run.run_id)
        last = {file.name: files_seen.last(cursor, goal.goal_id, file.name) for file in fetched}
    for number, file in enumerate(fetched):
        seen = last[file.name]
        if (goal.goal_id, file.name) in committed:
            # An earlier attempt of this run got as far as this file before it was killed.
            work.counts = added(work.counts, committed[goal.goal_id, file.name])
            continue
        if seen is not None and (seen.sha256, seen.fingerprint) == (file.sha256, mark):
            work.counts = added(work.counts, RunCounts(files_unchanged=1))
            continue
        try:
            reading = _read(work, goal, file, folder, number, base)
            work.counts = added(work.counts, _merge(work, goal, file, reading, base))
            work.desk.spool.discard(folder / f"{number}.read")
        except errors.Cancelled:
            raise
        except errors.MendData as error:
            work.stages.fail(str(error))
            work.failures.append(error)


def _read(work: Work, goal: ImportGoal, file: FetchedFile, folder: Path, number: int, base: int) -> FileReading:
    stages = work.stages
    stages.begin(base + _READ, "Read and check", "bytes", file.size_bytes)
    target = folder / f"{number}.read"
    target.mkdir()
    reading = files.read_in_worker(
        named(folder / file.spool_key, file.name),
        target,
        goal.format,
        lambda said: stages.advance(said["done"], said["total"]),
        work.watch.is_cancelled,
    )
    if reading.sha256 != file.sha256:
        raise errors.GiveUp(f"{file.name} changed in the spool between fetch and reading; run again.")
    separator = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}.get(reading.separator, reading.separator)
    notes = "".join(f" · {note}" for note in reading.notes)
    rejected = f" · {reading.rejected:,} set aside" if reading.rejected else ""
    stages.finish(f"{file.name}: {reading.encoding} · {separator} · {reading.records:,} rows{rejected}{notes}")
    return reading


def named(local: Path, name: str) -> Path:
    """Give a fetched file its own name, in a folder of its own, so that sentences can say it; return where it is."""
    folder = local.with_suffix(".named")
    folder.mkdir()
    return local.rename(folder / name)


def _merge(work: Work, goal: ImportGoal, file: FetchedFile, reading: FileReading, base: int) -> RunCounts:
    work.stages.begin(base + _MERGE, "Match and merge", "rows", reading.records)
    with work.desk.database.read() as cursor:
        seen = files_seen.last(cursor, goal.goal_id, file.name)
    try:
        with work.desk.database.write("dat") as cursor:
            # Numbered in its turn to write: two imports numbered at once could give two profiles one id.
            attempt = plan.Attempt(work.run.run_id, work.run.number, ids.profile_id_base(), file.name)
            counts = merges.merge(cursor, plan.make(goal, reading, seen, attempt))
            work.watch.stop_if_cancelled()
    except ValueTooLarge as error:
        raise errors.MendData(
            f"{file.name} makes a sum larger than a property holds (whole numbers below 2^63, decimals of 28 digits "
            "before the point). Nothing was changed: correct the file or the mapping."
        ) from error
    except merges.SumWouldMiss as error:
        raise errors.MendData(str(error)) from error
    except merges.Unbalanced as error:
        raise errors.GiveUp(str(error), errors.Category.LEDGER) from error
    said = [f"{counts.created:,} profiles created", f"{counts.updated:,} updated"]
    said += [f"{counts.unchanged:,} rows unchanged"] if counts.unchanged else []
    said += [f"{sum(counts.skipped.values()):,} rows without a profile"] if counts.skipped else []
    said += [f"{counts.rejected:,} rows rejected"] if counts.rejected else []
    work.stages.finish(" · ".join(said))
    return counts


def added(left: RunCounts, right: RunCounts) -> RunCounts:
    """Return the counts of two files together."""
    values = {
        name: getattr(left, name) + getattr(right, name) for name in RunCounts.__dataclass_fields__ if name != "skipped"
    }
    return RunCounts(**values, skipped=dict(Counter(left.skipped) + Counter(right.skipped)))


def _joined(failures: list[errors.HandoffError]) -> errors.HandoffError:
    first = failures[0]
    if len(failures) == 1:
        return first
    return errors.MendData(f"{len(failures)} files could not be used, the first: {first}", first.category)


def _record_failure(desk: Desk, run_id: str, counts: RunCounts, error: errors.HandoffError) -> None:
    # Not the sentence, which is in the run's row: it may name what stood in a file.
    log.logger(__name__).warning("run %s: %s (%s)", run_id, error.category.value, type(error).__name__)
    state = RunState.CANCELLED if isinstance(error, errors.Cancelled) else RunState.FAILED
    with desk.database.write("ctl") as cursor:
        runs.end(cursor, run_id, state, counts, clock.now(), (str(error), error.category.value))
        run = runs.by_id(cursor, run_id)
        connection = connections.by_id(cursor, run.connection_id) if run else None
        for audience in audiences_table.listed(cursor):
            # Files merged before the failure count.
            queue.add_recompute(cursor, audience.audience_id, "run")
        is_on = connection is not None and connection.state is ConnectionState.ON
        if connection is not None and is_on and error.category is errors.Category.HOST_KEY:
            # Nothing is tried again by itself at a server that may be somebody else's (faults row 59).
            connections.set_state(cursor, connection.connection_id, ConnectionState.PAUSED, str(error), clock.now())


def _size(size_bytes: int) -> str:
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size_bytes >= factor:
            return f"{size_bytes / factor:.1f} {unit}"
    return f"{size_bytes} bytes"

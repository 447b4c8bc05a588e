"""Shows what the next run of a goal would do, by doing it in a transaction that is taken back: nothing is written.

The goal is taken as it is edited, saved or not. Files are those that the next run would take; where none waits, the
newest one that is still kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from engine.base import errors, ids, limits
from engine.files import reading as files
from engine.flows import looks, mailboxes, merging, places
from engine.flows.desk import Desk
from engine.flows.watch import Watch
from engine.flows.work import added
from engine.mapping import goal_checks, plan
from engine.transfer import client, patterns
from storage.database import Cursor, ValueTooLarge
from storage.records.connections import Connection, Method
from storage.records.exchange import FileState
from storage.records.files import FetchedFile, FileReading
from storage.records.goals import ImportGoal, Property, PropertyType
from storage.records.runs import RunCounts
from storage.tables import connections, dry_runs, exchange, files_seen, goals, profiles, rejects, runs

_READ = (FileState.COMPLETE, FileState.FAILED, FileState.NOT_MATCHED)


@dataclass(frozen=True)
class Source:
    """A file that the run would take: what people call it, as what imports remember it, and where it lies now."""

    name: str
    read_as: str
    path: Path


@dataclass
class Outcome:
    """What the dry run came to so far."""

    counts: RunCounts = field(default_factory=RunCounts)
    files: list[dict[str, Any]] = field(default_factory=list)
    properties: dict[str, dict[str, Any]] = field(default_factory=dict)
    sample: list[dict[str, Any]] = field(default_factory=list)
    stops: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def dry_run(desk: Desk, arguments: dict[str, Any], watch: Watch) -> dict[str, Any]:
    """Try a goal on what its next run would take; a kind of job.

    Args:
        desk: The open home.
        arguments: {"goal_id", "definition": the goal as storage.tables.goals.definition says it}.
        watch: Of this job.

    Returns:
        {"version", "files": [{"name", "size_bytes", "sha256"}], "counts": as a run's, "properties": [{"property",
        "filled", "changed", "cleared"}], "sample": [{"profile", "file", "line", "values": [{"property", "before",
        "after"}]}], "rejects": [{"file", "line", "column", "value", "reason", "suggestion"}], "audiences": [{"name",
        "members", "leave", "enter"}], "stops": [sentences], "errors": [sentences]}; values are texts, profile is None
        for a new one.

    Raises:
        HandoffError: The files could not be fetched, or the goal cannot run.
    """
    with desk.database.read() as cursor:
        saved = goals.by_id(cursor, arguments["goal_id"])
        connection = connections.by_id(cursor, saved.connection_id) if saved else None
        known = profiles.properties(cursor)
    if saved is None or connection is None:
        raise errors.GiveUp("This goal is not there any more; go back to its connection.")
    goal = goals.from_definition(saved.goal_id, saved.connection_id, saved.version, arguments["definition"])
    for problem in goal_checks.problems(goal, known, connection.data_type)[:1]:
        raise errors.MendData(f"Map columns first: {problem}")
    folder = desk.spool.work_folder(f"dry-{ids.ulid()}")
    try:
        found = _sources(desk, connection, goal, folder, watch)
        if not found:
            pattern = goal.files or "*"
            raise errors.MendData(f"There is no file to try: none waits, and none that came matches {pattern}.")
        readings = _read_all(goal, found, folder, watch)
        return {"version": goal.version, **_merge_all(desk, connection, goal, readings, folder, watch)}
    finally:
        desk.spool.discard(folder)


def _sources(desk: Desk, connection: Connection, goal: ImportGoal, folder: Path, watch: Watch) -> list[Source]:
    with desk.database.read() as cursor:
        waiting = exchange.in_state_of_goal(cursor, goal.goal_id, FileState.QUEUED)
        kept = exchange.in_state(cursor, connection.connection_id, *_READ)
    found = {
        file.name: Source(file.name, file.read_as, desk.spool.path(file.spool_key))
        for file in waiting
        if file.spool_key is not None
    }
    if not connection.is_hosted:
        fetch = _fetched_mails if connection.method is Method.EMAIL else _fetched
        found |= {source.name: source for source in fetch(desk, connection, goal, folder, watch)}
    if not found:
        fits = [
            file
            for file in kept
            if file.spool_key is not None and patterns.matches(goal.files, file.name, goal.files_kind)
        ]
        found = {
            file.name: Source(file.name, file.read_as, desk.spool.path(str(file.spool_key)))
            for file in sorted(fits, key=lambda file: file.first_seen_at)[-1:]
        }
    return [source for source in found.values() if source.path.is_file()]


def _fetched(desk: Desk, connection: Connection, goal: ImportGoal, folder: Path, watch: Watch) -> list[Source]:
    remote = places.of_connection(desk, connection)
    listing = client.list_folder(remote, goal.folder, goal.files, goal.files_kind, watch.is_cancelled)
    wanted = sorted(
        (file for file in listing.files if not looks.is_temporary(file.name)),
        key=lambda file: (str(file.changed_at), file.name),
    )
    target, partial = folder / "fetched", folder / "partial"
    target.mkdir()
    partial.mkdir()
    outcomes = client.fetch_files(
        remote,
        goal.folder,
        [file.name for file in wanted],
        target,
        partial,
        lambda said: watch.advance(said["done"], said["total"], "bytes"),
        watch.is_cancelled,
    )
    here = [file for file in outcomes if isinstance(file, FetchedFile)]
    return [Source(file.name, file.name, target / file.spool_key) for file in here]


def _fetched_mails(desk: Desk, connection: Connection, goal: ImportGoal, folder: Path, watch: Watch) -> list[Source]:
    work = folder / "mails"
    work.mkdir()
    seen = mailboxes.newest(desk, connection, goal.folder, goal.files, goal.files_kind, work, watch)
    return [Source(file.name, file.name, path) for file, _, path in reversed(seen.taken)]


def _read_all(
    goal: ImportGoal, found: Sequence[Source], folder: Path, watch: Watch
) -> list[tuple[Source, FileReading | errors.HandoffError]]:
    read: list[tuple[Source, FileReading | errors.HandoffError]] = []
    for number, source in enumerate(found):
        target = folder / f"{number}.read"
        target.mkdir()
        try:
            reading = files.read_in_worker(
                source.path,
                target,
                goal.format,
                lambda said: watch.advance(said["done"], said["total"], "bytes"),
                watch.is_cancelled,
                source.name,
            )
        except errors.MendData as error:
            read.append((source, error))
            continue
        read.append((source, reading))
    return read


def _merge_all(
    desk: Desk,
    connection: Connection,
    goal: ImportGoal,
    readings: Sequence[tuple[Source, FileReading | errors.HandoffError]],
    folder: Path,
    watch: Watch,
) -> dict[str, Any]:
    failed: dict[int, str] = {}
    while True:
        try:
            return _rehearse(desk, connection, goal, readings, failed, folder, watch)
        except _FailedFileError as error:
            # What it had done already is taken back with the rest; the others are tried without it.
            failed[error.number] = str(error)


class _FailedFileError(Exception):
    """A file cannot be merged; str(error) says why."""

    def __init__(self, number: int, sentence: str) -> None:
        super().__init__(sentence)
        self.number = number


def _rehearse(
    desk: Desk,
    connection: Connection,
    goal: ImportGoal,
    readings: Sequence[tuple[Source, FileReading | errors.HandoffError]],
    failed: Mapping[int, str],
    folder: Path,
    watch: Watch,
) -> dict[str, Any]:
    run_id, said = f"dry-{ids.ulid()}", Outcome()
    with desk.database.rehearse("dat") as cursor:
        revision = runs.next_number(cursor)
        profiles.add_columns(cursor, _properties(goal))
        for number, (source, reading) in enumerate(readings):
            watch.stop_if_cancelled()
            if number in failed or isinstance(reading, errors.HandoffError):
                said.errors.append(failed.get(number, str(reading)))
                continue
            attempt = plan.Attempt(
                run_id=run_id,
                revision=revision,
                profile_id_base=ids.profile_id_base() + (number << 32),
                file_name=source.read_as,
                limits_waived=True,
                changes_path=str(folder / f"{number}.changes"),
                changes_key=f"dry/{number}",
            )
            try:
                _try(desk, cursor, connection, goal, reading, attempt, said)
            except errors.MendData as error:
                raise _FailedFileError(number, str(error)) from error
        return _answer(cursor, goal, run_id, revision, said)


def _try(
    desk: Desk,
    cursor: Cursor,
    connection: Connection,
    goal: ImportGoal,
    reading: FileReading,
    attempt: plan.Attempt,
    said: Outcome,
) -> None:
    said.files.append({"name": attempt.file_name, "size_bytes": reading.size_bytes, "sha256": reading.sha256})
    seen = files_seen.last(cursor, goal.goal_id, attempt.file_name)
    if seen is not None and (seen.sha256, seen.fingerprint) == (reading.sha256, plan.fingerprint(goal)):
        said.counts = added(said.counts, RunCounts(files_unchanged=1))
        return
    try:
        made, counts = merging.merge(desk, cursor, connection, goal, reading, attempt)
    except ValueTooLarge as error:
        raise merging.large(attempt.file_name, error) from error
    said.counts = added(said.counts, counts)
    limit = goal.rejected_percent_max
    if limit is not None and counts.rejected * 100 > limit * counts.read:
        said.stops.append(f"{counts.rejected:,} of {counts.read:,} rows are rejected, more than {limit:g} %.")
    for item in dry_runs.by_property(cursor, made):
        total = said.properties.setdefault(item["property"], {**item, "filled": 0, "changed": 0, "cleared": 0})
        for name in ("filled", "changed", "cleared"):
            total[name] += item[name]
    room = limits.SAMPLE_ROWS - len(said.sample)
    said.sample += [{**row, "file": attempt.file_name} for row in dry_runs.sample(cursor, made, room)] if room else []


def _answer(cursor: Cursor, goal: ImportGoal, run_id: str, revision: int, said: Outcome) -> dict[str, Any]:
    moved = merging.shrunk(cursor, revision, lambda item: bool(item.leave or item.enter))
    limit = goal.shrink_percent_max
    said.stops += [merging.too_small(item, limit) for item in moved if limit is not None and item.percent > limit]
    return {
        "files": said.files,
        "counts": said.counts.as_contract(),
        "properties": list(said.properties.values()),
        "sample": said.sample,
        "rejects": [
            {
                "file": item.file_name,
                "line": item.line,
                "column": item.column,
                "value": item.value,
                "reason": item.reason,
                "suggestion": item.suggestion,
            }
            for item in rejects.listed(cursor, run_id, None, 0, limits.SAMPLE_ROWS)
        ],
        "audiences": [asdict(item) for item in moved],
        "stops": said.stops,
        "errors": said.errors,
    }


def _properties(goal: ImportGoal) -> list[Property]:
    links = [Property(link.property, PropertyType.TEXT, is_unique=True) for link in goal.identifiers]
    return [*links, *(Property(mapping.property, mapping.type, is_unique=False) for mapping in goal.mappings)]

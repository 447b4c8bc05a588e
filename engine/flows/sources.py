"""What a run gets from a partner's server: look, wait a moment where something grows, fetch, keep; and tidy up there.

Every file that is new or changed is kept in the spool and stands in a row, with its receipt, before it is read.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from engine.base import clock, errors, ids, limits
from engine.flows import answering, looks, mails, places
from engine.flows.rows import blank
from engine.flows.work import FETCH, REMOVE, Work, added, sized
from engine.mapping import plan
from engine.transfer import client, patterns
from engine.transfer.client import Remote
from engine.transfer.transport import NotFetched
from storage.records.connections import Method
from storage.records.exchange import FileState, HandedFile
from storage.records.files import FetchedFile, RemoteFile
from storage.records.goals import ImportGoal
from storage.records.runs import RunCounts
from storage.tables import exchange, files_seen, mail_seen
from storage.tables import goals as goals_table
from storage.tables import looks as looks_table

_WAIT_STEP_S = 0.05
_NOT_SHOWN = (patterns.RESERVED, looks.TEMPORARY, "a folder")
"""Reasons that say nothing about a partner's file: our own answers, what is being written, folders."""


@dataclass(frozen=True)
class Seen:
    """What lies in a goal's folder. settled: to be fetched; growing: left for the next run."""

    settled: tuple[RemoteFile, ...]
    growing: tuple[RemoteFile, ...]
    not_taken: tuple[tuple[str, str], ...]


def look(work: Work, goals: Sequence[ImportGoal]) -> dict[str, Seen | errors.HandoffError]:
    """List the folders of all goals; where files may still be growing, wait once for all of them and look again.

    Returns:
        By goal id what lies there, or why it could not be listed.
    """
    work.stages.begin(FETCH, "Fetch", "bytes")
    found = {goal.goal_id: _look_once(work, goal) for goal in goals}
    unsure = [goal for goal in goals if isinstance(said := found[goal.goal_id], Seen) and said.growing]
    if unsure:
        _wait(work, limits.LOOK_APART_S)
        for goal in unsure:
            found[goal.goal_id] = _look_once(work, goal, has_waited=True)
    return found


def _look_once(work: Work, goal: ImportGoal, *, has_waited: bool = False) -> Seen | errors.HandoffError:
    try:
        remote = places.of_connection(work.desk, work.connection)
        listing = client.list_folder(remote, goal.folder, goal.files, goal.files_kind, work.watch.is_cancelled)
    except (errors.Cancelled, errors.ServiceStopping):
        raise
    except errors.HandoffError as error:
        return error
    temporary = [file for file in listing.files if looks.is_temporary(file.name)]
    files = [file for file in listing.files if not looks.is_temporary(file.name)]
    not_taken = (*listing.not_taken, *((file.name, looks.TEMPORARY) for file in temporary))
    with work.desk.database.read() as cursor:
        earlier = looks_table.of_goal(cursor, goal.goal_id)
    judged = looks.judge(files, earlier, work.connection.method, clock.now(), has_waited=has_waited)
    if judged.looks != earlier:
        with work.desk.database.write("ctl") as cursor:
            looks_table.replace(cursor, goal.goal_id, judged.looks)
    return Seen(judged.settled, judged.growing, not_taken)


def _wait(work: Work, wait_s: float) -> None:
    until_s = clock.monotonic_s() + wait_s
    while clock.monotonic_s() < until_s:
        if work.watch.is_cancelled():
            raise errors.Cancelled("Cancelled by a person; nothing was changed.")
        time.sleep(_WAIT_STEP_S)


def fetch(
    work: Work, goal: ImportGoal, seen: Seen | errors.HandoffError, folder: Path, base: int
) -> tuple[FetchedFile, ...]:
    """Fetch what is settled and return it; what is new or changed is a row then, content kept and receipt owed.

    Args:
        work: The run.
        goal: Whose files.
        seen: What look() found.
        folder: An empty folder of the spool.
        base: Where the goal's stages stand.

    Raises:
        HandoffError: The folder could not be listed, or nothing fetched.
    """
    stages = work.stages
    if base:
        stages.begin(base + FETCH, "Fetch", "bytes")
    if isinstance(seen, errors.HandoffError):
        raise seen
    is_mail = work.connection.method is Method.EMAIL
    wanted = _not_seen(work, goal, seen.settled) if is_mail else seen.settled
    names = [file.name for file in sorted(wanted, key=lambda file: (str(file.changed_at), file.name))]
    outcomes = client.fetch_files(
        places.of_connection(work.desk, work.connection),
        goal.folder,
        names,
        folder,
        work.desk.spool.partial_folder(goal.goal_id),
        lambda said: stages.advance(said["done"], said["total"]),
        work.watch.is_cancelled,
    )
    fetched = tuple(file for file in outcomes if isinstance(file, FetchedFile))
    notes = [_growing_note(seen.growing)] if seen.growing else []
    notes += _refused(work, [outcome for outcome in outcomes if isinstance(outcome, NotFetched)])
    if is_mail:
        notes += _keep_mails(work, goal, fetched, folder)
    else:
        _keep(work, goal, fetched, folder)
        notes += _note_not_matched(work, goal, seen.not_taken)
    stages.finish(" · ".join([_said(work, goal, fetched, seen), *notes]))
    return fetched


def _said(work: Work, goal: ImportGoal, fetched: Sequence[FetchedFile], seen: Seen) -> str:
    if work.connection.method is Method.EMAIL:
        what = "1 new mail" if len(fetched) == 1 else f"{len(fetched):,} new mails"
        return f"{what} in {goal.folder}" if fetched else f"No new mail in {goal.folder}."
    if not fetched:
        if seen.growing or seen.settled:
            return f"No file of {goal.folder} was taken."
        return f"No file in {goal.folder} matches {goal.files or 'the goal'}."
    shown = fetched[0].name if len(fetched) == 1 else f"{len(fetched):,} files"
    return f"{shown} · {sized(sum(file.size_bytes for file in fetched))} · unchanged while fetched"


def _growing_note(growing: Sequence[RemoteFile]) -> str:
    names = growing[0].name if len(growing) == 1 else f"{len(growing):,} files ({growing[0].name}, ...)"
    return f"{names} may still be written: left for the next run"


def _refused(work: Work, outcomes: Sequence[NotFetched]) -> list[str]:
    """Sort out what was not fetched: what passes is said and left to the next run, the rest fails the run."""
    passing = [outcome for outcome in outcomes if isinstance(outcome.error, errors.TryAgain)]
    work.failures.extend(outcome.error for outcome in outcomes if not isinstance(outcome.error, errors.TryAgain))
    return [str(outcome.error).rstrip(".") for outcome in passing[:1]] + (
        [f"{len(passing) - 1:,} more files were left for the next run"] if len(passing) > 1 else []
    )


def _keep(work: Work, goal: ImportGoal, fetched: Sequence[FetchedFile], folder: Path) -> None:
    """Keep what is new or changed; what is as it was at the last import under the same goal is only counted."""
    desk, mark = work.desk, plan.fingerprint(goal)
    with desk.database.read() as cursor:
        newest = exchange.newest_of_names(cursor, goal.goal_id)
    marks = _marks(work, goal)
    fresh: list[FetchedFile] = []
    for file in fetched:
        last_sha256, last_mark, last_run_id = marks.get(file.name, ("", "", ""))
        before = newest.get(file.name)
        is_same_row = before is not None and before.sha256 == file.sha256 and before.spool_key is not None
        if (last_sha256, last_mark) == (file.sha256, mark):
            if last_run_id != work.run.run_id:
                work.counts = added(work.counts, RunCounts(files_unchanged=1))
        elif before is not None and is_same_row and before.state in (FileState.QUEUED, FileState.FAILED):
            # What was kept of it may be gone or damaged since; this is the same content.
            desk.spool.put_back(before.spool_key or "", folder / file.spool_key)
            if before.state is FileState.FAILED:
                _try_again(work, before)
        else:
            fresh.append(file)
    for first in range(0, len(fresh), limits.TAKEN_FILES_AT_ONCE_MAX):
        _take_in(work, goal, fresh[first : first + limits.TAKEN_FILES_AT_ONCE_MAX], folder)


def _marks(work: Work, goal: ImportGoal) -> dict[str, tuple[str, str, str]]:
    """Return what the last import of each name left: SHA-256, fingerprint of the goal, run."""
    with work.desk.database.read() as cursor:
        marks = files_seen.marks(cursor, goal.goal_id)
        newest = exchange.newest_of_names(cursor, goal.goal_id)
    # A mended file is remembered together with the run that it mends.
    return marks | {name: marks[file.read_as] for name, file in newest.items() if file.read_as in marks}


def _try_again(work: Work, before: HandedFile) -> None:
    """Queue a file that failed and lies there as it was: the same row, so that nobody is told of it twice."""
    if before.run_id == work.run.run_id:
        return
    with work.desk.database.write("ctl") as cursor:
        exchange.move(cursor, before.file_id, FileState.QUEUED, reason=before.reason)


def _take_in(work: Work, goal: ImportGoal, fetched: Sequence[FetchedFile], folder: Path) -> None:
    desk, now = work.desk, clock.now()
    rows = []
    for number, file in enumerate(fetched):
        file_id = ids.ulid()
        key = desk.spool.keep(file_id, folder / file.spool_key)
        # A microsecond apart, because their order is that of their times at the server.
        seen_at = now + timedelta(microseconds=number)
        row = replace(blank(work.connection.connection_id, file_id), goal_id=goal.goal_id, first_seen_at=seen_at)
        rows.append(
            replace(
                row,
                name=file.name,
                folder=goal.folder,
                size_bytes=file.size_bytes,
                sha256=file.sha256,
                spool_key=key,
                state=FileState.QUEUED,
            )
        )
    with desk.database.write("ctl") as cursor:
        exchange.insert_new(cursor, rows)
        for row in rows:
            answering.receipt(desk, cursor, work.connection, row)


def _note_not_matched(work: Work, goal: ImportGoal, not_taken: Sequence[tuple[str, str]]) -> list[str]:
    """Show each name that was seen and not matched once, as far as there is room for them (P13)."""
    others = sorted((name, why) for name, why in not_taken if why not in _NOT_SHOWN and not looks.is_temporary(name))
    if not others:
        return []
    connection_id = work.connection.connection_id
    with work.desk.database.read() as cursor:
        known = exchange.names_not_matched(cursor, connection_id)
        beside = [one for one in goals_table.of_connection(cursor, connection_id) if one.folder == goal.folder]
    # What another goal takes out of the same folder is nobody's stray file.
    others = [
        (name, why)
        for name, why in others
        if not any(patterns.matches(one.files, name, one.files_kind) for one in beside)
    ]
    if not others:
        return []
    room = max(0, limits.NOT_MATCHED_NAMES_KEPT_MAX - len(known))
    new = [(name, why) for name, why in others if name not in known]
    now = clock.now()
    rows = [
        replace(
            blank(connection_id, ids.ulid()),
            goal_id=goal.goal_id,
            name=name,
            folder=goal.folder,
            reason=why,
            # A microsecond apart, because they are shown in their order.
            first_seen_at=(seen_at := now + timedelta(microseconds=number)),
            ended_at=seen_at,
        )
        for number, (name, why) in enumerate(new[:room])
    ]
    if rows:
        with work.desk.database.write("ctl") as cursor:
            exchange.insert_new(cursor, rows)
    said = f"{len(others):,} other names seen, not matched" if len(others) > 1 else f"{others[0][0]} {others[0][1]}"
    return [said + (f" ({len(new) - room:,} of them not listed)" if len(new) > room else "")]


def _not_seen(work: Work, goal: ImportGoal, listed: Sequence[RemoteFile]) -> tuple[RemoteFile, ...]:
    with work.desk.database.read() as cursor:
        known = mail_seen.keys(cursor, work.connection.connection_id)
    return tuple(file for file in listed if mails.place_key(goal.folder, file.name) not in known)


def _keep_mails(work: Work, goal: ImportGoal, fetched: Sequence[FetchedFile], folder: Path) -> list[str]:
    """Take each mail apart; return what is worth saying of those that were not taken."""
    notes: list[str] = []
    for number, file in enumerate(fetched):
        raw = mails.Raw(
            path=folder / file.spool_key,
            landed_id=ids.ulid(),
            name=file.name,
            folder=mails.place(goal.folder, file.name),
            size_bytes=file.size_bytes,
            sha256=file.sha256,
            seen_at=clock.now() + timedelta(microseconds=number),
            is_pulled=True,
        )
        taken = mails.take_in(work.desk, work.connection, goal, raw, work.watch.is_cancelled)
        notes += [str(row.reason) for row in taken if row.state is FileState.IGNORED and row.reason]
    return notes[:1] + ([f"{len(notes) - 1:,} more were ignored"] if len(notes) > 1 else [])


def remove(
    work: Work, goal: ImportGoal, fetched: Sequence[FetchedFile], seen: Seen | errors.HandoffError, base: int
) -> None:
    """Remove files at the server whose import is committed and that still lie there as they were fetched (W30)."""
    if not work.connection.details.delete_after_pull or isinstance(seen, errors.HandoffError):
        return
    wanted = (
        _removable_mails(work, goal, seen) if work.connection.method is Method.EMAIL else _done(work, goal, fetched)
    )
    if not wanted:
        return
    remote = places.of_connection(work.desk, work.connection)
    work.stages.begin(base + REMOVE, "Remove", "files", len(wanted))
    try:
        work.stages.finish(_removed(work, goal, remote, wanted))
    except (errors.Cancelled, errors.ServiceStopping):
        raise
    except errors.HandoffError as error:
        # The import is committed and stays; the next run tries to remove again.
        work.stages.finish(f"Nothing was removed, the next run tries again: {error}")


def _removed(work: Work, goal: ImportGoal, remote: Remote, wanted: dict[str, tuple[object, ...]]) -> str:
    listing = client.list_folder(remote, goal.folder, goal.files, goal.files_kind, work.watch.is_cancelled)
    same = [file.name for file in listing.files if wanted.get(file.name) == (file.size_bytes, file.changed_at)]
    gone = client.remove_files(remote, goal.folder, same, work.watch.is_cancelled)
    changed, kept = len(wanted) - len(same), len(same) - len(gone)
    said = [f"{gone[0] if len(gone) == 1 else f'{len(gone):,} files'} removed at the server"]
    said += [f"{changed:,} changed or gone meanwhile"] if changed else []
    said += [f"{kept:,} could not be removed, the next run tries again"] if kept else []
    return " · ".join(said)


def _done(work: Work, goal: ImportGoal, fetched: Sequence[FetchedFile]) -> dict[str, tuple[object, ...]]:
    marks, mark = _marks(work, goal), plan.fingerprint(goal)
    done = [file for file in fetched if marks.get(file.name, ("", "", ""))[:2] == (file.sha256, mark)]
    return {file.name: (file.size_bytes, file.changed_at) for file in done}


def _removable_mails(work: Work, goal: ImportGoal, seen: Seen) -> dict[str, tuple[object, ...]]:
    """Return the mails all of whose attachments were imported, now or by an earlier run."""
    with work.desk.database.read() as cursor:
        states = exchange.states_by_folder(cursor, work.connection.connection_id)
    return {
        file.name: (file.size_bytes, file.changed_at)
        for file in seen.settled
        if FileState.COMPLETE in (found := states.get(mails.place(goal.folder, file.name), set()))
        and found <= {FileState.COMPLETE, FileState.IGNORED}
    }

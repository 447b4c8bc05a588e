"""Keeps what came for its time and no longer: old content, uploads that were broken off, what a kill left behind.

Counts and names stay in their rows (requirement R07). Nothing here follows a link: folders that clients write into are
walked by what lstat says.
"""

import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from engine.base import clock, ids, limits
from engine.flows.desk import Desk
from engine.flows.rows import blank
from storage.records.connections import Direction
from storage.records.exchange import FileState
from storage.spool import ACCEPTED_ROWS
from storage.tables import before_images, changes, connections, exchange, to_remember

_TOP = "/"


def remove_old(desk: Desk) -> int:
    """Remove the content of files and answers that are older than KEPT_DAYS; return how many files lost theirs."""
    now = clock.now()
    until = now - timedelta(days=limits.KEPT_DAYS)
    with desk.database.read() as cursor:
        old = exchange.with_content_before(cursor, until)
    removed = [file for file in old if file.state not in (FileState.QUEUED, FileState.IN_PROGRESS)]
    for file in removed:
        # The content goes first: a row that says "removed" is always true.
        path = desk.spool.path(file.spool_key or "")
        for beside in (path, *(path.with_suffix(ending) for ending in (".json", ".hidden"))):
            beside.unlink(missing_ok=True)
        with desk.database.write("ctl") as cursor:
            exchange.forget_content(cursor, file.file_id, now)
    _remove_old_folders(desk.spool.root / "answers", until)
    for box in _folders(desk.spool.root / "boxes"):
        _remove_old_files(box / "outgoing", until)
    for folder in _folders(desk.spool.root / "partial"):
        _remove_old_files(folder, now - timedelta(days=limits.UPLOAD_DAYS_MAX))
    _remove_lost(desk, now - timedelta(days=1))
    _remove_changes(desk, until, now - timedelta(days=1))
    return len(removed)


def _remove_changes(desk: Desk, until: datetime, lost_until: datetime) -> None:
    """Remove what old merges replaced, and what one that was taken back left without a row.

    What is still to be compared or remembered stays, with what lies beside it.
    """
    with desk.database.read() as cursor:
        old = changes.with_content_before(cursor, until)
        remaining: set[str | None] = {item.spool_key for item in to_remember.listed(cursor)}
        remaining |= {change.spool_key for change in before_images.uncompared(cursor)}
    for change in old:
        if change.spool_key in remaining:
            continue
        desk.spool.remove_change(str(change.spool_key))
        with desk.database.write("dat") as cursor:
            changes.forget_content(cursor, change.change_id)
    left = [path for path, found in _files(desk.spool.root / "changes") if _changed_at(found, made=True) < lost_until]
    with desk.database.read() as cursor:
        known = changes.known(cursor, [path.name.partition(".")[0] for path in left])
        still = {desk.spool.accepted_rows(item.spool_key) for item in to_remember.listed(cursor)}
    for path in left:
        is_settled = path.name.endswith(ACCEPTED_ROWS) and path not in still
        if is_settled or path.name.partition(".")[0] not in known:
            path.unlink(missing_ok=True)


def _remove_old_folders(parent: Path, until: datetime) -> None:
    for folder in _folders(parent):
        if _changed_at(folder.lstat()) < until:
            shutil.rmtree(folder, ignore_errors=True)


def _remove_old_files(folder: Path, until: datetime) -> None:
    for path, found in _files(folder):
        if _changed_at(found) < until:
            path.unlink(missing_ok=True)


def _remove_lost(desk: Desk, until: datetime) -> None:
    """Remove kept content that a kill left without a row."""
    old = [path for path, found in _files(desk.spool.root / "kept") if _changed_at(found, made=True) < until]
    with desk.database.read() as cursor:
        known = exchange.known(cursor, [path.stem for path in old])
    for path in old:
        if path.stem not in known:
            path.unlink(missing_ok=True)


@dataclass(frozen=True)
class _Upload:
    """A file in a folder that a client writes into. folder is "/" for the top."""

    path: Path
    folder: str
    name: str
    size_bytes: int
    changed_at: datetime


def look_for_broken_off(desk: Desk) -> int:
    """Show uploads that were broken off, once each, and remove those nobody goes on with; return how many are new.

    An upload that ends well is moved away by the endpoints, so what lies there without a byte for UPLOAD_GRACE_S was
    broken off (faults rows 30 and 31).
    """
    now, new = clock.now(), 0
    with desk.database.read() as cursor:
        hosted = [one for one in connections.listed(cursor) if one.is_hosted and one.direction is Direction.INBOUND]
    for connection in hosted:
        found = list(_uploads(desk.spool.incoming(connection.connection_id)))
        for upload in found:
            if now - upload.changed_at >= timedelta(days=limits.UPLOAD_DAYS_MAX):
                upload.path.unlink(missing_ok=True)
        grace = timedelta(seconds=limits.UPLOAD_GRACE_S)
        broken = [upload for upload in found if now - upload.changed_at >= grace][: limits.BROKEN_FILES_SHOWN_MAX]
        new += _show(desk, connection.connection_id, broken) if broken else 0
    return new


def _show(desk: Desk, connection_id: str, broken: list[_Upload]) -> int:
    with desk.database.read() as cursor:
        shown = exchange.broken_off(cursor, connection_id)
    now = clock.now()
    rows = [
        replace(
            blank(connection_id, ids.ulid()),
            state=FileState.INCOMPLETE,
            name=upload.name,
            folder=upload.folder,
            size_bytes=upload.size_bytes,
            reason=f"The upload was broken off after {upload.size_bytes:,} bytes; it is not read.",
            first_seen_at=now,
            ended_at=now,
        )
        for upload in broken
        if (upload.folder, upload.name, upload.size_bytes) not in shown
    ]
    with desk.database.write("ctl") as cursor:
        exchange.insert_new(cursor, rows)
    return len(rows)


def _uploads(incoming: Path) -> Iterator[_Upload]:
    for path, found in _files(incoming):
        folder = path.parent.relative_to(incoming).as_posix()
        yield _Upload(
            path=path,
            folder=_TOP if folder == "." else f"{_TOP}{folder}",
            name=path.name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"),
            size_bytes=found.st_size,
            changed_at=_changed_at(found),
        )


def _files(top: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield the ordinary files below a folder, without following anything."""
    for parent, _, names in os.walk(top, followlinks=False):
        for name in names:
            path = Path(parent) / name
            try:
                found = path.lstat()
            except FileNotFoundError:
                continue
            if stat.S_ISREG(found.st_mode):
                yield path, found


def _folders(top: Path) -> list[Path]:
    try:
        with os.scandir(top) as entries:
            return [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []


def _changed_at(found: os.stat_result, *, made: bool = False) -> datetime:
    """Return when a file was written, in UTC; made: when it came to where it is, whatever its own time says."""
    seconds = max(found.st_ctime, found.st_mtime) if made else found.st_mtime
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)

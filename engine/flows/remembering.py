"""Does what a large import leaves for after its run: compares what it replaced, and remembers its rows.

Whoever needs it sooner sees to it first: a run that merges any file and a revert have what was replaced compared; the
next import of the file and its dry run settle the rows, and a revert of the run drops them.
"""

from typing import Any

from engine.base import errors
from engine.flows import queue
from engine.flows.desk import Desk
from engine.flows.watch import Watch
from storage.database import Cursor
from storage.tables import before_images, to_remember
from storage.tables.to_remember import Remaining


def remember(desk: Desk, arguments: dict[str, Any], watch: Watch) -> dict[str, Any]:
    """Remember all rows that remain, one file a transaction, and compare what was replaced; a kind of job.

    Args:
        desk: The open home.
        arguments: {}.
        watch: Of this job.

    Returns:
        {"files": how many}.

    Raises:
        GiveUp: Rows of a file cannot be read any more; those of other files are remembered.
    """
    del arguments
    with desk.database.read() as cursor:
        remaining = to_remember.listed(cursor)
    files, lost = 0, list[errors.GiveUp]()
    for item in remaining:
        watch.stop_if_cancelled()
        try:
            with desk.database.write("dat") as cursor:
                files += settle(desk, cursor, item)
        except errors.GiveUp as error:
            lost.append(error)
            continue
        desk.spool.accepted_rows(item.spool_key).unlink(missing_ok=True)
    with desk.database.write("dat") as cursor:
        compare(desk, cursor)
    if lost:
        raise lost[0]
    return {"files": files}


def compare(desk: Desk, cursor: Cursor) -> None:
    """Write the before-images that wait for it; the caller holds the write transaction on `dat`."""
    for change in before_images.uncompared(cursor):
        path = desk.spool.replaced(str(change.spool_key))
        # Whoever moved or restored the spool may have left out a folder that had no file yet.
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        before_images.compare(cursor, change, path)


def queue_what_is_left(desk: Desk, cursor: Cursor, asked_by: str) -> None:
    """Queue the job where there is something for it to do; the caller holds the ctl transaction.

    Rows that are lost are not: whoever imports their file again is told.
    """
    rows = (desk.spool.accepted_rows(item.spool_key).is_file() for item in to_remember.listed(cursor))
    if before_images.uncompared(cursor) or any(rows):
        queue.add_remember(cursor, asked_by)


def settle(desk: Desk, cursor: Cursor, remaining: Remaining) -> bool:
    """Remember the rows of one file; the caller holds the write transaction on `dat`.

    Returns:
        Whether they still remained; False where somebody was quicker.

    Raises:
        GiveUp: They cannot be read any more, so the file cannot be told from its last import; nothing was changed.
    """
    if remaining not in to_remember.of_file(cursor, remaining.goal_id, remaining.file_name):
        return False
    path = desk.spool.accepted_rows(remaining.spool_key)
    if not path.is_file():
        raise errors.GiveUp(
            f"The rows of the last import of {remaining.file_name} are not in the spool any more, so what is new in "
            "it cannot be told. Nothing was changed: restore the spool, or have the file sent under another name.",
            errors.Category.STORAGE,
        )
    to_remember.settle(cursor, remaining, path)
    return True

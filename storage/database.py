"""Opens the one DuckDB file of this installation and hands out cursors to read and transactions to write.

The only module that imports duckdb. One process owns the file; within it every writer of a schema waits for
its turn, so that two transactions never change one row (architecture: one writer a table). The database is
locked down: SQL can read and write files of the spool alone (faults rows 6, 93).
"""

import contextlib
import errno
import os
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import duckdb

from engine.base import quiet

Cursor = duckdb.DuckDBPyConnection
Schema = Literal["ctl", "dat"]
_STORAGE_VERSION = "v1.5.0"
_MEMORY_BYTES_MAX = 1024**3
"""Of the database's own: an import of 5M rows stays within 1.5 GB with it, and what is more waits on the disk."""
_MEMORY_SHARE = 2
"""Of the machine's memory, where that is small."""
_INTERRUPTED = "Query interrupted"
_DAMAGED = re.compile("Corrupt database file|Could not read enough bytes|not a valid DuckDB")


class StorageFault(Exception):
    """The database cannot be opened or written; str(fault) is one sentence that says what next."""


class StorageFull(StorageFault):
    """No room on the disk; nothing was changed."""


class ValueTooLarge(StorageFault):
    """A number outgrew its column; nothing was changed."""


class Database:
    """The open database. Closing it ends every cursor."""

    def __init__(self, connection: Cursor) -> None:
        """Wrap an open connection; use `open_database`."""
        self._connection = connection
        self._writers: dict[Schema, threading.RLock] = {"ctl": threading.RLock(), "dat": threading.RLock()}

    @contextlib.contextmanager
    def read(self) -> Iterator[Cursor]:
        """Yield a cursor of its own, for queries; safe in any thread.

        Raises:
            StorageFault: The file is damaged.
            KeyboardInterrupt: Ctrl-C came while a query ran.
        """
        cursor = self._connection.cursor()
        try:
            yield cursor
        except duckdb.Error as error:
            _raise_fault(error)
            raise
        except RuntimeError as error:
            # A Ctrl-C during a query comes out of DuckDB as an error, and would be recorded as a fault of the run.
            if str(error) == _INTERRUPTED:
                raise KeyboardInterrupt from error
            raise
        finally:
            cursor.close()

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Cursor]:
        """Yield a cursor for reading, to which the database stays as it is now, whatever others write meanwhile.

        Raises:
            StorageFault: As in write.
        """
        with self.read() as cursor:
            cursor.execute("BEGIN TRANSACTION READ ONLY")
            try:
                yield cursor
            finally:
                _roll_back(cursor)

    @contextlib.contextmanager
    def write(self, schema: Schema) -> Iterator[Cursor]:
        """Yield a cursor inside one transaction: committed at the end, rolled back on any error.

        Raises:
            StorageFull: The disk is full; nothing was changed.
            ValueTooLarge: A number outgrew its column; nothing was changed.
            StorageFault: The file is damaged.
        """
        with self._writers[schema], self.read() as cursor:
            cursor.execute("BEGIN")
            try:
                yield cursor
                cursor.execute("COMMIT")
            except BaseException:
                _roll_back(cursor)
                raise

    @contextlib.contextmanager
    def rehearse(self, schema: Schema) -> Iterator[Cursor]:
        """Yield a cursor inside one transaction that is rolled back at its end: nothing of it stays.

        Raises:
            StorageFault: As in write.
        """
        with self._writers[schema], self.read() as cursor:
            cursor.execute("BEGIN")
            try:
                yield cursor
            finally:
                _roll_back(cursor)

    def close(self) -> None:
        """Write everything to the file and let it go."""
        self._connection.close()


def _roll_back(cursor: Cursor) -> None:
    # A failed COMMIT has already rolled back; a second ROLLBACK then only says so.
    with contextlib.suppress(duckdb.Error):
        cursor.execute("ROLLBACK")


def _raise_fault(error: duckdb.Error) -> None:
    """Raise what people can do something about in their words; the rest is left to the caller."""
    text = str(error)
    if "No space left" in text or errno.errorcode[errno.ENOSPC] in text:
        message = "The disk of the database is full; nothing was changed. Free some space and try again."
        raise StorageFull(message) from error
    if isinstance(error, duckdb.OutOfRangeException) or "out of range for the destination type" in text:
        raise ValueTooLarge("A number is larger than its column holds; nothing was changed.") from error
    if isinstance(error, duckdb.FatalException):
        message = "The database closed itself after a fault; start Handoff again, nothing half-done is kept."
        raise StorageFault(message) from error
    if _DAMAGED.search(text):
        raise StorageFault("The database is damaged and was left as it is; restore a backup of it.") from error


def open_database(path: Path, folders: tuple[Path, ...]) -> Database:
    """Open or create the database file and lock it down to these folders.

    Args:
        path: The file; its folder exists.
        folders: Where SQL may read and write files: the spool.

    Raises:
        StorageFault: The file is held by another process, cannot be written, or is damaged.
    """
    try:
        if not path.exists():
            _create(path)
        with ThreadPoolExecutor(1, initializer=quiet.give_way) as starter:
            # Its own threads inherit it: a page's query runs in the page's thread, and an import gives way to it.
            connection = starter.submit(duckdb.connect, str(path)).result()
    except duckdb.Error as error:
        raise StorageFault(_opening_sentence(path, error)) from error
    quoted = ", ".join("'" + str(folder).replace("'", "''") + "'" for folder in folders)
    for statement in (
        f"SET allowed_directories = [{quoted}]",
        f"SET memory_limit = '{_memory_bytes()}B'",
        "SET GLOBAL TimeZone = 'UTC'",
        "SET preserve_insertion_order = false",
        # Profiles are rewritten by every import, and these two cost more CPU than the rest of the writing.
        "SET disabled_compression_methods = 'dict_fsst,fsst'",
        "SET enable_external_access = false",
        "SET lock_configuration = true",
    ):
        connection.execute(statement)
    return Database(connection)


def _memory_bytes() -> int:
    here_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(_MEMORY_BYTES_MAX, here_bytes // _MEMORY_SHARE)


def _create(path: Path) -> None:
    # Attached once with a named storage version, so that DuckDB 1.5 can still open the file; made under another
    # name, because a kill in between would leave half a file that looks damaged.
    fresh = path.with_name(f"{path.name}.fresh")
    fresh.unlink(missing_ok=True)
    with duckdb.connect() as creator:
        creator.execute(f"ATTACH {text_literal(str(fresh))} AS created (STORAGE_VERSION '{_STORAGE_VERSION}')")
        creator.execute("DETACH created")
    fresh.rename(path)


def _opening_sentence(path: Path, error: duckdb.Error) -> str:
    text = str(error)
    if "Could not set lock" in text or "Conflicting lock" in text:
        return f"The database {path.name} is held by another process; stop that one first."
    if "ermission" in text or "ead-only" in text or "annot open" in text:
        return f"The database {path.name} cannot be opened for writing; check the rights of its folder and disk."
    return f"The database {path.name} is damaged and was left as it is; restore a backup of it."


def text_literal(value: str) -> str:
    """Return the value as a SQL text literal, for places where DuckDB takes no parameter."""
    return "'" + value.replace("'", "''") + "'"


def name_literal(name: str) -> str:
    """Return the name as a quoted SQL identifier: any property name is stored literally (faults row 94)."""
    return '"' + name.replace('"', '""') + '"'

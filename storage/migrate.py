"""Brings the database's tables up to date: numbered SQL files, each statement in a transaction of its own."""

from pathlib import Path

from storage.database import Database

_SCHEMA = Path(__file__).parent / "schema"


def migrate(database: Database) -> list[str]:
    """Run every file of storage/schema that this database has not seen, in order.

    Statements are written so that running one twice does no harm (IF NOT EXISTS): a kill between two of
    them is mended by the next start.

    Returns:
        The names of the files that were run; empty where nothing was new.
    """
    with database.write("ctl") as cursor:
        cursor.execute("CREATE SCHEMA IF NOT EXISTS ctl")
    with database.write("ctl") as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS ctl.migration (name VARCHAR NOT NULL, applied_at TIMESTAMP)")
    with database.read() as cursor:
        seen = {name for (name,) in cursor.execute("SELECT name FROM ctl.migration").fetchall()}
    fresh = [file for file in sorted(_SCHEMA.glob("[0-9]*.sql")) if file.name not in seen]
    for file in fresh:
        for statement in _statements(file.read_text(encoding="utf-8")):
            with database.write("ctl") as cursor:
                cursor.execute(statement)
        with database.write("ctl") as cursor:
            cursor.execute("INSERT INTO ctl.migration VALUES (?, now()::TIMESTAMP)", [file.name])
    return [file.name for file in fresh]


def _statements(text: str) -> list[str]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("--")]
    return [part.strip() for part in "\n".join(lines).split(";") if part.strip()]

"""Puts a migrated database where a test wants one: made once a process by the real migrations, then copied.

Running the migrations costs a tenth of a second of CPU and some sixty turns at the disk. Tests of how a database is
made and migrated (tests/rooms/storage, tests/flows/test_first_start.py) make their own.
"""

import functools
import tempfile
from pathlib import Path

from engine.base.settings import Settings
from engine.security.vault import open_vault
from storage.database import open_database
from storage.migrate import migrate


def place(path: Path) -> None:
    """Put a migrated and empty database at this path, unless there is one; its folder exists."""
    if not path.exists():
        path.write_bytes(_migrated())


def place_home(folder: Path) -> None:
    """Leave in this folder what a first start leaves: a master key and a migrated, empty database."""
    settings = Settings(home=folder)
    if not settings.database.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        open_vault(settings.master_key, is_new_home=True)
        place(settings.database)


@functools.cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory(prefix="handoff-database-") as folder:
        path = Path(folder) / "migrated.duckdb"
        database = open_database(path, ())
        migrate(database)
        database.close()
        return path.read_bytes()

"""Files at rest, by relative keys: what is being fetched, read and merged, one folder a piece of work."""

import shutil
from pathlib import Path

_WORKING = "working"


class Spool:
    """The spool below one folder. Keys are relative, so that the folder can move."""

    def __init__(self, root: Path) -> None:
        """Name the folder; `prepare` makes it."""
        self.root = root

    def prepare(self) -> None:
        """Make the folders and throw away what a killed process left half-done."""
        working = self.root / _WORKING
        if working.exists():
            shutil.rmtree(working)
        working.mkdir(parents=True, mode=0o700)

    def work_folder(self, name: str) -> Path:
        """Return a fresh, empty folder for one piece of work."""
        folder = self.root / _WORKING / name
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True, mode=0o700)
        return folder

    def discard(self, folder: Path) -> None:
        """Remove a work folder and all in it."""
        shutil.rmtree(folder, ignore_errors=True)

"""Files at rest, by relative keys: what is being worked on, what came and is kept, what partners may touch."""

import shutil
from pathlib import Path

_WORKING = "working"
_REPLACED = ".parquet"
_FOLDERS = ("boxes", "landed", "partial", "kept", "answers", "changes")
ACCEPTED_ROWS = ".accepted.parquet"


class Spool:
    """The spool below one folder. Keys are relative, so that the folder can move.

    working/ is thrown away at each start; partial/ holds what a cut fetch can go on from; kept/ the files that
    came and went, until they are old enough; answers/ receipts and results; changes/ what merges
    replaced; boxes/ and landed/ as storage.records.boxes says.
    """

    def __init__(self, root: Path) -> None:
        """Name the folder; `prepare` makes it."""
        self.root = root

    def prepare(self) -> None:
        """Make the folders and throw away what a killed process left half-done."""
        working = self.root / _WORKING
        if working.exists():
            shutil.rmtree(working)
        for name in (_WORKING, *_FOLDERS):
            (self.root / name).mkdir(parents=True, exist_ok=True, mode=0o700)

    def work_folder(self, name: str) -> Path:
        """Return a fresh, empty folder for one piece of work."""
        folder = self.root / _WORKING / name
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True, mode=0o700)
        return folder

    def partial_folder(self, goal_id: str) -> Path:
        """Return the folder where fetches of a goal leave what they have when they are cut."""
        folder = self.root / "partial" / goal_id
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    def path(self, key: str) -> Path:
        """Return where a key lies; keys are made by this program alone."""
        return self.root / key

    def keep(self, file_id: str, source: Path) -> str:
        """Move a whole file to those that are kept and return its key."""
        key = f"kept/{file_id[:4]}/{file_id}.data"
        target = self.root / key
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        source.replace(target)
        return key

    def put_back(self, key: str, source: Path) -> None:
        """Move a whole file to where a key says, in the place of what may be there."""
        target = self.root / key
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        source.replace(target)

    def write_answer(self, file_id: str, name: str, content: bytes) -> str:
        """Write one receipt or result whole and return its key; the same one again takes its place."""
        key = f"answers/{file_id}/{name}"
        target = self.root / key
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = target.with_name(f".{target.name}.new")
        fresh.write_bytes(content)
        fresh.replace(target)
        return key

    def keep_answer(self, file_id: str, name: str, source: Path) -> str:
        """Move a whole file to the answers and return its key; the same one again takes its place."""
        key = f"answers/{file_id}/{name}"
        target = self.root / key
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        source.replace(target)
        return key

    def change_key(self, run_id: str, change_id: str) -> str:
        """Return the key, without an ending, for what a merge of a run replaces; its folder is there."""
        key = f"changes/{run_id}/{change_id}"
        (self.root / key).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return key

    def replaced(self, key: str) -> Path:
        """Return where what a merge replaced lies: its before-image."""
        target = self.root / key
        return target.with_name(f"{target.name}{_REPLACED}")

    def accepted_rows(self, key: str) -> Path:
        """Return where rows that are still to be remembered lie, beside what their merge replaced."""
        target = self.root / key
        return target.with_name(f"{target.name}{ACCEPTED_ROWS}")

    def remove_change(self, key: str) -> None:
        """Remove all that a merge kept under a key."""
        target = self.root / key
        for ending in (_REPLACED, ".rows.parquet", ".keys.parquet", ACCEPTED_ROWS):
            target.with_name(target.name + ending).unlink(missing_ok=True)

    def remove(self, key: str) -> None:
        """Remove what a key names, if it is there."""
        (self.root / key).unlink(missing_ok=True)

    def discard(self, folder: Path) -> None:
        """Remove a work folder and all in it."""
        shutil.rmtree(folder, ignore_errors=True)

    @property
    def landed(self) -> Path:
        """Where the endpoints leave a note for each file that landed."""
        return self.root / "landed"

    def incoming(self, connection_id: str) -> Path:
        """Return the tree that a client of this connection writes into."""
        return self.root / "boxes" / connection_id / "incoming"

    def accepted(self, connection_id: str) -> Path:
        """Return where whole files of this connection lie, out of every client's reach."""
        return self.root / "boxes" / connection_id / "accepted"

    def outgoing(self, connection_id: str) -> Path:
        """Return what clients of this connection may fetch."""
        return self.root / "boxes" / connection_id / "outgoing"

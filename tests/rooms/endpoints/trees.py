"""A client's tree in a test's own folder, without any protocol."""

from pathlib import Path

from engine.endpoints.box import Boxes
from engine.endpoints.jail import Jail
from storage.records.boxes import Account, Landed, Mount
from storage.spool import Spool

CONNECTION = "C1"


class Tree:
    """One login with one folder, or those that are given."""

    def __init__(self, folder: Path, *mounts: Mount) -> None:
        """Make the spool."""
        self.spool = Spool(folder / "spool")
        self.spool.prepare()
        self.mounts = mounts or (mount(),)
        self.boxes = Boxes(self.spool)
        for item in self.mounts:
            self.boxes.of(item.connection_id)

    @property
    def incoming(self) -> Path:
        """Where the client writes."""
        return self.spool.incoming(CONNECTION)

    @property
    def outgoing(self) -> Path:
        """What waits for the client."""
        return self.spool.outgoing(CONNECTION)

    def jail(self) -> Jail:
        """Return a new session's view."""
        return Jail(Account("K1", 1, "sftp", "acme", "", (), self.mounts), self.boxes, "192.0.2.7")

    def again(self) -> Jail:
        """Return a session's view after the process was started anew."""
        self.boxes = Boxes(self.spool)
        return self.jail()

    def landed(self) -> list[Landed]:
        """Return the notes that wait for the engine, oldest first."""
        return [Landed.from_json(path.read_text()) for path in sorted(self.spool.landed.glob("*.json"))]

    def content(self, landed: Landed) -> bytes:
        """Return what was accepted."""
        return (self.spool.accepted(landed.connection_id) / f"{landed.landed_id}.data").read_bytes()


def mount(
    connection_id: str = CONNECTION,
    path: str = "/",
    *,
    is_writable: bool = True,
    bytes_max: int = 10**9,
    files_max: int = 1_000,
    file_bytes_max: int = 10**9,
) -> Mount:
    """Return a folder with room for much, unless it is said otherwise."""
    return Mount(connection_id, path, is_writable, bytes_max, files_max, file_bytes_max)


def put(jail: Jail, path: str, content: bytes) -> Landed | None:
    """Upload a file in one piece, closed well."""
    upload = jail.open_upload(path, anew=True)
    upload.write(0, content)
    return upload.close(is_proven=True)


def listed(jail: Jail, folder: str = "/") -> list[str]:
    """Return the names in a folder."""
    return [entry.name for entry in jail.entries(folder)]


def content(jail: Jail, path: str) -> bytes:
    """Read a file whole."""
    reading = jail.open_reading(path)
    try:
        return reading.read(0, reading.size_bytes + 1)
    finally:
        reading.close()

"""The ground on which hosted endpoints stand, in a test's own folder: accounts, a certificate, boxes, what landed."""

import dataclasses
import functools
import ssl
from pathlib import Path

from engine.base.installation import Endpoints
from engine.endpoints import landing
from engine.endpoints.accounts import Directory
from engine.endpoints.box import Boxes
from engine.endpoints.ground import Ground
from engine.endpoints.guard import Guard
from engine.security import certificates, provisioning
from storage.records.boxes import Account, Accounts, Landed, Mailbox, Mount
from storage.spool import Spool

PASSWORD = "correct-horse-battery-staple"
_HASH = provisioning.hash_password(PASSWORD)
_certificate = functools.cache(certificates.make)


class HostedGround:
    """What a test sees of it; `ground` is what an endpoint is made from. Everything listens on 127.0.0.1, port 0."""

    def __init__(self, folder: Path, **settings: object) -> None:
        """Make the folders and the certificate; nobody has an account yet."""
        self.folder = folder / "endpoints"
        self.folder.mkdir(parents=True)
        self.spool = Spool(folder / "spool")
        self.spool.prepare()
        certificate, key = _certificate("localhost", "127.0.0.1")
        (self.folder / "certificate.pem").write_text(certificate)
        (self.folder / "certificate_key.pem").write_text(key)
        self._accounts = Accounts((), ())
        self.guard = Guard()
        self.directory = Directory(self.folder / "accounts.json", self.guard)
        usual = Endpoints(sftp_port=0, ftp_port=0, smtp_port=0)
        self.ground = Ground(
            folder=self.folder,
            settings=dataclasses.replace(usual, **settings),  # type: ignore[arg-type]  # what a test names
            expected={},
            directory=self.directory,
            guard=self.guard,
            boxes=Boxes(self.spool),
        )

    def tls(self) -> ssl.SSLContext:
        """Return what a client that trusts the certificate connects with."""
        return ssl.create_default_context(cafile=str(self.folder / "certificate.pem"))

    def set(self, *accounts: Account, mailboxes: tuple[Mailbox, ...] = ()) -> None:
        """Let these sign in, and nobody else from now on."""
        self._accounts = Accounts(accounts, mailboxes)
        path = self.folder / "accounts.json"
        fresh = path.with_suffix(".new")
        fresh.write_text(self._accounts.to_json())
        fresh.replace(path)
        self.directory.look()

    def landed(self, connection_id: str = "c1") -> list[Landed]:
        """Return the notes for the engine of one connection, oldest first."""
        notes = [Landed.from_json(path.read_text()) for path in sorted(self.spool.landed.glob("*.json"))]
        return [note for note in notes if note.connection_id == connection_id]

    def content(self, landed: Landed) -> bytes:
        """Return what landed."""
        return (self.spool.accepted(landed.connection_id) / f"{landed.landed_id}.data").read_bytes()

    def leftovers(self, connection_id: str = "c1") -> list[str]:
        """Return names of files that lie in a box and are neither accepted nor their notes."""
        whole = {note.landed_id for note in landing.notes(self.spool, connection_id)}
        accepted = [item for item in self.spool.accepted(connection_id).glob("*") if item.stem not in whole]
        pending = [item for item in self.spool.incoming(connection_id).rglob("*") if item.is_file()]
        return [item.name for item in (*accepted, *pending)]


def account(
    username: str = "shop", *mounts: Mount, protocol: str = "ftp", credential_id: str = "k1", version: int = 1
) -> Account:
    """Return a login with PASSWORD, by default with one writable folder, of connection c1."""
    return Account(credential_id, version, protocol, username, _HASH, (), mounts or (mount(),))


def mount(connection_id: str = "c1", path: str = "/", *, is_writable: bool = True, **limits: int) -> Mount:
    """Return a connection's folder with room for every test, unless it says less."""
    room = {"bytes_max": 1024**3, "files_max": 1_000, "file_bytes_max": 1024**3} | limits
    return Mount(connection_id, path, is_writable, **room)


def mailbox(
    local_part: str = "in-known", *allowed: str, connection_id: str = "c1", bytes_max: int = 50 * 1024**2
) -> Mailbox:
    """Return a mailbox of connection c1; without allowed senders anybody may send."""
    return Mailbox(connection_id, local_part, allowed, bytes_max)

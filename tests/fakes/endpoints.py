"""The real process of the hosted endpoints on a home of a test, with logins of its own and no engine."""

import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import asdict, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from engine.base.installation import Endpoints
from engine.security import certificates, host_keys, provisioning
from storage.records.boxes import Account, Accounts, EndpointStatus, Landed, Listener, Mailbox, Mount
from storage.spool import Spool
from tests.fakes.service import wait_until

_ROOT = Path(__file__).resolve().parents[2]
_START_S_MAX = 60.0
FREE_PORTS = Endpoints(sftp_port=0, ftp_port=0, smtp_port=0)
PASSWORD = "correct-horse-battery-staple-192"
PASSWORD_HASH = provisioning.hash_password(PASSWORD)
# Made once a test run: RSA takes its time, and nobody looks whether two homes have the same.
_keys: dict[str, str] = {}


class EndpointsProcess:
    """`python -m engine.endpoints`; `with` starts it and closes its pipe, `kill` ends it with -9."""

    program: tuple[str, ...] = ("-m", "engine.endpoints")

    def __init__(self, home: Path, settings: Endpoints = FREE_PORTS) -> None:
        """Make a home with keys and a certificate; nothing runs yet."""
        self.home = home
        self.settings = settings
        self.folder = home / "endpoints"
        self.spool = Spool(home / "spool")
        self.spool.prepare()
        self.expected = write_keys(self.folder)
        self.process: subprocess.Popen[str] | None = None
        self._accounts = Accounts((), ())

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let it go, as a service does that ends."""
        self.stop()

    def start(self) -> None:
        """Start it and wait until it says that it runs."""
        (self.folder / "status.json").unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [sys.executable, *self.program],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdin is not None
        told = {"home": str(self.home), "endpoints": asdict(self.settings), "expected": self.expected}
        self.process.stdin.write(json.dumps(told) + "\n")
        self.process.stdin.flush()
        wait_until(lambda: self.status() is not None, _START_S_MAX)

    def stop(self) -> None:
        """Close its pipe and wait for its end."""
        if self.process is not None:
            assert self.process.stdin is not None
            self.process.stdin.close()
            self.process.wait(timeout=_START_S_MAX)
            self.process = None

    def kill(self) -> None:
        """End it with -9."""
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGKILL)
        self.stop()

    def let_in(self, *accounts: Account, mailboxes: tuple[Mailbox, ...] = ()) -> None:
        """Write who may sign in, and only these."""
        self._accounts = Accounts(accounts, mailboxes)
        fresh = self.folder / f"accounts-{threading.get_ident()}.new"
        fresh.write_text(self._accounts.to_json())
        fresh.replace(self.folder / "accounts.json")

    def add_login(self, protocol: str = "sftp", name: str = "acme", mount: Mount | None = None) -> Account:
        """Let one more sign in, with PASSWORD, into a folder of a connection of its own."""
        account = Account(
            credential_id=f"K-{name}",
            version=1,
            protocol=protocol,
            username=name,
            password_hash=PASSWORD_HASH,
            public_keys=(),
            mounts=(mount or a_mount(f"C-{name}"),),
        )
        self.let_in(*self._accounts.accounts, account, mailboxes=self._accounts.mailboxes)
        return account

    def add_key(self, account: Account, line: str) -> Account:
        """Let the owner of a public key sign in to an account, in the place of its password."""
        changed = replace(account, public_keys=(line,), password_hash="")
        others = [item for item in self._accounts.accounts if item.credential_id != account.credential_id]
        self.let_in(*others, changed, mailboxes=self._accounts.mailboxes)
        return changed

    @property
    def accounts(self) -> tuple[Account, ...]:
        """Who may sign in now, in the order they were added."""
        return self._accounts.accounts

    def landed_of(self, account: Account) -> list[Landed]:
        """Return the notes of one login's files, oldest first."""
        return [item for item in self.landed() if item.credential_id == account.credential_id]

    def status(self) -> EndpointStatus | None:
        """Return what the process said last."""
        try:
            return EndpointStatus.from_json((self.folder / "status.json").read_text())
        except FileNotFoundError:
            return None

    def listener(self, protocol: str) -> Listener:
        """Wait until it is said that a protocol listens, or that it cannot, and return that."""
        found: list[Listener] = []

        def is_said() -> bool:
            status = self.status()
            found[:] = [item for item in status.listeners if item.protocol == protocol] if status else []
            return bool(found)

        wait_until(is_said, _START_S_MAX)
        return found[0]

    def port(self, protocol: str = "sftp") -> int:
        """Wait until a protocol listens and return its port."""
        wait_until(lambda: self.listener(protocol).port > 0, _START_S_MAX)
        return self.listener(protocol).port

    def landed(self) -> list[Landed]:
        """Return the notes that wait for the engine, oldest first."""
        return [Landed.from_json(path.read_text()) for path in sorted(self.spool.landed.glob("*.json"))]

    def content(self, landed: Landed) -> bytes:
        """Return what was accepted."""
        return (self.spool.accepted(landed.connection_id) / f"{landed.landed_id}.data").read_bytes()


def a_mount(connection_id: str, path: str = "/", *, is_writable: bool = True) -> Mount:
    """Return a folder with room for much."""
    return Mount(connection_id, path, is_writable, bytes_max=10**9, files_max=1_000, file_bytes_max=10**9)


def write_keys(folder: Path) -> dict[str, str]:
    """Write host keys and a certificate, and return their fingerprints by their names in ctl.identity."""
    folder.mkdir(parents=True, exist_ok=True)
    if not _keys:
        _keys["ssh_host_ed25519_key"] = host_keys.make_ed25519()[0]
        _keys["ssh_host_rsa_key"] = host_keys.make_rsa()[0]
        _keys["certificate.pem"], _keys["certificate_key.pem"] = certificates.make("localhost", "127.0.0.1")
    for file, text in _keys.items():
        (folder / file).write_text(text)
        (folder / file).chmod(0o600)
    expected = {
        name: provisioning.fingerprint(host_keys.public_line(_keys[file])) for name, file in host_keys.FILES.items()
    }
    return {**expected, "certificate": certificates.fingerprint(_keys["certificate.pem"])}

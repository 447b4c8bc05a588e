"""A real OpenSSH server on 127.0.0.1 for tests: own keys, own folder, sign-in by password and by key."""

import atexit
import contextlib
import fcntl
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest

from tests.fakes.programs import require

_PREFIX = "handofftest"
_START_WAIT_S = 10.0
_ATTEMPT = re.compile(r"\b(Accepted|Failed|Postponed|Invalid user|authenticating user)\b")


@dataclass(frozen=True)
class _Account:
    """The system user that OpenSSH signs people in as, one for this test process."""

    username: str
    password: str


_account: _Account | None = None


class OpenSSH:
    """One sshd; `with OpenSSH() as server:` starts it and leaves nothing behind.

    Files are put into `folder`; the client names it `absolute_folder`. sshd runs without a chroot, because that
    wants every folder above to belong to root alone, and /tmp never does.
    """

    host = "127.0.0.1"

    def __init__(
        self,
        key_kinds: tuple[str, ...] = ("ed25519",),
        extra_config: str = "",
        *,
        accepts_passwords: bool = True,
    ) -> None:
        """Prepare the folder and the keys; key_kinds are of the server, first choice first.

        extra_config stands before our own lines, and sshd takes the first value of each setting.
        """
        self._accepts_passwords = accepts_passwords
        self._key_kinds = key_kinds
        self._extra_config = extra_config
        self._process: subprocess.Popen[bytes] | None = None
        account = _system_account()
        self.username, self.password = account.username, account.password
        self._root = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}-{os.getpid()}-"))
        self._root.chmod(0o755)
        self.folder = self._root / "files"
        self.folder.mkdir(mode=0o755)
        self.absolute_folder = str(self.folder)
        self._log = self._root / "sshd.log"
        self._log.touch()
        self.private_key = self.add_key("ed25519")
        self.port = _free_port()
        self.change_host_key()

    def __enter__(self) -> Self:
        """Start the server."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server and remove its files."""
        self.stop()
        shutil.rmtree(self._root, ignore_errors=True)

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the first host key, as ssh-keygen prints it."""
        return self.fingerprint_of(self._key_kinds[0])

    def fingerprint_of(self, kind: str) -> str:
        """Return the SHA-256 of one of the host keys: "SHA256:..."."""
        said = _run("ssh-keygen", "-l", "-E", "sha256", "-f", str(self._host_key(kind)) + ".pub")
        return said.split()[1]

    def public_host_key(self, kind: str) -> str:
        """Return the public half of one of the host keys, as known_hosts files hold it."""
        return self._host_key(kind).with_suffix(".pub").read_text().strip()

    def add_key(self, kind: str, bits: int | None = None, passphrase: str = "") -> str:
        """Make a key pair that may sign in and return the private half as OpenSSH text."""
        path = self._root / f"user_{secrets.token_hex(4)}"
        size = ["-b", str(bits)] if bits else []
        _run("ssh-keygen", "-q", "-t", kind, *size, "-N", passphrase, "-C", "", "-f", str(path))
        with (self._root / "authorized_keys").open("a") as allowed:
            allowed.write(path.with_suffix(".pub").read_text())
        (self._root / "authorized_keys").chmod(0o644)
        return path.read_text()

    def change_host_key(self) -> None:
        """Give the server new host keys; a running one is started again with them."""
        was_running = self._process is not None
        self.stop()
        for kind in self._key_kinds:
            for path in (self._host_key(kind), self._host_key(kind).with_suffix(".pub")):
                path.unlink(missing_ok=True)
            size = ["-b", "2048"] if kind == "rsa" else []
            _run("ssh-keygen", "-q", "-t", kind, *size, "-N", "", "-C", "", "-f", str(self._host_key(kind)))
        if was_running:
            self.start()

    def start(self) -> None:
        """Start the server on the same port as before and wait until it answers."""
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd's own place for privilege separation
        for _ in range(5):
            self._write_config()
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(
                    [require("sshd"), "-D", "-e", "-f", str(self._root / "sshd_config")],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
            (self._root / "sshd.pid").write_text(str(self._process.pid))
            if self._answers():
                return
            self.stop()
            self.port = _free_port()  # somebody else took the port in between
        pytest.fail(f"sshd does not start: {self.log_text()[-2000:]}")

    def stop(self) -> None:
        """End the server and every session it has, at once."""
        if self._process is None:
            return
        for pid in [*_descendants(self._process.pid), self._process.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(timeout=_START_WAIT_S)
        self._process = None

    def log_text(self) -> str:
        """Return all that sshd logged, at level VERBOSE."""
        return self._log.read_text(errors="replace")

    def auth_attempts(self) -> list[str]:
        """Return the log lines that speak of a sign-in, tried or done; empty where no credential was sent."""
        return [line for line in self.log_text().splitlines() if _ATTEMPT.search(line)]

    def _host_key(self, kind: str) -> Path:
        return self._root / f"host_{kind}"

    def _answers(self) -> bool:
        deadline = time.monotonic() + _START_WAIT_S
        while time.monotonic() < deadline and self._process is not None and self._process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection((self.host, self.port), timeout=1) as probe:
                if probe.recv(4) == b"SSH-":
                    return self._process.poll() is None
            time.sleep(0.01)
        return False

    def _write_config(self) -> None:
        lines = [
            *self._extra_config.splitlines(),
            f"ListenAddress {self.host}:{self.port}",
            *(f"HostKey {self._host_key(kind)}" for kind in self._key_kinds),
            "PidFile none",
            "UsePAM no",
            "StrictModes no",
            "PermitRootLogin no",
            f"PasswordAuthentication {'yes' if self._accepts_passwords else 'no'}",
            "KbdInteractiveAuthentication no",
            "PubkeyAuthentication yes",
            f"AuthorizedKeysFile {self._root}/authorized_keys",
            f"AllowUsers {self.username}",
            "MaxAuthTries 6",
            "MaxStartups 200:30:400",
            "MaxSessions 100",
            "LogLevel VERBOSE",
            "Subsystem sftp internal-sftp",
            "ForceCommand internal-sftp",
            "DisableForwarding yes",
            *(["PerSourcePenalties no"] if _version() >= (9, 8) else []),
        ]
        (self._root / "sshd_config").write_text("\n".join(lines) + "\n")


@pytest.fixture
def sftp_server() -> Iterator[OpenSSH]:
    """Give a running OpenSSH server; a folder's conftest.py imports this name to offer it."""
    with OpenSSH() as server:
        yield server


def _run(name: str, *arguments: str, given: str | None = None) -> str:
    done = subprocess.run(
        [require(name), *arguments], input=given, capture_output=True, text=True, check=False, timeout=60
    )
    if done.returncode != 0:
        pytest.fail(f"{name} failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def _version() -> tuple[int, int]:
    said = subprocess.run([require("ssh"), "-V"], capture_output=True, text=True, check=True, timeout=10).stderr
    found = re.search(r"OpenSSH_(\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _system_account() -> _Account:
    """Return this process's throw-away system user; OpenSSH signs in system users alone."""
    global _account  # noqa: PLW0603 - made once, because useradd is slow
    if _account is None:
        if os.geteuid() != 0:
            pytest.fail("root is missing: the real OpenSSH server needs a system user, so these tests run as root")
        require("sshd")
        with _one_at_a_time():
            _remove_leftovers()
            username = f"{_PREFIX}{os.getpid()}"
            password = secrets.token_urlsafe(12)
            nowhere = ["--no-create-home", "--home-dir", "/nonexistent", "--shell", "/bin/sh"]
            _run("useradd", *nowhere, "--no-user-group", "--comment", "throw-away user of a test run", username)
            _run("chpasswd", "-c", "SHA256", "-s", "1000", given=f"{username}:{password}\n")
        _account = _Account(username, password)
        atexit.register(_remove_account, username, os.getpid())
    return _account


def _remove_account(username: str, made_by_pid: int) -> None:
    if os.getpid() == made_by_pid:  # a forked child must not remove its parent's user
        with _one_at_a_time():
            _delete_user(username)


def _delete_user(username: str) -> None:
    subprocess.run([require("userdel"), "--force", username], capture_output=True, check=False, timeout=60)


def _remove_leftovers() -> None:
    """Remove users, servers and folders of test runs that were killed."""
    for entry in pwd.getpwall():
        number = entry.pw_name.removeprefix(_PREFIX)
        if number != entry.pw_name and number.isdigit() and not _lives(int(number)):
            _delete_user(entry.pw_name)
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}-*-*"):
        number = folder.name.split("-")[1]
        if number.isdigit() and not _lives(int(number)):
            _kill_left_server(folder)
            shutil.rmtree(folder, ignore_errors=True)


def _kill_left_server(folder: Path) -> None:
    with contextlib.suppress(OSError, ValueError):
        pid = int((folder / "sshd.pid").read_text())
        if str(folder).encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGKILL)


def _lives(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def _descendants(pid: int) -> list[int]:
    found = []
    for listing in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in listing.read_text().split():
                found += [*_descendants(int(child)), int(child)]
    return found


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Serialise changes of the system's users over all test processes of this machine."""
    with (Path(tempfile.gettempdir()) / f"{_PREFIX}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

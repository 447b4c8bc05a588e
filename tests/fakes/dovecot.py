"""The real Dovecot as a mail server of one user, from a configuration of its own."""

import contextlib
import grp
import os
import pwd
import signal
import socket
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.fakes.programs import require
from tests.fakes.service import wait_until

_START_S_MAX = 20.0
_CONFIGURATION = """
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/log
mail_location = maildir:{mail}
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = 0
first_valid_gid = 0
last_valid_gid = 0
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {login_user}
protocols = imap
listen = 127.0.0.1
disable_plaintext_auth = no
auth_mechanisms = plain
ssl = {ssl}
{certificate}
namespace inbox {{
  inbox = yes
  separator = .
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}/user
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


class Dovecot:
    """Serves one mailbox over IMAP on 127.0.0.1: `port` with STARTTLS (or none), `tls_port` with TLS first.

    Args:
        certificate: A PEM file with certificate and key; None: no TLS at all.
    """

    host = "127.0.0.1"
    username = "shop@example.com"
    password = "correct-horse"

    def __init__(self, certificate: Path | None = None) -> None:
        """Find the program; `with` starts and stops it."""
        self._program = require("dovecot")
        self._certificate = certificate
        self._owner = pwd.getpwnam("dovecot") if _is_root() else pwd.getpwuid(os.getuid())
        self._home = tempfile.TemporaryDirectory(prefix="handoff-dovecot-")
        self.folder = Path(self._home.name) / "mail"
        self.port, self.tls_port = _free_port(), _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Write the configuration, start it, wait until it greets."""
        home = Path(self._home.name)
        for folder in ("new", "cur", "tmp"):
            (self.folder / folder).mkdir(parents=True)
        for made in (home, self.folder, *self.folder.iterdir()):
            self._give(made)
        certificate = self._certificate
        text = _CONFIGURATION.format(
            home=home,
            mail=self.folder,
            uid=self._owner.pw_uid,
            gid=self._owner.pw_gid,
            user=self._owner.pw_name,
            group=grp.getgrgid(self._owner.pw_gid).gr_name,
            # Started by root, Dovecot gives all up to the users of its package; else it runs as who starts it.
            login_user="dovenull" if _is_root() else self._owner.pw_name,
            ssl="yes" if certificate else "no",
            certificate=f"ssl_cert = <{certificate}\nssl_key = <{certificate}\n" if certificate else "",
            password=self.password,
            port=self.port,
            tls_port=self.tls_port if certificate else 0,
        )
        (home / "dovecot.conf").write_text(text)
        self._process = subprocess.Popen(
            [self._program, "-F", "-c", str(home / "dovecot.conf")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            wait_until(
                lambda: self._process is None or self._process.poll() is not None or self._greets(), _START_S_MAX
            )
            assert self._greets(), (home / "log").read_text()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it and all its processes."""
        assert self._process is not None
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(timeout=10)
        self._home.cleanup()

    def put(self, name: str, raw: bytes, changed_s: int | None = None) -> Path:
        """Let a mail lie in the inbox; changed_s is when it came."""
        path = self.folder / "tmp" / name
        path.write_bytes(raw)
        self._give(path)
        if changed_s is not None:
            os.utime(path, (changed_s, changed_s))
        return path.rename(self.folder / "new" / name)

    def flags(self) -> list[str]:
        """Return the flags of each mail there, in Maildir's letters ("S" for seen, "T" for deleted)."""
        found = [path.name.partition(":2,")[2] for path in (self.folder / "cur").iterdir()]
        return sorted(found + [""] * len(list((self.folder / "new").iterdir())))

    def _give(self, path: Path) -> None:
        if _is_root():
            os.chown(path, self._owner.pw_uid, self._owner.pw_gid)

    def _greets(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection((self.host, self.port), 1) as opened:
            return opened.recv(100).startswith(b"* OK")
        return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
    return port


def _is_root() -> bool:
    return os.getuid() == 0

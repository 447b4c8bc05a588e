"""A partner at its own desk: OpenSSH's sftp with a password, and what the hosted endpoints say of themselves."""

import os
import subprocess
from pathlib import Path

from storage.records.boxes import Accounts, EndpointStatus
from tests.fakes.programs import require

SFTP_WAIT_S = 30


def port(home: Path, protocol: str) -> int:
    """Return where the endpoint of a protocol listens, 0 where it does not yet."""
    try:
        status = EndpointStatus.from_json((home / "endpoints" / "status.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return 0
    return next((item.port for item in status.listeners if item.protocol == protocol), 0)


def accounts(home: Path) -> Accounts:
    """Return who may sign in by now."""
    try:
        return Accounts.from_json((home / "endpoints" / "accounts.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Accounts((), ())


class Partner:
    """One login as somebody got it from the window "Your credentials"."""

    def __init__(self, home: Path, folder: Path, username: str, password: str) -> None:
        """Keep the login; folder is for the partner's own files."""
        self._home, self._folder = home, folder
        self._username = username
        self._ask = folder / f"ask_{len(list(folder.glob('ask_*')))}"
        self._ask.write_text(f"#!/bin/sh\necho '{password}'\n")
        self._ask.chmod(0o700)

    def does(self, *commands: str) -> subprocess.CompletedProcess[str]:
        """Sign in and give these commands of OpenSSH's sftp; the exit status says whether all went well."""
        options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "PubkeyAuthentication=no"]
        options += ["NumberOfPasswordPrompts=1", "PreferredAuthentications=password", "ConnectTimeout=5"]
        return subprocess.run(
            [
                require("sftp"),
                *[word for option in options for word in ("-o", option)],
                "-P",
                str(port(self._home, "sftp")),
                f"{self._username}@127.0.0.1",
            ],
            input="".join(f"{command}\n" for command in commands),
            cwd=self._folder,
            env={**os.environ, "SSH_ASKPASS": str(self._ask), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":0"},
            capture_output=True,
            text=True,
            check=False,
            timeout=SFTP_WAIT_S,
        )

    def may_sign_in(self) -> bool:
        """Say whether the login works now."""
        said = self.does("pwd")
        return "Remote working directory" in said.stdout

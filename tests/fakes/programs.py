"""Finds the system programs that tests drive, and fails a test by name where one is missing."""

import os
import shutil

import pytest

PACKAGES = {
    "chromium": "chromium",
    "sshd": "openssh-server",
    "sftp-server": "openssh-server",
    "ssh": "openssh-client",
    "sftp": "openssh-client",
    "ssh-keygen": "openssh-client",
    "scp": "openssh-client",
    "curl": "curl",
    "lftp": "lftp",
    "rclone": "rclone",
    "swaks": "swaks",
    "psftp": "putty-tools",
    "dovecot": "dovecot-imapd",
}
# Where Debian keeps programs that an ordinary user's PATH does not name.
_ALSO_IN = ("/usr/sbin", "/sbin", "/usr/lib/openssh")


def require(program: str) -> str:
    """Return the program's absolute path, or fail the test with the program's name and the way to install it."""
    found = shutil.which(program, path=os.pathsep.join((os.environ.get("PATH", os.defpath), *_ALSO_IN)))
    if found is None:
        package = PACKAGES.get(program, program)
        pytest.fail(f"{program} is not installed: make setup installs {package}", pytrace=False)
    return os.path.abspath(found)  # noqa: PTH100 - sshd wants the path it was called by, links and all

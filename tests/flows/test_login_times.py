"""A login works within five seconds of its making and ends within five of its revocation, in the real service."""

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paramiko
import pytest

from storage.records.boxes import EndpointStatus
from tests.fakes.dashboard import FREE_PORTS
from tests.fakes.service import ServiceProcess, wait_until
from tests.fakes.sftp_guest import Guest

SOON_S = 5.0
START_S_MAX = 60.0


def pushed(name: str, **login: str) -> dict[str, Any]:
    """A connection to which a partner pushes, as `apply` takes it."""
    imported = {"files": "*.csv", "identifiers": [{"field": "id", "property": "customer_id"}]}
    return {
        "name": name,
        "direction": "inbound",
        "data_type": "audiences",
        "method": "sftp",
        "methodology": "push",
        "login": login,
        "state": "on",
        "goals": [{"import": imported}],
    }


def made(service: ServiceProcess, name: str) -> tuple[str, str]:
    """Have a connection made; return the user name and the password that are told once."""
    told = service.ask("apply", wanted={"connections": [pushed(name)]})["changes"][0]["provisioned"]
    return told["username"], told["password"]


def port_of(home: Path) -> int:
    """Return where SFTP listens; 0 before it does."""
    with contextlib.suppress(OSError, ValueError):
        listeners = EndpointStatus.from_json((home / "endpoints" / "status.json").read_text()).listeners
        return next((item.port for item in listeners if item.protocol == "sftp"), 0)
    return 0


def signs_in(home: Path, username: str, password: str) -> bool:
    """Say whether a login works now."""
    with contextlib.suppress(OSError, EOFError, paramiko.SSHException), Guest(port_of(home), username, password):
        return True
    return False


def seconds_until(is_so: Callable[[], bool]) -> float:
    """Wait for a condition and return how long it took."""
    began_s = time.monotonic()
    wait_until(is_so, START_S_MAX)
    return time.monotonic() - began_s


@pytest.mark.promise("W35")
@pytest.mark.fault(26)
def test_a_login_works_soon_after_it_was_made_and_ends_soon_after_it_was_replaced(tmp_path: Path) -> None:
    # given: a service whose endpoints listen, for somebody may sign in
    (tmp_path / "settings.yaml").write_text(FREE_PORTS)
    with ServiceProcess(tmp_path) as service:
        made(service, "First")
        wait_until(lambda: port_of(tmp_path) > 0, START_S_MAX)
        # when
        username, password = made(service, "Second")
        took_s = seconds_until(lambda: signs_in(tmp_path, username, password))
        # then
        assert took_s <= SOON_S
        # when: it is replaced while a session is open
        with Guest(port_of(tmp_path), username, password) as guest:
            other = pushed("Second", username=username, password="another-password-of-192-random-bits")
            service.ask("apply", wanted={"connections": [other]})
            took_s = seconds_until(lambda: not guest.transport.is_active())
        # then: the session ended, and so did the old password; the new one works
        assert took_s <= SOON_S
        assert not signs_in(tmp_path, username, password)
        assert signs_in(tmp_path, username, "another-password-of-192-random-bits")

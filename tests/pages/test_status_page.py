"""The Status page: what runs, what listens where, what needs a hand, and who sees it."""

from collections.abc import Hashable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from engine.base import clock, limits
from engine.flows import hosting, pulse
from engine.flows.desk import Desk
from engine.views import status as view
from pages import status_page
from pages.parts import menu
from pages.parts.plain import plain
from storage.records.boxes import Account, Accounts, EndpointStatus, Listener, Mount
from storage.records.people import Caller, Role
from tests.pages.conftest import Show

FILE = "status_page.py"


@pytest.fixture(autouse=True)
def no_pulse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "_beats", {})


def _lines(page: AppTest, number: int = 0) -> list[dict[Hashable, Any]]:
    return page.dataframe[number].value.to_dict("records")


def _say(desk: Desk, *listeners: Listener, banned: tuple[tuple[str, str], ...] = (), age_s: float = 3.0) -> None:
    """Write what a process of endpoints would."""
    mount = Mount("C1", "/", is_writable=True, bytes_max=1, files_max=1, file_bytes_max=1)
    folder: Path = desk.settings.endpoints
    folder.mkdir(exist_ok=True)
    accounts = Accounts((Account("K1", 1, "sftp", "acme", "", (), (mount,)),), ())
    (folder / "accounts.json").write_text(accounts.to_json())
    at = (clock.now() - timedelta(seconds=age_s)).isoformat()
    (folder / "status.json").write_text(EndpointStatus(4711, at, listeners, banned).to_json())


def test_a_new_home_says_that_nothing_listens_and_that_the_engine_is_not_there(desk: Desk, show: Show) -> None:
    # given a home without engine
    del desk
    # when
    page = show(FILE)
    # then
    assert not page.exception
    parts = {line["Part"]: line for line in _lines(page)}
    assert list(parts) == ["Engine", "Scheduler", "Endpoints", "Queue", "Database", "Disk", "Mail we send"]
    assert parts["Engine"]["State"] == ["Down"]
    assert any("Engine" in line.value and "Start Handoff again" in line.value for line in page.markdown)
    assert parts["Endpoints"]["State"] == ["Idle"]
    assert parts["Queue"]["Detail"] == "0 in progress, 0 queued; 0 messages to send"
    endpoints = _lines(page, 1)
    assert [line["Protocol"] for line in endpoints] == ["SFTP", "FTPS", "Mail"]
    assert endpoints[0]["Listens on"] == "port 2222, once it is needed"
    assert all(line["State"] == ["Idle"] for line in endpoints)


@pytest.mark.promise("A07")
def test_what_listens_is_shown_with_address_fingerprint_and_what_partners_allow_list(desk: Desk, show: Show) -> None:
    # given an engine, and endpoints of which one cannot listen
    pulse.beat(pulse.JOBS)
    pulse.beat(pulse.SCHEDULER)
    fault = "FTPS cannot listen on 127.0.0.1 port 2121 (Address already in use); free it."
    _say(
        desk,
        Listener("sftp", "127.0.0.1", 2222, "SHA256:abc", 3, ""),
        Listener("ftp", "127.0.0.1", 0, "", 0, fault),
        banned=(("192.0.2.1", (clock.now() + timedelta(minutes=9)).isoformat()),),
    )
    # when
    page = show(FILE, Role.MANAGER)
    # then
    assert not page.exception
    parts = {line["Part"]: line for line in _lines(page)}
    assert [parts[name]["State"] for name in ("Engine", "Scheduler", "Endpoints")] == [["Fine"], ["Fine"], ["Look"]]
    assert parts["Endpoints"]["Heard of"].endswith(" s ago")
    sftp, ftp, mail = _lines(page, 1)
    assert (sftp["Listens on"], sftp["Sessions"], sftp["Host key or certificate"]) == (
        "127.0.0.1:2222",
        3,
        "SHA256:abc",
    )
    assert (ftp["State"], ftp["Listens on"]) == (["Down"], "nothing")
    assert plain(fault) in [error.value for error in page.error]
    assert mail["State"] == ["Idle"]
    assert [block.value for block in page.code] == ["localhost", "127.0.0.1"]
    assert _lines(page, 2)[0]["Address"] == "192.0.2.1"
    facts = hosting.facts(desk)
    assert (facts.ports["sftp"], facts.public_address) == (2222, "127.0.0.1")


def test_endpoints_that_are_silent_are_down(desk: Desk, show: Show) -> None:
    # given endpoints that said something long ago
    _say(desk, Listener("sftp", "127.0.0.1", 2222, "SHA256:abc", 3, ""), age_s=60)
    # when
    page = show(FILE)
    # then
    assert {line["Part"]: line["State"] for line in _lines(page)}["Endpoints"] == ["Down"]


def test_settings_that_cannot_be_read_are_said_and_the_rest_is_shown(desk: Desk, show: Show) -> None:
    # given
    (desk.settings.home / "settings.yaml").write_text("endpoints: {host: 1}\n")
    # when
    page = show(FILE)
    # then
    assert not page.exception
    parts = {line["Part"]: line for line in _lines(page)}
    assert parts["Settings"]["State"] == ["Down"]
    assert "endpoints.host should be text" in str(parts["Settings"]["Detail"])
    assert "Disk" in parts


def test_everybody_but_partners_finds_the_page() -> None:
    # when
    (entry,) = [item for item in menu.ENTRIES if item.file == FILE]
    # then
    assert entry.roles == frozenset(Role) - {Role.PARTNER}


def test_little_room_on_the_disk_is_said(desk: Desk, admin: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    # given a disk with less than is asked for
    monkeypatch.setattr(limits, "DISK_FREE_BYTES_MIN", 2**62)
    # when
    found = {part.name: part for part in view.page(desk, admin).parts}
    # then
    assert found["Disk"].health is view.Health.ATTENTION
    assert found["Disk"].advice


@pytest.mark.parametrize(("silent_s", "said"), [(None, ""), (0.2, "now"), (3.4, "3 s ago"), (61.0, "1 min ago")])
def test_how_long_ago_is_said_in_the_words_of_people(silent_s: float | None, said: str) -> None:
    assert status_page.ago(silent_s) == said

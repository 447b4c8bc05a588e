"""Credentials say when they were last used: by a run of ours, or by a file that a partner put here."""

from datetime import timedelta
from pathlib import Path

import pytest

from engine.base import clock
from engine.flows import places
from storage.records.people import Caller, Role
from tests.fakes.home import open_home
from tests.fakes.wizards import credential_of, make

ANA = Caller("Ana Vos", Role.ANALYST, "p1")


@pytest.mark.parametrize("way", [("inbound", "sftp", "pull"), ("inbound", "sftp", "push")])
def test_each_use_is_noted_but_at_most_once_a_minute(tmp_path: Path, way: tuple[str, str, str]) -> None:
    with open_home(tmp_path) as desk:
        # given
        connection = make(desk, ANA, way)
        assert credential_of(desk, connection).last_used_at is None
        # when
        places.note_used(desk, connection)
        first = credential_of(desk, connection).last_used_at
        places.note_used(desk, connection)
        # then
        assert first is not None
        assert clock.now() - first < timedelta(hours=1)
        assert credential_of(desk, connection).last_used_at == first
        assert credential_of(desk, connection).version == 1


def test_mail_that_we_send_uses_no_credentials(tmp_path: Path) -> None:
    with open_home(tmp_path) as desk:
        places.note_used(desk, make(desk, ANA, ("outbound", "email", "push")))

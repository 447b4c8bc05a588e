"""What becomes of wizard drafts: how long they and their secrets stay, where a secret may go, what is audited."""

import pytest

from engine.actions import drafts
from engine.base import limits
from engine.base.errors import BadInput
from engine.flows import sealing
from engine.flows.desk import Desk
from engine.views import drafts as view
from storage.records.connections import Secrets
from storage.records.people import Caller
from storage.tables import audit as table
from tests.fakes.home import first_admin
from tests.rooms.security.conftest import Clock

ANSWERS = {
    "name": "Shop",
    "direction": "inbound",
    "data_type": "identities",
    "method": "sftp",
    "methodology": "pull",
    "host": "sftp.example.org",
    "port": 22,
    "folder": "/out",
    "files": "*.csv",
    "username": "shop",
    "host_key": "SHA256:" + "a" * 43,
}


@pytest.fixture
def admin(desk: Desk) -> Caller:
    return first_admin(desk)


def test_a_draft_that_nobody_came_back_to_goes_with_its_secret(time: Clock, desk: Desk, admin: Caller) -> None:
    # given
    left = drafts.begin(desk, admin)
    drafts.set_secret(desk, admin, left, Secrets(password="s3cret"))
    # when
    time.pass_s(limits.DRAFT_DAYS_MAX * 24 * 3600 + 1)
    fresh = drafts.begin(desk, admin)
    # then
    with desk.database.read() as cursor:
        assert cursor.execute("SELECT draft_id FROM ctl.draft").fetchall() == [(fresh,)]


def test_a_saved_secret_does_not_go_with_its_connection_to_another_server(desk: Desk, admin: Caller) -> None:
    # given: a connection with a password, which nobody can see
    made = drafts.begin(desk, admin)
    drafts.save(desk, admin, made, ANSWERS)
    drafts.set_secret(desk, admin, made, Secrets(password="s3cret"))
    connection_id = drafts.create(desk, admin, made)
    # when: an edit leaves the server, then names another
    edit = drafts.begin_edit(desk, admin, connection_id)
    drafts.save(desk, admin, edit, {"folder": "/elsewhere", "host": "sftp.example.org"})
    kept = view.page(desk, admin, edit, None).answers["has_secret"]
    drafts.save(desk, admin, edit, {"host": "sftp.example.com"})
    # then
    assert kept is True
    assert view.page(desk, admin, edit, None).answers["has_secret"] is False
    with desk.database.read() as cursor, pytest.raises(BadInput, match="Enter the password"):
        sealing.of_draft(desk, cursor, edit, drafts.owner(admin))


def test_a_folder_changed_in_the_wizard_is_in_the_audit(desk: Desk, admin: Caller) -> None:
    # given
    made = drafts.begin(desk, admin)
    drafts.save(desk, admin, made, ANSWERS)
    drafts.set_secret(desk, admin, made, Secrets(password="s3cret"))
    edit = drafts.begin_edit(desk, admin, drafts.create(desk, admin, made))
    # when
    drafts.save(desk, admin, edit, {"folder": "/elsewhere"})
    drafts.create(desk, admin, edit)
    # then
    with desk.database.read() as cursor:
        found = [entry for entry in table.all_entries(cursor) if entry.what_kind == "goal"]
    assert [(entry.did, entry.what_name) for entry in found] == [("created", "Shop"), ("changed", "Shop")]
    assert '"folder": "/out"' in (found[1].before_json or "")
    assert '"folder": "/elsewhere"' in (found[1].after_json or "")

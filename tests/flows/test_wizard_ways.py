"""Each of the eleven ways through the wizard: what Create makes, what leaving leaves, and what an edit keeps."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.actions import drafts
from engine.base.errors import BadInput, GiveUp
from engine.flows.desk import Desk
from engine.security import provisioning
from engine.views import drafts as view
from storage.records.connections import Secrets
from storage.records.credentials import CredentialKind, Origin
from storage.records.goals import PatternKind
from storage.records.people import Caller, Role
from storage.tables import goals
from tests.fakes import wizards
from tests.fakes.home import open_home
from tests.fakes.wizards import WAYS, accounts, count, credential_of, fill, is_hosted, make, sign_in, stored

ANA = Caller("Ana Vos", Role.ANALYST, "p1")
BEN = Caller("Ben Smit", Role.ANALYST, "p2")
Way = tuple[str, str, str]
HOSTED = [way for way in WAYS if is_hosted(way)]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with open_home(tmp_path) as opened:
        yield opened


def goals_of(desk: Desk, connection_id: str) -> list[Any]:
    with desk.database.read() as cursor:
        return list(goals.of_connection(cursor, connection_id))


@pytest.mark.promise("A03")
@pytest.mark.promise("W04")
@pytest.mark.promise("W34")
@pytest.mark.parametrize("way", WAYS)
def test_create_makes_one_connection_its_credentials_and_its_goal(desk: Desk, way: Way) -> None:
    # when
    made = make(desk, ANA, way)
    # then: all six attributes, and who made it
    assert (made.name, made.direction, made.method, made.methodology) == ("Shop", *way)
    assert (made.data_type, made.owner_id, made.state) == ("audiences", "p1", "on")
    assert count(desk, "connection") == 1
    assert count(desk, "draft") == 0
    # and an import goal where files come in
    assert [goal.files for goal in goals_of(desk, made.connection_id)] == (["*.csv"] if way[0] == "inbound" else [])
    # and credentials, but for mail that we send
    if way == ("outbound", "email", "push"):
        assert (made.credential_id, made.details.recipients) == (None, ("data@example.org",))
        return
    credential = credential_of(desk, made)
    assert credential.origin is (Origin.PROVISIONED if is_hosted(way) else Origin.ENTERED)
    assert (credential.name, credential.owner_id, credential.method) == ("Shop", "p1", way[1])
    assert (credential.host, credential.port) == (made.server.host, made.server.port)


@pytest.mark.promise("A03")
@pytest.mark.parametrize("attribute", ["name", "direction", "data_type", "method", "methodology", "username"])
def test_without_one_of_its_attributes_there_is_no_connection(desk: Desk, attribute: str) -> None:
    # given
    draft_id = fill(desk, ANA, ("inbound", "sftp", "pull"))
    drafts.set_secret(desk, ANA, draft_id, Secrets(password="x"))
    # when
    drafts.save(desk, ANA, draft_id, {attribute: None})
    # then
    with pytest.raises(BadInput):
        drafts.create(desk, ANA, draft_id)
    assert count(desk, "connection") == 0


@pytest.mark.promise("W40")
@pytest.mark.promise("W26")
@pytest.mark.parametrize("way", HOSTED)
def test_until_create_nobody_can_sign_in_and_after_a_discard_nobody_ever_could(desk: Desk, way: Way) -> None:
    # given: a wizard that went as far as the pop-up
    draft_id = fill(desk, ANA, way)
    shown = sign_in(desk, ANA, draft_id, way)
    assert shown is not None
    # then
    assert (count(desk, "credential"), count(desk, "connection"), accounts(desk).accounts) == (0, 0, ())
    # when
    drafts.discard(desk, ANA, draft_id)
    # then
    assert (count(desk, "credential"), count(desk, "draft")) == (0, 0)
    assert not accounts(desk).mailboxes


@pytest.mark.promise("W20")
@pytest.mark.promise("W27")
@pytest.mark.parametrize("way", [way for way in HOSTED if way[1] != "email"])
def test_a_password_is_shown_once_kept_as_a_hash_and_works_from_create_on(desk: Desk, way: Way) -> None:
    # given
    draft_id = fill(desk, ANA, way)
    shown = drafts.provision(desk, ANA, draft_id)
    assert shown.password is not None
    assert len(shown.password) >= 22  # 128 bits of letters and digits
    # then: neither the draft's page nor the database has it
    page = view.page(desk, ANA, draft_id, None)
    assert page.answers["username"] == shown.username
    assert shown.password not in repr(page) + repr(shown)
    # when
    made = stored(desk, drafts.create(desk, ANA, draft_id))
    # then
    credential = credential_of(desk, made)
    assert credential.shown_at is not None
    assert credential.password_hash not in repr(credential)
    [account] = accounts(desk).accounts
    assert (account.username, account.protocol) == (shown.username, way[1])
    assert provisioning.is_password(shown.password, account.password_hash)
    [mount] = account.mounts
    assert (mount.connection_id, mount.path, mount.is_writable) == (made.connection_id, "/", way[0] == "inbound")


@pytest.mark.promise("W20")
def test_user_names_are_unique_and_begin_like_what_they_are_for(desk: Desk) -> None:
    names = {
        credential_of(desk, make(desk, ANA, ("inbound", "sftp", "push"), f"Shop {number}")).username
        for number in range(5)
    }
    assert len(names) == 5
    assert all(name.startswith("shop") for name in names)


@pytest.mark.promise("W19")
@pytest.mark.promise("W21")
def test_a_pasted_public_key_is_all_that_is_kept(desk: Desk) -> None:
    # given
    _, line = provisioning.new_pair("theirs")
    way = ("inbound", "sftp", "push")
    draft_id = fill(desk, ANA, way, credential_kind="public_key", public_key=line)
    # when
    shown = drafts.provision(desk, ANA, draft_id)
    made = stored(desk, drafts.create(desk, ANA, draft_id))
    # then
    assert (shown.password, shown.private_key) == (None, None)
    [account] = accounts(desk).accounts
    assert account.public_keys == (provisioning.public_line(line),)
    assert account.password_hash == ""
    assert credential_of(desk, made).kind is CredentialKind.PUBLIC_KEY


@pytest.mark.promise("W21")
def test_a_private_key_pasted_as_public_one_is_refused_and_nothing_is_kept(desk: Desk) -> None:
    # given
    private, _ = provisioning.new_pair("theirs")
    draft_id = fill(desk, ANA, ("inbound", "sftp", "push"), credential_kind="public_key")
    # when
    with pytest.raises(BadInput, match="This is a private key"):
        drafts.save(desk, ANA, draft_id, {"public_key": private, "credential_name": "Theirs"})
    # then: the other change is there, the key is not, anywhere
    answers = view.page(desk, ANA, draft_id, None).answers
    assert (answers["public_key"], answers["credential_name"], answers["has_secret"]) == ("", "Theirs", False)
    with desk.database.read() as cursor:
        assert "PRIVATE KEY" not in str(cursor.execute("SELECT * FROM ctl.draft").fetchall())
    with pytest.raises(BadInput, match="Paste the public key"):
        drafts.provision(desk, ANA, draft_id)


@pytest.mark.promise("W19")
def test_of_a_pair_made_here_the_private_half_is_shown_once_and_never_kept(desk: Desk) -> None:
    # given
    draft_id = fill(desk, ANA, ("outbound", "sftp", "pull"), credential_kind="made_key")
    # when
    shown = drafts.provision(desk, ANA, draft_id)
    made = stored(desk, drafts.create(desk, ANA, draft_id))
    # then
    assert shown.private_key is not None
    assert shown.private_key in shown.text
    assert "PRIVATE KEY" not in repr(shown)
    assert credential_of(desk, made).public_keys == (shown.public_key,)
    with desk.database.read() as cursor:
        kept = str(cursor.execute("FROM ctl.credential").fetchall())
    assert "PRIVATE KEY" not in kept


def test_a_pair_for_pulling_stays_here_and_its_public_half_is_shown(desk: Desk) -> None:
    # given
    way = ("inbound", "sftp", "pull")
    draft_id = fill(desk, ANA, way, credential_kind="made_key")
    # when
    shown = drafts.provision(desk, ANA, draft_id)
    made = stored(desk, drafts.create(desk, ANA, draft_id))
    # then
    assert (shown.private_key, shown.host) == (None, "files.example.org")
    credential = credential_of(desk, made)
    assert credential.kind is CredentialKind.PRIVATE_KEY
    assert credential.public_keys == (provisioning.public_line(shown.public_key),)


@pytest.mark.promise("W24")
@pytest.mark.promise("W25")
def test_mail_gets_an_address_of_its_own_for_each_connection(desk: Desk) -> None:
    # when
    way = ("inbound", "email", "push")
    first = make(desk, ANA, way, "One", return_email="results@example.org", allowed_senders=["@example.org"])
    second = make(desk, ANA, way, "Two")
    # then
    boxes = {box.connection_id: box for box in accounts(desk).mailboxes}
    assert boxes[first.connection_id].local_part == first.details.address
    assert boxes[first.connection_id].allowed_senders == ("@example.org",)
    assert first.details.address != second.details.address
    assert [credential_of(desk, item).return_email for item in (first, second)] == ["results@example.org", ""]


@pytest.mark.promise("W16")
def test_further_connections_of_a_login_lie_in_folders_of_its_tree(desk: Desk) -> None:
    # given
    way = ("inbound", "sftp", "push")
    first = make(desk, ANA, way, "Loyalty")
    # when
    made = []
    for name in ("Ünits: NL", "Units NL"):
        draft_id = fill(desk, ANA, way, name)
        [item] = view.page(desk, ANA, draft_id, None).credentials
        assert item.used_by[0] == "Loyalty"
        drafts.use_existing(desk, ANA, draft_id, item.credential.credential_id)
        made.append(stored(desk, drafts.create(desk, ANA, draft_id)))
    # then
    assert [item.details.hosted_folder for item in (first, *made)] == ["/", "/units-nl", "/units-nl-2"]
    [account] = accounts(desk).accounts
    assert [mount.path for mount in account.mounts] == ["/", "/units-nl", "/units-nl-2"]


@pytest.mark.promise("A08")
@pytest.mark.parametrize("way", WAYS)
def test_an_edit_opens_at_review_with_all_values_and_keeps_the_secret(desk: Desk, way: Way) -> None:
    # given
    made = make(desk, ANA, way, files_kind="regex", files=r".*\.csv") if way[0] == "inbound" else make(desk, ANA, way)
    published = accounts(desk)
    # when
    edit = drafts.begin_edit(desk, ANA, made.connection_id)
    page = view.page(desk, ANA, edit, None)
    # then
    assert page.step == "Review"
    assert not {line.value for line in page.review} & {"missing"}
    # when: saved with another name only
    drafts.save(desk, ANA, edit, {"name": "Shop NL"})
    assert drafts.create(desk, ANA, edit) == made.connection_id
    # then
    after = stored(desk, made.connection_id)
    assert (after.name, after.details, after.server) == ("Shop NL", made.details, made.server)
    assert (after.credential_id, after.owner_id) == (made.credential_id, "p1")
    assert accounts(desk) == published
    assert {goal.version for goal in goals_of(desk, made.connection_id)} <= {1}
    if way[0] == "inbound":
        assert goals_of(desk, made.connection_id)[0].files_kind is PatternKind.REGEX


def test_a_new_secret_in_an_edit_takes_the_place_of_the_old_one(desk: Desk) -> None:
    # given
    made = make(desk, ANA, ("inbound", "sftp", "pull"))
    edit = drafts.begin_edit(desk, ANA, made.connection_id)
    # when: the server moves
    drafts.save(desk, ANA, edit, {"host": "new.example.org", "host_key": wizards.KEY})
    with pytest.raises(BadInput, match="Enter the password"):
        drafts.create(desk, ANA, edit)
    drafts.set_secret(desk, ANA, edit, Secrets(password="another"))
    drafts.create(desk, ANA, edit)
    # then
    after = stored(desk, made.connection_id)
    assert after.credential_id == made.credential_id
    assert (credential_of(desk, after).host, credential_of(desk, after).version) == ("new.example.org", 2)
    assert count(desk, "credential") == 1


@pytest.mark.promise("W38")
def test_nobody_reaches_the_draft_of_another(desk: Desk) -> None:
    # given
    draft_id = fill(desk, ANA, ("inbound", "sftp", "push"))
    # then
    for act in (
        lambda: view.page(desk, BEN, draft_id, None),
        lambda: drafts.save(desk, BEN, draft_id, {"name": "Mine"}),
        lambda: drafts.provision(desk, BEN, draft_id),
        lambda: drafts.create(desk, BEN, draft_id),
        lambda: drafts.discard(desk, BEN, draft_id),
    ):
        with pytest.raises(GiveUp, match="This draft is not there any more"):
            act()


@pytest.mark.promise("W37")
def test_a_draft_keeps_what_was_entered_at_every_step(desk: Desk) -> None:
    # given
    draft_id = fill(desk, ANA, ("inbound", "ftp", "pull"), "Half way")
    # when: read again, as after a reload
    page = view.page(desk, ANA, draft_id, "Method")
    # then
    assert (page.step, page.answers["name"], page.answers["host"]) == ("Method", "Half way", "files.example.org")
    assert page.fields[:4] == ("method", "methodology", "host", "port")


@pytest.mark.parametrize("field", ["has_secret", "shown_at", "connection_id", "credential_id", "address"])
def test_what_is_ours_to_write_cannot_be_entered(desk: Desk, field: str) -> None:
    draft_id = drafts.begin(desk, ANA)
    with pytest.raises(BadInput, match="The wizard asks for no"):
        drafts.save(desk, ANA, draft_id, {field: "x"})

"""Credentials of their own: made, changed for all who use them, rotated, deleted where nothing uses them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.actions import connections as connection_actions
from engine.actions import credentials as actions
from engine.actions import drafts
from engine.actions.credentials import New
from engine.base.errors import BadInput, GiveUp
from engine.flows import sealing
from engine.flows.desk import Desk
from engine.security import provisioning
from engine.views import credentials as view
from engine.views.credentials import SignInKind
from storage.records.connections import Method, Secrets
from storage.records.credentials import CredentialKind, Origin
from storage.records.people import Caller, Role
from storage.tables import audit as audit_table
from storage.tables import credentials
from tests.fakes.home import open_home
from tests.fakes.wizards import accounts, credential_of, fill, make, stored

ANA = Caller("Ana Vos", Role.ANALYST, "p1")
PULL, PUSH = ("inbound", "sftp", "pull"), ("inbound", "sftp", "push")
ENTERED = New(
    "Reports",
    Method.SFTP,
    Origin.ENTERED,
    host="files.example.org",
    port=22,
    username="shop",
    secrets=Secrets(password="first-s3cret"),
)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with open_home(tmp_path) as opened:
        yield opened


def secret_of(desk: Desk, credential_id: str) -> Secrets:
    with desk.database.read() as cursor:
        return sealing.of_credential(desk, cursor, credential_id)


def audited(desk: Desk) -> str:
    with desk.database.read() as cursor:
        return "\n".join(
            f"{entry.did} {entry.before_json} {entry.after_json}" for entry in audit_table.all_entries(cursor)
        )


@pytest.mark.promise("W16")
@pytest.mark.promise("W18")
def test_credentials_made_beforehand_can_be_chosen_for_their_server_alone(desk: Desk) -> None:
    # given
    made = actions.create(desk, ANA, ENTERED)
    assert made.provisioned is None
    draft_id = fill(desk, ANA, PULL)
    # when
    drafts.use_existing(desk, ANA, draft_id, made.credential_id)
    connection = stored(desk, drafts.create(desk, ANA, draft_id))
    # then
    assert (connection.credential_id, connection.server.username) == (made.credential_id, "shop")
    # and not for another server, nor another method
    for way, changes in (
        (PULL, {"host": "evil.example.org"}),
        (PULL, {"port": 2200}),
        (PUSH, {}),
        (("inbound", "ftp", "pull"), {}),
    ):
        other = fill(desk, ANA, way, "Other", **changes)
        with pytest.raises(BadInput, match="do not fit this connection"):
            drafts.use_existing(desk, ANA, other, made.credential_id)


def test_a_draft_that_names_another_server_after_choosing_has_no_secret_any_more(desk: Desk) -> None:
    # given
    made = actions.create(desk, ANA, ENTERED)
    draft_id = fill(desk, ANA, PULL)
    drafts.use_existing(desk, ANA, draft_id, made.credential_id)
    # when
    drafts.save(desk, ANA, draft_id, {"host": "evil.example.org"})
    # then
    with desk.database.read() as cursor, pytest.raises(BadInput):
        sealing.of_draft(desk, cursor, draft_id, "p1")


@pytest.mark.promise("W17")
def test_a_change_holds_for_all_who_use_them_and_says_who_they_are(desk: Desk) -> None:
    # given
    first = make(desk, ANA, PULL, "One")
    second_id = fill(desk, ANA, PULL, "Two")
    drafts.use_existing(desk, ANA, second_id, first.credential_id or "")
    second = stored(desk, drafts.create(desk, ANA, second_id))
    # when
    page = view.page(desk, ANA, first.credential_id or "")
    actions.save(desk, ANA, first.credential_id or "", name="Both", username="other", secrets=Secrets(password="new"))
    # then
    assert [user.name for user in page.used_by] == ["One", "Two"]
    after = credential_of(desk, second)
    assert (after.name, after.username, after.version) == ("Both", "other", 2)
    assert secret_of(desk, after.credential_id).password == "new"
    assert stored(desk, first.connection_id).server.username == "other"


def test_a_name_alone_changes_no_secret_and_ends_no_session(desk: Desk) -> None:
    # given
    made = make(desk, ANA, PUSH)
    before = accounts(desk)
    # when
    actions.save(desk, ANA, made.credential_id or "", name="Another name")
    # then
    assert accounts(desk) == before
    assert credential_of(desk, made).version == 1


@pytest.mark.promise("W27")
@pytest.mark.fault(124)
def test_a_password_that_was_shown_can_only_be_replaced(desk: Desk) -> None:
    # given
    draft_id = fill(desk, ANA, PUSH)
    old = drafts.provision(desk, ANA, draft_id)
    made = stored(desk, drafts.create(desk, ANA, draft_id))
    # then: no view returns it or what could be tried against
    seen = repr(view.listed(desk, ANA)) + repr(view.page(desk, ANA, made.credential_id or ""))
    assert old.password is not None
    assert old.password not in seen
    assert "sha256$" not in seen
    assert view.page(desk, ANA, made.credential_id or "").credential.password_hash == ""
    # when
    new = actions.replace_secret(desk, ANA, made.credential_id or "", SignInKind.PASSWORD)
    # then: the old one ends with the version that its sessions have
    assert new.password not in (None, old.password)
    [account] = accounts(desk).accounts
    assert (account.username, account.version) == (old.username, 2)
    assert not provisioning.is_password(old.password, account.password_hash)
    assert provisioning.is_password(str(new.password), account.password_hash)


@pytest.mark.promise("W19")
def test_a_password_gives_way_to_a_key_and_back(desk: Desk) -> None:
    # given
    made = make(desk, ANA, PUSH)
    _, line = provisioning.new_pair("theirs")
    # when
    shown = actions.replace_secret(desk, ANA, made.credential_id or "", SignInKind.PUBLIC_KEY, line)
    # then
    assert (shown.password, shown.private_key) == (None, None)
    [account] = accounts(desk).accounts
    assert (account.password_hash, account.public_keys) == ("", (provisioning.public_line(line),))
    # when
    back = actions.replace_secret(desk, ANA, made.credential_id or "", SignInKind.PASSWORD)
    [account] = accounts(desk).accounts
    assert back.password is not None
    assert (account.public_keys, account.version) == ((), 3)


def test_what_is_used_is_not_deleted_and_the_sentence_names_by_whom(desk: Desk) -> None:
    # given
    made = make(desk, ANA, PUSH, "Loyalty")
    # when
    with pytest.raises(GiveUp, match=r"^1 connection uses Loyalty: Loyalty\. Choose other credentials there first\.$"):
        actions.delete(desk, ANA, made.credential_id or "")
    # then
    assert accounts(desk).accounts


def test_a_login_ends_with_its_connection(desk: Desk) -> None:
    # given
    made = make(desk, ANA, PUSH, "Loyalty")
    assert accounts(desk).accounts
    # when
    connection_actions.delete(desk, ANA, made.connection_id)
    # then
    assert accounts(desk).accounts == ()
    with desk.database.read() as cursor:
        assert credentials.listed(cursor) == []


def test_credentials_with_another_name_outlive_their_connection_and_let_nobody_in(desk: Desk) -> None:
    # given
    made = make(desk, ANA, PUSH, "Loyalty", credential_name="Drop box")
    # when
    connection_actions.delete(desk, ANA, made.connection_id)
    # then
    assert accounts(desk).accounts == ()
    [line] = view.listed(desk, ANA).lines
    assert (line.credential.name, line.used_by) == ("Drop box", ())
    # when
    actions.delete(desk, ANA, line.credential.credential_id)
    assert view.listed(desk, ANA).lines == ()


def test_no_secret_is_in_the_audit(desk: Desk) -> None:
    # given
    made = actions.create(desk, ANA, ENTERED)
    actions.save(desk, ANA, made.credential_id, name="R", username="shop", secrets=Secrets(password="second-s3cret"))
    hosted = make(desk, ANA, PUSH)
    shown = actions.replace_secret(desk, ANA, hosted.credential_id or "", SignInKind.PASSWORD)
    # then
    text = audited(desk)
    assert "created" in text
    assert not [part for part in ("first-s3cret", "second-s3cret", str(shown.password), "sha256$") if part in text]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "credential_name"),
        ({"host": ""}, "host"),
        ({"host": "127.1"}, "host"),
        ({"port": 0}, "port"),
        ({"username": ""}, "username"),
        ({"secrets": None}, "secret"),
        ({"method": Method.FTP, "secrets": Secrets(private_key="x")}, "private_key"),
        ({"method": Method.EMAIL, "return_email": "nobody"}, "return_email"),
    ],
)
def test_an_entry_that_cannot_be_used_is_named(desk: Desk, changes: dict[str, object], field: str) -> None:
    # given
    values = {**{name: getattr(ENTERED, name) for name in ENTERED.__dataclass_fields__}, **changes}
    # when
    with pytest.raises(BadInput) as refusal:
        actions.create(desk, ANA, New(**values))
    # then
    assert refusal.value.field == field
    assert view.listed(desk, ANA).lines == ()


@pytest.mark.promise("W24")
def test_mail_credentials_are_a_name_and_a_return_address(desk: Desk) -> None:
    # given
    new = New("Mail", Method.EMAIL, Origin.PROVISIONED, return_email="results@example.org")
    made = actions.create(desk, ANA, new)
    # when
    page = view.page(desk, ANA, made.credential_id)
    # then
    assert (page.credential.kind, page.credential.return_email) == (CredentialKind.ADDRESS, "results@example.org")
    with pytest.raises(BadInput, match="Handoff did not make the secret"):
        actions.replace_secret(desk, ANA, made.credential_id, SignInKind.PASSWORD)


def test_two_credentials_have_two_names(desk: Desk) -> None:
    actions.create(desk, ANA, ENTERED)
    with pytest.raises(BadInput, match="Credentials named reports exist"):
        actions.create(desk, ANA, New("reports", Method.SFTP, Origin.PROVISIONED))

"""The Connector wizard as people see it: five steps, a draft that survives, a real server asked, one row made."""

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from engine.actions import drafts
from engine.flows import sealing
from engine.flows.desk import Desk
from engine.scheduling.jobs import Worker
from engine.views import connections as view
from engine.views import drafts as drafts_view
from pages.parts import wizard_words
from storage.records.connections import Direction, Secrets
from storage.records.people import Caller, Role
from tests.fakes.openssh import OpenSSH
from tests.pages import shop as shops
from tests.pages.conftest import Show

FILE = "connection_new_page.py"
Led = list[tuple[str, dict[str, str]]]


@pytest.fixture(scope="module")
def server() -> Iterator[OpenSSH]:
    with OpenSSH() as started:
        (started.folder / "purchases_1.csv").write_text("a\n1\n")
        yield started


def texts(page: AppTest) -> str:
    """Everything that stands on the page as text."""
    blocks = [*page.markdown, *page.caption, *page.error, *page.title, *page.subheader, *page.code]
    return "\n".join(str(block.value) for block in blocks) + "\n".join(item.label for item in page.expander)


def draft_of(desk: Desk, caller: Caller, **answers: object) -> str:
    """Make a draft with these answers beside those of step 1, by default for fetching over SFTP."""
    draft_id = drafts.begin(desk, caller)
    for field, usual in {"direction": "inbound", "method": "sftp", "methodology": "pull"}.items():
        drafts.save(desk, caller, draft_id, {field: answers.pop(field, usual)})
    drafts.save(desk, caller, draft_id, {"name": "Loyalty", "data_type": "identities", **answers})
    return draft_id


def place_of(server: OpenSSH, **changes: object) -> dict[str, object]:
    """The answers of steps 3 and 4 for a real server."""
    return {
        "host": server.host,
        "port": server.port,
        "folder": server.absolute_folder,
        "files": "purchases_*.csv",
        "username": server.username,
        "host_key": server.fingerprint,
        **changes,
    }


def answers_of(desk: Desk, caller: Caller, page: AppTest) -> dict[str, object]:
    """The page's draft as it is kept."""
    return drafts_view.page(desk, caller, str(page.query_params["draft"]), None).answers


@pytest.mark.promise("W01")
@pytest.mark.promise("W02")
@pytest.mark.promise("W39")
def test_the_first_step_is_not_left_without_a_name(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    page = show(FILE)
    assert page.query_params["step"] == "Direction"
    assert "Give the connection a name." not in texts(page)
    assert all(word in texts(page) for word in ("Name", "Data type", "Direction", "Method", "Methodology", "Details"))
    # when
    page.text_input(key="wizard_name").set_value("   ").run()
    page.button(key="wizard_next").click().run()
    # then
    assert page.query_params["step"] == "Direction"
    assert "Give the connection a name." in texts(page)
    assert "2 fields need attention" in texts(page)
    # when
    assert "Choose a direction." in texts(page)
    page.text_input(key="wizard_name").set_value("Loyalty members").run()
    page.radio(key="wizard_direction").set_value("inbound").run()
    page.button(key="wizard_next").click().run()
    # then
    assert page.query_params["step"] == "Type"
    assert not page.exception
    assert answers_of(desk, admin, page)["name"] == "Loyalty members"
    # when
    page.button(key="wizard_back").click().run()
    # then
    assert page.text_input(key="wizard_name").value == "Loyalty members"


@pytest.mark.promise("W02")
def test_a_name_that_is_taken_is_refused_at_once(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    shops.open_shop(desk, admin)
    # when
    page = show(FILE)
    page.text_input(key="wizard_name").set_value(shops.NAME.upper()).run()
    # then
    assert f"A connection named {shops.NAME.upper()} exists" in texts(page)


@pytest.mark.promise("W37")
def test_what_was_entered_is_there_after_a_reload(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    draft_id = draft_of(desk, admin)
    page = show(FILE, draft=draft_id, step="Method")
    page.text_input(key="wizard_host").set_value("sftp.brightside.example").run()
    page.number_input(key="wizard_port").set_value(2222).run()
    page.text_input(key="wizard_files").set_value("members_*.csv").run()
    # when
    again = show(FILE, draft=draft_id, step="Method")
    # then
    assert again.text_input(key="wizard_host").value == "sftp.brightside.example"
    assert again.number_input(key="wizard_port").value == 2222
    assert again.text_input(key="wizard_files").value == "members_*.csv"
    assert "Draft saved" in texts(again)


def test_skipping_ahead_opens_the_first_incomplete_step(desk: Desk, admin: Caller, show: Show) -> None:
    # when
    page = show(FILE, draft=draft_of(desk, admin), step="Review")
    # then
    assert page.query_params["step"] == "Method"
    assert "**Credentials**" not in texts(page)


@pytest.mark.promise("W10")
@pytest.mark.promise("F05")
@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("folder", "relative/x", "The folder must begin with /"),
        ("folder", "/in/../out", "The folder must begin with /"),
        ("host", "sftp://x", "letters, digits, dots and dashes only"),
        ("files", "in/*.csv", "name the folder in its own field"),
        ("result_folder", "results", "The result folder must begin with /"),
    ],
)
def test_what_cannot_be_a_place_is_refused_below_its_field(
    desk: Desk, admin: Caller, show: Show, field: str, value: str, sentence: str
) -> None:
    # given
    page = show(FILE, draft=draft_of(desk, admin), step="Method")
    # when
    page.text_input(key=f"wizard_{field}").set_value(value).run()
    page.number_input(key="wizard_port").set_value(70_000).run()
    # then
    assert sentence in texts(page)
    assert "The port is a number from 1 to 65535" in texts(page)


@pytest.mark.promise("W14")
@pytest.mark.promise("W15")
@pytest.mark.promise("Z01")
def test_the_pattern_is_explained_and_tried_on_names(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    page = show(FILE, draft=draft_of(desk, admin), step="Method")
    assert wizard_words.WILDCARDS in texts(page)
    # when
    page.text_input(key="wizard_files").set_value("identities_*.csv").run()
    # then
    table = page.table[0].value
    assert table["why"].tolist() == ["matches", r"\* may be empty", "capital I", "reserved name", "does not match"]
    assert "**2 of 5 names** would be taken." in texts(page)
    # when
    page.text_area(key="wizard_names").set_value("identities_2.csv").run()
    # then
    assert page.table[0].value["name"].tolist() == ["`identities_2.csv`"]


@pytest.mark.promise("W28")
@pytest.mark.promise("W33")
@pytest.mark.promise("W34")
@pytest.mark.promise("W36")
@pytest.mark.promise("W40")
@pytest.mark.promise("F04")
@pytest.mark.promise("F06")
@pytest.mark.promise("F07")
@pytest.mark.promise("W04")
def test_a_connection_is_made_on_a_real_server(desk: Desk, admin: Caller, show: Show, server: OpenSSH) -> None:
    # given: steps 1 to 3
    place = place_of(server, host_key="", username="")
    page = show(FILE, draft=draft_of(desk, admin, **place), step="Credentials")
    offered = ["Password", "Private key", "Key pair made by Handoff"]
    assert page.radio(key="wizard_credential_kind").options == offered
    # when: user, password and host key
    page.text_input(key="wizard_username").set_value(server.username).run()
    page.text_input(key="wizard_password").set_value(server.password)
    page.button(key="wizard_use_password").click().run()
    page.button(key="host_key_fetch").click().run()
    assert "for its host key" in texts(page)
    Worker(desk).do_next()
    page.run()
    # then
    assert server.fingerprint in [block.value for block in page.code]
    assert page.button(key="test_connection").disabled
    # when
    page.button(key="host_key_confirm").click().run()
    page.button(key="test_connection").click().run()
    assert page.button(key="test_cancel")
    Worker(desk).do_next()
    page.run()
    # then: each stage says what it found
    said = texts(page)
    stages = ("Find the server", "Connect", "Host key", "Sign in", "List the folder")
    assert all(f"**{word}** ·" in said for word in stages)
    assert ":red[" not in said
    # when
    page.button(key="wizard_next").click().run()
    # then: everything is listed, the secret is not, and nothing was made so far
    assert page.query_params["step"] == "Review"
    listed = dict(zip(page.table[0].value["what"], page.table[0].value["value"], strict=True))
    assert listed["Server"] == f"`{server.host}:{server.port}`"
    assert listed["Password"] == "set, not shown"
    assert listed["Host key"] == f"`{server.fingerprint}`"
    assert listed["Delete after pull"] == "No"
    assert set(page.table[0].value["origin"]) == {":gray[Given\u00a0by\u00a0you]"}
    assert server.password not in texts(page)
    assert view.listed(desk, admin).lines == ()
    # when
    page.button(key="wizard_create").click().run()
    # then
    made = view.listed(desk, admin)
    assert [line.connection.name for line in made.lines] == ["Loyalty"]
    assert made.drafts == ()
    assert made.lines[0].connection.direction is Direction.INBOUND
    assert page.code[0].value == f"sftp://{server.username}@{server.host}:{server.port}{server.absolute_folder}"
    assert page.button(key="map_columns")
    assert not page.exception


@pytest.mark.promise("W33")
@pytest.mark.parametrize(
    ("changes", "password", "sentence"),
    [
        ({}, "wrong", "refused the password of"),
        ({"folder": "/nowhere"}, None, "has no folder /nowhere"),
        ({"host_key": "SHA256:" + "a" * 43}, None, "has changed from"),
        ({"port": 1}, None, "refused the connection"),
    ],
)
def test_each_cause_of_a_failing_test_has_its_own_words(
    desk: Desk,
    admin: Caller,
    show: Show,
    server: OpenSSH,
    changes: dict[str, object],
    password: str | None,
    sentence: str,
) -> None:
    # given
    draft_id = draft_of(desk, admin, **place_of(server))
    drafts.save(desk, admin, draft_id, {"host_key": server.fingerprint, **changes})
    confirmed = changes.get("host_key", server.fingerprint)
    drafts.save(desk, admin, draft_id, {"host_key": confirmed})
    drafts.set_secret(desk, admin, draft_id, Secrets(password=password or server.password))
    page = show(FILE, draft=draft_id, step="Credentials")
    # when
    page.button(key="test_connection").click().run()
    Worker(desk).do_next()
    page.run()
    # then
    assert sentence in texts(page).replace("\\", "")


@pytest.mark.promise("W15")
def test_the_pattern_is_tried_on_the_real_folder(desk: Desk, admin: Caller, show: Show, server: OpenSSH) -> None:
    # given
    draft_id = draft_of(desk, admin, **place_of(server))
    drafts.save(desk, admin, draft_id, {"host_key": server.fingerprint})
    drafts.set_secret(desk, admin, draft_id, Secrets(password=server.password))
    page = show(FILE, draft=draft_id, step="Credentials")
    # when
    page.segmented_control(key="wizard_names_source").set_value("The real folder").run()
    page.button(key="list_folder").click().run()
    assert page.button(key="listing_cancel")
    Worker(desk).do_next()
    page.run()
    # then
    assert page.table[0].value["name"].tolist() == ["`purchases_1.csv`"]
    assert "**1 of 1 name** would be taken." in texts(page)
    # when another folder is named
    drafts.save(desk, admin, draft_id, {"folder": "/elsewhere"})
    page.run()
    # then it says nothing of the old one
    assert page.button(key="list_folder")
    assert len(page.table) == 0


@pytest.mark.promise("F08")
def test_a_private_key_is_uploaded_and_other_files_are_refused(
    desk: Desk, admin: Caller, show: Show, server: OpenSSH
) -> None:
    # given
    draft_id = draft_of(desk, admin, **place_of(server, credential_kind="private_key"))
    page = show(FILE, draft=draft_id, step="Credentials")
    key = server.add_key("ed25519", passphrase="open sesame")
    tries = [
        (b"", "", "Upload the private key."),
        (b"PuTTY-User-Key-File-3: ssh-ed25519\n", "", "Export OpenSSH key"),
        (key.encode(), "", "enter the passphrase too"),
        (key.encode(), "wrong", "enter the right one"),
    ]
    for content, passphrase, sentence in tries:
        # when
        if content:
            page.file_uploader(key="wizard_private_key").set_value(("id_key", content, "text/plain"))
        page.text_input(key="wizard_passphrase").set_value(passphrase)
        page.button(key="wizard_use_key").click().run()
        # then
        assert sentence in page.error[0].value.replace("\\", "")
        assert not drafts_view.page(desk, admin, draft_id, None).answers["has_secret"]
    # when
    page.text_input(key="wizard_passphrase").set_value("open sesame")
    page.button(key="wizard_use_key").click().run()
    # then
    assert not page.error
    assert "Private key set, not shown" in texts(page)


@pytest.mark.promise("A08")
def test_editing_shows_the_old_values_and_keeps_the_secret(desk: Desk, admin: Caller, show: Show, went: Led) -> None:
    # given
    shop = shops.open_shop(desk, admin)
    draft_id = drafts.begin_edit(desk, admin, shop.connection_id)
    # when
    page = show(FILE, draft=draft_id, step="Review")
    # then
    listed = dict(zip(page.table[0].value["what"], page.table[0].value["value"], strict=True))
    assert (listed["Name"], listed["Folder"], listed["Password"]) == (shops.NAME, "`/outgoing`", "set, not shown")
    # when
    drafts.save(desk, admin, draft_id, {"files": "OTHER_*.txt"})
    page.button(key="wizard_create").click().run()
    # then
    assert went == [("connection_page.py", {"id": shop.connection_id})]
    with desk.database.read() as cursor:
        assert sealing.of_connection(desk, cursor, shop.connection_id).password == "not used here"
    assert shops.goal_of(desk, shop).files == "OTHER_*.txt"


def test_a_password_is_replaced_only_on_demand(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    draft_id = draft_of(desk, admin, host="a", folder="/", files="*", username="u")
    drafts.set_secret(desk, admin, draft_id, Secrets(password="first"))
    page = show(FILE, draft=draft_id, step="Credentials")
    assert "Password set, not shown" in texts(page)
    assert [item.key for item in page.text_input] == ["wizard_credential_name", "wizard_username"]
    # when
    page.button(key="wizard_replace").click().run()
    page.text_input(key="wizard_password").set_value("second")
    page.button(key="wizard_use_password").click().run()
    # then
    with desk.database.read() as cursor:
        assert sealing.of_draft(desk, cursor, draft_id, drafts.owner(admin)).password == "second"
    assert "Password set, not shown" in texts(page)


@pytest.mark.promise("W38")
def test_a_draft_of_somebody_else_is_not_shown(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    draft_id = draft_of(desk, admin)
    # when
    page = show(FILE, Role.ANALYST, draft=draft_id)
    # then
    assert "This draft is not there any more; start a new one." in page.error[0].value.replace("\\", "")
    assert not page.text_input
    # when
    page.button(key="wizard_anew").click().run()
    # then
    assert page.query_params["draft"] != draft_id
    assert page.text_input(key="wizard_name").value == ""


@pytest.mark.promise("W40")
def test_a_discarded_draft_leaves_nothing(desk: Desk, admin: Caller, show: Show, went: Led) -> None:
    # given
    page = show(FILE, draft=draft_of(desk, admin))
    # when
    page.button(key="wizard_discard").click().run()
    page.button(key="discard_yes").click().run()
    # then
    assert went == [("connections_page.py", {})]
    assert view.listed(desk, admin).drafts == ()
    assert view.listed(desk, admin).lines == ()


@pytest.mark.parametrize("role", [Role.MANAGER, Role.SUPPORT])
def test_who_may_not_make_connections_gets_no_draft(desk: Desk, show: Show, role: Role) -> None:
    # when
    page = show(FILE, role)
    # then
    assert "may not change connections" in page.error[0].value
    assert not page.text_input
    with desk.database.read() as cursor:
        assert cursor.execute("SELECT count(*) FROM ctl.draft").fetchone() == (0,)

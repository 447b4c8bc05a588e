"""The wizard on each of the eleven ways: what it asks, what it says before, at and after Create."""

from typing import cast

import pytest
from streamlit.testing.v1 import AppTest

from engine.actions import drafts
from engine.flows.desk import Desk
from engine.views import connections as view
from engine.views import drafts as drafts_view
from storage.records.connections import Direction, Method, Methodology
from storage.records.people import Caller, Role
from tests.fakes import home
from tests.pages import ways
from tests.pages.conftest import Show
from tests.pages.test_wizard_page import texts
from tests.pages.ways import Way

FILE = "connection_new_page.py"
_STEPS = frozenset({"method", "methodology", "names", "names_source", "discard", "back", "next"})
_IN, _OUT, _PUSH, _PULL = Direction.INBOUND, Direction.OUTBOUND, Methodology.PUSH, Methodology.PULL
each_way = pytest.mark.parametrize("way", ways.WAYS, ids=str)


def shown(page: AppTest) -> set[str]:
    """The names of the wizard's widgets on the page."""
    kinds = ("text_input", "number_input", "text_area", "checkbox", "radio", "segmented_control", "selectbox", "button")
    keys = [str(item.key) for kind in kinds for item in page.get(kind)]
    return {key.removeprefix("wizard_") for key in keys if key.startswith("wizard_")} - _STEPS


@each_way
@pytest.mark.promise("W07")
@pytest.mark.promise("W08")
@pytest.mark.promise("W09")
@pytest.mark.promise("W11")
@pytest.mark.promise("W12")
def test_the_third_step_asks_what_the_way_needs_and_is_not_left_without_it(
    desk: Desk, admin: Caller, show: Show, way: Way
) -> None:
    # given
    page = show(FILE, draft=ways.begin(desk, admin, way), step="Method")
    # then
    assert shown(page) == set(way.fields)
    needed = {"host": "Give the server's name", "recipients": "Give at least one recipient"}
    expected = [sentence for field, sentence in needed.items() if field in way.fields]
    if way.method is Method.EMAIL and way.direction is _IN:
        expected.append("E-mail needs a pattern")
        assert "Every attachment must match, or the whole e-mail is ignored." in page.warning[0].value
    # when
    page.button(key="wizard_next").click().run()
    # then
    assert page.query_params["step"] == ("Method" if expected else "Credentials")
    assert [sentence for sentence in expected if sentence not in texts(page).replace("\\", "")] == []
    assert not page.exception


@each_way
@pytest.mark.promise("W18")
@pytest.mark.promise("W22")
@pytest.mark.promise("W23")
@pytest.mark.promise("W28")
def test_the_fourth_step_asks_who_signs_in(desk: Desk, admin: Caller, show: Show, way: Way) -> None:
    # given
    draft_id = ways.place(desk, admin, way)
    # when
    page = show(FILE, draft=draft_id, step="Credentials")
    # then
    assert page.query_params["step"] == "Credentials"
    assert shown(page) == set(way.signs_in) | ({"password"} if "use_password" in way.signs_in else set())
    if "provision" in way.signs_in:
        names = page.table[-1].value.to_dict()["value"]
        assert (names["Host"], names["Address"]) == ("`localhost`", "`127.0.0.1`")
    else:
        assert page.button(key="test_connection")
    if way.signs_in:
        page.button(key="wizard_next").click().run()
        assert page.query_params["step"] == "Credentials"
        assert "needs attention" in texts(page) or "need attention" in texts(page)
    assert not page.exception


@each_way
@pytest.mark.promise("W34")
@pytest.mark.promise("W36")
def test_the_review_says_who_gave_what_and_create_leads_to_the_address(
    desk: Desk, admin: Caller, show: Show, way: Way
) -> None:
    # given
    page = show(FILE, draft=ways.complete(desk, admin, way), step="Review")
    # then
    assert page.query_params["step"] == "Review"
    origins = " ".join(page.table[0].value["origin"])
    assert ("Provided" in origins) is ("provision" in way.signs_in)
    assert "not used here" not in texts(page)
    assert view.listed(desk, admin).lines == ()
    # when
    page.button(key="wizard_create").click().run()
    # then
    assert not page.exception
    assert page.code[0].value.startswith(way.uri)
    assert bool([item for item in page.button if item.key == "map_columns"]) is (way.direction is _IN)
    assert bool([item for item in page.button if item.key == "send_file"]) is (way.direction is _OUT)
    assert len(view.listed(desk, admin).lines) == 1


@pytest.mark.promise("W03")
@pytest.mark.promise("W09")
def test_both_directions_are_offered_and_mail_to_a_partner_is_never_pulled(
    desk: Desk, admin: Caller, show: Show
) -> None:
    # given
    page = show(FILE)
    assert page.radio(key="wizard_direction").options == ["Give data to us (in)", "Receive data from us (out)"]
    # when
    mail = ways.begin(desk, admin, ways.of(_OUT, Method.EMAIL, _PUSH), "Mail")
    server = ways.begin(desk, admin, ways.of(_OUT, Method.SFTP, _PULL), "Server")
    # then
    assert show(FILE, draft=mail, step="Method").radio(key="wizard_methodology").options == ["Push to partner"]
    offered = show(FILE, draft=server, step="Method").radio(key="wizard_methodology").options
    assert offered == ["Push to partner", "Pull from us"]


@pytest.mark.promise("W05")
@pytest.mark.promise("W06")
def test_the_types_say_what_they_need_and_where_they_go(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    draft_id = drafts.begin(desk, admin)
    drafts.save(desk, admin, draft_id, {"name": "Loyalty", "direction": "inbound"})
    # when
    page = show(FILE, draft=draft_id, step="Type")
    # then
    table = page.table[0].value
    assert len(table) == 8
    assert table["Required columns"][0] == "`customer_id`"
    assert set(table["Goes to"]) == {"Profiles", "Actions of profiles", "Records of their own"}
    actions = ["Conversions", "Action modifications and reversals", "Clicks"]
    people = ["Audiences", "Identities", "Card-linked transactions"]
    assert page.radio(key="wizard_data_type").options == [*people, *actions]
    # given a partner
    partner = home.add_person(desk, admin, Role.PARTNER)
    own = drafts.begin(desk, partner)
    drafts.save(desk, partner, own, {"name": "Ours", "direction": "inbound"})
    seen = drafts_view.page(desk, partner, own, "Type")
    assert [facts.label for facts in seen.data_types] == ["Audiences", "Identities", "Card-linked transactions"]


@pytest.mark.promise("P11")
def test_a_regular_expression_is_chosen_tried_and_refused_with_a_reason(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    way = ways.of(_IN, Method.SFTP, _PULL)
    page = show(FILE, draft=ways.place(desk, admin, way), step="Method")
    page.text_area(key="wizard_names").set_value("members_1.csv\nmembers_12.csv").run()
    # when
    page.segmented_control(key="wizard_files_kind").set_value("regex").run()
    page.text_input(key="wizard_files").set_value(r"members_\d\.csv").run()
    # then
    assert page.table[0].value["why"].tolist() == ["matches", "does not match"]
    assert "A regular expression (RE2)" in texts(page)
    # when
    page.text_input(key="wizard_files").set_value("members_(").run()
    # then
    assert "members" in texts(page)
    assert page.query_params["step"] == "Method"
    assert not page.exception
    page.button(key="wizard_next").click().run()
    assert page.query_params["step"] == "Method"


@pytest.mark.promise("Z01")
def test_a_mail_is_judged_as_a_whole(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    page = show(FILE, draft=ways.place(desk, admin, ways.of(_IN, Method.EMAIL, _PUSH)), step="Method")
    # when
    page.text_area(key="wizard_names").set_value("members_1.csv\nreceipt_a.txt").run()
    # then
    assert "E-mail taken] Every attachment matches or is reserved." in texts(page)
    # when
    page.text_area(key="wizard_names").set_value("members_1.csv\nlogo.png").run()
    # then
    assert "E-mail ignored] 1 attachment does not match" in texts(page)


@pytest.mark.promise("W29")
def test_plain_ftp_is_a_choice_that_warns(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    draft_id = ways.place(desk, admin, ways.of(_IN, Method.FTP, _PULL))
    page = show(FILE, draft=draft_id, step="Method")
    assert page.checkbox(key="wizard_plain_ftp").value is False
    assert page.checkbox(key="wizard_delete_after_pull").value is False
    assert not page.warning
    # when
    page.checkbox(key="wizard_plain_ftp").check().run()
    # then
    assert "anybody on the way can read them" in page.warning[0].value
    answers = cast("dict[str, object]", drafts_view.page(desk, admin, draft_id, None).answers)
    assert answers["plain_ftp"] is True


def test_the_words_stand_open_where_nothing_else_stands_beside_the_step(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    out, into = ways.of(_OUT, Method.SFTP, _PUSH), ways.HOSTED_SFTP
    drafts_of = [ways.begin(desk, admin, way, str(way)) for way in (out, into)]
    # when
    alone, beside = (show(FILE, draft=draft_id, step="Method") for draft_id in drafts_of)
    # then
    words = "What do these words mean?"
    assert words in [item.value for item in alone.subheader]
    assert words in [item.label for item in beside.expander]

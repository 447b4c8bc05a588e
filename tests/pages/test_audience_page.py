"""One audience's page: a new one, its rule as fields and as text, live count, links, unlinks, and each role."""

from datetime import datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from engine.actions import audiences as actions
from engine.actions import configurations as configuration_actions
from engine.flows import audiences as recomputing
from engine.flows.desk import Desk
from engine.scheduling.jobs import Worker
from engine.views import audiences as view
from pages.parts import audience_links
from storage.records.audiences import Audience
from storage.records.goals import Property, PropertyType
from storage.records.people import Caller, Role
from storage.tables import profiles
from tests.pages import sending
from tests.pages import shop as shops
from tests.pages.conftest import Show

FILE = "audience_page.py"
RULE = "spend >= 500"
Led = list[tuple[str, dict[str, str]]]


def texts(page: AppTest) -> str:
    """Everything that stands on the page as text."""
    blocks = [*page.markdown, *page.caption, *page.error, *page.warning, *page.title, *page.subheader]
    return "\n".join(str(block.value) for block in blocks).replace("\\", "")


def key(name: str, audience_id: str = "new") -> str:
    """Return the key of one of the audience's widgets."""
    return f"audience_{name}_{audience_id[-8:]}"


def work(desk: Desk) -> None:
    """Do all that is queued."""
    worker = Worker(desk)
    while worker.do_next() is not None:
        pass


def forget_work(desk: Desk) -> None:
    """Drop what is queued: it was done already, or would call a server that is none."""
    with desk.database.write("ctl") as cursor:
        cursor.execute("DELETE FROM ctl.job")


@pytest.fixture
def customers(desk: Desk, admin: Caller, tmp_path: Path) -> shops.Shop:
    """Three customers: 00001 and 00002 spent 900 each, 00003 spent 10."""
    shop = shops.open_shop(desk, admin)
    shops.map_columns(desk, admin, shop)
    folder = tmp_path / "work"
    folder.mkdir()
    shops.run_file(desk, shop, folder, (*sending.lines(2), *sending.lines(1, 3, "10.00")[1:]))
    forget_work(desk)
    return shop


@pytest.fixture
def audience(desk: Desk, admin: Caller, customers: shops.Shop) -> Audience:
    """Big spenders, two members, sent nowhere."""
    assert customers
    made = actions.save(desk, admin, None, sending.AUDIENCE, RULE)
    work(desk)
    return made


def sample(page: AppTest) -> list[str]:
    """The identifiers in the sample."""
    return list(page.dataframe[0].value["p1"])


def test_a_new_audience_is_typed_counted_while_typing_and_saved(
    desk: Desk, admin: Caller, customers: shops.Shop, show: Show
) -> None:
    # given
    assert customers
    page = show(FILE)
    assert "Everyone would be in: write a rule, like spend >= 500." in texts(page)
    assert not page.error
    # when
    page.text_input(key=key("name")).set_value("Big spenders").run()
    page.text_input(key=key("rule")).set_value(RULE).run()
    # then it is counted, sampled and compared before anything is saved, and stands in the fields
    assert "**2** profiles meet this now." in texts(page)
    assert sample(page) == ["00001", "00002"]
    assert "+2" in str(page.table[0].value)
    fields = (page.selectbox(key=key("property")), page.selectbox(key=key("operator")))
    assert [field.value for field in fields] == ["spend", ">="]
    assert page.text_input(key=key("value")).value == "500"
    assert view.listed(desk, admin).lines == ()
    # when
    page.button(key="audience_save").click().run()
    # then the page goes on under the audience's own address, and is recomputing
    line = view.listed(desk, admin).lines[0]
    assert (line.audience.name, line.audience.rule) == ("Big spenders", RULE)
    assert page.query_params["id"] == line.audience.audience_id
    assert page.title[0].value == "Big spenders"
    assert ":blue-badge[:material/progress_activity: Recomputing]" in texts(page)
    assert page.button(key="audience_save").disabled
    # when the recompute is done
    work(desk)
    page.run()
    # then
    assert "Recomputing" not in texts(page)
    assert "Not sent" in texts(page)


@pytest.mark.usefixtures("customers")
def test_the_fields_write_the_rule(desk: Desk, show: Show) -> None:
    # given: a property of every type that is compared in its own way
    own = [
        Property("tags", PropertyType.LIST, is_unique=False),
        Property("news", PropertyType.BOOLEAN, is_unique=False),
    ]
    profiles.add_properties(desk.database, own, datetime(2026, 11, 21))
    page = show(FILE)
    # when
    page.selectbox(key=key("property")).set_value("spend").run()
    # then the usual comparison is chosen, and what is missing is said
    assert page.text_input(key=key("rule")).value == "spend >="
    assert "“spend” is compared with nothing" in texts(page)
    # when
    page.text_input(key=key("value")).set_value("500").run()
    # then
    assert page.text_input(key=key("rule")).value == RULE
    assert "**2** profiles meet this now." in texts(page)
    # when another property takes the same value
    page.selectbox(key=key("property")).set_value("customer_id").run()
    # then a text is compared as one
    assert page.text_input(key=key("rule")).value == 'customer_id = "500"'
    assert page.selectbox(key=key("operator")).options == ["is", "is not", "has a value", "has no value"]
    # when
    page.selectbox(key=key("operator")).set_value("has a value").run()
    # then
    assert page.text_input(key=key("rule")).value == "customer_id has a value"
    assert page.text_input(key=key("value")).disabled
    assert "**3** profiles meet this now." in texts(page)
    # when
    page.selectbox(key=key("property")).set_value("last_purchase").run()
    # then days are compared in the words for days
    words = ["is", "is not", "is after", "is on or after", "is before", "is on or before"]
    assert page.selectbox(key=key("operator")).options == [*words, "has a value", "has no value"]
    # when
    page.selectbox(key=key("property")).set_value("news").run()
    # then only what means something for it is offered
    assert page.selectbox(key=key("operator")).options == ["is", "is not", "has a value", "has no value"]
    assert page.text_input(key=key("rule")).value == "news has a value"
    # when
    page.selectbox(key=key("property")).set_value("tags").run()
    page.selectbox(key=key("operator")).set_value("has not").run()
    page.text_input(key=key("value")).set_value("gold").run()
    # then
    assert page.text_input(key=key("rule")).value == 'tags has not "gold"'
    assert "**0** profiles meet this now." in texts(page)


def test_a_rule_that_cannot_be_read_is_said_and_refused_with_nothing_lost(
    desk: Desk, admin: Caller, audience: Audience, show: Show
) -> None:
    # given
    page = show(FILE, id=audience.audience_id)
    # when
    page.text_input(key=key("rule", audience.audience_id)).set_value("spend >= lots").run()
    # then
    assert "spend is compared with “lots”; it needs a number" in texts(page)
    assert ":orange-badge[:material/edit: unsaved changes]" in texts(page)
    # when
    page.button(key="audience_save").click().run()
    # then
    assert "it needs a number" in page.error[0].value
    assert page.text_input(key=key("rule", audience.audience_id)).value == "spend >= lots"
    assert view.listed(desk, admin).lines[0].audience == audience


def test_what_saving_would_change_is_shown_before_and_done_after(
    desk: Desk, admin: Caller, audience: Audience, show: Show
) -> None:
    # given
    page = show(FILE, id=audience.audience_id)
    assert page.button(key="audience_save").disabled
    assert "nothing to save" in texts(page)
    # when
    page.text_input(key=key("rule", audience.audience_id)).set_value("spend ≤ 500").run()
    # then
    assert "**1** profile meets this now. :gray[Read as spend <= 500.]" in texts(page)
    shown = str(page.table[0].value)
    assert "+1" in shown
    assert "−2" in shown  # noqa: RUF001 - a minus
    assert "nobody is told" in shown
    # when
    page.button(key="audience_save").click().run()
    work(desk)
    page.run()
    # then
    assert view.page(desk, admin, audience.audience_id).members == 1
    assert "unsaved changes" not in texts(page)


def test_fields_follow_what_others_save_and_edits_are_kept_with_a_warning(
    desk: Desk, admin: Caller, audience: Audience, show: Show
) -> None:
    # given
    rule = key("rule", audience.audience_id)
    page = show(FILE, id=audience.audience_id)
    # when somebody else saves, and nothing was edited here
    actions.save(desk, admin, audience.audience_id, sending.AUDIENCE, "spend >= 600")
    page.run()
    # then
    assert page.text_input(key=rule).value == "spend >= 600"
    assert "unsaved changes" not in texts(page)
    # when it was edited here first
    page.text_input(key=rule).set_value("spend >= 650").run()
    actions.save(desk, admin, audience.audience_id, sending.AUDIENCE, "spend >= 700")
    page.run()
    # then
    assert page.text_input(key=rule).value == "spend >= 650"
    assert "Somebody saved this audience meanwhile" in texts(page)


@pytest.mark.promise("G10")
def test_linking_shows_how_many_current_members_it_sends_before_it_does(
    desk: Desk, admin: Caller, audience: Audience, show: Show
) -> None:
    # given
    configuration_id = sending.add_connector(desk, admin)
    page = show(FILE, id=audience.audience_id)
    # when
    page.button(key="audience_link").click().run()
    # then
    asked = page.radio(key="audience_link_current")
    assert asked.label == "Send the 2 current members?"
    assert asked.options == ["Yes, send 2 now", "No, only who enters from now on"]
    property_ = page.selectbox(key="audience_link_property")
    assert property_.options[0] == "customer_id · 2 of 2 have it"
    assert page.selectbox(key="audience_link_configuration").options == [sending.META]
    assert view.page(desk, admin, audience.audience_id).links == ()
    # when
    asked.set_value("no").run()
    page.button(key="audience_link_yes").click().run()
    work(desk)
    # then nobody of now is sent
    link = view.page(desk, admin, audience.audience_id).links[0]
    assert (link.configuration.configuration_id, link.activation.sends_current, link.told) == (
        configuration_id,
        False,
        0,
    )
    # and with yes all of them are
    actions.unlink(desk, admin, link.activation.activation_id, sends_removes=False)
    work(desk)
    page = show(FILE, id=audience.audience_id)
    page.button(key="audience_link").click().run()
    page.button(key="audience_link_yes").click().run()
    work(desk)
    assert view.page(desk, admin, audience.audience_id).links[0].told == 2
    page.run()
    assert list(page.dataframe[1].value.iloc[0])[:1] == [sending.META]
    assert "audience_link_yes" not in [button.key for button in page.button]


def test_a_refused_link_says_why_in_its_dialog(desk: Desk, admin: Caller, audience: Audience, show: Show) -> None:
    # given
    sending.add_connector(desk, admin)
    with desk.database.write("dat") as cursor:
        cursor.execute("UPDATE dat.profile SET customer_id = 'ana@example.org' WHERE customer_id = '00003'")
    page = show(FILE, id=audience.audience_id)
    page.button(key="audience_link").click().run()
    # when
    page.button(key="audience_link_yes").click().run()
    # then
    assert "holds e-mail addresses" in texts(page).replace("\u2060", "")
    assert page.radio(key="audience_link_current")
    assert view.page(desk, admin, audience.audience_id).links == ()


def test_without_a_free_configuration_the_dialog_says_what_to_do(
    desk: Desk, admin: Caller, audience: Audience, show: Show
) -> None:
    # when
    page = show(FILE, id=audience.audience_id)
    page.button(key="audience_link").click().run()
    # then
    assert "No connector is configured yet. Set one up first." in texts(page)
    # when
    configuration_id = sending.add_connector(desk, admin)
    actions.link(desk, admin, audience.audience_id, configuration_id, "customer_id", sends_current=True)
    page.run()
    # then
    assert "Each configuration takes one audience, and all of them have theirs." in texts(page)


def test_unlinking_says_how_many_are_still_there_and_asks_for_removes(
    desk: Desk, admin: Caller, show: Show, tmp_path: Path
) -> None:
    # given
    sent = sending.begin(desk, admin, tmp_path / "work", 3)
    sending.answer(desk)
    forget_work(desk)
    link = view.page(desk, admin, sent.audience_id).links[0]
    page = show(FILE, id=sent.audience_id)
    assert "Live" in texts(page)
    assert page.button(key="audience_delete").disabled
    # when
    page.session_state["audience_unlinking"] = link.activation.activation_id
    page.run()
    # then
    asked = page.radio(key="audience_unlink_removes")
    assert asked.label.replace("\\", "") == "3 profiles are still at Meta demo account. Send removes first?"
    assert asked.options == ["Yes, remove 3 there", "No, they stay there"]
    # when
    page.button(key="audience_unlink_yes").click().run()
    recomputing.recompute(desk, sent.audience_id)
    # then
    assert view.page(desk, admin, sent.audience_id).links == ()
    with desk.database.read() as cursor:
        assert cursor.execute("SELECT sum(removes) FROM dat.wave").fetchone() == (3,)


def test_at_a_deactivated_configuration_they_stay_and_it_says_so(
    desk: Desk, admin: Caller, show: Show, tmp_path: Path
) -> None:
    # given three there, and two more that wait
    sent = sending.begin(desk, admin, tmp_path / "work", 3)
    sending.answer(desk)
    sending.buy(desk, sent, tmp_path / "work", 2, 4)
    configuration_actions.deactivate(desk, admin, sent.configuration_id)
    forget_work(desk)
    link = view.page(desk, admin, sent.audience_id).links[0]
    page = show(FILE, id=sent.audience_id)
    assert "Not sent" in texts(page)
    assert "2 messages are held." in texts(page)
    # when
    page.session_state["audience_unlinking"] = link.activation.activation_id
    page.run()
    # then
    assert "It is deactivated, so they stay there; activate it first to have them removed." in texts(page)
    assert not page.radio
    # when
    page.button(key="audience_unlink_yes").click().run()
    # then
    assert view.page(desk, admin, sent.audience_id).links == ()


def test_a_manager_sees_counts_and_the_rule_and_changes_nothing(
    desk: Desk, show: Show, admin: Caller, tmp_path: Path
) -> None:
    # given
    sent = sending.begin(desk, admin, tmp_path / "work", 3)
    # when
    page = show(FILE, Role.MANAGER, id=sent.audience_id)
    # then
    assert page.code[0].value == RULE
    assert "Your role sees counts, not profiles." in texts(page)
    assert len(page.dataframe) == 1
    assert list(page.dataframe[0].value.iloc[0]["menu"]) == [audience_links.OPEN, audience_links.STATISTICS]
    assert not page.button
    assert not page.text_input
    # when the address asks for a new one
    del page.query_params["id"]
    page.run()
    # then
    assert "A manager may not change audiences" in texts(page)
    # and support sees none
    assert "A support person may not see audiences" in texts(show(FILE, Role.SUPPORT, id=sent.audience_id))


def test_an_audience_that_is_not_there_is_said(show: Show) -> None:
    page = show(FILE, id="gone")
    assert "This audience is not there any more; go back to the list." in texts(page)
    assert not page.exception

"""The figures of an audience's page and the menus of its links."""

from pathlib import Path

import pytest

from engine.flows import audiences as recomputing
from engine.flows.desk import Desk
from engine.views import audiences as view
from pages.parts import audience_links, audience_numbers, words
from storage.records.people import Caller
from tests.pages import sending
from tests.pages.conftest import Show

Led = list[tuple[str, dict[str, str]]]


def test_the_bars_lead_from_the_audience_to_the_partner(desk: Desk, admin: Caller, show: Show, tmp_path: Path) -> None:
    # given three members of whom one has no identifier
    sent = sending.begin(desk, admin, tmp_path / "work", 3)
    with desk.database.write("dat") as cursor:
        cursor.execute("UPDATE dat.profile SET customer_id = NULL WHERE customer_id = '00003'")
    recomputing.recompute(desk, sent.audience_id)
    page = view.page(desk, admin, sent.audience_id)
    # then
    bars = audience_numbers.bars_of(page, page.links[0])
    assert {label: count for label, (count, _) in bars.items()} == {
        "In the audience": 3,
        "Has an identifier": 2,
        "At partner now": 0,
    }
    drawn = audience_numbers.figure(bars, {"in": "#000", "there": "#0F0", "text": "#111"})
    assert list(drawn.data[0].y) == list(bars)
    assert list(drawn.data[0].marker.color) == ["#000", "#000", "#0F0"]
    assert list(audience_numbers.bars_of(page, None)) == ["In the audience"]
    said = [caption.value for caption in show("audience_page.py", id=sent.audience_id).caption]
    assert r"Meta demo account knows them by customer\_id. 4 messages are on their way." in said
    assert audience_links.still_there(page.links[0]) == (
        "0 profiles are still at Meta demo account, and 2 more on their way."
    )
    # when the partner has taken them
    while sending.answer(desk):
        pass
    # then
    page = view.page(desk, admin, sent.audience_id)
    assert audience_numbers.bars_of(page, page.links[0])["At partner now"][0] == 2
    assert audience_links.still_there(page.links[0]) == "2 profiles are still at Meta demo account."


def test_each_line_of_a_links_menu_leads_on(desk: Desk, admin: Caller, went: Led, tmp_path: Path) -> None:
    # given
    sent = sending.begin(desk, admin, tmp_path / "work", 1)
    page = view.page(desk, admin, sent.audience_id)
    # when
    for entry in (audience_links.OPEN, audience_links.STATISTICS):
        audience_links.act(entry, page.links[0])
    # then
    assert went == [
        ("connector_page.py", {"id": sent.configuration_id}),
        ("statistics_page.py", {"configuration": sent.configuration_id}),
    ]
    assert audience_links.menu_of(page)[-1] == audience_links.UNLINK


@pytest.mark.parametrize(
    ("name", "said"), [("Retail NL", "Meta · Retail NL"), ("Meta demo account", "Meta demo account")]
)
def test_an_account_named_after_its_partner_is_not_called_so_twice(name: str, said: str) -> None:
    assert words.account("Meta", name) == said


@pytest.mark.parametrize(
    ("label", "said"),
    [("Your own id", "your own id"), ("E-mail, SHA-256", "e-mail, SHA-256"), ("IP address", "IP address")],
)
def test_a_label_inside_a_sentence_begins_small_unless_it_is_an_abbreviation(label: str, said: str) -> None:
    assert words.inside(label) == said

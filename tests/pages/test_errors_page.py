"""The page of errors: empty, full, each role, the drawer by address, and Replay."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from engine.actions import configurations as configuration_actions
from engine.flows.desk import Desk
from engine.views import failures as view
from engine.views.failures import Asked, Progress
from pages.parts import errors_address, errors_drawer, errors_table
from storage.records.deliveries import DeliveryCategory
from storage.records.people import Caller, Role
from tests.pages import sending
from tests.pages.conftest import Show
from tests.pages.sending import TODAY, Sending

CODE, TIMEOUT = DeliveryCategory.PARTNER_CODE, DeliveryCategory.TIMEOUT
DAY = TODAY.date().isoformat()


@pytest.fixture(autouse=True)
def still() -> Iterator[None]:
    """The clock stands, on a day that the tests know."""
    with sending.at(TODAY):
        yield


@pytest.fixture
def failed(desk: Desk, admin: Caller, tmp_path: Path) -> Sending:
    """37 profiles refused by code, and 3 more that a later batch did not get through."""
    with sending.at(TODAY - timedelta(hours=1)):
        begun = sending.begin(desk, admin, tmp_path / "files", 37)
        sending.answer(desk, sending.refused(100, "Invalid parameter for ana.vos@example.org"))
    sending.buy(desk, begun, tmp_path / "files", 20, 38)
    sending.answer(desk, sending.not_taken(20, ("00040", "00041", "00042")))
    return begun


def table(page: AppTest, number: int = 0) -> dict[str, list[object]]:
    return {str(name): list(values) for name, values in page.dataframe[number].value.items()}


def said(page: AppTest) -> str:
    return "\n".join(line.value for line in (*page.markdown, *page.caption))


def test_without_failures_the_page_says_so(show: Show) -> None:
    page = show("errors_page.py")

    assert not page.exception
    assert "**No open errors.**" in [line.value for line in page.markdown]


@pytest.mark.usefixtures("failed")
@pytest.mark.parametrize("role", [Role.ADMIN, Role.ANALYST, Role.SUPPORT])
def test_failures_stand_in_groups_newest_first(show: Show, role: Role) -> None:
    # when
    page = show("errors_page.py", role)
    # then
    assert not page.exception
    shown = table(page)
    assert shown["Connector"] == [sending.META] * 2
    assert shown["Partner code"] == ["INVALID_ENTRIES", "100"]
    assert shown["Profiles"] == [3, 37]
    assert shown["Now"] == ["not replayed"] * 2
    assert [words[0] for words in page.dataframe[0].value["Category"]] == ["Partner error"] * 2
    assert len(page.dataframe) == 1


@pytest.mark.usefixtures("failed")
def test_a_manager_is_refused(show: Show) -> None:
    page = show("errors_page.py", Role.MANAGER)

    assert "may not see failed messages" in "".join(item.value for item in page.error)
    assert not page.dataframe


@pytest.mark.promise("Q17")
def test_an_address_that_fits_one_group_opens_its_37_profiles(show: Show, failed: Sending) -> None:
    # when
    page = show("errors_page.py", configuration=failed.configuration_id, category="partner_code", code="100", day=DAY)
    # then
    assert not page.exception
    rows = table(page, 1)
    assert rows["Identifier"] == [f"{number:05d}" for number in range(1, 38)]
    assert rows["Tries"] == [1] * 37
    assert "**37 profiles**" in said(page)
    assert "audience *Big spenders*" in said(page)
    assert "ana.vos@example.org" in page.code[0].value
    assert all(title in said(page) for title in ("**What happened**", "**Likely cause**", "**What next**"))
    assert page.button(key="errors_replay").label == "Replay 37"
    assert "Sends 37 signals, only these; the chart then shows them as recovered." in said(page)


@pytest.mark.usefixtures("failed")
def test_an_address_that_fits_two_groups_opens_none(show: Show) -> None:
    page = show("errors_page.py", category="partner_code", day=DAY)

    assert not page.exception
    assert len(page.dataframe) == 1
    assert len(page.dataframe[0].value) == 2


@pytest.mark.usefixtures("failed")
def test_support_sees_the_drawer_masked(show: Show) -> None:
    page = show("errors_page.py", Role.SUPPORT, code="100", category="partner_code")

    assert not page.exception
    assert "ana.vos@example.org" not in page.code[0].value
    assert set(table(page, 1)["Identifier"]) == {"0…"}
    assert not page.button(key="errors_replay").disabled


@pytest.mark.usefixtures("failed")
def test_replay_sends_these_alone_and_tells_how_it_goes(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    page = show("errors_page.py", code="100", category="partner_code", day=DAY)
    # when
    page.button(key="errors_replay").click().run()
    # then
    assert not page.exception
    assert [bar.text for bar in page.get("progress")] == ["37 waiting"]
    # when
    sending.answer(desk)
    page.run()
    # then
    assert not page.exception
    assert ":material/replay: **37 recovered**" in said(page)
    assert "errors_replay" not in [button.key for button in page.button]
    group = view.listed(desk, admin, Asked(code="100", only_open=False)).lines[0].group
    assert (group.count, group.recovered, group.going) == (37, 37, 0)
    assert table(page)["Now"] == ["recovered 37 of 37"]
    assert [line.group.code for line in view.listed(desk, admin, Asked()).lines] == ["INVALID_ENTRIES"]


def test_a_deactivated_connector_keeps_replay_off_and_says_why(
    desk: Desk, admin: Caller, show: Show, failed: Sending
) -> None:
    # given
    configuration_actions.deactivate(desk, admin, failed.configuration_id)
    # when
    page = show("errors_page.py", code="100", category="partner_code")
    # then
    assert not page.exception
    assert page.button(key="errors_replay").disabled
    assert "is deactivated; activate it first." in said(page)


def test_refused_credentials_lead_to_the_connector(
    desk: Desk, admin: Caller, show: Show, went: list[tuple[str, dict[str, str]]], tmp_path: Path
) -> None:
    # given
    begun = sending.begin(desk, admin, tmp_path / "files", 4)
    for minute in range(2):
        with sending.at(TODAY + timedelta(minutes=minute)):
            sending.answer(desk, sending.refused(190, "The session has expired", status=401))
    page = show("errors_page.py", category="invalid_credentials")
    assert not page.exception
    assert page.button(key="errors_replay").disabled
    # when
    page.button(key="errors_connector").click().run()
    # then
    assert went == [("connector_page.py", {"id": begun.configuration_id})]


def test_what_will_be_tried_again_is_said_and_is_no_failure(
    desk: Desk, admin: Caller, show: Show, tmp_path: Path
) -> None:
    # given
    sending.begin(desk, admin, tmp_path / "files", 5)
    sending.answer(desk, sending.slow())
    # when
    page = show("errors_page.py")
    # then
    assert not page.exception
    assert "5 messages wait for another try (1 so far), next today 09:31; not failed yet." in said(page)
    assert "**No open errors.**" in said(page)


@pytest.mark.usefixtures("failed")
def test_a_day_without_failures_says_so_and_clear_shows_all(show: Show) -> None:
    # given
    page = show("errors_page.py", day="2020-01-01", category="timeout")
    assert "**No errors match.**" in said(page)
    # when
    page.button(key="errors_clear").click().run()
    # then
    assert not page.exception
    assert len(page.dataframe[0].value) == 2
    assert "day" not in page.query_params


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ({}, Asked()),
        ({"category": "sent", "day": "soon", "days": "8", "show": "some"}, Asked()),
        (errors_address.query("c1", TIMEOUT, code="", days=30), Asked("c1", TIMEOUT, "", days=30, only_open=False)),
        (errors_address.query(None, CODE, code="100/33"), Asked(category=CODE, code="100/33", only_open=False)),
    ],
)
def test_an_address_is_read_as_it_was_written(query: dict[str, str], asked: Asked) -> None:
    assert errors_address.read(query) == asked


@pytest.mark.parametrize(
    ("progress", "words"),
    [
        (Progress(37, 0, 0, 0), ""),
        (Progress(37, 7, 30, 0), "30 waiting · 7 recovered"),
        (Progress(37, 35, 0, 2), "35 recovered · 2 failed again"),
    ],
)
def test_how_a_replay_goes_is_said_in_numbers(progress: Progress, words: str) -> None:
    assert errors_drawer.progress_words(progress) == words


@pytest.mark.parametrize("answer", ["<html>", "", '{"cut": "at 2000 chara', "[" * 3_000])
def test_an_answer_that_is_no_json_is_shown_as_it_came(answer: str) -> None:
    assert errors_drawer.pretty(answer) == (answer, None)
    assert errors_drawer.pretty('{"a":1}') == ('{\n  "a": 1\n}', "json")


@pytest.mark.usefixtures("failed")
def test_how_it_stands_with_a_group_is_said_in_words(desk: Desk, admin: Caller) -> None:
    lines = view.listed(desk, admin, Asked()).lines

    assert [errors_table.now_words(line) for line in lines] == ["not replayed"] * 2

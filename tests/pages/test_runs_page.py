"""The list of runs: empty, full, going, by role."""

from pathlib import Path

import pytest

from engine.base.errors import Category
from engine.flows.desk import Desk
from storage.records.connections import Method
from storage.records.people import Caller, Role
from tests.fakes import exchange
from tests.pages import shop as shops
from tests.pages.conftest import Show


def test_nothing_has_run_yet_and_the_page_says_what_to_do(show: Show) -> None:
    page = show("runs_page.py")

    assert not page.exception
    assert "**Nothing has run yet.**" in [line.value for line in page.markdown]
    assert not page.dataframe


@pytest.mark.promise("H01")
@pytest.mark.promise("D05")
@pytest.mark.parametrize("role", [role for role in Role if role is not Role.PARTNER])
def test_every_role_but_the_partners_sees_the_runs_newest_first(
    desk: Desk, admin: Caller, show: Show, tmp_path: Path, role: Role
) -> None:
    # given
    shop = shops.open_shop(desk, admin)
    shops.map_columns(desk, admin, shop)
    shops.run_file(desk, shop, tmp_path)
    shops.fail_run(desk, shop, "The server has no folder /outgoing; check how it is written.", Category.FOLDER)
    # when
    page = show("runs_page.py", role)
    # then
    assert not page.exception
    table = page.dataframe[0].value
    assert list(table["Run"]) == [2, 1]
    assert [list(words) for words in table["State"]] == [["Failed"], ["Completed", "Rejects"]]
    assert list(table["Rows"]) == [0, 6]
    assert list(table["Rejected"]) == [0, 3]
    assert list(table["What"]) == [shops.NAME] * 2


def test_a_going_run_stands_above_the_others_with_how_far_it_is(
    desk: Desk, admin: Caller, show: Show, tmp_path: Path
) -> None:
    # given
    shop = shops.open_shop(desk, admin)
    shops.map_columns(desk, admin, shop)
    shops.run_file(desk, shop, tmp_path)
    shops.keep_running(desk, shop, 160_204, 250_000)
    # when
    page = show("runs_page.py")
    # then
    assert not page.exception
    going, ended = (table.value for table in page.dataframe)
    assert (list(going["Run"]), list(ended["Run"])) == ([2], [1])
    assert going["Stage"][0] == "160,204 of 250,000 rows"
    assert going["Progress"][0] == pytest.approx(0.640816)


def test_an_address_with_a_page_number_shows_that_page(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    shop = shops.open_shop(desk, admin)
    shops.map_columns(desk, admin, shop)
    for _ in range(17):
        shops.fail_run(desk, shop, "Gone.", Category.NETWORK)
    # when
    page = show("runs_page.py", page="2")
    # then
    assert not page.exception
    assert list(page.dataframe[0].value["Run"]) == [2, 1]


@pytest.mark.parametrize("number", ["99", "0", "x", "9" * 40])
def test_a_page_number_that_does_not_exist_shows_the_first_page(
    desk: Desk, admin: Caller, show: Show, tmp_path: Path, number: str
) -> None:
    # given
    shop = shops.open_shop(desk, admin)
    shops.map_columns(desk, admin, shop)
    shops.run_file(desk, shop, tmp_path)
    # when
    page = show("runs_page.py", page=number)
    # then
    assert not page.exception
    assert list(page.dataframe[0].value["Run"]) == [1]


def test_a_delivery_is_called_one_and_counts_no_rows(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    del admin
    out = exchange.connection(desk, "Ads", (exchange.OUT, Method.SFTP, exchange.PULL))
    exchange.ended_run(desk, out)
    # when
    page = show("runs_page.py")
    # then
    table = page.dataframe[0].value
    assert [list(words) for words in table["Kind"]] == [["delivery"]]
    assert table["Rows"].isna().all()

"""Finding a profile: nothing there, one hit, several, none; masked by role; no value in the address."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from engine.flows.desk import Desk
from pages.parts import values
from storage.records.people import Caller, Role
from tests.pages import shop as shops
from tests.pages.conftest import Show


@pytest.fixture
def shop(desk: Desk, admin: Caller, tmp_path: Path) -> shops.Shop:
    made = shops.open_shop(desk, admin)
    shops.map_columns(desk, admin, made)
    shops.run_file(desk, made, tmp_path)
    return made


def search(page: AppTest, value: str) -> AppTest:
    page.text_input(key="profile_search").set_value(value)
    return page.button(key="profile_find").click().run()


def test_without_any_profile_the_page_says_what_to_do(show: Show) -> None:
    page = show("profiles_page.py")

    assert not page.exception
    assert "**No profile yet.**" in [line.value for line in page.markdown]
    assert not page.text_input


@pytest.mark.usefixtures("shop")
def test_a_hit_shows_its_properties_and_the_address_holds_its_number_only(show: Show) -> None:
    # given
    page = show("profiles_page.py")
    # when
    search(page, " 00001 ")
    # then
    assert not page.exception
    table = page.dataframe[0].value
    values = dict(zip(table["Property"], table["Value"], strict=True))
    assert values == {"customer_id": "00001", "last_purchase": "18 Jan 1997", "cds": "3", "spend": "23.77"}
    assert list(table["Run · file : line"]) == [f"1 · {shops.FILE} : {line}" for line in (2, 3, 3, 3)]
    assert page.title[0].value.startswith("Profile ")
    assert "00001" not in str(page.query_params)
    assert "4 of 4 have a value" in [line.value for line in page.caption]


@pytest.mark.usefixtures("shop")
def test_a_search_without_a_hit_tells_of_rejected_rows(show: Show) -> None:
    page = search(show("profiles_page.py"), "00002")

    assert not page.exception
    assert "**No profile has this identifier. 1 rejected row mentions it.**" in [line.value for line in page.markdown]
    assert not page.dataframe


@pytest.mark.usefixtures("shop")
def test_an_empty_search_is_refused_in_words(show: Show) -> None:
    page = search(show("profiles_page.py"), "  ")

    assert page.error[0].value.startswith("Enter an identifier")


@pytest.mark.promise("D05")
@pytest.mark.usefixtures("shop")
def test_support_sees_texts_masked(show: Show) -> None:
    page = search(show("profiles_page.py", Role.SUPPORT), "00001")

    assert not page.exception
    assert "00001" not in page.dataframe[0].value.to_string()
    assert "Texts are masked for your role." in [line.value for line in page.caption]


@pytest.mark.promise("D05")
@pytest.mark.usefixtures("shop")
def test_a_manager_is_shown_nothing_even_if_the_page_were_run(show: Show) -> None:
    page = show("profiles_page.py", Role.MANAGER)

    assert not page.dataframe
    assert "may not see profiles" in page.error[0].value


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("profile_id", ["123456789", "9" * 30, "x"])
def test_an_address_of_no_profile_still_offers_the_search(show: Show, profile_id: str) -> None:
    page = show("profiles_page.py", id=profile_id)

    assert not page.exception
    assert page.text_input(key="profile_search")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "–"),  # noqa: RUF001 - the dash for what is not known
        (Decimal("2500315.6300000000"), "2,500,315.63"),
        (Decimal("100.0000000000"), "100"),
        (1204, "1,204"),
        (date(1997, 1, 2), "2 Jan 1997"),
        ("00042", "00042"),
        (True, "true"),
        (datetime(2026, 11, 21, 10, 30), "21 Nov 2026 10:30:00 UTC"),
        (["gold", "fish"], "gold, fish"),
    ],
)
def test_values_are_said_the_way_people_write_them(value: object, said: str) -> None:
    assert values.said(value) == said  # type: ignore[arg-type]  # each kind a property holds

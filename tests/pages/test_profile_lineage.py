"""What set each value of a profile: run, file, line, mapping and version; after a revert; and when nobody knows."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from engine.base import clock
from engine.flows.desk import Desk
from engine.views import lineage as view
from engine.views import profiles as profile_view
from engine.views.lineage import SetValue
from pages.parts import profile_lineage
from pages.parts.plain import plain
from storage.records.goals import Property, PropertyType, Strategy
from storage.records.people import Caller, Role
from storage.tables import before_images, changes, reverts
from tests.fakes import home
from tests.pages import shop as shops
from tests.pages.conftest import Show

GROWN = (*shops.LINES[:3], " 00001 19970203 1 10.00")


@pytest.fixture
def shop(desk: Desk, admin: Caller, tmp_path: Path) -> shops.Shop:
    """A shop whose file came twice: the second time with one more purchase of the first customer."""
    made = shops.open_shop(desk, admin)
    shops.map_columns(desk, admin, made)
    shops.run_file(desk, made, tmp_path)
    shops.run_file(desk, made, tmp_path, GROWN)
    return made


def of_customer(desk: Desk, caller: Caller) -> view.Lineage:
    with desk.database.read() as cursor:
        row = cursor.execute("SELECT profile_id FROM dat.profile WHERE customer_id = '00001'").fetchone()
    assert row is not None
    return view.of_profile(desk, caller, row[0])


def take_back_second(desk: Desk, admin: Caller) -> None:
    """Take the second run's values back, as a revert does."""
    with desk.database.write("dat") as cursor:
        change = changes.with_content(cursor)[0]
        [image] = before_images.images(cursor, [(change, desk.spool.replaced(str(change.spool_key)))])
        reverts.take_back(cursor, image)
        changes.mark_reverted(cursor, change.run_id, admin.name, clock.now())


@pytest.mark.promise("Z17")
@pytest.mark.usefixtures("shop")
def test_each_value_tells_its_run_file_line_mapping_version_and_what_was_before(desk: Desk, admin: Caller) -> None:
    # when
    found = of_customer(desk, admin)
    # then
    second, first = found["spend"]
    assert (second.value.value, second.before.value) == (Decimal("33.77"), Decimal("23.77"))
    assert (first.value.value, first.before.value, first.is_new_profile) == (Decimal("23.77"), None, True)
    assert (second.run_number, second.file_name, second.line) == (2, shops.FILE, 4)
    assert profile_lineage.where(second) == f"2 · {shops.FILE} : 4"
    assert profile_lineage.how(second) == "Sum +10 by mapping dollar_value → spend, version 2"
    assert profile_lineage.how(first) == "Sum +23.77 by mapping dollar_value → spend, version 2"
    assert profile_lineage.how(found["last_purchase"][0]) == "Set by mapping date → last_purchase, version 2"
    assert [profile_lineage.how(item) for item in found["customer_id"]] == ["Identifier customer_id, version 2"]


@pytest.mark.promise("Z17")
@pytest.mark.usefixtures("shop")
def test_what_was_taken_back_stays_in_the_history_and_the_value_before_it_counts(desk: Desk, admin: Caller) -> None:
    # when
    take_back_second(desk, admin)
    # then
    second, first = of_customer(desk, admin)["spend"]
    assert (second.reverted_by, second.is_known) == ("Ana Vos", False)
    assert (first.value.value, first.is_known) == (Decimal("23.77"), True)
    assert profile_lineage.present((second, first)) is first


@pytest.mark.promise("D05")
@pytest.mark.usefixtures("shop")
def test_support_sees_where_a_value_came_from_and_the_text_itself_masked(desk: Desk, admin: Caller) -> None:
    support = home.add_person(desk, admin, Role.SUPPORT)

    told = of_customer(desk, support)["customer_id"][0]

    assert (told.value.value, told.run_number, told.line) == ("0…", 1, 2)


@pytest.mark.usefixtures("shop")
def test_the_history_of_a_property_opens_in_a_drawer(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    take_back_second(desk, admin)
    with desk.database.read() as cursor:
        profile_id = profile_view.find(desk, admin, "00001").profile_ids[0]
        kept = changes.with_content(cursor)[-1]
    # when
    page = show("profiles_page.py", id=str(profile_id), history="spend")
    # then
    assert not page.exception
    said = "\n".join(str(block.value) for block in [*page.markdown, *page.caption])
    assert "23.77 → **taken back**" in said
    assert "Reverted by Ana Vos, " in said
    assert "– → **23.77**" in said  # noqa: RUF001 - the dash for nothing
    assert plain("Sum +23.77 by mapping dollar_value → spend, version 2") in said
    # when what the first run replaced is older than is kept
    desk.spool.path(f"{kept.spool_key}.parquet").unlink()
    page.run()
    # then
    assert not page.exception
    table = page.dataframe[0].value
    assert set(table["Before"]) == {"–"}  # noqa: RUF001 - the dash for what is not known
    assert set(table["How"]) == {"–"}  # noqa: RUF001 - the same


def test_a_value_of_an_action_says_so_and_one_of_two_mappings_names_both() -> None:
    held = profile_view.Held(Property("spend", PropertyType.DECIMAL, is_unique=False), Decimal(3))
    item = SetValue(
        value=held,
        is_known=True,
        before=held,
        is_new_profile=False,
        mappings=(),
        identifier="",
        goal_version=4,
        run_number=7,
        run_id="r",
        file_name="a.csv",
        line=2,
        set_at=clock.now(),
        reverted_by=None,
        reverted_at=None,
    )
    two = replace(item, mappings=tuple(view.SetBy(name, Strategy.SET) for name in "ab"))

    assert profile_lineage.how(item) == "Followed an action, version 4"
    assert profile_lineage.how(two) == "Set by mappings a → spend and b → spend, version 4"

"""The files on a run's page: what it took, what a delivery brought, and where a mended file is given."""

from pathlib import Path

from engine.flows import queue
from engine.flows.desk import Desk
from storage.records.connections import Method
from storage.records.exchange import FileState
from storage.records.people import Caller, Role
from storage.tables import connections
from tests.fakes import exchange as given
from tests.fakes.exchange import OUT, PULL
from tests.pages import shop as shops
from tests.pages.conftest import Show


def test_a_delivery_says_how_many_files_it_brought_and_has_no_ledger_of_rows(
    desk: Desk, admin: Caller, show: Show
) -> None:
    # given
    del admin
    connection = given.connection(desk, "Ads", (OUT, Method.SFTP, PULL))
    given.file(desk, connection, "members.csv")
    with desk.database.write("ctl") as cursor:
        queue.add_run(cursor, connection.connection_id, "Ana Vos")
    given.work(desk)
    # when
    page = show("run_page.py", id="1")
    # then
    assert not page.exception
    assert "**1 file was delivered.**" in [line.value for line in page.markdown]
    table = page.dataframe[0].value
    assert (list(table["Name"]), [list(cell) for cell in table["State"]]) == (["members.csv"], [["Complete"]])
    assert "Total" not in table.columns


def test_a_run_with_rejected_rows_takes_a_mended_file(desk: Desk, admin: Caller, show: Show, tmp_path: Path) -> None:
    # given
    shop = shops.open_shop(desk, admin)
    shops.map_columns(desk, admin, shop)
    shops.run_file(desk, shop, tmp_path)
    # when
    page = show("run_page.py", id="1")
    page.button(key="upload_mended").click().run()
    # then
    assert not page.exception
    assert page.button(key="mended_import").disabled
    assert any(shops.NAME in line.value for line in page.markdown)


def test_who_may_not_hand_files_over_is_offered_no_mending(
    desk: Desk, admin: Caller, show: Show, tmp_path: Path
) -> None:
    shop = shops.open_shop(desk, admin)
    shops.map_columns(desk, admin, shop)
    shops.run_file(desk, shop, tmp_path)

    page = show("run_page.py", Role.SUPPORT, id="1")

    assert not page.exception
    assert all(button.key != "upload_mended" for button in page.button)


def test_a_file_of_a_run_that_failed_says_why(desk: Desk, admin: Caller, show: Show, tmp_path: Path) -> None:
    # given
    shop = shops.open_shop(desk, admin)
    shops.map_columns(desk, admin, shop)
    shops.run_file(desk, shop, tmp_path)
    with desk.database.read() as cursor:
        connection = connections.by_id(cursor, shop.connection_id)
        run_id = cursor.execute("SELECT run_id FROM ctl.run").fetchone()
    assert connection is not None and run_id is not None
    given.file(desk, connection, "bad.csv", state=FileState.FAILED, reason="It is empty.", run_id=run_id[0])
    # when
    page = show("run_page.py", id="1")
    # then
    assert any("bad" in line.value and "It is empty" in line.value for line in page.markdown)
